//! The market overview: the benchmark's day and trend, breadth, volatility.
//!
//! A benchmark without a bar on the session gives no regime and is named; its last bar is
//! never carried forward. What is wrong with its bars is named for as long as the regime looks
//! back on it, since no symbol's own health tells it.

use chrono::NaiveDate;

use super::{MarketOverview, Prepared, Regime};
use crate::domain::{Problem, ProblemKind};
use crate::features::Feature;
use crate::features::core;

/// The bars that the regime looks back on.
const REGIME_BARS: usize = 200;

/// Describes the market on a session, but for its breadth.
pub(super) fn overview(prepared: &Prepared, session: NaiveDate) -> (MarketOverview, Vec<Problem>) {
    let columns = &prepared.columns;
    let panel = columns.panel();
    let row = prepared.benchmark.as_ref().and_then(|own| own.panel().row(0, session));
    let value = |feature: &Feature| prepared.benchmark.as_ref()?.value(feature, row?);
    let mut problems = Vec::new();
    if let (Some(symbol), None) = (columns.benchmark(), row) {
        let message = format!("the benchmark has no bar on {session}: no regime, benchmark features missing");
        problems.push(Problem::new(symbol, ProblemKind::Benchmark, message));
    }
    if let (Some(symbol), Some(row)) = (columns.benchmark(), row) {
        let mut say = |what: String| problems.push(Problem::new(symbol, ProblemKind::Benchmark, what));
        if value(&core::MA200).is_none() {
            let bars = row + 1;
            say(format!("no regime: ma200 needs {REGIME_BARS} bars, has {bars}"));
        }
        let own = panel.position(symbol).and_then(|place| panel.row(place, session));
        let health = &prepared.health;
        if let Some(jump) = own.and_then(|row| health.jump_within(panel, row, REGIME_BARS)) {
            say(format!("{jump}: the regime and benchmark_ features look back on it; check for a split"));
        }
        if let Some(gap) = own.and_then(|row| health.gap_within(panel, row, REGIME_BARS)) {
            say(format!("{gap}: the regime and benchmark_ features look back on it"));
        }
    }
    let overview = MarketOverview {
        asset_class: panel.asset_class(),
        session,
        benchmark: columns.benchmark().cloned(),
        benchmark_close: value(&core::CLOSE),
        benchmark_return: value(&core::RETURNS_1D),
        regime: regime(value(&core::CLOSE), value(&core::MA50), value(&core::MA200)),
        breadth: None,
        volatility: value(&core::VOLATILITY_20D),
        symbols_with_bar: columns.tradable_on(session).count(),
        symbols: columns.tradable_count(),
    };
    (overview, problems)
}

/// Returns the part of the universe that closed over its mean of 50 sessions, of those that have one; `None` where none
/// does.
pub(super) fn breadth(prepared: &Prepared, session: NaiveDate) -> Option<f64> {
    let columns = &prepared.columns;
    let (close, ma50) = (columns.panel().close(), columns.column(&core::MA50)?);
    let today = columns.tradable_on(session).map(|row| row as usize);
    let over_mean: Vec<bool> = today.filter_map(|row| Some(close[row] > ma50.get(row)?)).collect();
    let over = over_mean.iter().filter(|over| **over).count();
    (!over_mean.is_empty()).then(|| over as f64 / over_mean.len() as f64)
}

