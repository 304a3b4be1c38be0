//! Why a function of a script is interpreted and not run in columns.

use rhai::Position;

/// The first thing in a function that has no form in columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct WhyNot {
    /// Where it stands in the script, 1-based.
    pub line: usize,
    /// What it is, as a noun: "a loop".
    pub what: String,
}

impl WhyNot {
    pub(super) fn new(place: Position, what: impl Into<String>) -> Self {
        Self { line: place.line().unwrap_or(1), what: what.into() }
    }
}
