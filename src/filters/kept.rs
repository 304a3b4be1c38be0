//! The candidates of a session that were kept so far, with what each next one is held against.

use std::collections::HashMap;
use std::ops::Deref;

use super::Candidate;
use crate::domain::Symbol;

/// Kept candidates, the best first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    candidates: Vec<Candidate>,
    /// What all of them cost, in their order.
    notional: f64,
    /// The best of each symbol.
    best: HashMap<Symbol, usize>,
}

impl Kept {
    pub(super) fn push(&mut self, candidate: Candidate) {
        self.notional += candidate.size.notional;
        let place = self.candidates.len();
        self.best.entry(candidate.signal.symbol.clone()).or_insert(place);
        self.candidates.push(candidate);
    }

    /// Returns what all of them cost, in the account's currency.
    pub(super) fn notional(&self) -> f64 {
        self.notional
    }

    /// Returns the best one of a symbol.
    pub(super) fn of(&self, symbol: &Symbol) -> Option<&Candidate> {
        self.best.get(symbol).map(|place| &self.candidates[*place])
    }

    pub(super) fn into_candidates(self) -> Vec<Candidate> {
        self.candidates
    }
}

impl Deref for Kept {
    type Target = [Candidate];

    fn deref(&self) -> &[Candidate] {
        &self.candidates
    }
}

impl FromIterator<Candidate> for Kept {
    fn from_iter<I: IntoIterator<Item = Candidate>>(candidates: I) -> Self {
        let mut kept = Self::default();
        candidates.into_iter().for_each(|candidate| kept.push(candidate));
        kept
    }
}
