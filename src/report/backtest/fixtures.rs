//! A small backtest for the tests of what is said of one.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{BacktestReport, StrategyUsed};
use crate::backtest::{Rules, backtest};
use crate::decide::{MarketBars, Prepared, prepare};
use crate::domain::{AssetClass, Words};
use crate::performance::Timing;
use crate::settings::{FillTime, Settings};
use crate::signals::fixtures::{ALWAYS, every_day, scripts, series};

/// The report of [`walked`].
pub(super) fn example(sessions: usize) -> BacktestReport {
    walked(sessions).0
}

/// Buys A at 85 and B at 65 on day 20, when there are twenty bars, and sells A at 131 on day 31.
pub(super) fn walked(sessions: usize) -> (BacktestReport, Vec<Prepared>) {
    let scripts = scripts(&[("always", ALWAYS)]);
    let closes: Vec<f64> = (0..40).map(|n| if n < 30 { 85.0 } else { 131.0 }).collect();
    let bars = vec![series("A", 0, &closes[..sessions]), series("B", 0, &vec![65.0; sessions])];
    let prepared = prepare(MarketBars::of(AssetClass::Equity, bars), &scripts, every_day);
    let settings = Settings::defaults();
    let rules = Rules {
        scripts: &scripts,
        settings: &settings,
        fill: FillTime::NextOpen,
        costs: None,
        from: None,
        to: None,
        words: Words::LeftOut,
    };
    let prepared = vec![prepared.expect("distinct symbols")];
    let result = backtest(&prepared, &rules, &mut |_| ControlFlow::Continue(()));
    let always = scripts.strategy("always").expect("it was loaded");
    let used = StrategyUsed { hash: "abc".to_owned(), constants: always.constants().clone() };
    let report = BacktestReport {
        asset_classes: vec![AssetClass::Equity],
        strategies: BTreeMap::from([("always".to_owned(), used)]),
        fill: rules.fill,
        costs: None,
        demo: false,
        notes: Vec::new(),
        warm_up: None,
        constants: Vec::new(),
        benchmark: None,
        timing: Ok(Timing { mean_gain: 0.54, mean_gain_of_drawn: 0.1, p_value: 0.25 }),
        sweep: None,
        walk_forward: None,
        holdout: None,
        problems: result.problems.clone(),
        settings,
        result,
    };
    (report, prepared)
}
