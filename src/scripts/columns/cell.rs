//! One value of any kind that a column may carry.

use rhai::ImmutableString;

use crate::scripts::answer::Answer;

/// A value on one row. Text is a number in a table of distinct texts, so equal texts are equal
/// numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Cell {
    #[default]
    Unit,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(u32),
}

impl Cell {
    /// Tells the value; a text that is in no table is nothing.
    #[inline]
    pub fn answer(self, texts: &[ImmutableString]) -> Answer {
        match self {
            Cell::Unit => Answer::Nothing,
            Cell::Bool(truth) => Answer::Truth(truth),
            Cell::Int(whole) => Answer::Whole(whole),
            Cell::Float(broken) => Answer::Broken(broken),
            Cell::Text(number) => texts.get(number as usize).cloned().map_or(Answer::Nothing, Answer::Text),
        }
    }

    /// Returns what a register of words holds for a text or nothing.
    pub fn as_word(self) -> Option<u32> {
        match self {
            Cell::Unit => Some(0),
            Cell::Text(number) => number.checked_add(1),
            _ => None,
        }
    }

    pub fn of_word(word: u32) -> Self {
        word.checked_sub(1).map_or(Cell::Unit, Cell::Text)
    }

    pub fn as_bool(self) -> Option<bool> {
        if let Cell::Bool(truth) = self { Some(truth) } else { None }
    }

    /// Returns a number of either kind as a broken one.
    pub fn as_number(self) -> Option<f64> {
        match self {
            Cell::Int(whole) => Some(whole as f64),
            Cell::Float(broken) => Some(broken),
            _ => None,
        }
    }

    /// Returns the number in a finite broken number or any whole one.
    pub fn as_finite(self) -> Option<f64> {
        self.as_number().filter(|number| number.is_finite())
    }
}
