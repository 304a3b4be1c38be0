//! Asks a program about rows, block by block.

use std::cell::RefCell;

use super::block::Inputs;
use super::given::Given;
use super::program::Program;
use super::registers::LANES;
use super::registers::Registers;
use crate::scripts::answer::Answer;
use crate::scripts::view::View;

thread_local! {
    /// Registers are the same for all programs, so a thread makes each once.
    static REGISTERS: RefCell<Registers> = RefCell::default();
}

/// What is told of each row.
pub(in crate::scripts) trait Tell {
    /// Takes what a function gave for the row at a place of the block.
    fn tell(&mut self, place: usize, answer: Answer);

    /// Takes the same for the rows from the place `first` on, as far as they are told of: each gave one of a few
    /// answers.
    fn tell_few(
        &mut self,
        first: usize,
        is_told: &[bool],
        few: &[Answer],
        which: impl Iterator<Item = usize>,
    );
}

/// Runs a program over the rows of `index`, and tells each answer with its place in there.
///
/// Returns the places that are left to the interpreter, ascending. A place that is neither told
/// nor returned lacks a feature that the function requires.
pub(in crate::scripts) fn run(
    program: &Program,
    view: &View,
    index: &[u32],
    given: Given,
    told: &mut impl Tell,
) -> Vec<usize> {
    let asked = given.covers(index.len());
    let mut left = Vec::new();
    REGISTERS.with_borrow_mut(|registers| {
        registers.prepare(program);
        for (block, rows) in index[..asked].chunks(LANES).enumerate() {
            let first = block * LANES;
            registers.run(program, &Inputs { view, rows, given, first });
            registers.tell(program.answer, first, told, &mut left);
        }
    });
    left.extend(asked..index.len());
    left
}
