//! The cached bars of one asset class while vendors are asked for what they lack.
//!
//! Whatever comes is joined and kept at once, so that an interrupted run loses nothing that was
//! fetched. A symbol that a vendor fails keeps what it had, and is tried at the next vendor.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::answers::Answered;
use crate::bars::{Bars, Split, check_sessions};
use crate::cache::merge::{self, Fresh, Verdict};
use crate::cache::{Ask, Cache, Cached, Entry, Fetch, Holding, Need, Patience, Plan};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::Prices;
use crate::sources::Source;

/// The bars that are wanted, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) asset_class: AssetClass,
    /// The first day that is wanted.
    pub(super) from: NaiveDate,
    /// The session that is decided.
    pub(super) session: NaiveDate,
    pub(super) now: DateTime<Utc>,
}

/// What is held of each symbol, and what went wrong with the rest.
pub(super) struct Live {
    pub(super) span: Span,
    pub(super) cache: Cache,
    cached: BTreeMap<Symbol, Cached>,
    /// Bars that came and could not be written to the disk: as good for this run.
    unkept: BTreeMap<Symbol, Bars>,
    /// Symbols whose history a vendor no longer tells as it is held: nothing is joined to it.
    outdated: BTreeSet<Symbol>,
    /// Whether a vendor has been asked: only the first one sees expired entries again.
    pub(super) was_asked: bool,
    /// The vendors that gave bars in this run, by symbol.
    pub(super) came_from: BTreeMap<Symbol, Vec<String>>,
    /// Why vendors gave no bars, by symbol.
    pub(super) failures: BTreeMap<Symbol, Vec<String>>,
    pub(super) splits: Vec<Split>,
    pub(super) problems: Vec<Problem>,
}

