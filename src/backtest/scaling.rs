//! Risks less while the market swings more than it used to (`[backtest] volatility_scaling`).
//!
//! The market is the class's benchmark, so that the setting reaches a decision by `risk_per_trade` alone and no
//! rule of the core knows of it.

use chrono::NaiveDate;

use crate::decide::Prepared;
use crate::features::core;

/// The sessions whose median volatility is the ordinary one.
const YEAR: usize = 252;
/// The least part of the risk that is kept.
const LEAST: f64 = 0.33;

/// Returns the factor of the risk on a session: 1 where the benchmark has no bar, or too few before it.
///
/// # Formula
/// `clip(1 / max(vol20 / median of vol20 over 252 sessions, 1), 0.33, 1)`
pub(super) fn risk_factor(prepared: &Prepared, session: NaiveDate) -> f64 {
    swing(prepared, session).map_or(1.0, |ratio| (1.0 / ratio.max(1.0)).clamp(LEAST, 1.0))
}

/// The benchmark's volatility over its median of a year.
fn swing(prepared: &Prepared, session: NaiveDate) -> Option<f64> {
    let columns = prepared.benchmark.as_ref()?;
    let row = columns.panel().row(0, session)?;
    let first = (row + 1).checked_sub(YEAR)?;
    let volatility = columns.column(&core::VOLATILITY_20D)?;
    let mut year = (first..=row).map(|row| volatility.get(row)).collect::<Option<Vec<f64>>>()?;
    let now = year.last().copied()?;
    year.sort_by(f64::total_cmp);
    let median = (year[(YEAR - 1) / 2] + year[YEAR / 2]) / 2.0;
    (median > 0.0).then(|| now / median)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{MarketBars, prepare};
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, day, every_day, scripts, series, symbol};

    /// A benchmark that swings by a hundredth each day, and by `last` of a price on the last twenty.
    fn factor(sessions: usize, last: f64) -> f64 {
        let close = |n: usize| {
            let by = if n + 20 >= sessions { last } else { 0.01 };
            100.0 * (1.0 + if n.is_multiple_of(2) { by } else { 0.0 })
        };
        let closes: Vec<f64> = (0..sessions).map(close).collect();
        let bars = vec![series("A", 0, &closes), series("IDX", 0, &closes)];
        let market =
            MarketBars { benchmark: Some(symbol("IDX")), ..MarketBars::of(AssetClass::Equity, bars) };
        let prepared = prepare(market, &scripts(&[("always", ALWAYS)]), every_day).expect("distinct symbols");
        risk_factor(&prepared, day(sessions - 1))
    }

    #[test]
    fn a_market_that_swings_twice_as_much_halves_the_risk_down_to_a_third() {
        assert!((factor(300, 0.01) - 1.0).abs() < 1e-9);
        assert!((factor(300, 0.02) - 0.5).abs() < 0.01, "{}", factor(300, 0.02));
        assert_eq!(factor(300, 0.2), LEAST);
        assert_eq!(factor(300, 0.001), 1.0, "a calm market risks no more than usual");
    }

    #[test]
    fn a_shorter_history_changes_nothing() {
        assert_eq!(factor(271, 0.2), 1.0);
        assert_eq!(factor(272, 0.2), LEAST);
    }
}
