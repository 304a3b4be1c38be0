//! The one integration binary: linking polars once is enough.

mod bad_input;
mod cli;
mod hostile;
mod layers;
mod live;
mod market;
mod parity;
mod program;
mod properties;
mod readme;
mod reload;
mod script_soup;
mod simulated_market;