fn regime(close: Option<f64>, ma50: Option<f64>, ma200: Option<f64>) -> Option<Regime> {
    let (close, ma50, ma200) = (close?, ma50?, ma200?);
    Some(if close > ma200 && ma50 > ma200 {
        Regime::Uptrend
    } else if close < ma200 && ma50 < ma200 {
        Regime::Downtrend
    } else {
        Regime::Mixed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::told;
    use crate::decide::{MarketBars, decide, prepare};
    use crate::domain::{AssetClass, Book};
    use crate::settings::Settings;
    use crate::signals::fixtures::{ALWAYS, day, every_day, scripts, series, symbol};

    #[test]
    fn the_regime_needs_close_and_mean_on_the_same_side() {
        assert_eq!(regime(Some(3.0), Some(2.0), Some(1.0)), Some(Regime::Uptrend));
        assert_eq!(regime(Some(1.0), Some(2.0), Some(3.0)), Some(Regime::Downtrend));
        assert_eq!(regime(Some(1.0), Some(3.0), Some(2.0)), Some(Regime::Mixed));
        assert_eq!(regime(Some(1.0), Some(3.0), None), None);
    }

    fn overview_of(benchmark: Vec<crate::bars::Bars>) -> (MarketOverview, Vec<Problem>) {
        let text = ALWAYS.replace("row.close > 1.0", "row.close > row.benchmark_close");
        let scripts = scripts(&[("rule", &text)]);
        let rising: Vec<f64> = (0..60).map(|n| 50.0 + f64::from(n)).collect();
        let falling: Vec<f64> = (0..60).map(|n| 150.0 - f64::from(n)).collect();
        let mut bars = vec![series("A", 0, &rising), series("B", 0, &falling), series("C", 50, &[9.0; 10])];
        bars.extend(benchmark);
        let market = MarketBars {
            asset_class: AssetClass::Equity,
            bars,
            universe: ["A", "B", "C"].map(symbol).into(),
            benchmark: Some(symbol("IDX")),
            splits: Vec::new(),
            real_moves: std::collections::BTreeSet::new(),
        };
        let prepared = prepare(market, &scripts, every_day).expect("distinct symbols");
        let (decision, problems) =
            decide(&prepared, &scripts, &Settings::defaults(), &Book::of_cash(1e5), day(59));
        (decision.market, problems)
    }

    #[test]
    fn breadth_counts_the_symbols_that_have_a_mean() {
        let (market, problems) = overview_of(vec![series("IDX", 0, &[10.0; 60])]);
        assert_eq!((market.breadth, market.symbols_with_bar, market.symbols), (Some(0.5), 3, 3));
        assert_eq!((market.benchmark_close, market.benchmark_return), (Some(10.0), Some(0.0)));
        assert_eq!(market.regime, None, "sixty bars have no ma200");
        let short = "IDX: no regime: ma200 needs 200 bars, has 60";
        assert_eq!(told(&problems, ProblemKind::Benchmark), [short]);
    }

    #[test]
    fn a_benchmark_whose_bars_are_in_doubt_is_named() {
        let mut closes = [10.0; 57];
        closes[20..].fill(5.0);
        let mut rows: Vec<_> = series("IDX", 0, &closes[..40]).iter().collect();
        rows.extend(series("IDX", 43, &closes[40..]).iter());
        let (gapped, _) = crate::bars::check(symbol("IDX"), rows, day(59));
        let (_, problems) = overview_of(vec![gapped]);
        let told = told(&problems, ProblemKind::Benchmark);
        let parts = ["3 sessions without a bar between 2024-02-09", "close of 2024-01-21 is 0.50 times"];
        for part in parts {
            let is_told =
                |own: &&String| own.contains(part) && own.contains("benchmark_ features look back on it");
            assert_eq!(told.iter().filter(is_told).count(), 1, "{part}: {told:?}");
        }
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn a_benchmark_without_a_bar_is_named_and_never_carried_forward() {
        for benchmark in [vec![], vec![series("IDX", 0, &[10.0; 59])]] {
            let (market, problems) = overview_of(benchmark);
            assert_eq!((market.benchmark_close, market.volatility, market.regime), (None, None, None));
            let expected =
                "IDX: the benchmark has no bar on 2024-02-29: no regime, benchmark features missing";
            assert_eq!(told(&problems, ProblemKind::Benchmark), [expected]);
            // A script that reads the benchmark is not ready; it is not shown an old value.
            assert_eq!(told(&problems, ProblemKind::NotReady).len(), 3, "{problems:?}");
        }
    }
}
