//! How well a set of trades did: the trades, the curve of equity that they made, and figures of both.
//!
//! Whoever makes trades (the backtest, the record of what was told) hands them over as plain values; every
//! figure is a function of these alone. What is not defined is `None` with the reason beside it, never a number
//! that stands for it.

mod against;
mod bootstrap;
mod breakdown;
mod curve;
mod deflated;
mod drawdown;
mod draws;
mod figure;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod golden_tests;
mod of_curve;
mod of_trades;
mod sample;
mod timing;
mod trade;
mod year;

pub use against::closes_on;
pub use bootstrap::{Interval, expectancy_interval, sharpe_interval};
pub use breakdown::Breakdown;
pub use curve::{Day, Month, months, returns};
pub use deflated::deflated_sharpe;
pub use drawdown::drawdowns;
pub use figure::{Evidence, Figure, Figures, Kind, Undefined, Unit, catalogue};
pub use timing::{Opens, Timing, timing};
pub use trade::Trade;
pub use year::Year;
