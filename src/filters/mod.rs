//! Filters between a signal and a recommendation.

mod conviction;

pub use conviction::Conviction;

use serde::Serialize;

use crate::domain::Symbol;

/// A signal that was not recommended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filtered {
    pub symbol: Symbol,
    pub strategy: String,
    /// A sentence that names the rule and its numbers.
    pub reason: String,
}
