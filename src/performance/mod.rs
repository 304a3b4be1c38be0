//! How well a set of trades did: the trades, the curve of equity that they made, and figures of both.
//!
//! Whoever makes trades (the backtest, the record of what was told) hands them over as plain values; every
//! figure is a function of these alone. What is not defined is `None` with the reason beside it, never a number
//! that stands for it.

mod curve;
mod trade;

pub use curve::Day;
pub use trade::Trade;