impl Live {
    /// Reads what the cache holds of the symbols.
    pub(super) async fn read(cache: Cache, span: Span, symbols: Vec<Symbol>) -> Self {
        let reader = cache.clone();
        let read = move || reader.get_many(span.asset_class, &symbols, span.now);
        let (cached, problems) = tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| {
            let what = "reading the cache broke down; run `ts cache verify`";
            (BTreeMap::new(), vec![Problem::new("", ProblemKind::Cache, what)])
        });
        Self {
            span,
            cache,
            cached,
            unkept: BTreeMap::new(),
            outdated: BTreeSet::new(),
            was_asked: false,
            came_from: BTreeMap::new(),
            failures: BTreeMap::new(),
            splits: Vec::new(),
            problems,
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
            patience: Patience::Kept,
            now: self.span.now,
        }
    }

    /// Plans the calls to one vendor. Of symbols that an earlier vendor brought up to the session
    /// nothing more is asked.
    pub(super) fn plan(&self, ask: &Ask<'_>, symbols: &[Symbol]) -> Plan {
        let open: Vec<Symbol> =
            symbols.iter().filter(|symbol| !self.was_asked || self.lacks(symbol)).cloned().collect();
        let holdings = open.iter().filter_map(|symbol| Some((symbol.clone(), self.holding(symbol)?)));
        Plan::new(ask, &open, &holdings.collect())
    }

    /// Tells whether a symbol has no bar on the session.
    pub(super) fn lacks(&self, symbol: &Symbol) -> bool {
        self.bars(symbol).and_then(|bars| bars.dates().last()).is_none_or(|last| *last < self.span.session)
    }

    /// Returns all bars that are held of a symbol, those after the session too.
    pub(super) fn bars(&self, symbol: &Symbol) -> Option<&Bars> {
        self.unkept.get(symbol).or_else(|| Some(&self.cached.get(symbol)?.bars))
    }

    /// Returns the vendors that told a symbol's bars, in this run or before.
    pub(super) fn tellers(&self, symbol: &Symbol) -> Vec<String> {
        match (self.unkept.contains_key(symbol), self.cached.get(symbol)) {
            (false, Some(Cached { meta, .. })) => {
                std::iter::once(&meta.source).chain(&meta.joined).cloned().collect()
            }
            _ => self.came_from.get(symbol).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn holding(&self, symbol: &Symbol) -> Option<Holding> {
        let is_trusted = !self.outdated.contains(symbol);
        self.cached.get(symbol).filter(|_| is_trusted).map(Cached::holding)
    }

    /// Tells whether an entry is only seen again: it lacks no session.
    pub(super) fn is_seen_again(&self, symbol: &Symbol) -> bool {
        self.cached.get(symbol).is_some_and(|cached| cached.missing(self.span.session).is_empty())
    }

    pub(super) fn fail(&mut self, symbol: &Symbol, why: impl Into<String>) {
        self.failures.entry(symbol.clone()).or_default().push(why.into());
    }

    /// Judges the answer to one symbol's own call.
    pub(super) fn answer(&mut self, fetch: &Fetch, rows: Vec<Bar>, ask: &Ask<'_>) -> Answered {
        let symbol = &fetch.request.symbol;
        let bars = self.check(symbol, rows);
        if bars.is_empty() {
            let Fetch { request, .. } = fetch;
            let why = format!(
                "{} has no usable bars of it from {} to {}; check its name",
                ask.source, request.from, request.to
            );
            self.fail(symbol, why);
            return Answered::Nothing;
        }
        let (Need::Tail { .. }, Some(history)) = (&fetch.need, self.cached.get(symbol)) else {
            return Answered::Keep(Entry {
                asset_class: self.span.asset_class,
                asked_from: fetch.request.from,
                bars,
                source: ask.source.to_owned(),
                joined: Vec::new(),
                prices: ask.prices,
            });
        };
        let fresh = Fresh { bars: &bars, source: ask.source, prices: ask.prices };
        let verdict = merge::join(history, fresh, &self.splits);
        self.settle(symbol, verdict, ask)
    }

    /// Judges the bars of the days that the whole market was asked for.
    pub(super) fn answer_by_day(
        &mut self,
        symbol: &Symbol,
        days: &[NaiveDate],
        rows: Vec<Bar>,
        ask: &Ask<'_>,
    ) -> Answered {
        let bars = self.check(symbol, rows);
        let Some(history) = self.cached.get(symbol) else { return Answered::Nothing };
        let fresh = Fresh { bars: &bars, source: ask.source, prices: Prices::SplitAdjusted };
        let verdict = if history.missing(self.span.session).is_empty() {
            merge::join(history, fresh, &self.splits)
        } else {
            merge::fill(history, days, fresh, &self.splits)
        };
        self.settle(symbol, verdict, ask)
    }

    fn settle(&mut self, symbol: &Symbol, verdict: Verdict, ask: &Ask<'_>) -> Answered {
        let Some(history) = self.cached.get(symbol) else { return Answered::Nothing };
        match verdict {
            Verdict::Joined(bars) => Answered::Keep(history.joined(bars, ask.source)),
            Verdict::Refetch(why) => {
                let again = Fetch::whole(ask, symbol, Some(&history.holding()));
                self.outdated.insert(symbol.clone());
                let what = format!("{}: {why}; its whole history is fetched again", ask.source);
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
                Answered::Again(again)
            }
            Verdict::Refused(why) => {
                self.fail(symbol, format!("{} cannot continue the cached bars: {why}", ask.source));
                Answered::Nothing
            }
        }
    }

    fn check(&mut self, symbol: &Symbol, rows: Vec<Bar>) -> Bars {
        let class = self.span.asset_class;
        let last_finished = calendar::last_finished(class, self.span.now);
        let is_session = |date| calendar::is_session(class, date);
        let (bars, problems) = check_sessions(symbol.clone(), rows, last_finished, is_session);
        self.problems.extend(problems);
        bars
    }

    /// Writes entries to the cache. What the disk refuses is used by this run all the same.
    pub(super) async fn keep(&mut self, entries: Vec<Entry>, source: &str) {
        if entries.is_empty() {
            return;
        }
        for entry in &entries {
            let gave = self.came_from.entry(entry.bars.symbol().clone()).or_default();
            if !gave.iter().any(|known| known == source) {
                gave.push(source.to_owned());
            }
        }
        let (cache, Span { asset_class, now, .. }) = (self.cache.clone(), self.span);
        let write = move || {
            let written = cache.set_many(&entries, now);
            let symbols: Vec<Symbol> = entries.iter().map(|entry| entry.bars.symbol().clone()).collect();
            (entries, written, cache.get_many(asset_class, &symbols, now))
        };
        let Ok((entries, written, (mut read, problems))) = tokio::task::spawn_blocking(write).await else {
            let what = "writing the cache broke down; run `ts cache verify`";
            return self.problems.push(Problem::new("", ProblemKind::Cache, what));
        };
        self.problems.extend(problems);
        let told = |about: &str, error| {
            let error = anyhow::Error::new(error);
            Problem::new(about, ProblemKind::Cache, format!("could not {error:#}; this run goes on without"))
        };
        let written: Vec<bool> = match written {
            Err(error) => {
                self.problems.push(told("", error));
                vec![false; entries.len()]
            }
            Ok(results) => {
                let mut kept = Vec::with_capacity(results.len());
                for (entry, result) in entries.iter().zip(results) {
                    kept.push(result.is_ok());
                    self.problems.extend(result.err().map(|error| {
                        let of_symbol = entry.bars.symbol().as_str();
                        told(if error.is_of_folder() { "" } else { of_symbol }, error)
                    }));
                }
                kept
            }
        };
        for (entry, is_written) in entries.into_iter().zip(written) {
            let symbol = entry.bars.symbol().clone();
            self.outdated.remove(&symbol);
            match read.remove(&symbol).filter(|_| is_written) {
                Some(cached) => {
                    self.unkept.remove(&symbol);
                    self.cached.insert(symbol, cached);
                }
                None => drop(self.unkept.insert(symbol, entry.bars)),
            }
        }
    }

    /// Remembers that a vendor did not have the session of these symbols yet.
    pub(super) async fn note_not_yet(&mut self, symbols: Vec<Symbol>, source: &str) {
        if symbols.is_empty() {
            return;
        }
        let (cache, span, source) = (self.cache.clone(), self.span, source.to_owned());
        let note = move || cache.note_not_yet(span.asset_class, &symbols, &source, span.session, span.now);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(note).await {
            // The only loss is that the vendor is asked again sooner.
            tracing::warn!("could not {:#}", anyhow::Error::new(error));
        }
    }
}
