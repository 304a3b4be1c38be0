//! What walks over the same history share: bars prepared once, settings and costs. Each walk brings its scripts, its
//! stretch and its account.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use super::backtest::Charged;
use super::bars::missing_between;
use super::recipe::Recipe;
use crate::backtest;
use crate::backtest::{Backtest, Rules, Step, ends_at_a_close};
use crate::decide;
use crate::decide::{MarketBars, Prepared};
use crate::domain::{AssetClass, Symbol, Words};
use crate::performance::{Figures, Opens, Timing, Trade, Undefined, timing};
use crate::report;
use crate::report::{BenchmarkCloses, WarmUp};
use crate::scripts::Scripts;
use crate::settings::{FillTime, Settings};
use crate::signals::Market;

/// What the draws of entries begin with: the same each time.
const SEED: u64 = 6;

/// The first and the last session of a stretch; an open end reaches as far as the bars.
pub(super) type Stretch = (Option<NaiveDate>, Option<NaiveDate>);

/// Loaded history, ready to be walked.
pub(super) struct Ground {
    pub(super) prepared: Vec<Prepared>,
    /// Those that have bars, in the order in which they are decided.
    pub(super) asset_classes: Vec<AssetClass>,
    pub(super) settings: Settings,
    pub(super) fill: FillTime,
    pub(super) costs: Charged,
}

impl Ground {
    /// Prepares the bars with every feature that a combination of the recipe reads.
    ///
    /// # Errors
    /// Bars that cannot be stacked, or a stop.
    pub(super) fn prepare(
        markets: Vec<MarketBars>,
        recipe: &Recipe,
        (settings, fill, costs): (Settings, FillTime, Charged),
        stop: &AtomicBool,
    ) -> anyhow::Result<Self> {
        let asset_classes = markets.iter().map(|market| market.asset_class).collect();
        let mut prepared = Vec::new();
        for market in markets {
            let class = market.asset_class;
            let own = decide::prepare_reading(market, recipe.features(class), missing_between(class));
            prepared.push(own.with_context(|| format!("failed to prepare the {class} bars"))?);
            if stop.load(Ordering::Relaxed) {
                bail!("interrupted before the first session");
            }
        }
        Ok(Self { prepared, asset_classes, settings, fill, costs })
    }

    /// Names the classes, as in `equity and crypto`.
    pub(super) fn classes(&self) -> String {
        self.asset_classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(" and ")
    }

