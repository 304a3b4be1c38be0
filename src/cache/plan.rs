//! Which calls fill the cache at the least cost: a call a symbol, or a call a missing day that
//! answers for the whole market.
//!
//! Pure, and made before the first call, so that it can be shown: see `plan_table`.
//! Plans for one source; what that source fails to give is planned anew for the next.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;

use super::need::Ask;
use super::need::Holding;
use super::need::Need;
use super::need::need;
use crate::calendar;
use crate::domain::Symbol;
use crate::sources::Prices;
use crate::sources::Request;
use crate::sources::WholeMarket;

/// One symbol's own call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub request: Request,
    /// Whether the answer replaces what is held ([`Need::Whole`]) or is joined to it.
    pub need: Need,
    /// The most calls that the pages of the answer take.
    pub calls: usize,
}

/// A call for the splits that a run must not miss: of what is held, or around a jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitCheck {
    /// `None` for those of every symbol.
    pub symbol: Option<Symbol>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl SplitCheck {
    /// Returns the check over these days and those of another one of the same symbol.
    #[must_use]
    pub fn widened(self, other: Option<SplitCheck>) -> Self {
        let Some(other) = other else { return self };
        Self { from: self.from.min(other.from), to: self.to.max(other.to), ..self }
    }
}

/// The calls to one source that bring every symbol up to the last finished session.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub source: String,
    /// Answered by the cache alone.
    pub hits: Vec<Symbol>,
    /// Answered by the cache although a session lacks: the source said minutes ago that it is not there.
    pub waiting: Vec<Symbol>,
    /// Not asked for: the source said within the TTL that it does not have them.
    pub absent: Vec<Symbol>,
    /// Not asked for: the source has too few calls left today.
    pub left_out: Vec<Symbol>,
    /// Symbols with a call of their own.
    pub fetches: Vec<Fetch>,
    /// Sessions that the whole market is asked for, oldest first.
    pub days: Vec<NaiveDate>,
    /// The symbols for which those days answer.
    pub by_day: Vec<Symbol>,
    /// The days, both included, for which the list of splits is asked for: from the oldest last bar of
    /// the symbols that are filled by day without an overlap.
    pub splits: Option<(NaiveDate, NaiveDate)>,
    /// Splits that are asked for beside, once the bars are there.
    pub checks: Vec<SplitCheck>,
    pub(super) requests_per_minute: Option<u32>,
}

/// A symbol that a few of the newest sessions would bring up to date.
struct Candidate<'a> {
    symbol: &'a Symbol,
    holding: &'a Holding,
    need: Need,
    /// How many of the newest sessions it needs.
    sessions: usize,
    /// Whether those sessions begin with its last bars, so that these are seen again. Otherwise only
    /// the list of splits can say whether its history still holds.
    overlaps: bool,
}

impl Plan {
    /// Plans the calls for `symbols`, the most important first, given what is held of each; one that is
    /// not in `held` has no entry. Where the source has few calls left today, they go to the first.
    pub fn new(ask: &Ask<'_>, symbols: &[Symbol], held: &BTreeMap<Symbol, Holding>) -> Self {
        let mut plan = Plan {
            source: ask.source.to_owned(),
            hits: Vec::new(),
            waiting: Vec::new(),
            absent: Vec::new(),
            left_out: Vec::new(),
            fetches: Vec::new(),
            days: Vec::new(),
            by_day: Vec::new(),
            splits: None,
            checks: Vec::new(),
            requests_per_minute: ask.limits.requests_per_minute,
        };
        let mut candidates = Vec::new();
        for symbol in symbols {
            let holding = held.get(symbol);
            match (need(holding, ask), holding) {
                (Need::Nothing, _) => plan.hits.push(symbol.clone()),
                (Need::Wait, _) => plan.waiting.push(symbol.clone()),
                (tail @ Need::Tail { .. }, Some(holding)) if can_fill_by_day(ask, holding) => {
                    candidates.push(Candidate::new(ask, symbol, holding, tail));
                }
                (need, _) => plan.fetches.push(Fetch::new(ask, symbol, holding, need)),
            }
        }
        plan.choose_days(ask, candidates);
        plan.leave_out(ask, symbols);
        plan
    }

    /// Drops the symbols for which no call is left. Each is reckoned as one call, the least it takes.
    fn leave_out(&mut self, ask: &Ask<'_>, symbols: &[Symbol]) {
        let Some(left) = ask.limits.calls_left else { return };
        let shared = self.days.len() + usize::from(self.splits.is_some());
        let left = usize::try_from(left).unwrap_or(usize::MAX).saturating_sub(shared);
        let places: BTreeMap<&Symbol, usize> =
            symbols.iter().enumerate().map(|(place, symbol)| (symbol, place)).collect();
        self.fetches.sort_by_key(|fetch| places.get(&fetch.request.symbol).copied());
        let rest = self.fetches.split_off(left.min(self.fetches.len()));
        self.left_out = rest.into_iter().map(|fetch| fetch.request.symbol).collect();
    }

