//! The cached bars of one asset class while vendors are asked for what they lack.
//!
//! Whatever comes is joined and kept at once, so that an interrupted run loses nothing that was
//! fetched. A symbol that a vendor fails keeps what it had, and is tried at the next vendor. Refuses to
//! hand over a history that is known to be wrong.

mod judge;
mod keep;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use crate::bars::{Bars, Split};
use crate::cache::HeldBack;
use crate::cache::{Absent, Ask, Cache, Cached, Entry, Holding, KnownSplits, Note, Patience, Plan};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::Prices;
use crate::sources::Source;

/// How long after its close a session may be on its way to a vendor that has it for no symbol yet.
/// Later the vendor fails, and the next one is asked.
const ON_ITS_WAY: TimeDelta = TimeDelta::hours(24);

/// The bars that are wanted, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) asset_class: AssetClass,
    /// The first day that is wanted.
    pub(super) from: NaiveDate,
    /// The session that is decided.
    pub(super) session: NaiveDate,
    /// Whether a vendor's recent "not there yet" is believed.
    pub(super) patience: Patience,
    pub(super) now: DateTime<Utc>,
}

/// What is held of each symbol, and what went wrong with the rest.
pub(super) struct Live {
    pub(super) span: Span,
    pub(super) cache: Cache,
    cached: BTreeMap<Symbol, Cached>,
    /// Bars that came and could not be written to the disk: as good for this run.
    unkept: BTreeMap<Symbol, Entry>,
    /// The first day since which a symbol is held: no split since then may be missed.
    pub(super) held_since: BTreeMap<Symbol, NaiveDate>,
    /// The splits that vendors list, and what they were asked.
    pub(super) known: KnownSplits,
    /// The symbols whose whole history came in this run.
    pub(super) came_whole: BTreeSet<Symbol>,
    /// The vendors that were given up in this run, and the last word of each.
    pub(super) given_up: BTreeMap<String, String>,
    /// What vendors said not long ago not to have.
    absent: Vec<Absent>,
    /// Symbols whose session is on its way to a vendor: that is no failure, so no other one is asked.
    not_yet: BTreeSet<Symbol>,
    /// Whether a vendor has been asked: only the first one sees expired entries again.
    pub(super) was_asked: bool,
    /// The vendors that gave bars in this run, by symbol.
    pub(super) came_from: BTreeMap<Symbol, Vec<String>>,
    /// Why vendors gave no bars, by symbol.
    pub(super) failures: BTreeMap<Symbol, Vec<String>>,
    /// The jumps for which a vendor, asked, lists no split.
    pub(super) real_moves: BTreeSet<(Symbol, NaiveDate)>,
    pub(super) problems: Vec<Problem>,
    /// What is true of the hour alone: that a session is not there yet.
    pub(super) for_now: Vec<Problem>,
    /// The symbols that this run is about.
    pub(super) wanted: Arc<BTreeSet<Symbol>>,
}

/// What is handed over of one symbol.
#[derive(Debug)]
pub(super) struct Held {
    /// Up to the session.
    pub(super) bars: Bars,
    /// The vendors that told the bars, in this run or before; the first told the history.
    pub(super) tellers: Vec<String>,
    pub(super) prices: Prices,
    pub(super) notes: Vec<Note>,
    /// Why the source has nothing before the first bar, where that is not the symbol's age.
    pub(super) held_back: Option<HeldBack>,
}

