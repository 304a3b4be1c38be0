//! The problems of many sessions, told once each: the first session's words, and how often they came again.
//!
//! A symbol that lacks bars for a year is one line and not two hundred and fifty. What differs in its numbers alone
//! counts as the same, but for the jumps of a price and orders that did not fill: each is a matter of its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::Hash;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use crate::decide::Prepared;
use crate::domain::format::count;
use crate::domain::{AssetClass, Problem, ProblemKind};
use crate::signals::{Lacking, Market};

/// What was told so far, by class, subject, kind and stem: a ticker may be of both classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    told: BTreeMap<(AssetClass, String, ProblemKind, String), Told>,
    /// By class, then by the places of symbol and strategy: there are thousands of these before a long window is full,
    /// and each is worded once.
    not_ready: FxHashMap<(AssetClass, u32, u32), (Problem, Told)>,
    /// By class, then by the place of the symbol, and whether it had a bar before: a dead symbol has none on any session.
    stale: FxHashMap<(AssetClass, u32, bool), (Problem, Told)>,
}

#[derive(Clone, Debug)]
struct Told {
    message: String,
    first: NaiveDate,
    last: NaiveDate,
    sessions: usize,
}

impl Told {
    fn fresh(message: String, session: NaiveDate) -> Self {
        Self { message, first: session, last: session, sessions: 0 }
    }

    fn again(&mut self, session: NaiveDate) {
        if self.sessions == 0 || self.last != session {
            self.sessions += 1;
        }
        self.last = session;
    }

    /// Counts the sessions of a walk that began with the last one of this.
    fn go_on(&mut self, later: &Self) {
        self.sessions += later.sessions - usize::from(self.last == later.first);
        self.last = later.last;
    }
}

/// Two are equal that tell the same, however they keep it.
impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        self.told() == other.told()
    }
}

impl Tally {
    /// Adds what one session of a class told.
    pub(super) fn add(
        &mut self,
        class: AssetClass,
        session: NaiveDate,
        problems: impl IntoIterator<Item = Problem>,
    ) {
        for Problem { symbol, kind, message } in problems {
            let key = (class, symbol, kind, stem(kind, &message));
            self.told.entry(key).or_insert_with(|| Told::fresh(message, session)).again(session);
        }
    }

    /// Adds the rows that a strategy was not shown on one session, as the problems of them would.
    pub(super) fn add_lacking(
        &mut self,
        class: AssetClass,
        session: NaiveDate,
        market: &Market<'_>,
        lacking: &[Lacking],
    ) {
        for own in lacking {
            let fresh = || {
                let problem = market.not_ready(own).problem();
                let told = Told::fresh(problem.message.clone(), session);
                (problem, told)
            };
            let place = (class, own.owner, own.strategy);
            self.not_ready.entry(place).or_insert_with(fresh).1.again(session);
        }
    }

    /// Adds the symbols that have no bar on one session, as the problems of them would.
    pub(super) fn add_stale(&mut self, prepared: &Prepared, session: NaiveDate) {
        let panel = prepared.columns.panel();
        for place in prepared.stale_on(session).iter().copied() {
            let first = panel.dates().get(panel.rows(place as usize)).and_then(|dates| dates.first());
            let matter = (panel.asset_class(), place, first.is_some_and(|first| *first <= session));
            let fresh = || {
                let problem = prepared.stale(place, session);
                let told = Told::fresh(problem.message.clone(), session);
                (problem, told)
            };
            self.stale.entry(matter).or_insert_with(fresh).1.again(session);
        }
    }

    /// Adds what a walk told that begins where the ones before end.
    pub(super) fn go_on(&mut self, later: Self) {
        for (matter, later) in later.told {
            match self.told.entry(matter) {
                Entry::Occupied(mut own) => own.get_mut().go_on(&later),
                Entry::Vacant(own) => drop(own.insert(later)),
            }
        }
        go_on(&mut self.not_ready, later.not_ready);
        go_on(&mut self.stale, later.stale);
    }

