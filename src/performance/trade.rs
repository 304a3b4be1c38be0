//! One round trip: bought at one open, sold at a later one or still held.

use chrono::NaiveDate;

use crate::decide::Regime;
use crate::domain::AssetClass;
use crate::domain::Name;
use crate::domain::Symbol;

/// A position from its entry to its exit. Prices are the fills' own, without costs, in the quote currency at
/// the scale of the bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Trade {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: Name,
    /// What the strategy's `entry` gave.
    pub trigger: Name,
    /// The combined score of the decision, 0 to 10.
    pub score: f64,
    /// The session that decided the entry.
    pub decided: NaiveDate,
    /// The market's regime on that session, where it was known.
    pub regime: Option<Regime>,
    /// The session of the entry's fill.
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    /// Units of the asset; fractional for crypto.
    pub quantity: f64,
    /// The stop as it was decided, before any raise.
    pub stop_price: f64,
    /// The session of the exit's fill; of a trade that is open, the last that was looked at.
    pub exit_date: NaiveDate,
    /// Of a trade that is open, the last close.
    pub exit_price: f64,
    pub exit_reason: Name,
    /// Fees and slippage of both sides, in the account's currency.
    pub costs: f64,
    /// Sessions of the symbol from the entry's to the exit's, the exit's not counted.
    pub bars_held: usize,
    /// Still held at the end: exit date and price are a mark and no fill.
    pub open: bool,
}

impl Trade {
    /// Returns the profit after costs, in the account's currency.
    pub fn pnl(&self) -> f64 {
        (self.exit_price - self.entry_price) * self.quantity - self.costs
    }

    /// Returns the profit after costs in units of the risk that was taken: quantity × (entry − stop). `None`
    /// where the entry did not lie above its stop.
    pub fn r_multiple(&self) -> Option<f64> {
        let risk = (self.entry_price - self.stop_price) * self.quantity;
        (risk > 0.0).then(|| self.pnl() / risk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_reckoned_after_costs_and_by_the_risk_at_the_fill() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let trade = Trade {
            symbol: Symbol::new("AAA").expect("a symbol"),
            asset_class: AssetClass::Equity,
            strategy: "breakout".into(),
            trigger: "breakout_20d".into(),
            score: 7.0,
            decided: day("2024-01-02"),
            regime: None,
            entry_date: day("2024-01-03"),
            entry_price: 50.0,
            quantity: 10.0,
            stop_price: 45.0,
            exit_date: day("2024-01-10"),
            exit_price: 61.0,
            exit_reason: "below its mean".into(),
            costs: 10.0,
            bars_held: 5,
            open: false,
        };
        assert_eq!((trade.pnl(), trade.r_multiple()), (100.0, Some(2.0)));
        let gapped = Trade { exit_price: 43.0, costs: 0.0, ..trade.clone() };
        assert_eq!(gapped.r_multiple(), Some(-1.4));
        assert_eq!(Trade { entry_price: 45.0, ..trade }.r_multiple(), None);
    }
}
