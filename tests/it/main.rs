//! The one integration binary: linking polars once is enough.

mod layers;
mod market;
mod parity;
mod properties;
mod simulated_market;
