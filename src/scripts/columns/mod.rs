//! Functions of scripts as small programs over columns: each operation runs over a block of rows
//! before the next begins.
//!
//! What a program answers is what Rhai answers, to the bit; the scalar rules stand in
//! [`arithmetic`] and [`compare`]. A row on which anything unusual would occur (an error, a kind
//! of value that no column carries) is left to the interpreter, so that an error is always its
//! own, with its own words. Refuses whatever is not bounded by its text: a loop, an array, text
//! put together; such a function is interpreted whole, and [`WhyNot`] says why.

mod arithmetic;
mod block;
mod calls;
mod cell;
mod compare;
mod engine;
mod expressions;
mod given;
mod kernels;
mod masks;
mod merge;
mod program;
mod programs;
mod registers;
mod run;
mod statements;
mod translate;
mod verify;
mod why_not;

#[cfg(test)]
mod tests;

pub use engine::Engine;
pub use engine::UnknownEngine;
pub(super) use given::Given;
pub(super) use program::Program;
pub(super) use programs::Programs;
pub(super) use run::Tell;
pub(super) use run::run;
pub(super) use verify::differs;
pub use why_not::WhyNot;
