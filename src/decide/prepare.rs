//! Turns loaded bars into the columns that every session's decision reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use super::day::Days;
use crate::bars::Bars;
use crate::bars::Health;
use crate::bars::Split;
use crate::bars::{Panel, PanelError};
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::features::Columns;
use crate::features::Feature;
use crate::features::core;
use crate::scripts::Scripts;

/// The loaded bars of one asset class, and which symbols may be bought.
#[derive(Clone, Debug)]
pub struct MarketBars {
    pub asset_class: AssetClass,
    /// One series a symbol, the benchmark's among them, in any order.
    pub bars: Vec<Bars>,
    /// The symbols that may be bought.
    pub universe: BTreeSet<Symbol>,
    pub benchmark: Option<Symbol>,
    /// The splits that the source knows of; empty where it has no such list.
    pub splits: Vec<Split>,
    /// The sessions on which a symbol's close jumped and its source, asked, lists no split.
    pub real_moves: BTreeSet<(Symbol, NaiveDate)>,
}

impl MarketBars {
    /// Makes a market in which every symbol may be bought, without a benchmark and a list of
    /// splits.
    pub fn of(asset_class: AssetClass, bars: Vec<Bars>) -> Self {
        let universe = bars.iter().map(|own| own.symbol().clone()).collect();
        Self { asset_class, bars, universe, benchmark: None, splits: Vec::new(), real_moves: BTreeSet::new() }
    }
}

/// Everything that deciding any loaded session needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub columns: Columns,
    pub health: Health,
    /// The benchmark alone, with the features of the market overview; `None` without bars.
    pub benchmark: Option<Columns>,
    /// The splits that the source knows of.
    pub splits: Arc<[Split]>,
    pub(super) days: Days,
}

impl Prepared {
    /// Looks at sessions as whoever decides them does: once, and best on a thread that has nothing else to do.
    pub fn look(&self, sessions: &[NaiveDate]) {
        for session in sessions {
            self.days.on(self, *session);
        }
    }
}

/// Computes the features that the scripts read, and the health of the bars, once for all
/// sessions that are loaded.
///
/// `missing_between` counts the sessions strictly between two dates, by the asset class's
/// calendar.
///
/// # Errors
/// [`PanelError`] where two series have the same symbol or the rows are too many.
pub fn prepare(
    market: MarketBars,
    scripts: &Scripts,
    missing_between: impl Fn(NaiveDate, NaiveDate) -> usize + Sync,
) -> Result<Prepared, PanelError> {
    let features = scripts.features(market.asset_class);
    on_rows(market, features, None, missing_between)
}

/// Does the same for scripts that read these features and no others: of many versions of one set, what all of them
/// read together.
///
/// # Errors
/// As [`prepare()`].
pub fn prepare_reading(
    market: MarketBars,
    features: BTreeSet<Feature>,
    missing_between: impl Fn(NaiveDate, NaiveDate) -> usize + Sync,
) -> Result<Prepared, PanelError> {
    on_rows(market, features, None, missing_between)
}

/// Does the same for the sessions from `since` on, with a fraction of the time and memory: only
/// these can be decided, and only from these on can the stop of a position be replayed.
///
/// # Errors
/// As [`prepare()`].
pub fn prepare_since(
    market: MarketBars,
    scripts: &Scripts,
    since: NaiveDate,
    missing_between: impl Fn(NaiveDate, NaiveDate) -> usize + Sync,
) -> Result<Prepared, PanelError> {
    let features = scripts.features(market.asset_class);
    on_rows(market, features, Some(since), missing_between)
}

