//! How much a strategy may compute in one session, counted in operations.
//!
//! Never in time: the same scripts on the same bars must give the same mail on a slow machine
//! and on a fast one. One call is bounded by the engine; this bounds all calls together.

use super::engine::MAX_OPERATIONS;

/// Operations that a row may use on average: 50 times what a rule of the shipped strategies uses,
/// and for 10,000 symbols still under a second of work.
const OPERATIONS_PER_ROW: u64 = 1_000;

/// What one strategy may still use in a session, over all its functions and its scorer's.
#[derive(Clone, Debug)]
pub struct Budget {
    allowed: u64,
    used: u64,
}

impl Budget {
    /// Makes the budget of a strategy that is shown `rows` rows in the session.
    pub fn for_rows(rows: usize) -> Self {
        Self { allowed: OPERATIONS_PER_ROW.saturating_mul(rows as u64), used: 0 }
    }

    /// Makes the budget of a strategy that is asked about `positions` held positions in the
    /// session: as for so many rows, but at least what a single call may use, so that a book of
    /// one position does not forbid what the rule may do in a large one.
    pub fn for_positions(positions: usize) -> Self {
        let mut budget = Self::for_rows(positions);
        budget.allowed = budget.allowed.max(MAX_OPERATIONS);
        budget
    }

    /// Returns the operations used so far.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Returns the operations allowed in all.
    pub fn allowed(&self) -> u64 {
        self.allowed
    }

    /// Tells whether more was used than is allowed.
    pub fn is_exceeded(&self) -> bool {
        self.used > self.allowed
    }

    /// Adds what a call used.
    pub(super) fn charge(&mut self, operations: u64) {
        self.used = self.used.saturating_add(operations);
    }
}
