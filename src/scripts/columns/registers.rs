//! The registers of a program: columns of values over one block of rows.

use rhai::ImmutableString;

use super::cell::Cell;
use super::kernels::Lanes;
use super::program::ASKED;
use super::program::Cells;
use super::program::Floats;
use super::program::LEFT;
use super::program::Mask;
use super::program::Number;
use super::program::Program;
use super::program::Truth;
use super::program::Truths;
use super::program::Value;
use super::program::WRONG;
use super::program::Word;
use super::program::Words;
use super::run::Tell;
use crate::scripts::answer::Answer;

/// Rows that are worked on at once: few enough that the registers of a rule stay in the nearest
/// memory.
pub(super) const LANES: usize = 256;

/// Registers of [`LANES`] lanes each. Kept from block to block and from program to program: a
/// step writes every lane of a register before another reads it.
#[derive(Debug, Default)]
pub(super) struct Registers {
    pub floats: Vec<Vec<f64>>,
    pub truths: Vec<Vec<bool>>,
    pub words: Vec<Vec<u32>>,
    pub cells: Vec<Vec<Cell>>,
    pub texts: Vec<ImmutableString>,
    pub lanes: usize,
}

impl Registers {
    /// Makes room for a program.
    pub fn prepare(&mut self, program: &Program) {
        let more = |has: usize, needs: usize| has.max(needs);
        self.floats.resize_with(more(self.floats.len(), program.floats), || vec![0.0; LANES]);
        self.truths.resize_with(more(self.truths.len(), program.truths), || vec![false; LANES]);
        self.words.resize_with(more(self.words.len(), program.words), || vec![0; LANES]);
        self.cells.resize_with(more(self.cells.len(), program.cells), || vec![Cell::Unit; LANES]);
        self.texts.clear();
        self.texts.extend_from_slice(&program.texts);
    }

    /// Tells what a program gave on each row that it was asked about, with the row's place, `first` being that of the
    /// block's first row. Notes the places that are left.
    pub fn tell(&mut self, answer: Value, first: usize, told: &mut impl Tell, left: &mut Vec<usize>) {
        self.leave(first, left);
        let is_told = self.truth(ASKED);
        match answer {
            Value::Truth(own) => {
                let few = [Answer::Truth(false), Answer::Truth(true)];
                told.tell_few(first, is_told, &few, self.truth(own).iter().map(|own| usize::from(*own)));
            }
            Value::Word(own) => {
                let texts = self.texts.iter().cloned().map(Answer::Text);
                let few: Vec<Answer> = std::iter::once(Answer::Nothing).chain(texts).collect();
                let own = &self.words[own.0][..self.lanes];
                told.tell_few(first, is_told, &few, own.iter().map(|word| *word as usize));
            }
            own => {
                for (lane, _) in is_told.iter().enumerate().filter(|(_, is_told)| **is_told) {
                    told.tell(first + lane, self.cell(own, lane).answer(&self.texts));
                }
            }
        }
    }

    /// Notes the places that were asked about and are left, and asks about them no more.
    fn leave(&mut self, first: usize, places: &mut Vec<usize>) {
        let mut asked = std::mem::take(&mut self.truths[ASKED.0]);
        let (own, left) = (&mut asked[..self.lanes], self.truth(LEFT));
        if own.iter().zip(left).fold(false, |any, (asked, left)| any | (asked & left)) {
            let is_left = own.iter().zip(left).enumerate().filter(|(_, (asked, left))| **asked & **left);
            places.extend(is_left.map(|(lane, _)| first + lane));
            own.iter_mut().zip(left).for_each(|(asked, left)| *asked &= !left);
        }
        self.truths[ASKED.0] = asked;
    }

    pub fn cell_by_cell(&mut self, to: Cells, on: Mask, make: impl Fn(&Self, usize) -> Option<Cell>) {
        let mut cells = std::mem::take(&mut self.cells[to.0]);
        self.wrong_where(on, |own, wrong| {
            for (lane, (to, wrong)) in cells.iter_mut().zip(wrong).enumerate() {
                let made = make(own, lane);
                *wrong = made.is_none();
                *to = made.unwrap_or_default();
            }
        });
        self.cells[to.0] = cells;
    }

