//! A market of flat prices on a desk of default settings, for the tests of the decision.

use std::collections::BTreeMap;

use super::{Decision, MarketBars, Prepared, decide, prepare};
use crate::bars::Bars;
use crate::domain::{AssetClass, Bar, Symbol};
use crate::domain::{Book, Position, Problem, ProblemKind};
use crate::scripts::Scripts;
use crate::settings::Settings;
use crate::signals::fixtures::{day, every_day, symbol};

pub(super) struct Case {
    pub prepared: Prepared,
    pub scripts: Scripts,
    pub settings: Settings,
    pub book: Book,
}

impl Case {
    /// Prepares equities that may all be bought, without a benchmark, and an account of 100,000.
    pub fn new(scripts: Scripts, series: Vec<Bars>) -> Self {
        let market = MarketBars {
            asset_class: AssetClass::Equity,
            universe: series.iter().map(|bars| bars.symbol().clone()).collect(),
            bars: series,
            benchmark: None,
            splits: Vec::new(),
            real_moves: std::collections::BTreeSet::new(),
        };
        let prepared = prepare(market, &scripts, every_day).expect("distinct symbols");
        Self { prepared, scripts, settings: Settings::defaults(), book: Book::of_cash(100_000.0) }
    }

    pub fn holding(mut self, positions: Vec<Position>) -> Self {
        self.book = Book::of_positions(100_000.0, positions);
        self
    }

    pub fn decide(&self, session: usize) -> (Decision, Vec<Problem>) {
        decide(&self.prepared, &self.scripts, &self.settings, &self.book, day(session))
    }
}

/// Ten units, bought at 100 on day 5.
pub(super) fn position(name: &str, strategy: &str, stop_price: f64) -> Position {
    Position {
        symbol: symbol(name),
        asset_class: AssetClass::Equity,
        strategy: strategy.into(),
        entry_date: day(5),
        entry_price: 100.0,
        quantity: 10.0,
        stop_price,
        stop_session: day(4),
        last_close: 100.0,
        split_factor: 1.0,
    }
}

/// The bars of a session that open at these prices.
pub(super) fn opens(session: usize, prices: &[(&str, f64)]) -> BTreeMap<Symbol, Bar> {
    let bar = |open| Bar { date: day(session), open, high: open, low: open, close: open, volume: 1.0 };
    prices.iter().map(|(name, open)| (symbol(name), bar(*open))).collect()
}

pub(super) fn bought(decision: &Decision) -> Vec<&str> {
    decision.recommendations.iter().map(|own| own.symbol.as_str()).collect()
}

/// The problems of one kind, as the reader sees them.
pub(super) fn told(problems: &[Problem], kind: ProblemKind) -> Vec<String> {
    problems.iter().filter(|own| own.kind == kind).map(ToString::to_string).collect()
}
