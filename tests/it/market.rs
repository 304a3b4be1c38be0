//! What the tests of the whole core share: the shipped scripts, and bars turned into columns.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use ts::bars::Bars;
use ts::calendar;
use ts::decide::{MarketBars, Prepared, prepare};
use ts::domain::{AssetClass, Symbol};
use ts::scripts::{Options, ScriptSource, Scripts, embedded};

pub fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("a symbol")
}

/// Compiles scripts that must be sound, scored by the technical scorer unless they name another.
pub fn compile(sources: &[ScriptSource]) -> Scripts {
    let options = Options {
        default_scorer: "technical".to_owned(),
        overrides: BTreeMap::new(),
        disabled: BTreeSet::new(),
    };
    let (scripts, problems) = Scripts::compile(sources, &options);
    assert_eq!(problems, []);
    scripts
}

pub fn shipped() -> Scripts {
    compile(&embedded())
}

/// Prepares bars by the real calendar.
pub fn prepared(
    class: AssetClass,
    bars: Vec<Bars>,
    universe: BTreeSet<Symbol>,
    benchmark: Symbol,
    scripts: &Scripts,
) -> Prepared {
    let market = MarketBars { universe, benchmark: Some(benchmark), ..MarketBars::of(class, bars) };
    prepare(market, scripts, missing_between(class)).expect("distinct symbols")
}

pub fn missing_between(class: AssetClass) -> impl Fn(NaiveDate, NaiveDate) -> usize + Sync {
    move |last, next| calendar::sessions_between(class, last, next)
}
