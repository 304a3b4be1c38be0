//! The host of the Rhai scripts: strategies that decide, and scorers that grade.
//!
//! [`Scripts::compile`] turns texts into one immutable snapshot; a script that fails costs only
//! itself. The snapshot is bound to feature columns and asked about blocks of rows. A script
//! sees the row it is asked about and nothing else: no clock, file, network, randomness,
//! neighbour row or other script. Everything that parses or runs a script does so on
//! [`pool`]'s threads, whose stacks are deep enough for the deepest script that is accepted.
//!
//! What goes up from here: which features the scripts read ([`Scripts::features`]), and for
//! each function the [`Body`] as written, for explaining a verdict and for translating it, and
//! the [`Trace`] of what a function did on a row.

mod answer;
mod body;
mod budget;
mod collections;
mod columns;
mod compile;
mod constants;
mod definitions;
pub mod embedded;
mod engine;
mod evaluate;
mod function;
mod heading;
mod host;
mod load_error;
mod maths;
mod names;
mod options;
mod outline;
mod reads;
mod row;
mod scorer;
mod script_error;
mod set;
mod slip;
mod source;
mod strategy;
mod strategy_parts;
mod syntax;
pub mod trace;
mod view;
mod vocabulary;
mod walk;

#[cfg(test)]
mod fixtures;

pub use body::{Body, Program};
pub use budget::Budget;
pub use columns::{Engine, UnknownEngine, WhyNot};
pub use constants::Constants;
pub use definitions::definitions;
pub use embedded::embedded;
pub use engine::pool;
pub use evaluate::{RowError, Verdicts};
pub use function::{Function, not_ready};
pub use load_error::LoadError;
pub use options::{Options, UnknownConstant};
pub use outline::{Outline, outlines};
pub use reads::{Need, Read};
pub use row::{PositionView, SignalView};
pub use scorer::Scorer;
pub use script_error::ScriptError;
pub use set::Scripts;
pub use source::ScriptSource;
pub use strategy::Strategy;
pub use strategy_parts::Rule;
pub use trace::{Trace, Unexplained};
pub use view::Rows;
pub use vocabulary::closest;
