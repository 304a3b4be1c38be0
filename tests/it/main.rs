//! The one integration binary: linking polars once is enough.

mod bad_input;
mod cli;
mod layers;
mod live;
mod market;
mod parity;
mod program;
mod properties;
mod readme;
mod simulated_market;
mod validate_scripts;
