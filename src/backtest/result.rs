//! What a walk made: the curve, the trades, and what became of every signal.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::cost::Paid;
use super::tally::Tally;
use crate::domain::{Book, Problem};
use crate::performance::{Day, Trade};

/// What a backtest made.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// One a date on which a class had a session, oldest first; empty where the span has none.
    pub days: Vec<Day>,
    /// By entry; those that are still open are marked at the last close.
    pub trades: Vec<Trade>,
    /// The account at the end; what is pending was decided on the last session.
    pub book: Book,
    pub counts: Counts,
    /// What all fills cost.
    pub paid: Paid,
    /// One for each symbol or script and matter, however many sessions told it.
    pub problems: Vec<Problem>,
    /// What they are made from, so that a walk that goes on can add to it.
    pub(super) tally: Tally,
    /// The classes whose bars end long before the walk does, each as a problem.
    pub(super) ended: Vec<Problem>,
    /// All dates of the span; more than `days` where it was stopped.
    pub dates: usize,
}

/// How many signals became what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Eligible and triggered, on all sessions.
    pub signals: usize,
    /// Of these, rejected by a filter.
    pub filtered: usize,
    /// Those by the name of the filter. One that several reject counts once, for the first of them; where decisions are
    /// not in words `held` comes before all others, and the correlation guard after them.
    pub filtered_by: BTreeMap<&'static str, usize>,
    /// Of these, ordered.
    pub ordered: usize,
    /// Orders that were bought in part: as much as the cash paid for.
    pub cut: usize,
    /// Fills of entries and exits.
    pub fills: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.signals += other.signals;
        self.filtered += other.filtered;
        for (filter, rejected) in other.filtered_by {
            *self.filtered_by.entry(filter).or_default() += rejected;
        }
        self.ordered += other.ordered;
        self.cut += other.cut;
        self.fills += other.fills;
    }
}

impl Backtest {
    /// Adds a walk that begins on the last day of this one, with the account as it then was.
    pub(super) fn go_on(&mut self, later: Self) {
        self.days.extend(later.days.into_iter().skip(1));
        self.trades.extend(later.trades);
        self.book = later.book;
        self.counts += later.counts;
        self.paid += later.paid;
        self.tally.go_on(later.tally);
        self.ended = later.ended;
        self.problems = self.tally.told();
        self.problems.extend(self.ended.iter().cloned());
        self.dates = self.days.len();
    }

    /// Tells whether it was stopped before the end of the span.
    pub fn is_stopped(&self) -> bool {
        self.days.len() < self.dates
    }
}