impl Live {
    /// Reads what the cache holds of the symbols.
    pub(super) async fn read(cache: Cache, span: Span, symbols: Vec<Symbol>) -> Self {
        let reader = cache.clone();
        let wanted: Arc<BTreeSet<Symbol>> = Arc::new(symbols.iter().cloned().collect());
        let class = span.asset_class;
        let read = move || {
            let (cached, problems) = reader.get_many(class, &symbols, span.now);
            (cached, problems, reader.absent(span.now), reader.known_splits(class))
        };
        let (cached, problems, absent, known) =
            tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| {
                let what = "reading the cache broke down; run `ts cache verify`";
                let problem = Problem::new("", ProblemKind::Cache, what);
                (BTreeMap::new(), vec![problem], Vec::new(), KnownSplits::default())
            });
        Self {
            span,
            cache,
            cached,
            unkept: BTreeMap::new(),
            held_since: BTreeMap::new(),
            known,
            came_whole: BTreeSet::new(),
            given_up: BTreeMap::new(),
            absent,
            not_yet: BTreeSet::new(),
            was_asked: false,
            came_from: BTreeMap::new(),
            failures: BTreeMap::new(),
            real_moves: BTreeSet::new(),
            problems,
            for_now: Vec::new(),
            wanted,
        }
    }

    /// Returns what a plan asks of a vendor that is called `source`.
    pub(super) fn ask<'a>(&self, name: &'a str, source: &dyn Source) -> Ask<'a> {
        Ask {
            asset_class: self.span.asset_class,
            from: self.span.from,
            last_finished: self.span.session,
            source: name,
            prices: source.prices(),
            limits: source.limits(),
            ttl_hours: self.cache.ttl_hours(),
            patience: self.span.patience,
            now: self.span.now,
        }
    }

    /// Plans the calls to one vendor, for the most important symbols first. Nothing more is asked of
    /// symbols that an earlier vendor brought up to the session, or to which it is on its way.
    pub(super) fn plan(&self, ask: &Ask<'_>, symbols: &[Symbol]) -> Plan {
        let is_open =
            |symbol: &&Symbol| (!self.was_asked || self.lacks(symbol)) && !self.not_yet.contains(*symbol);
        let (absent, open): (Vec<Symbol>, Vec<Symbol>) =
            symbols.iter().filter(is_open).cloned().partition(|symbol| self.absence(symbol, ask).is_some());
        let holdings = open.iter().filter_map(|symbol| Some((symbol.clone(), self.holding(symbol)?)));
        let mut plan = Plan::new(ask, &open, &holdings.collect());
        plan.absent = absent;
        if let Some((from, to)) = plan.splits {
            plan.splits = Some((self.since_entries(from, to), to));
        }
        plan
    }

    /// Returns the splits that are known of the wanted symbols, whoever lists them.
    pub(super) fn splits(&self) -> Vec<Split> {
        let mut splits: Vec<Split> = Vec::new();
        for known in self.known.splits.iter().filter(|known| self.wanted.contains(&known.symbol)) {
            let split = known.split();
            if !splits.contains(&split) {
                splits.push(split);
            }
        }
        splits
    }

    /// Returns the vendor's word that it does not have a symbol.
    pub(super) fn absence(&self, symbol: &Symbol, ask: &Ask<'_>) -> Option<&Absent> {
        if ask.patience == Patience::Ignored {
            return None;
        }
        self.absent.iter().find(|one| {
            let is_asked = one.asset_class == ask.asset_class && one.source == ask.source;
            is_asked && one.symbol == *symbol && one.from <= ask.from && ask.last_finished <= one.session
        })
    }

    /// Tells whether a symbol has no bar on the session that can be used.
    pub(super) fn lacks(&self, symbol: &Symbol) -> bool {
        self.bars(symbol).and_then(|bars| bars.dates().last()).is_none_or(|last| *last < self.span.session)
    }

    /// Returns all usable bars that are held of a symbol, those after the session too.
    pub(super) fn bars(&self, symbol: &Symbol) -> Option<&Bars> {
        if let Some(entry) = self.unkept.get(symbol) {
            return Some(&entry.bars);
        }
        self.cached.get(symbol).filter(|cached| cached.meta.outdated.is_none()).map(|cached| &cached.bars)
    }

    /// Returns why what is held of a symbol is known to be wrong.
    pub(super) fn outdated(&self, symbol: &Symbol) -> Option<&str> {
        if self.unkept.contains_key(symbol) {
            return None;
        }
        self.cached.get(symbol)?.meta.outdated.as_deref()
    }

    /// Returns what stands in the cache of a symbol, unless it is known to be wrong.
    pub(super) fn cached(&self, symbol: &Symbol) -> Option<&Cached> {
        let is_used = !self.unkept.contains_key(symbol);
        self.cached.get(symbol).filter(|cached| is_used && cached.meta.outdated.is_none())
    }

    /// Uses what is held of a symbol no longer.
    pub(super) fn distrust(&mut self, symbol: &Symbol, why: String) {
        if let Some(cached) = self.cached.get_mut(symbol) {
            cached.meta.outdated = Some(why);
        }
    }

    pub(super) fn holding(&self, symbol: &Symbol) -> Option<Holding> {
        self.cached.get(symbol).map(Cached::holding)
    }

    /// Tells whether a session that a vendor has for nobody may be on its way.
    pub(super) fn is_on_its_way(&self) -> bool {
        let Span { asset_class, session, now, .. } = self.span;
        now < calendar::close_instant(asset_class, session) + ON_ITS_WAY
    }

    /// Leaves symbols out of the plans of later vendors.
    pub(super) fn wait_for(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        if self.is_on_its_way() {
            self.not_yet.extend(symbols);
        }
    }

    /// Hands over the bars of a symbol up to the session; `None` without any that can be used, which is
    /// a failure where some are held.
    pub(super) fn release(&mut self, symbol: &Symbol) -> Option<Held> {
        if let Some(why) = self.outdated(symbol) {
            let why = format!("the bars that are held are not used, they are known to be wrong: {why}");
            self.fail(symbol, why);
            return None;
        }
        let (cached, unkept) = (self.cached.remove(symbol), self.unkept.remove(symbol));
        let tellers = |source, joined| std::iter::once(source).chain(joined).collect();
        let mut held = match (unkept, cached) {
            (Some(own), _) => Held {
                bars: own.bars,
                tellers: tellers(own.source, own.joined),
                prices: own.prices,
                notes: own.notes,
                held_back: own.held_back,
            },
            (None, Some(Cached { bars, meta })) => Held {
                bars,
                prices: meta.prices(),
                tellers: tellers(meta.source, meta.joined),
                notes: meta.notes,
                held_back: meta.held_back,
            },
            (None, None) => return None,
        };
        if held.bars.dates().last().is_some_and(|last| *last > self.span.session) {
            held.bars = held.bars.up_to(self.span.session);
        }
        (!held.bars.is_empty()).then_some(held)
    }

    pub(super) fn fail(&mut self, symbol: &Symbol, why: impl Into<String>) {
        self.failures.entry(symbol.clone()).or_default().push(why.into());
    }
}
