//! Loads one asset class for a decision: its universe, its benchmark and what is held.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use chrono::Months;
use chrono::NaiveDate;
use chrono::Utc;

use super::gather::gather;
use super::{App, Progress, Refusal, Selection};
use crate::bars::Bars;
use crate::calendar;
use crate::decide::MarketBars;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::Symbol;

/// At least so much is asked of a vendor: the reach of the free plans.
const LEAST: Months = Months::new(24);
/// Sessions asked for beyond those that the features need: a symbol may lack some.
const MARGIN: usize = 10;

/// The checked bars of one asset class and what went wrong with the rest.
#[derive(Clone, Debug)]
pub struct LoadedBars {
    pub market: MarketBars,
    /// The sources that gave bars, in the order of the settings, joined by `+`.
    pub source: String,
    /// Whether bars are known to begin after the session for a symbol that has none up to it.
    pub begins_later: bool,
    pub problems: Vec<Problem>,
}

impl LoadedBars {
    /// Returns the dates of the first and the last bar, or `None` where there is no bar.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let bars = &self.market.bars;
        let first = bars.iter().filter_map(|own| own.dates().first()).min()?;
        let last = bars.iter().filter_map(|own| own.dates().last()).max()?;
        Some((*first, *last))
    }
}

/// Loads all bars up to the selection's session of the universe, its benchmark, and the
/// symbols in `held`, each with the day since which no split of it may be missed, if any: at least `bars_needed`
/// before `first`, the first session that is asked about,
/// or two years where that is more.
///
/// A symbol that no source has costs only itself. `progress` is told the calls to each vendor.
///
/// # Errors
/// A folder of files that does not exist.
pub async fn load(
    app: &App,
    selection: &Selection,
    held: &BTreeMap<Symbol, Option<NaiveDate>>,
    first: NaiveDate,
    bars_needed: usize,
    progress: Progress<'_>,
) -> Result<LoadedBars, Refusal> {
    let settings = &app.loaded.settings;
    let class = selection.asset_class;
    let universe: BTreeSet<Symbol> = settings.universe.of(class).iter().cloned().collect();
    let benchmark = settings.benchmark.of(class).clone();
    let wanted = in_order(held, &benchmark, settings.universe.of(class));
    let from = first_day(class, first.min(selection.session), app.clock.now(), bars_needed);
    let held_since = held.iter().filter_map(|(symbol, since)| Some((symbol.clone(), (*since)?))).collect();
    let gathered = gather(app, selection, &wanted, &held_since, from, progress).await?;
    Ok(LoadedBars {
        market: MarketBars {
            asset_class: class,
            bars: Bars::together(gathered.bars.into_values().collect()),
            universe,
            benchmark: Some(benchmark),
            splits: gathered.splits,
            real_moves: gathered.real_moves,
        },
        source: gathered.told_by.join("+"),
        begins_later: gathered.begins_later,
        problems: gathered.problems,
    })
}

/// Returns all symbols to load, the most important first: what is held must not go without a stop, and
/// without its benchmark a market has no regime.
fn in_order(
    held: &BTreeMap<Symbol, Option<NaiveDate>>,
    benchmark: &Symbol,
    universe: &[Symbol],
) -> Vec<Symbol> {
    let mut seen = BTreeSet::new();
    let all = held.keys().chain([benchmark]).chain(universe);
    all.filter(|symbol| seen.insert(*symbol)).cloned().collect()
}

/// Returns the first day that is asked for. The two years end today, so that deciding an old session
/// again asks for nothing that is not needed.
pub(super) fn first_day(
    class: AssetClass,
    session: NaiveDate,
    now: DateTime<Utc>,
    bars_needed: usize,
) -> NaiveDate {
    let today = calendar::local_date(class, now);
    let mut warm_up = session;
    for _ in 0..bars_needed + MARGIN {
        warm_up = calendar::previous_session(class, warm_up);
    }
    today.checked_sub_months(LEAST).unwrap_or(warm_up).min(warm_up)
}

/// Counts the sessions strictly between two dates, by the asset class's calendar.
pub(super) fn missing_between(class: AssetClass) -> impl Fn(NaiveDate, NaiveDate) -> usize {
    move |after, before| calendar::sessions_between(class, after, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(session: &str, bars_needed: usize) -> NaiveDate {
        let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
        first_day(AssetClass::Equity, day(session), now, bars_needed)
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn what_is_held_comes_first_then_the_benchmark_then_the_universe_as_it_is_listed() {
        let symbol = |text: &str| Symbol::new(text).expect("a symbol");
        let held = BTreeMap::from([(symbol("ZZZ"), None), (symbol("B"), None)]);
        let order = in_order(&held, &symbol("SPY"), &["C", "SPY", "B", "A"].map(symbol));
        assert_eq!(order, ["B", "ZZZ", "SPY", "C", "A"].map(symbol));
    }

    #[test]
    fn two_years_are_asked_for() {
        assert_eq!(first("2026-11-20", 300), day("2024-11-22"));
        // An old session whose warm-up lies within the two years asks for nothing more.
        assert_eq!(first("2026-03-02", 200), day("2024-11-22"));
    }

    #[test]
    fn a_longer_warm_up_reaches_further_back() {
        let from = first("2026-11-20", 1_000);
        assert_eq!(calendar::sessions(AssetClass::Equity, from, day("2026-11-20")).len(), 1_000 + MARGIN + 1);
    }
}
