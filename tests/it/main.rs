//! The one integration binary: linking polars once is enough.

mod layers;