fn on_rows(
    market: MarketBars,
    mut wanted: BTreeSet<Feature>,
    since: Option<NaiveDate>,
    missing_between: impl Fn(NaiveDate, NaiveDate) -> usize + Sync,
) -> Result<Prepared, PanelError> {
    let MarketBars { asset_class, mut bars, universe, benchmark, splits, real_moves } = market;
    let given: BTreeSet<Symbol> = bars.iter().map(|own| own.symbol().clone()).collect();
    // A symbol of the universe without a series is stale, not absent: it must be named.
    bars.extend(universe.difference(&given).map(|symbol| Bars::empty(symbol.clone())));
    let of_benchmark = bars.iter().find(|bars| Some(bars.symbol()) == benchmark.as_ref());
    let benchmark_columns = match of_benchmark {
        Some(own) if !own.is_empty() => {
            let panel = Panel::stack(asset_class, vec![own.clone()])?;
            Some(Columns::compute(panel, &BTreeSet::new(), benchmark.as_ref(), &of_benchmark_alone()))
        }
        _ => None,
    };
    let panel = Panel::stack(asset_class, bars)?;
    let health =
        Health::new(&panel, &missing_between, &splits).explained(&panel, &missing_between, &real_moves);
    wanted.extend(of_symbols());
    let benchmark = benchmark.as_ref();
    let columns = match since {
        Some(since) => Columns::compute_since(panel, &universe, benchmark, &wanted, since),
        None => Columns::compute(panel, &universe, benchmark, &wanted),
    };
    let days = Days::new(columns.sessions().len());
    Ok(Prepared { columns, health, benchmark: benchmark_columns, splits: splits.into(), days })
}

/// Returns the least number of bars to load before a session so that every feature of the
/// asset class has its value there, right to 1e-9.
pub fn bars_needed(scripts: &Scripts, asset_class: AssetClass) -> usize {
    bars_needed_by(scripts.features(asset_class))
}

/// Returns the same for scripts that read these features.
pub fn bars_needed_by(mut wanted: BTreeSet<Feature>) -> usize {
    wanted.extend(of_symbols());
    wanted.extend(of_benchmark_alone());
    wanted.iter().map(Feature::bars_needed).max().unwrap_or(0)
}

/// What the core needs of every symbol: stops, the ranking, capacity and breadth.
fn of_symbols() -> BTreeSet<Feature> {
    BTreeSet::from([&core::ATR14, &core::ADV20, &core::MA50].map(|feature| (**feature).clone()))
}

/// What the market overview needs of the benchmark.
fn of_benchmark_alone() -> BTreeSet<Feature> {
    let needed = [&core::CLOSE, &core::RETURNS_1D, &core::MA50, &core::MA200, &core::VOLATILITY_20D];
    BTreeSet::from(needed.map(|feature| (**feature).clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::decide;
    use crate::domain::{Book, ProblemKind};
    use crate::settings::Settings;
    use crate::signals::fixtures::{ALWAYS, day, every_day, flat, scripts, symbol};

    #[test]
    fn a_symbol_of_the_universe_without_a_series_is_stale_and_not_forgotten() {
        let scripts = scripts(&[("always", ALWAYS)]);
        let market = MarketBars {
            asset_class: AssetClass::Equity,
            bars: vec![flat("A", 85.0)],
            universe: ["A", "B"].map(symbol).into(),
            benchmark: None,
            splits: Vec::new(),
            real_moves: BTreeSet::new(),
        };
        let prepared = prepare(market, &scripts, every_day).expect("distinct symbols");
        let (decision, problems) =
            decide(&prepared, &scripts, &Settings::defaults(), &Book::of_cash(1e5), day(29));
        assert_eq!(decision.market.symbols, 2);
        let stale: Vec<&str> =
            problems.iter().filter(|p| p.kind == ProblemKind::Stale).map(|p| p.symbol.as_str()).collect();
        assert_eq!(stale, ["B"]);
    }

    #[test]
    fn the_bars_needed_cover_the_scripts_and_the_core() {
        // The benchmark's ma200 and, longer, the 21 × 14 bars in which atr14 forgets its seed.
        let core = bars_needed(&scripts(&[("always", ALWAYS)]), AssetClass::Equity);
        assert!((294..400).contains(&core), "{core}");
        let long = ALWAYS.replace("row.close > 1.0", "row.close > row.ma1000");
        assert_eq!(bars_needed(&scripts(&[("long", &long)]), AssetClass::Equity), 1000);
        assert_eq!(bars_needed(&scripts(&[("long", &long)]), AssetClass::Crypto), core);
    }
}
