//! What becomes of an answer: joined to what is held, put in its place, or refused.
//!
//! Asks nothing and writes nothing; a verdict that needs another call is handed back as one.

use chrono::NaiveDate;
use tracing::info;

use super::super::answers::Answered;
use super::{Live, Span};
use crate::bars::{Bars, Split, check_sessions};
use crate::cache::merge::{self, Fresh, Verdict};
use crate::cache::{Ask, Cached, Entry, Fetch, HeldBack, ListedSplit, Need, Note, Replaces};
use crate::calendar;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::{Fetched, Prices};

impl Live {
    /// Judges the answer to one symbol's own call.
    pub(in crate::app) fn answer(&mut self, fetch: &Fetch, fetched: Fetched, ask: &Ask<'_>) -> Answered {
        let symbol = &fetch.request.symbol;
        let held_back = fetched.held_back.clone().map(|why| HeldBack { why, said_at: self.span.now });
        let (bars, notes) = self.check(symbol, fetched);
        if bars.is_empty() {
            let Fetch { request, .. } = fetch;
            let why = format!(
                "{} has no usable bars of it from {} to {}; check its name",
                ask.source, request.from, request.to
            );
            self.fail(symbol, why);
            let is_new = !self.cached.contains_key(symbol);
            return if is_new { Answered::Empty } else { Answered::Nothing };
        }
        let history = self.cached.get(symbol);
        if let (Need::Tail { .. }, Some(history)) = (&fetch.need, history) {
            let fresh = Fresh { bars: &bars, source: ask.source, prices: ask.prices };
            let verdict = merge::join(history, fresh, &self.splits_of(symbol));
            return self.settle(symbol, verdict, notes, ask);
        }
        let today = calendar::local_date(ask.asset_class, ask.now);
        if let Some(why) = history.and_then(|history| merge::cut_short(history, &bars, today)) {
            let why = format!(
                "{}: {why}: it looks cut short and was not taken; to take it all the same, run `ts cache \
                 clear {symbol}` and fetch again",
                ask.source
            );
            self.fail(symbol, why);
            return Answered::Nothing;
        }
        let entry = Entry {
            asset_class: self.span.asset_class,
            asked_from: fetch.request.from,
            bars,
            source: ask.source.to_owned(),
            joined: Vec::new(),
            prices: ask.prices,
            overlap_agreed_at: self.span.now,
            notes: Vec::new(),
            held_back,
            replaces: history
                .map_or(Replaces::Nothing, |history| Replaces::Entry(history.meta.checksum.clone())),
        };
        self.came_whole.insert(symbol.clone());
        Answered::Keep(Box::new(entry.noting(notes)))
    }

    /// Judges the bars of the days that the whole market was asked for. Where they begin with the last
    /// bars that are held, these must agree; else the days are appended.
    pub(in crate::app) fn answer_by_day(
        &mut self,
        symbol: &Symbol,
        days: &[NaiveDate],
        rows: Vec<Bar>,
        ask: &Ask<'_>,
    ) -> Answered {
        let (bars, notes) = self.check(symbol, Fetched { bars: rows, ..Fetched::default() });
        let Some(history) = self.cached.get(symbol) else { return Answered::Nothing };
        let fresh = Fresh { bars: &bars, source: ask.source, prices: Prices::SplitAdjusted };
        let overlap = calendar::sessions(ask.asset_class, history.holding().overlap_from, history.meta.end);
        let verdict = if overlap.iter().all(|session| days.contains(session)) {
            merge::join(history, fresh, &self.splits_of(symbol))
        } else if history.missing(self.span.session).is_empty() {
            // Days cut short would look as if the newest bars had vanished.
            return Answered::Nothing;
        } else {
            merge::fill(history, days, fresh, &self.splits_unseen(history))
        };
        self.settle(symbol, verdict, notes, ask)
    }

    fn splits_of(&self, symbol: &Symbol) -> Vec<Split> {
        let own = self.known.splits.iter().filter(|known| known.symbol == *symbol);
        own.map(ListedSplit::split).collect()
    }

    /// Returns the splits of which a history can know nothing: when its vendor last told its bars
    /// again, they were not listed yet, or had not come.
    fn splits_unseen(&self, history: &Cached) -> Vec<Split> {
        let Span { asset_class, .. } = self.span;
        let is_unseen = |known: &&ListedSplit| {
            let known_at = known.learned_at.max(calendar::open_instant(asset_class, known.date));
            known.symbol == history.meta.symbol && known_at > history.meta.overlap_agreed_at
        };
        self.known.splits.iter().filter(is_unseen).map(ListedSplit::split).collect()
    }

    fn settle(&mut self, symbol: &Symbol, verdict: Verdict, notes: Vec<Note>, ask: &Ask<'_>) -> Answered {
        let Some(history) = self.cached.get_mut(symbol) else { return Answered::Nothing };
        match verdict {
            Verdict::Joined(bars) => {
                Answered::Keep(Box::new(history.joined(bars, ask.source, self.span.now).noting(notes)))
            }
            Verdict::Filled(bars) => Answered::Keep(Box::new(history.filled(bars).noting(notes))),
            Verdict::Refetch(why) => {
                let what = format!("{}: {why}", ask.source);
                history.meta.outdated = Some(what.clone());
                let again = Fetch::whole(ask, symbol, Some(&history.holding()));
                let what = format!("{what}; its whole history is fetched again");
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
                Answered::Again(again)
            }
            Verdict::Refused(why) => {
                self.fail(symbol, format!("{} cannot continue the cached bars: {why}", ask.source));
                Answered::Nothing
            }
        }
    }

    /// Checks what came, and tells what was wrong with it. What is true of the bars for as long as they
    /// are held is returned as notes.
    fn check(&mut self, symbol: &Symbol, fetched: Fetched) -> (Bars, Vec<Note>) {
        let class = self.span.asset_class;
        let last_finished = calendar::last_finished(class, self.span.now);
        let is_session = |date| calendar::is_session(class, date);
        let Fetched { bars: rows, problems, for_now, notes: said, .. } = fetched;
        said.iter().for_each(|note| info!("{symbol}: {note}"));
        let newest = rows.iter().map(|bar| bar.date).filter(|date| *date <= last_finished).max();
        let (bars, bad) = check_sessions(symbol.clone(), rows, last_finished, is_session);
        // What is wrong with the newest bar ends with the next answer, which will be asked for.
        let has_newest = bars.dates().last().copied() == newest;
        let lasting = bad.iter().filter(|_| has_newest);
        let notes = problems.iter().chain(lasting).map(Note::of).collect();
        self.for_now.extend(for_now);
        self.problems.extend(problems);
        self.problems.extend(bad);
        (bars, notes)
    }
}
