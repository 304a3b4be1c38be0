//! What is wrong or doubtful in scripts, found without a single bar of the market.
//!
//! Errors are what the host refuses, and what fails on rows made up for the purpose. Warnings
//! are what Rhai runs but a trader did not mean: each is a `rules` file of its own. A finding
//! has a stable code, a place and a remedy; [`explain`] has a page on every code. Nothing here
//! changes what a script does, and nothing is found by asking the network or the clock.

mod allow;
mod check;
mod code;
mod comparisons;
mod conditions;
mod constraint;
mod errors;
mod finding;
mod formula;
mod linear;
mod nodes;
mod ranges;
pub mod render;
mod rules;
mod scope;
mod scored;
mod script;
mod smoke;
mod stops;
mod summary;
mod sums;
mod text;
mod token;
mod truth;
mod types;
mod visit;
mod walk;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod pages_tests;
#[cfg(test)]
mod tests;

pub use check::{Report, check};
pub use code::{Code, Example, UnknownCode, codes, explain};
pub use finding::{Finding, Severity, Span};
pub use ranges::within_bounds;
pub use summary::{Role, Summary};
