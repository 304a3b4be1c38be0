//! A report in the formats that people and programs read. Each is a function of the report
//! alone; where it is written to is not decided here.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;
pub use text::{Colour, text};

use super::check::Report;
use super::finding::Severity;

/// Whether a warning counts as a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warnings {
    Allowed,
    Denied,
}

impl Report {
    /// Tells whether the report holds what must not be there.
    pub fn has_failed(&self, warnings: Warnings) -> bool {
        self.count(Severity::Error) > 0 || (warnings == Warnings::Denied && self.count(Severity::Warning) > 0)
    }
}
