//! Small markets and scripts for the tests of the core: every day is a session, and a flat
//! price has an average true range of 2 %.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::Signal;
use crate::bars::{Bars, Panel, check};
use crate::domain::{AssetClass, Bar, Symbol};
use crate::features::{Columns, core};
use crate::scripts::{Options, ScriptSource, Scripts};

/// Scores a tenth of the close: 85 is HIGH, 65 MEDIUM, 55 LOW.
pub(crate) const GRADED: &str =
    "const WEIGHTS = #{ price: 1.0 };\nfn price(row, signal) { clamp(row.close / 10.0, 0.0, 10.0) }";

/// Buys everything on every session; its stop lies 10 % under a flat price.
pub(crate) const ALWAYS: &str = r#"const META = #{ asset_class: "equity" };
const STOP_ATR_MULT = 5.0;
fn eligible(row) { row.close > 1.0 }
fn entry(row) { return "always"; }
fn exit(row, position) { if row.close > 130.0 { return "too_high"; } }
"#;

pub(crate) fn day(offset: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date") + Days::new(offset as u64)
}

pub(crate) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("a symbol")
}

/// Bars at these closes from day `first` on, 1 % of shadow either way, a million units each.
pub(crate) fn series(name: &str, first: usize, closes: &[f64]) -> Bars {
    let bar = |(offset, close): (usize, &f64)| Bar {
        date: day(first + offset),
        open: *close,
        high: close * 1.01,
        low: close * 0.99,
        close: *close,
        volume: 1e6,
    };
    let rows = closes.iter().enumerate().map(bar).collect();
    let (bars, problems) = check(symbol(name), rows, day(10_000));
    assert_eq!(problems, []);
    bars
}

/// Thirty flat days, 0 to 29.
pub(crate) fn flat(name: &str, close: f64) -> Bars {
    series(name, 0, &[close; 30])
}

/// Counts the days between two, each being a session.
pub(crate) fn every_day(last: NaiveDate, next: NaiveDate) -> usize {
    usize::try_from((next - last).num_days() - 1).unwrap_or(0)
}

pub(crate) fn options() -> Options {
    Options { default_scorer: "graded".to_owned(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// Compiles scripts that must be sound, beside [`GRADED`].
pub(crate) fn scripts_with(texts: &[(&str, &str)], options: &Options) -> Scripts {
    let all = texts.iter().chain(&[("graded", GRADED)]);
    let sources: Vec<ScriptSource> = all
        .map(|(name, text)| ScriptSource {
            name: (*name).to_owned(),
            path: format!("{name}.rhai"),
            text: (*text).to_owned(),
        })
        .collect();
    let (scripts, problems) = Scripts::compile(&sources, options);
    assert_eq!(problems, []);
    scripts
}

pub(crate) fn scripts(texts: &[(&str, &str)]) -> Scripts {
    scripts_with(texts, &options())
}

/// Columns in which every symbol may be bought.
pub(crate) fn columns(class: AssetClass, series: Vec<Bars>, scripts: &Scripts) -> Columns {
    let universe = series.iter().map(|bars| bars.symbol().clone()).collect();
    let mut wanted = scripts.features(class);
    wanted.extend([core::ATR14.clone(), core::ADV20.clone()]);
    Columns::compute(Panel::stack(class, series).expect("distinct symbols"), &universe, None, &wanted)
}

/// An equity signal with a stop 10 % under its close of 100.
pub(crate) fn signal(name: &str, score: f64) -> Signal {
    Signal {
        row: 0,
        session: day(29),
        symbol: symbol(name),
        asset_class: AssetClass::Equity,
        strategy: "always".into(),
        trigger: "always".into(),
        components: Vec::new(),
        score,
        close: 100.0,
        stop: 90.0,
        target: 120.0,
        adv20: Some(1e8),
        max_adv_fraction: 0.005,
    }
}
