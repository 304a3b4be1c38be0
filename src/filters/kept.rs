//! The candidates of a session that were kept so far, with what each next one is held against.

use std::cell::RefCell;
use std::ops::Deref;

use rustc_hash::FxHashMap;

use super::Candidate;
use crate::domain::Symbol;

/// Candidates on their way from filter to filter: boxed, since they are sorted and handed on.
pub(super) type Candidates = Vec<Box<Candidate>>;

/// Kept candidates, the best first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    candidates: Candidates,
    /// What all of them cost, in their order.
    notional: f64,
    best: RefCell<Best>,
}

/// The best candidate of each symbol, of the first so many: one filter alone asks for it.
#[derive(Debug, Default)]
struct Best {
    places: FxHashMap<Symbol, usize>,
    looked_at: usize,
}

impl Kept {
    pub(super) fn push(&mut self, candidate: Box<Candidate>) {
        self.notional += candidate.size.notional;
        self.candidates.push(candidate);
    }

    /// Returns what all of them cost, in the account's currency.
    pub(super) fn notional(&self) -> f64 {
        self.notional
    }

    /// Returns the best one of a symbol.
    pub(super) fn of(&self, symbol: &Symbol) -> Option<&Candidate> {
        let mut best = self.best.borrow_mut();
        for place in best.looked_at..self.candidates.len() {
            best.places.entry(self.candidates[place].signal.symbol.clone()).or_insert(place);
        }
        best.looked_at = self.candidates.len();
        best.places.get(symbol).map(|place| &*self.candidates[*place])
    }

    pub(super) fn into_candidates(self) -> Candidates {
        self.candidates
    }
}

impl Deref for Kept {
    type Target = [Box<Candidate>];

    fn deref(&self) -> &[Box<Candidate>] {
        &self.candidates
    }
}

impl FromIterator<Candidate> for Kept {
    fn from_iter<I: IntoIterator<Item = Candidate>>(candidates: I) -> Self {
        let mut kept = Self::default();
        candidates.into_iter().for_each(|candidate| kept.push(Box::new(candidate)));
        kept
    }
}
