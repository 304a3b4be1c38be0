//! The core folded over history: what `decide` decides at a close is filled at the next open, charged, and kept
//! as trades and a curve of equity.
//!
//! Every session goes through the very functions of a run, in the order in which the exchanges open and close, so
//! that what a backtest picks on a day is what the mail of that day would have named. A session's decision sees its
//! own bars and earlier ones; the fill alone sees the next. Here is no clock, file, network or random number, and
//! slippage is a mean: the same input gives the same bytes.

mod account;
mod ahead;
mod conditions;
mod cost;
mod fills;
mod floor;
mod fold;
mod grid;
mod neighbourhood;
mod result;
mod scaling;
mod span;
mod split;
mod tally;
mod verify;
mod walk_forward;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use cost::{Conditions, Paid, Rate};
pub use fills::ends_at_a_close;
pub use fold::{Rules, Step, backtest, backtest_from_eve, backtest_sold};
pub use grid::{Axis, Grid, GridError, Values, as_set};
pub use neighbourhood::{Flatness, flatness};
pub use result::{Backtest, Counts};
pub use span::{dates, shared_dates};
pub use verify::{Difference, Verifier, walks_differ};
pub use walk_forward::{BadLengths, Lengths, Window, efficiency, joined, windows};
