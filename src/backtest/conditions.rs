//! What a fill's costs depend on, read from the bars of the session that decided it.
//!
//! Nothing of the bar that fills is used but its date: its range and volume are not known at its open.

use chrono::NaiveDate;

use super::cost::Conditions;
use crate::decide::Prepared;
use crate::domain::{AssetClass, Symbol};
use crate::features::core;

/// The sessions whose mean atr14 is the ordinary one.
const ORDINARY: usize = 60;

/// Returns the conditions of a fill on `filled` of what was decided on `decided`.
pub(super) fn conditions(
    prepared: &Prepared,
    symbol: &Symbol,
    decided: NaiveDate,
    filled: NaiveDate,
) -> Conditions {
    let columns = &prepared.columns;
    let panel = columns.panel();
    let place = panel.position(symbol);
    let row = place.and_then(|place| panel.row(place, decided));
    let atr_ratio = || {
        let (place, row) = (place?, row?);
        let first = (row + 1).checked_sub(ORDINARY).filter(|first| panel.rows(place).contains(first))?;
        let column = columns.column(&core::ATR14)?;
        let mut sum = 0.0;
        for row in first..=row {
            sum += column.get(row)?;
        }
        let mean = sum / ORDINARY as f64;
        (mean > 0.0).then(|| column.get(row).map(|atr14| atr14 / mean))?
    };
    Conditions {
        asset_class: panel.asset_class(),
        filled,
        atr_ratio: atr_ratio(),
        adv20: row.and_then(|row| columns.value(&core::ADV20, row)),
        benchmark_week: benchmark_week(prepared, decided),
    }
}

/// Returns the benchmark's return over the week up to a session; `None` where it has no bar on the session, or too
/// few before it.
fn benchmark_week(prepared: &Prepared, session: NaiveDate) -> Option<f64> {
    let panel = prepared.benchmark.as_ref()?.panel();
    let row = panel.row(0, session)?;
    let before = row.checked_sub(week(panel.asset_class()))?;
    Some(panel.close()[row] / panel.close()[before] - 1.0)
}

/// The sessions of a week.
fn week(class: AssetClass) -> usize {
    match class {
        AssetClass::Equity => 5,
        AssetClass::Crypto => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{MarketBars, prepare};
    use crate::signals::fixtures::{ALWAYS, day, every_day, scripts, series, symbol};

    fn prepared(class: AssetClass, closes: &[f64], benchmark: &[f64]) -> Prepared {
        let bars = vec![series("A", 0, closes), series("IDX", 0, benchmark)];
        let market = MarketBars { benchmark: Some(symbol("IDX")), ..MarketBars::of(class, bars) };
        prepare(market, &scripts(&[("always", ALWAYS)]), every_day).expect("distinct symbols")
    }

    fn at(prepared: &Prepared, session: usize) -> Conditions {
        conditions(prepared, &symbol("A"), day(session), day(session + 1))
    }

    #[test]
    fn a_week_is_five_sessions_of_stocks_and_seven_of_coins() {
        let benchmark: Vec<f64> = (0..30).map(|n| if n < 20 { 100.0 } else { 90.0 }).collect();
        let weeks = |class, sessions: [usize; 4]| {
            let prepared = prepared(class, &[50.0; 30], &benchmark);
            sessions.map(|session| at(&prepared, session).benchmark_week.map(|week| (week * 100.0).round()))
        };
        assert_eq!(weeks(AssetClass::Equity, [4, 19, 24, 25]), [None, Some(0.0), Some(-10.0), Some(0.0)]);
        assert_eq!(weeks(AssetClass::Crypto, [6, 7, 26, 27]), [None, Some(0.0), Some(-10.0), Some(0.0)]);
    }

    #[test]
    fn a_benchmark_without_a_bar_that_day_tells_nothing() {
        let prepared = prepared(AssetClass::Equity, &[50.0; 30], &[100.0; 20]);
        assert_eq!(at(&prepared, 19).benchmark_week, Some(0.0));
        assert_eq!(at(&prepared, 20).benchmark_week, None);
    }

    #[test]
    fn the_range_is_compared_with_its_mean_of_sixty_sessions_once_there_are_so_many() {
        // A flat price has a range of 2 % each day: the ratio is 1 as soon as there are sixty values.
        let prepared = prepared(AssetClass::Equity, &[50.0; 100], &[100.0; 100]);
        assert_eq!(at(&prepared, 71).atr_ratio, None, "atr14 begins at bar 13");
        assert_eq!(at(&prepared, 72).atr_ratio, Some(1.0));
        assert_eq!(at(&prepared, 72).adv20, Some(50.0 * 1e6));
        assert_eq!(at(&prepared, 200).adv20, None);
    }
}
