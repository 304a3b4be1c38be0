//! What stands where a candidate would: told, so that a reader who holds nothing sees what took the places.

use std::fmt;

/// Places that are taken, by what took them.
pub(super) struct Taken {
    pub(super) held: usize,
    pub(super) ordered: usize,
    /// By candidates of this session that rank above.
    pub(super) outranking: usize,
}

impl Taken {
    pub(super) fn count(&self) -> usize {
        self.held + self.ordered + self.outranking
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.held, "held"), (self.ordered, "ordered"), (self.outranking, "ranked better")];
        let told =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        f.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}
