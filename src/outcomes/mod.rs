//! What became of past recommendations: each is followed as if it had been filled, and counted by strategy.
//!
//! Entries, stops, exits and fills are the decision's own functions on a book of one position, so that the record
//! that the mail shows and a backtest of the same sessions cannot disagree. Every BUY that was told is followed,
//! whether the reader bought it or not, and none is left out of the count once its exit has filled. Here is no clock,
//! file or network.

mod follow;
mod followed;
mod record;
mod words;

#[cfg(test)]
mod tests;

pub use follow::{DELISTED_AFTER, follow};
pub use followed::{Fill, Followed, Stage, Told, Touch};
pub use record::{Figures, StrategyRecord, records};
