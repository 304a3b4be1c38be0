//! One value made of two, by rows.

use super::cell::Cell;
use super::program::Mask;
use super::program::Number;
use super::program::Step;
use super::program::Truth;
use super::program::Truths;
use super::program::Value;
use super::program::Word;
use super::translate::Translator;

impl Translator<'_> {
    /// Takes `a` on the rows of a mask, else `b`.
    pub fn pick(&mut self, on: Mask, a: Value, b: Value) -> Value {
        match on {
            Mask::All => a,
            Mask::None => b,
            Mask::Where(by) => self.pick_by(by, a, b),
        }
    }

    /// Takes `a` where a truth holds, else `b`, in the narrowest kind that holds both.
    pub fn pick_by(&mut self, by: Truths, a: Value, b: Value) -> Value {
        if a == b {
            return a;
        }
        if let (Some(a), Some(b)) = (number_of(a), number_of(b)) {
            return Value::Float(self.pick_number(by, a, b));
        }
        if let (Some(a), Some(b)) = (truth_of(a), truth_of(b)) {
            let to = self.new_truths();
            self.step(Step::PickTruth { by, a, b, to });
            return Value::Truth(to);
        }
        if let (Some((a, a_there)), Some((b, b_there))) = (maybe_of(a), maybe_of(b)) {
            let value = self.pick_number(by, a, b);
            let is_there = self.new_truths();
            self.step(Step::PickTruth { by, a: a_there, b: b_there, to: is_there });
            return Value::Maybe(value, is_there);
        }
        if let (Some(a), Some(b)) = (word_of(a), word_of(b)) {
            let to = self.new_words();
            self.step(Step::PickWord { by, a, b, to });
            return Value::Word(to);
        }
        let to = self.new_cells();
        self.step(Step::PickCell { by, a, b, to });
        Value::Mixed(to)
    }

    fn pick_number(&mut self, by: Truths, a: Number, b: Number) -> super::program::Floats {
        let to = self.new_floats();
        self.step(Step::PickFloat { by, a, b, to });
        to
    }
}

/// A value that is a broken number on every row.
fn number_of(value: Value) -> Option<Number> {
    match value {
        Value::Float(column) => Some(Number::Column(column)),
        Value::Same(Cell::Float(number)) => Some(Number::Same(number)),
        _ => None,
    }
}

fn truth_of(value: Value) -> Option<Truth> {
    match value {
        Value::Truth(column) => Some(Truth::Column(column)),
        Value::Same(Cell::Bool(truth)) => Some(Truth::Same(truth)),
        _ => None,
    }
}

fn word_of(value: Value) -> Option<Word> {
    match value {
        Value::Word(column) => Some(Word::Column(column)),
        Value::Same(cell) => cell.as_word().map(Word::Same),
        _ => None,
    }
}

/// A value that is a broken number or nothing, with where it is one.
fn maybe_of(value: Value) -> Option<(Number, Truth)> {
    match value {
        Value::Maybe(column, is_there) => Some((Number::Column(column), Truth::Column(is_there))),
        Value::Same(Cell::Unit) => Some((Number::Same(0.0), Truth::Same(false))),
        value => Some((number_of(value)?, Truth::Same(true))),
    }
}