    /// Returns one problem for each, sorted.
    pub(super) fn told(&self) -> Vec<Problem> {
        let told = self.told.iter().map(|((_, symbol, kind, _), told)| (symbol, *kind, told));
        let by_place = self.not_ready.values().chain(self.stale.values());
        let by_place = by_place.map(|(problem, told)| (&problem.symbol, problem.kind, told));
        let problem = |(symbol, kind, told): (&String, ProblemKind, &Told)| {
            let Told { message, first, last, sessions } = told;
            let again = match sessions - 1 {
                0 => String::new(),
                more => format!(" (and on {} up to {last})", count(more, "later session")),
            };
            Problem { symbol: symbol.clone(), kind, message: format!("{first}: {message}{again}") }
        };
        let mut problems: Vec<Problem> = told.chain(by_place).map(problem).collect();
        problems.sort();
        problems
    }
}

fn go_on<M: Eq + Hash>(own: &mut FxHashMap<M, (Problem, Told)>, later: FxHashMap<M, (Problem, Told)>) {
    for (matter, (problem, later)) in later {
        match own.get_mut(&matter) {
            Some((_, own)) => own.go_on(&later),
            None => drop(own.insert(matter, (problem, later))),
        }
    }
}

/// What of a message is the same on every session.
fn stem(kind: ProblemKind, message: &str) -> String {
    match kind {
        // The features that are still missing become fewer.
        ProblemKind::NotReady => message.split(':').next().unwrap_or_default().to_owned(),
        // The script, its line and column; what follows names the values of a row.
        ProblemKind::ScriptRun => message.split(' ').next().unwrap_or_default().to_owned(),
        // The same words on each session that one jump makes doubtful; another has another date. And each order is one
        // by itself.
        ProblemKind::Suspect | ProblemKind::NotFilled => message.to_owned(),
        _ => message.split(' ').map(without_number).collect::<Vec<_>>().join(" "),
    }
}

