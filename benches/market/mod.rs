//! A market of any size from arithmetic alone, so that `pandas_reference.py` makes the same bars
//! to the last bit: both programs then do the same work, and their signals can be compared.
//!
//! Every number is drawn from a hash of (symbol, session, draw). Closes are a walk with a drift
//! of the symbol's own; the first symbol is the benchmark, calmer and outside of the universe.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use ts::bars::{Bars, check};
use ts::calendar;
use ts::decide::MarketBars;
use ts::domain::AssetClass;
use ts::domain::Bar;
use ts::domain::Symbol;
use ts::scripts::Options;
use ts::scripts::Scripts;
use ts::scripts::embedded;
use ts::settings::Settings;

/// The first day that may be a session.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2015, 1, 2).expect("a day of the calendar");

/// Makes the bars of `symbols` stocks and of the benchmark, over that many sessions.
pub fn market(symbols: usize, sessions: usize) -> MarketBars {
    let class = AssetClass::Equity;
    let days: Vec<NaiveDate> =
        FIRST_DAY.iter_days().filter(|day| calendar::is_session(class, *day)).take(sessions).collect();
    let newest = days.last().copied().unwrap_or(FIRST_DAY);
    // Named first, as a run's settings are: names between the bars would keep the allocator from
    // giving the bars' memory back.
    let names: Vec<Symbol> = (0..=symbols).map(symbol).collect();
    let universe: BTreeSet<Symbol> = names[1..].iter().cloned().collect();
    let series = |(number, name): (u64, &Symbol)| {
        let (bars, problems) = check(name.clone(), walk(number, &days), newest);
        assert!(problems.is_empty(), "{problems:?}");
        bars
    };
    MarketBars {
        asset_class: class,
        bars: Bars::together((0..).zip(&names).map(series).collect()),
        universe,
        benchmark: names.first().cloned(),
        splits: Vec::new(),
        real_moves: BTreeSet::new(),
    }
}

/// Returns the newest session of a market.
pub fn newest(market: &MarketBars) -> NaiveDate {
    market.bars.iter().filter_map(|bars| bars.dates().last()).max().copied().unwrap_or(FIRST_DAY)
}

/// Compiles the shipped scripts with the default settings.
pub fn shipped_scripts(settings: &Settings) -> Scripts {
    let options = Options {
        default_scorer: settings.signals.scorer.clone(),
        overrides: BTreeMap::new(),
        disabled: BTreeSet::new(),
    };
    let (scripts, problems) = Scripts::compile(&embedded(), &options);
    assert!(problems.is_empty(), "{problems:?}");
    scripts
}

/// Counts the sessions strictly between two dates, as the program does for stocks.
pub fn missing_between(after: NaiveDate, before: NaiveDate) -> usize {
    calendar::sessions_between(AssetClass::Equity, after, before)
}

fn symbol(number: usize) -> Symbol {
    Symbol::new(&format!("S{number:05}")).expect("a letter and five digits are a symbol")
}

fn walk(number: u64, days: &[NaiveDate]) -> Vec<Bar> {
    let drift = 0.0006 * draw(number, 0, 0);
    let size = if number == 0 { 0.015 } else { 0.03 };
    let mut close = 100.0;
    let mut bars = Vec::with_capacity(days.len());
    for (session, day) in (1..).zip(days) {
        let [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map(|of| draw(number, session, of));
        let open: f64 = close;
        close *= 1.0 + drift + size * (a + b + c - 1.5);
        bars.push(Bar {
            date: *day,
            open,
            high: open.max(close) * (1.0 + 0.01 * d),
            low: open.min(close) * (1.0 - 0.01 * e),
            close,
            volume: 1e6 * (0.5 + f),
        });
    }
    bars
}

/// Draws a number from 0 to under 1: the finaliser of splitmix64 (Steele, Lea and Flood, 2014).
fn draw(symbol: u64, session: u64, of: u64) -> f64 {
    let mut hash = (symbol << 32 | session << 3 | of).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((hash ^ hash >> 31) >> 11) as f64 / (1_u64 << 53) as f64
}
