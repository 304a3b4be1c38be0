//! The words that every layer speaks: asset classes, symbols, bars, the book and problems.
//!
//! Values here are checked when they are made, so that no layer above meets an
//! illegal one. Nothing here reads a file, a clock or the network.

mod asset_class;
mod bar;
mod book;
mod conviction;
mod digest;
pub mod format;
mod likeness;
mod name;
mod problem;
mod script_name;
mod symbol;
mod words;

pub use asset_class::{AssetClass, UnknownAssetClass};
pub use bar::Bar;
pub use book::{Book, Order, Position, Terms};
pub use conviction::Conviction;
pub use digest::hex;
pub use likeness::closest;
pub use name::Name;
pub use problem::{Problem, ProblemKind, has_failed_script, said_once};
pub use script_name::is_script_name;
pub use symbol::{InvalidSymbol, Symbol};
pub use words::Words;
