//! What a fill costs: a fee, and the slippage that is to be expected of the day, the market and the order's size.
//!
//! Slippage is a mean and no draw, so that a backtest gives the same numbers each time. A factor whose input is
//! missing is 1: nothing is made up. Refuses to move a price: a fill keeps the bar's own, and costs are money.

use std::ops::AddAssign;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::domain::AssetClass;
use crate::settings::Backtest;

/// What the costs of a fill depend on beside its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    pub asset_class: AssetClass,
    /// The date of the bar that fills.
    pub filled: NaiveDate,
    /// atr14 over its mean of 60 sessions, on the session that decided.
    pub atr_ratio: Option<f64>,
    /// The mean dollar volume of 20 sessions up to the session that decided, in the quote currency.
    pub adv20: Option<f64>,
    /// The benchmark's return over the week up to the session that decided, a fraction.
    pub benchmark_week: Option<f64>,
}

/// What each unit of money costs at one fill, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    fee: f64,
    /// Slippage before the factor of the order's size.
    slippage: f64,
    /// `None` leaves that factor at 1.
    size: Option<SizeFactor>,
}

/// What fills cost, in the account's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paid {
    pub fees: f64,
    pub slippage: f64,
}

impl Paid {
    /// Returns both together.
    pub fn total(self) -> f64 {
        self.fees + self.slippage
    }
}

impl AddAssign for Paid {
    fn add_assign(&mut self, other: Self) {
        self.fees += other.fees;
        self.slippage += other.slippage;
    }
}

/// The order's money over `unit`, kept between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SizeFactor {
    unit: f64,
    least: f64,
    most: f64,
}

impl Rate {
    /// Charges nothing.
    pub const FREE: Self = Self { fee: 0.0, slippage: 0.0, size: None };

    /// Reckons the rate of a fill.
    ///
    /// # Formula
    /// `slippage = base × clip(atr14 / mean of atr14 over 60) × clip(notional / (size_of_adv × adv20))
    /// × weekend × stress`; the fee stands beside it.
    pub fn of(settings: &Backtest, conditions: &Conditions) -> Self {
        let costs = settings.of(conditions.asset_class);
        let factors = &settings.slippage;
        let atr = conditions.atr_ratio.map_or(1.0, |ratio| clip(ratio, factors.atr_least, factors.atr_most));
        let is_weekend = matches!(conditions.filled.weekday(), Weekday::Sat | Weekday::Sun);
        let is_thin = conditions.asset_class == AssetClass::Crypto && is_weekend;
        let is_stressed = conditions.benchmark_week.is_some_and(|week| week < costs.stress_below);
        let weekend = if is_thin { factors.weekend } else { 1.0 };
        let stress = if is_stressed { factors.stress } else { 1.0 };
        let unit = conditions.adv20.map(|adv20| factors.size_of_adv * adv20).filter(|unit| *unit > 0.0);
        // Bounds the wrong way round leave the upper one.
        let least = factors.size_least.min(factors.size_most);
        Self {
            fee: costs.fee,
            slippage: costs.slippage * atr * weekend * stress,
            size: unit.map(|unit| SizeFactor { unit, least, most: factors.size_most }),
        }
    }

    /// Returns what trading so much money costs, in the same currency; never more than that money.
    pub fn cost(&self, notional: f64) -> f64 {
        let size = self.size.map_or(1.0, |size| clip(notional / size.unit, size.least, size.most));
        (notional * (self.fee + self.slippage * size)).min(notional)
    }

    /// Returns the same by what it is paid for.
    pub fn paid(&self, notional: f64) -> Paid {
        let cost = self.cost(notional);
        let fees = (notional * self.fee).min(cost);
        Paid { fees, slippage: cost - fees }
    }

    /// Returns the most money that can be traded so that it and its cost take no more than `cash`.
    ///
    /// # Formula
    /// Solves `n × (1 + fee + slippage × clip(n / unit)) = cash` for n, piece by piece: the left side grows with n.
    pub fn affordable(&self, cash: f64) -> f64 {
        let whole = 1.0 + self.fee;
        let at = |factor: f64| cash / (whole + self.slippage * factor);
        let Some(SizeFactor { unit, least, most }) = self.size else { return at(1.0) };
        let small = at(least);
        if small <= least * unit {
            return small;
        }
        // slippage / unit × n² + whole × n = cash, in the form that loses no digits.
        let middle = 2.0 * cash / (whole + (whole * whole + 4.0 * self.slippage / unit * cash).sqrt());
        if middle <= most * unit { middle } else { at(most) }
    }
}

