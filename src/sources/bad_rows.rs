//! Rows that a source told and nobody could read: dropped, counted, and never filled.
//!
//! Of one symbol's rows the first few are named; of the whole market's, their symbols are, so that the
//! caller knows whose bar or split it does not know.

use std::collections::BTreeSet;

use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;

/// How many dropped rows a problem names before it only counts.
const NAMED: usize = 3;

/// Rows of one symbol that were dropped, and what the first of them are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    named: Vec<String>,
    count: usize,
}

impl BadRows {
    /// Counts a row; `name` says where it is and, where that is known, what is wrong with it.
    pub(super) fn push(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(name());
        }
    }

    /// Tells of the dropped rows, where there are any.
    pub(super) fn problem(self, symbol: &Symbol) -> Option<Problem> {
        let rows = match self.count {
            0 => return None,
            1 => "1 row".to_owned(),
            many => format!("{many} rows"),
        };
        let more = match self.count - self.named.len() {
            0 => String::new(),
            more => format!("; {more} more"),
        };
        let message = format!("dropped {rows} that could not be read: {}{more}", self.named.join("; "));
        Some(Problem::new(symbol, ProblemKind::BadBar, message))
    }

    /// Tells how many rows were dropped.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Rows of a list of many symbols that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The symbols of those that name one.
    pub symbols: BTreeSet<Symbol>,
    /// How many name none: they may be about any symbol.
    pub nameless: usize,
}

impl Unread {
    /// Tells whether every row was read.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty() && self.nameless == 0
    }

    /// Tells whether a row that could not be read may be about this symbol.
    pub fn may_concern(&self, symbol: &Symbol) -> bool {
        self.nameless > 0 || self.symbols.contains(symbol)
    }

    /// Takes in what could not be read of another page.
    pub(super) fn extend(&mut self, other: Unread) {
        self.symbols.extend(other.symbols);
        self.nameless += other.nameless;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        Symbol::new(name).expect("a symbol")
    }

    #[test]
    fn dropped_rows_are_told_in_one_problem_that_names_the_first() {
        let mut bad = BadRows::default();
        assert_eq!(bad.clone().problem(&symbol("X")), None);
        let told = |bad: &BadRows| bad.clone().problem(&symbol("X")).map(|problem| problem.message);
        bad.push(|| "row 2".to_owned());
        assert_eq!(told(&bad).as_deref(), Some("dropped 1 row that could not be read: row 2"));
        for row in 3..=6 {
            bad.push(|| format!("row {row}"));
        }
        let expected = "dropped 5 rows that could not be read: row 2; row 3; row 4; 2 more";
        assert_eq!((told(&bad).as_deref(), bad.count()), (Some(expected), 5));
    }

    #[test]
    fn a_row_without_a_name_may_be_about_any_symbol() {
        let mut unread = Unread { symbols: [symbol("AAPL")].into(), nameless: 0 };
        assert!(unread.may_concern(&symbol("AAPL")) && !unread.may_concern(&symbol("MSFT")));
        unread.extend(Unread { symbols: BTreeSet::new(), nameless: 1 });
        assert!(unread.may_concern(&symbol("MSFT")) && !unread.is_empty());
    }
}
