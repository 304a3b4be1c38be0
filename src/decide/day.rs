//! What is so on a session whoever decides it: the market, what cannot be decided, and whose bars are stale or in doubt.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;

use super::market;
use super::{MarketOverview, Prepared};
use crate::domain::{Problem, ProblemKind};

/// What is so on a session whoever decides it: the same for every book and every script.
#[derive(Clone, Debug)]
pub(super) struct Day {
    /// Without its breadth, for which every symbol is looked at, and which is for readers alone.
    pub(super) market: MarketOverview,
    /// Why nothing can be decided.
    pub(super) no_decision: Option<String>,
    /// What else is to be told than of `stale`.
    pub(super) problems: Vec<Problem>,
    /// The places of the universe's symbols without a bar, not yet in words: a walk over years meets each dead symbol
    /// on every session, and says so once.
    pub(super) stale: Vec<u32>,
}

impl Day {
    fn of(prepared: &Prepared, session: NaiveDate) -> Self {
        let (market, mut problems) = market::overview(prepared, session);
        let (stale, no_decision) = absent_today(prepared, &market, session);
        let is_too_early = !prepared.columns.is_kept(session);
        let too_early =
            || is_too_early.then(|| format!("{session} lies before the sessions that were prepared"));
        let no_decision = no_decision.or_else(too_early);
        if no_decision.is_none() {
            problems.extend(unhealthy(prepared, session));
        }
        Self { market, no_decision, problems, stale }
    }
}

/// The [`Day`] of each session, looked at once: a sweep decides each a hundred times.
#[derive(Clone, Debug)]
pub(super) struct Days(Arc<[OnceLock<Day>]>);

impl Days {
    /// Makes room for so many sessions, none of which was looked at.
    pub(super) fn new(sessions: usize) -> Self {
        Self((0..sessions).map(|_| OnceLock::new()).collect())
    }

    /// Looks at a session, where that was not done yet.
    pub(super) fn on(&self, prepared: &Prepared, session: NaiveDate) -> Cow<'_, Day> {
        let place = prepared.columns.sessions().binary_search(&session).ok();
        match place.and_then(|place| self.0.get(place)) {
            Some(day) => Cow::Borrowed(day.get_or_init(|| Day::of(prepared, session))),
            None => Cow::Owned(Day::of(prepared, session)),
        }
    }
}

impl Prepared {
    /// Returns the places in the panel of the universe's symbols that have no bar on a session.
    pub fn stale_on(&self, session: NaiveDate) -> Cow<'_, [u32]> {
        match self.days.on(self, session) {
            Cow::Borrowed(day) => Cow::Borrowed(&day.stale),
            Cow::Owned(day) => Cow::Owned(day.stale),
        }
    }

    /// Says that the symbol at a place has no bar on a session, and which is its newest.
    pub fn stale(&self, place: u32, session: NaiveDate) -> Problem {
        let (panel, place) = (self.columns.panel(), place as usize);
        let dates = &panel.dates()[panel.rows(place)];
        let message = match dates[..dates.partition_point(|date| *date <= session)].last() {
            Some(date) => format!("no bar on {session}, the newest is of {date}: not signalled"),
            None => format!("no bar on {session} or before it: not signalled"),
        };
        Problem::new(&panel.symbols()[place], ProblemKind::Stale, message)
    }
}

/// Finds the universe's symbols without a bar on the session; where they are most of it,
/// nothing can be decided, and the second value says so.
fn absent_today(
    prepared: &Prepared,
    market: &MarketOverview,
    session: NaiveDate,
) -> (Vec<u32>, Option<String>) {
    let columns = &prepared.columns;
    if market.symbols > 0 && market.symbols_with_bar == market.symbols {
        return (Vec::new(), None);
    }
    let today = columns.panel().on(session);
    let is_stale = |place: &usize| columns.is_tradable(*place) && today.row(*place).is_none();
    let stale = (0..columns.panel().symbols().len()).filter(is_stale).map(|place| place as u32).collect();
    if !are_most_missing(market.symbols_with_bar, market.symbols) {
        return (stale, None);
    }
    let whole_before = match whole_session_before(prepared, market.symbols, session) {
        Some(date) => {
            format!("the last session with bars of most is {date}; to decide that one, use --date {date}")
        }
        None => "no session before it has bars of most either".to_owned(),
    };
    let no_decision = format!(
        "bars are missing for {session}: {} of {} symbols have one; {whole_before}",
        market.symbols_with_bar, market.symbols
    );
    (stale, Some(no_decision))
}

fn are_most_missing(with_bar: usize, symbols: usize) -> bool {
    symbols == 0 || with_bar * 2 < symbols
}

/// The newest session before `session` that could be decided.
fn whole_session_before(prepared: &Prepared, symbols: usize, session: NaiveDate) -> Option<NaiveDate> {
    let columns = &prepared.columns;
    let sessions = columns.sessions();
    let earlier = &sessions[..sessions.partition_point(|day| *day < session)];
    let with_bar = |day: NaiveDate| columns.tradable_on(day).count();
    // Most days are told by their rows alone, so that a history that begins with few symbols is not counted through
    // again on each of its sessions.
    let has_too_few = |day: NaiveDate| are_most_missing(columns.rows_on(day).len(), symbols);
    let is_whole = |day: &NaiveDate| !has_too_few(*day) && !are_most_missing(with_bar(*day), symbols);
    earlier.iter().rev().copied().find(is_whole)
}

/// Names the universe's symbols whose bars are in doubt on the session.
fn unhealthy(prepared: &Prepared, session: NaiveDate) -> Vec<Problem> {
    let (columns, health) = (&prepared.columns, &prepared.health);
    let panel = columns.panel();
    let mut problems = Vec::new();
    if health.is_clean() {
        return problems;
    }
    for row in columns.tradable_on(session).map(|row| row as usize) {
        let symbol = &panel.symbols()[panel.owner(row)];
        if let Some(jump) = health.suspect(row) {
            problems.push(Problem::new(
                symbol,
                ProblemKind::Suspect,
                format!("{jump}: no BUY for five sessions"),
            ));
        }
        if let Some(gap) = health.gap(row) {
            problems.push(Problem::new(symbol, ProblemKind::Gap, format!("{gap}: no BUY for 20 sessions")));
        }
        problems.extend(health.warnings(panel, row));
    }
    problems
}