fn clip(value: f64, least: f64, most: f64) -> f64 {
    value.max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// A Wednesday on which nothing is out of the ordinary.
    fn plain(asset_class: AssetClass) -> Conditions {
        Conditions {
            asset_class,
            filled: day("2024-01-03"),
            atr_ratio: None,
            adv20: None,
            benchmark_week: None,
        }
    }

    /// Compares the cost of 10,000 in basis points, with the fee of 1 (equities) or 8 (crypto) in it.
    #[track_caller]
    fn check(conditions: Conditions, notional: f64, expected_bps: f64) {
        let cost = Rate::of(&Settings::defaults().backtest, &conditions).cost(notional);
        let bps = cost / notional * 1e4;
        assert!((bps - expected_bps).abs() < 1e-9, "{bps} for {expected_bps}: {conditions:?}");
    }

    const EQUITY: AssetClass = AssetClass::Equity;
    const CRYPTO: AssetClass = AssetClass::Crypto;

    #[test]
    fn without_anything_known_a_side_costs_its_fee_and_the_base() {
        check(plain(EQUITY), 10_000.0, 1.0 + 8.0);
        check(plain(CRYPTO), 10_000.0, 8.0 + 10.0);
        let paid = Rate::of(&Settings::defaults().backtest, &plain(CRYPTO)).paid(10_000.0);
        assert!((paid.fees - 8.0).abs() < 1e-9 && (paid.slippage - 10.0).abs() < 1e-9, "{paid:?}");
    }

    #[test]
    fn a_wild_day_slips_more_and_a_calm_one_less_within_bounds() {
        for (ratio, factor) in [(1.0, 1.0), (2.0, 2.0), (0.75, 0.75), (9.0, 3.0), (0.1, 0.5)] {
            check(Conditions { atr_ratio: Some(ratio), ..plain(EQUITY) }, 10_000.0, 1.0 + 8.0 * factor);
        }
    }

    #[test]
    fn a_large_order_slips_more_within_bounds() {
        // One hundredth of a volume of a million is 10,000.
        for (notional, factor) in
            [(10_000.0, 1.0), (15_000.0, 1.5), (5_000.0, 0.5), (1_000.0, 0.5), (90_000.0, 2.0)]
        {
            check(Conditions { adv20: Some(1e6), ..plain(EQUITY) }, notional, 1.0 + 8.0 * factor);
        }
        check(Conditions { adv20: Some(0.0), ..plain(EQUITY) }, 10_000.0, 1.0 + 8.0);
    }

    #[test]
    fn a_weekend_is_thin_for_crypto_alone() {
        for (date, factor) in
            [("2024-01-05", 1.0), ("2024-01-06", 1.5), ("2024-01-07", 1.5), ("2024-01-08", 1.0)]
        {
            check(Conditions { filled: day(date), ..plain(CRYPTO) }, 10_000.0, 8.0 + 10.0 * factor);
        }
        check(Conditions { filled: day("2024-01-06"), ..plain(EQUITY) }, 10_000.0, 1.0 + 8.0);
    }

    #[test]
    fn a_falling_week_doubles_the_slippage_of_its_class() {
        for (week, equity, crypto) in
            [(-0.03, 1.0, 1.0), (-0.031, 2.0, 1.0), (-0.051, 2.0, 2.0), (0.2, 1.0, 1.0)]
        {
            let benchmark_week = Some(week);
            check(Conditions { benchmark_week, ..plain(EQUITY) }, 10_000.0, 1.0 + 8.0 * equity);
            check(Conditions { benchmark_week, ..plain(CRYPTO) }, 10_000.0, 8.0 + 10.0 * crypto);
        }
    }

    #[test]
    fn the_factors_multiply() {
        let worst = Conditions {
            asset_class: CRYPTO,
            filled: day("2024-01-06"),
            atr_ratio: Some(2.0),
            adv20: Some(1e6),
            benchmark_week: Some(-0.2),
        };
        check(worst, 15_000.0, 8.0 + 10.0 * 2.0 * 1.5 * 1.5 * 2.0);
    }

    #[test]
    fn what_is_affordable_takes_all_the_cash_with_its_cost() {
        let settings = Settings::defaults().backtest;
        for adv20 in [None, Some(1e5), Some(1e6), Some(1e9)] {
            let rate = Rate::of(&settings, &Conditions { adv20, atr_ratio: Some(3.0), ..plain(CRYPTO) });
            for cash in [0.0, 0.01, 700.0, 10_000.0, 33_333.3, 2e6] {
                let notional = rate.affordable(cash);
                let taken = notional + rate.cost(notional);
                assert!((taken - cash).abs() <= 1e-9 * cash, "{taken} of {cash} at {adv20:?}");
            }
        }
        assert_eq!((Rate::FREE.affordable(7.5), Rate::FREE.cost(7.5)), (7.5, 0.0));
    }

    #[test]
    fn no_fill_costs_more_than_it_moves() {
        let mut settings = Settings::defaults().backtest;
        settings.equity.fee = 5.0;
        let rate = Rate::of(&settings, &plain(EQUITY));
        assert_eq!((rate.cost(100.0), rate.paid(100.0)), (100.0, Paid { fees: 100.0, slippage: 0.0 }));
    }
}
