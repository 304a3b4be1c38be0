//! The feature columns that scripts read: any window of the catalogue, for all symbols at once.
//!
//! A [`Feature`] is a parsed name, a [`Family`] the formula behind it, [`Columns`] the values
//! for every row of a panel. Each symbol's numbers come from its own bars alone (and, where the
//! name says so, the benchmark's or the session's ranking); nothing here sees a later bar, a
//! clock or a file. A value that a formula cannot give is missing, never NaN or infinite.

mod by_day;
mod column;
mod columns;
mod compute;
pub mod core;
mod families;
mod family;
mod history;
mod kept;
mod kernels;
mod modifier;
mod name;
mod sessions;
mod unknown;
mod windows;

#[cfg(test)]
mod golden_tests;

pub use column::Column;
pub use columns::Columns;
pub use families::catalogue;
pub use family::{Family, Unit, Window};
pub use history::History;
pub use modifier::Modifier;
pub use name::Feature;
pub use unknown::UnknownFeature;
