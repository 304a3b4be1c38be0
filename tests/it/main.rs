//! The one integration binary: linking polars once is enough.

mod bad_input;
mod cli;
mod explain;
mod layers;
mod live;
mod market;
mod parity;
mod program;
mod properties;
mod readme;
mod reload;
mod simulated_market;