    pub fn truth_by_truth(&mut self, to: Truths, on: Mask, make: impl Fn(&Self, usize) -> Option<bool>) {
        let mut truths = std::mem::take(&mut self.truths[to.0]);
        self.wrong_where(on, |own, wrong| {
            for (lane, (to, wrong)) in truths.iter_mut().zip(wrong).enumerate() {
                let made = make(own, lane);
                *wrong = made.is_none();
                *to = made.unwrap_or_default();
            }
        });
        self.truths[to.0] = truths;
    }

    /// Leaves the rows of a mask that `find` marks.
    pub fn wrong_where(&mut self, on: Mask, find: impl FnOnce(&Self, &mut [bool])) {
        let mut wrong = std::mem::take(&mut self.truths[WRONG.0]);
        find(self, &mut wrong[..self.lanes]);
        let mut left = std::mem::take(&mut self.truths[LEFT.0]);
        match on {
            Mask::None => {}
            Mask::All => left.iter_mut().zip(&wrong[..self.lanes]).for_each(|(left, wrong)| *left |= wrong),
            Mask::Where(on) => {
                for ((left, wrong), on) in left.iter_mut().zip(&wrong).zip(self.truth(on)) {
                    *left |= wrong & on;
                }
            }
        }
        self.truths[LEFT.0] = left;
        self.truths[WRONG.0] = wrong;
    }

    /// Writes a register while the others are read.
    pub fn floats_of(&mut self, to: Floats, write: impl FnOnce(&Self, &mut [f64])) {
        let mut own = std::mem::take(&mut self.floats[to.0]);
        write(self, &mut own[..self.lanes]);
        self.floats[to.0] = own;
    }

    pub fn truths_of(&mut self, to: Truths, write: impl FnOnce(&Self, &mut [bool])) {
        let mut own = std::mem::take(&mut self.truths[to.0]);
        write(self, &mut own[..self.lanes]);
        self.truths[to.0] = own;
    }

    pub fn words_of(&mut self, to: Words, write: impl FnOnce(&Self, &mut [u32])) {
        let mut own = std::mem::take(&mut self.words[to.0]);
        write(self, &mut own[..self.lanes]);
        self.words[to.0] = own;
    }

    pub fn cells_of(&mut self, to: Cells, write: impl FnOnce(&Self, &mut [Cell])) {
        let mut own = std::mem::take(&mut self.cells[to.0]);
        write(self, &mut own[..self.lanes]);
        self.cells[to.0] = own;
    }

    pub fn float(&self, column: Floats) -> &[f64] {
        &self.floats[column.0][..self.lanes]
    }

    pub fn truth(&self, column: Truths) -> &[bool] {
        &self.truths[column.0][..self.lanes]
    }

    pub fn number(&self, number: Number) -> Lanes<'_, f64> {
        match number {
            Number::Column(column) => Lanes::Column(self.float(column)),
            Number::Same(value) => Lanes::Same(value),
        }
    }

    pub fn lanes_of(&self, truth: Truth) -> Lanes<'_, bool> {
        match truth {
            Truth::Column(column) => Lanes::Column(self.truth(column)),
            Truth::Same(value) => Lanes::Same(value),
        }
    }

    pub fn word(&self, word: Word) -> Lanes<'_, u32> {
        match word {
            Word::Column(column) => Lanes::Column(&self.words[column.0][..self.lanes]),
            Word::Same(value) => Lanes::Same(value),
        }
    }

    /// Returns values of any kind that need not be made of others; `None` where they must.
    pub fn cells_of_value(&self, value: Value) -> Option<Lanes<'_, Cell>> {
        match value {
            Value::Same(cell) => Some(Lanes::Same(cell)),
            Value::Mixed(own) => Some(Lanes::Column(&self.cells[own.0][..self.lanes])),
            _ => None,
        }
    }

    pub fn cell(&self, value: Value, lane: usize) -> Cell {
        match value {
            Value::Same(cell) => cell,
            Value::Float(own) => Cell::Float(self.floats[own.0][lane]),
            Value::Maybe(_, is_there) if !self.truths[is_there.0][lane] => Cell::Unit,
            Value::Maybe(own, _) => Cell::Float(self.floats[own.0][lane]),
            Value::Truth(own) => Cell::Bool(self.truths[own.0][lane]),
            Value::Word(own) => Cell::of_word(self.words[own.0][lane]),
            Value::Mixed(own) => self.cells[own.0][lane],
        }
    }
}
