//! The one integration binary: linking polars once is enough.

mod bad_input;
mod cli;
mod layers;
mod program;