    /// Takes the number of days that costs the fewest calls; the symbols that need more have calls of
    /// their own. Where it is equal, so has everyone: a tail shows whether the history still holds.
    fn choose_days(&mut self, ask: &Ask<'_>, mut candidates: Vec<Candidate<'_>>) {
        candidates.sort_by_key(|candidate| candidate.sessions);
        // The calls of the symbols from each place on, reckoned from the end: a market has thousands.
        let mut own_calls = vec![0; candidates.len() + 1];
        for (place, candidate) in candidates.iter().enumerate().rev() {
            own_calls[place] = own_calls[place + 1] + candidate.fetch(ask).calls;
        }
        let mut best = (own_calls[0], 0);
        let mut splits = 0;
        for (place, candidate) in candidates.iter().enumerate() {
            splits = splits.max(usize::from(!candidate.overlaps));
            let calls = candidate.sessions + splits + own_calls[place + 1];
            if calls < best.0 {
                best = (calls, place + 1);
            }
        }
        let rest = candidates.split_off(best.1);
        self.fetches.extend(rest.iter().map(|own| own.fetch(ask)));
        let Some(furthest) = candidates.last() else { return };
        let mut newest: Vec<NaiveDate> = newest_sessions(ask).take(furthest.sessions).collect();
        newest.reverse();
        self.days = newest;
        self.by_day = candidates.iter().map(|candidate| candidate.symbol.clone()).collect();
        let filled = candidates.iter().filter(|candidate| !candidate.overlaps);
        let until = calendar::local_date(ask.asset_class, ask.now);
        self.splits = filled.map(|candidate| candidate.holding.meta.end).min().map(|from| (from, until));
    }

    /// Counts the calls; one to a source with pages may turn out to take fewer.
    pub fn calls(&self) -> usize {
        let own: usize = self.fetches.iter().map(|fetch| fetch.calls).sum();
        own + self.days.len() + usize::from(self.splits.is_some()) + self.checks.len()
    }

    /// Counts what is fetched: the pages of one answer are one.
    pub fn fetch_count(&self) -> usize {
        self.fetches.len() + self.days.len() + usize::from(self.splits.is_some()) + self.checks.len()
    }

    /// Estimates how long the source's rate limit makes the calls take; nothing without a limit. The
    /// calls themselves come on top. Of `n` calls a minute, the first `n` go out at once.
    pub fn time(&self) -> Duration {
        let Some(per_minute) = self.requests_per_minute.filter(|limit| *limit > 0) else {
            return Duration::ZERO;
        };
        let full_minutes = self.calls().saturating_sub(1) / per_minute as usize;
        Duration::from_secs(60 * full_minutes as u64)
    }

    /// Returns the line for the log: `Cache hits: 28, API fetches: 2`.
    pub fn log_line(&self) -> String {
        let waiting = match self.waiting.len() {
            0 => String::new(),
            count => format!(", not there yet: {count}"),
        };
        format!("Cache hits: {}, API fetches: {}{waiting}", self.hits.len(), self.fetch_count())
    }
}

impl Fetch {
    fn new(ask: &Ask<'_>, symbol: &Symbol, holding: Option<&Holding>, need: Need) -> Self {
        match holding {
            Some(holding) if need != Need::Whole => {
                let to = ask.last_finished.max(holding.meta.end);
                Self::spanning(ask, symbol, holding.overlap_from, to, need)
            }
            _ => Self::whole(ask, symbol, holding),
        }
    }

    /// Returns the fetch of a whole history, also for a symbol whose tail did not fit: over all days
    /// that are wanted or held.
    pub fn whole(ask: &Ask<'_>, symbol: &Symbol, holding: Option<&Holding>) -> Self {
        let from = holding.map_or(ask.from, |holding| ask.from.min(holding.meta.asked_from));
        let to = holding.map_or(ask.last_finished, |holding| ask.last_finished.max(holding.meta.end));
        Self::spanning(ask, symbol, from, to, Need::Whole)
    }

    fn spanning(ask: &Ask<'_>, symbol: &Symbol, from: NaiveDate, to: NaiveDate, need: Need) -> Self {
        let request = Request { asset_class: ask.asset_class, symbol: symbol.clone(), from, to };
        let calls = ask.limits.pages(from, to);
        Self { request, need, calls }
    }
}

impl<'a> Candidate<'a> {
    fn new(ask: &Ask<'_>, symbol: &'a Symbol, holding: &'a Holding, need: Need) -> Self {
        let missing = if let Need::Tail { missing } = &need { missing.len() } else { 0 };
        let overlaps = missing == 0 || holding.meta.is_overlap_due(ask.now);
        let sessions = match overlaps {
            true => newest_sessions(ask).take_while(|session| *session >= holding.overlap_from).count(),
            false => missing,
        };
        Self { symbol, holding, need, sessions, overlaps }
    }

    fn fetch(&self, ask: &Ask<'_>) -> Fetch {
        Fetch::new(ask, self.symbol, Some(self.holding), self.need.clone())
    }
}

/// Tells whether a whole-market call may bring the symbol up to date: the source must have one, and
/// have told the history, since nothing else shows that the two are of one series.
fn can_fill_by_day(ask: &Ask<'_>, holding: &Holding) -> bool {
    let is_same_series = holding.meta.source == ask.source
        && ask.prices == Prices::SplitAdjusted
        && holding.meta.prices() == Prices::SplitAdjusted;
    // An entry that reaches past the session that is decided is seen again by its own tail.
    let ends_in_time = holding.meta.end <= ask.last_finished;
    ask.limits.whole_market == WholeMarket::ByDay && is_same_series && ends_in_time
}

/// Walks back from the last finished session.
fn newest_sessions(ask: &Ask<'_>) -> impl Iterator<Item = NaiveDate> {
    let class = ask.asset_class;
    std::iter::successors(Some(ask.last_finished), move |session| {
        Some(calendar::previous_session(class, *session)).filter(|earlier| earlier < session)
    })
}