/// A word without its digits, where it is no name: `rule2` is another one than `rule1`.
fn without_number(word: &str) -> String {
    if word.contains(|c: char| c.is_alphabetic()) {
        return word.to_owned();
    }
    word.chars().filter(|c| !c.is_ascii_digit() && *c != ',').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixtures::day;

    fn check(told: &[(usize, &str, ProblemKind, &str)], expected: &[&str]) {
        let mut tally = Tally::default();
        for (session, symbol, kind, message) in told {
            tally.add(AssetClass::Equity, day(*session), [Problem::new(symbol, *kind, *message)]);
        }
        let told: Vec<String> = tally.told().iter().map(ToString::to_string).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_second_jump_is_not_hidden_by_the_first() {
        use ProblemKind::Suspect;
        check(
            &[
                (
                    0,
                    "A",
                    Suspect,
                    "the close of 2024-01-01 is 0.10 times the one before: no BUY for five sessions",
                ),
                (
                    1,
                    "A",
                    Suspect,
                    "the close of 2024-01-01 is 0.10 times the one before: no BUY for five sessions",
                ),
                (
                    9,
                    "A",
                    Suspect,
                    "the close of 2024-01-10 is 9.00 times the one before: no BUY for five sessions",
                ),
            ],
            &[
                "A: 2024-01-01: the close of 2024-01-01 is 0.10 times the one before: no BUY for five sessions \
                 (and on 1 later session up to 2024-01-02)",
                "A: 2024-01-10: the close of 2024-01-10 is 9.00 times the one before: no BUY for five sessions",
            ],
        );
    }

    #[test]
    fn scripts_whose_names_differ_in_a_digit_are_two_and_each_order_is_one() {
        use ProblemKind::{NotFilled, Position};
        check(
            &[
                (0, "A", Position, "rule1 held it for 3 sessions"),
                (1, "A", Position, "rule1 held it for 4 sessions"),
                (1, "A", Position, "rule2 held it for 4 sessions"),
                (2, "A", NotFilled, "the order of 2024-01-02 was not filled"),
                (3, "A", NotFilled, "the order of 2024-01-03 was not filled"),
            ],
            &[
                "A: 2024-01-03: the order of 2024-01-02 was not filled",
                "A: 2024-01-04: the order of 2024-01-03 was not filled",
                "A: 2024-01-01: rule1 held it for 3 sessions (and on 1 later session up to 2024-01-02)",
                "A: 2024-01-02: rule2 held it for 4 sessions",
            ],
        );
    }

    #[test]
    fn a_ticker_of_both_classes_is_told_of_for_each() {
        let mut tally = Tally::default();
        for (class, session) in [(AssetClass::Crypto, 3), (AssetClass::Equity, 4), (AssetClass::Crypto, 5)] {
            tally.add(class, day(session), [Problem::new("A", ProblemKind::Stale, "no bar")]);
        }
        let told: Vec<String> = tally.told().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["A: 2024-01-04: no bar (and on 1 later session up to 2024-01-06)", "A: 2024-01-05: no bar"]
        );
    }

    #[test]
    fn a_walk_that_goes_on_tells_a_matter_once() {
        let stale = |tally: &mut Tally, symbol: &str, sessions: &[usize]| {
            for session in sessions {
                tally.add(
                    AssetClass::Equity,
                    day(*session),
                    [Problem::new(symbol, ProblemKind::Stale, "no bar")],
                );
            }
        };
        let (mut whole, mut next, mut last) = (Tally::default(), Tally::default(), Tally::default());
        stale(&mut whole, "A", &[0, 1, 4]);
        // It begins on the day on which the one before ended, which is one session.
        stale(&mut next, "A", &[4, 5]);
        stale(&mut next, "B", &[5]);
        stale(&mut last, "A", &[8]);
        whole.go_on(next);
        whole.go_on(last);
        let told: Vec<String> = whole.told().iter().map(ToString::to_string).collect();
        let expected =
            ["A: 2024-01-01: no bar (and on 4 later sessions up to 2024-01-09)", "B: 2024-01-06: no bar"];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_comes_again_is_one_line_with_its_first_session_and_count() {
        use ProblemKind::{NotReady, ScriptRun, Stale};
        check(
            &[
                (
                    0,
                    "A",
                    NotReady,
                    "not ready for s: ma200 needs 200 bars, has 1; roc60 needs 61 bars, has 1",
                ),
                (1, "A", NotReady, "not ready for s: ma200 needs 200 bars, has 2"),
                (1, "A", NotReady, "not ready for t: ma200 needs 200 bars, has 2"),
                (2, "A", Stale, "no bar on 2024-01-03, the newest is of 2024-01-02: not signalled"),
                (3, "A", Stale, "no bar on 2024-01-04, the newest is of 2024-01-02: not signalled"),
                (9, "A", Stale, "no bar on 2024-01-10, the newest is of 2024-01-09: not signalled"),
                (4, "s", ScriptRun, "s.rhai:3:5: in `entry`: odd on A, 2024-01-05 (close 1.00)"),
                (
                    5,
                    "s",
                    ScriptRun,
                    "s.rhai:3:5: in `entry`: odd on B, 2024-01-06 (close 2.00) and 1 more symbol",
                ),
                (5, "s", ScriptRun, "s.rhai:4:5: in `exit`: odd on B, 2024-01-06"),
            ],
            &[
                "A: 2024-01-03: no bar on 2024-01-03, the newest is of 2024-01-02: not signalled \
                 (and on 2 later sessions up to 2024-01-10)",
                "A: 2024-01-01: not ready for s: ma200 needs 200 bars, has 1; roc60 needs 61 bars, has 1 \
                 (and on 1 later session up to 2024-01-02)",
                "A: 2024-01-02: not ready for t: ma200 needs 200 bars, has 2",
                "s: 2024-01-05: s.rhai:3:5: in `entry`: odd on A, 2024-01-05 (close 1.00) \
                 (and on 1 later session up to 2024-01-06)",
                "s: 2024-01-06: s.rhai:4:5: in `exit`: odd on B, 2024-01-06",
            ],
        );
    }
}