    /// Returns the rules of a walk over a stretch whose decisions nobody reads.
    pub(super) fn rules<'a>(
        &'a self,
        scripts: &'a Scripts,
        settings: &'a Settings,
        (from, to): Stretch,
    ) -> Rules<'a> {
        let costs = (self.costs == Charged::AsSet).then_some(&self.settings.backtest);
        Rules { scripts, settings, fill: self.fill, costs, from, to, words: Words::LeftOut }
    }

    /// Walks a stretch with the settings' own account, until `stop`.
    pub(super) fn walk(&self, scripts: &Scripts, stretch: Stretch, stop: &AtomicBool) -> Backtest {
        let rules = self.rules(scripts, &self.settings, stretch);
        backtest::backtest(&self.prepared, &rules, &mut |_: &Step<'_>| flow(stop))
    }

    /// Walks a stretch of which every class is decided from its last session before, so that all of it is traded.
    pub(super) fn walk_from_eve(&self, scripts: &Scripts, stretch: Stretch, stop: &AtomicBool) -> Backtest {
        let rules = self.rules(scripts, &self.settings, stretch);
        backtest::backtest_from_eve(&self.prepared, &rules, &mut |_: &Step<'_>| flow(stop))
    }

    /// Returns the classes that have a session in a result, in their order; all of them where it has none.
    pub(super) fn traded(&self, result: &Backtest) -> Vec<AssetClass> {
        let traded: Vec<AssetClass> = self.prepared_of(result).map(class_of).collect();
        if traded.is_empty() { self.asset_classes.clone() } else { traded }
    }

    /// Returns the benchmark's closes on the days of a result: that of the first class that has a session in it.
    pub(super) fn benchmark(&self, result: &Backtest) -> Option<BenchmarkCloses> {
        self.prepared_of(result).next().and_then(|own| BenchmarkCloses::of(own, result))
    }

    /// Counts the first of some sessions on which no strategy of any class was ready; `None` where one is on the first.
    pub(super) fn warm_up(&self, scripts: &Scripts, sessions: &[NaiveDate]) -> Option<WarmUp> {
        let first_ready = |own: &Prepared| {
            let rows = scripts.bind(&own.columns);
            Market::new(&own.columns, scripts, &rows).first_ready()
        };
        let ready = self.prepared.iter().filter_map(first_ready).min();
        let cold = ready.map_or(sessions.len(), |ready| sessions.partition_point(|own| *own < ready));
        (cold > 0).then_some(WarmUp { sessions: cold, ready })
    }

    /// Computes every figure of a result.
    pub(super) fn figures(&self, result: &Backtest) -> Figures {
        report::backtest_figures(&self.traded(result), result, self.benchmark(result).as_ref())
    }

    fn prepared_of<'a>(&'a self, result: &Backtest) -> impl Iterator<Item = &'a Prepared> {
        let span = result.days.first().zip(result.days.last()).map(|(first, last)| (first.date, last.date));
        let has_session = move |own: &&Prepared| {
            let sessions = own.columns.sessions();
            span.is_some_and(|(first, last)| {
                let next = sessions.partition_point(|session| *session < first);
                sessions.get(next).is_some_and(|session| *session <= last)
            })
        };
        self.prepared.iter().filter(has_session)
    }

    /// Compares the entries of a result with drawn ones, over the sessions that it walked. Trades that a window or a
    /// delisting ended are left out where orders fill at the open.
    pub(super) fn timing(&self, result: &Backtest) -> Result<Timing, Undefined> {
        let (Some(first), Some(last)) = (result.days.first(), result.days.last()) else {
            return Err(Undefined("no session in the span"));
        };
        let mut opens: BTreeMap<(AssetClass, Symbol), Opens> = BTreeMap::new();
        for trade in &result.trades {
            let key = (trade.asset_class, trade.symbol.clone());
            if let Entry::Vacant(place) = opens.entry(key) {
                let own = self.opens(place.key(), (first.date, last.date)).unwrap_or_default();
                place.insert(own);
            }
        }
        // A drawn trade lasts from one fill to another: what was sold at a close between them has no like.
        let is_alike = |own: &&Trade| self.fill == FillTime::NextClose || !ends_at_a_close(&own.exit_reason);
        let alike: Vec<Trade> = result.trades.iter().filter(is_alike).cloned().collect();
        if alike.iter().all(|own| own.open) && result.trades.iter().any(|own| !own.open) {
            return Err(Undefined(
                "every trade was sold at a close, as a window's or a symbol's last, which no drawn one is",
            ));
        }
        timing(&alike, &opens, SEED)
    }

    /// The prices at which a symbol's orders fill.
    fn opens(
        &self,
        (class, symbol): &(AssetClass, Symbol),
        (from, to): (NaiveDate, NaiveDate),
    ) -> Option<Opens> {
        let mut panels = self.prepared.iter().map(|own| own.columns.panel());
        let panel = panels.find(|own| own.asset_class() == *class)?;
        let rows = panel.rows(panel.position(symbol)?);
        let dates = &panel.dates()[rows.clone()];
        let prices = match self.fill {
            FillTime::NextOpen => &panel.open()[rows],
            FillTime::NextClose => &panel.close()[rows],
        };
        let span = dates.partition_point(|date| *date < from)..dates.partition_point(|date| *date <= to);
        Some(Opens { dates: dates[span.clone()].to_vec(), prices: prices[span].to_vec() })
    }
}

fn class_of(prepared: &Prepared) -> AssetClass {
    prepared.columns.panel().asset_class()
}

/// Goes on until `stop` is set.
pub(super) fn flow(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
