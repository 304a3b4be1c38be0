//! Small worlds in which every fill can be reckoned by hand.
//!
//! Prices stand at 85 with a range of 2 % until day 24; a close of 90 on day 25 makes an average true range of 2 and
//! so a stop of 80, five ranges below. An account of 100,400 then buys 75 units: 0.75 % of it over a distance of 10.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::{Backtest, Rules, Step, backtest, backtest_from_eve, backtest_sold};
use crate::bars::{Bars, Split, check};
use crate::decide::{MarketBars, Prepared, prepare};
use crate::domain::{AssetClass, Bar, Words};
use crate::scripts::Scripts;
use crate::settings::{FillTime, Settings};
use crate::signals::fixtures::{day, every_day, scripts, symbol};

/// Buys a close of 90 or more, sells one under 80.
pub(super) const RULE: &str = r#"const META = #{ asset_class: "equity" };
const STOP_ATR_MULT = 5.0;
fn eligible(row) { row.close > 1.0 }
fn entry(row) { if row.close >= 90.0 { return "up"; } }
fn exit(row, position) { if row.close < 80.0 { return "down"; } }
"#;

/// The account of every world.
pub(super) const CASH: f64 = 100_400.0;

/// What a symbol does on a session: its open and its close; `None` is a missing session.
pub(super) type Row = Option<(f64, f64)>;

/// A symbol that stands at 85 until day 24 and then does these.
pub(super) fn after_calm(name: &str, then: &[Row]) -> Bars {
    after_calm_of(name, 25, then)
}

/// The same with so many calm days.
pub(super) fn after_calm_of(name: &str, calm: usize, then: &[Row]) -> Bars {
    let all = std::iter::repeat_n(Some((85.0, 85.0)), calm).chain(then.iter().copied());
    let bar = |(offset, row): (usize, Row)| {
        let (open, close) = row?;
        let (high, low) = (f64::max(open, close) * 1.01, f64::min(open, close) * 0.99);
        Some(Bar { date: day(offset), open, high, low, close, volume: 1e6 })
    };
    let (bars, problems) = check(symbol(name), all.enumerate().filter_map(bar).collect(), day(10_000));
    assert_eq!(problems, []);
    bars
}

/// Rows whose open is the close.
pub(super) fn closes(closes: &[f64]) -> Vec<Row> {
    closes.iter().map(|close| Some((*close, *close))).collect()
}

/// A market, the scripts and what is asked of them.
pub(super) struct World {
    pub(super) scripts: Scripts,
    pub(super) settings: Settings,
    pub(super) markets: Vec<MarketBars>,
    pub(super) fill: FillTime,
    pub(super) has_costs: bool,
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
}

impl World {
    /// Equities that [`RULE`] trades for nothing.
    pub(super) fn of(bars: Vec<Bars>) -> Self {
        Self::ruled(RULE, bars)
    }

    pub(super) fn ruled(rule: &str, bars: Vec<Bars>) -> Self {
        let mut settings = Settings::defaults();
        settings.risk.account_equity = CASH;
        Self {
            scripts: scripts(&[("rule", rule)]),
            settings,
            markets: vec![MarketBars::of(AssetClass::Equity, bars)],
            fill: FillTime::NextOpen,
            has_costs: false,
            from: None,
            to: None,
        }
    }

    /// Adds coins that the same rule trades.
    pub(super) fn with_coins(mut self, bars: Vec<Bars>) -> Self {
        let coins = RULE.replace("equity", "crypto");
        self.scripts = scripts(&[("rule", RULE), ("coins", &coins)]);
        // First, so that their place in the list is not what orders them.
        self.markets.insert(0, MarketBars::of(AssetClass::Crypto, bars));
        self
    }

    pub(super) fn with_split(mut self, name: &str, date: usize, ratio: f64) -> Self {
        self.markets[0].splits.push(Split { symbol: symbol(name), date: day(date), ratio });
        self
    }

    /// Leaves the symbol out of what may be bought.
    pub(super) fn with_benchmark(mut self, bars: Bars) -> Self {
        let market = &mut self.markets[0];
        market.benchmark = Some(bars.symbol().clone());
        market.bars.push(bars);
        self
    }

    pub(super) fn costly(mut self) -> Self {
        self.has_costs = true;
        self
    }

    pub(super) fn prepared(&self) -> Vec<Prepared> {
        let own = |market: &MarketBars| {
            prepare(market.clone(), &self.scripts, every_day).expect("distinct symbols")
        };
        self.markets.iter().map(own).collect()
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            scripts: &self.scripts,
            settings: &self.settings,
            fill: self.fill,
            costs: self.has_costs.then_some(&self.settings.backtest),
            from: self.from.map(day),
            to: self.to.map(day),
            words: Words::Told,
        }
    }

    pub(super) fn watched(&self, mut watch: impl FnMut(&Step<'_>) -> ControlFlow<()> + Send) -> Backtest {
        backtest(&self.prepared(), &self.rules(), &mut watch)
    }

    /// Walks it and sells everything at the end.
    pub(super) fn sold(&self) -> Backtest {
        backtest_sold(&self.prepared(), &self.rules(), &mut |_| ControlFlow::Continue(()))
    }

    /// Walks it with each class decided from its last session before the span on.
    pub(super) fn since_eve(&self) -> Backtest {
        backtest_from_eve(&self.prepared(), &self.rules(), &mut |_| ControlFlow::Continue(()))
    }

    pub(super) fn run(&self) -> Backtest {
        self.watched(|_| ControlFlow::Continue(()))
    }

    /// Returns the names of all symbols that any class trades.
    pub(super) fn symbols(&self) -> BTreeSet<String> {
        let bars = self.markets.iter().flat_map(|market| &market.bars);
        bars.map(|own| own.symbol().to_string()).collect()
    }
}
