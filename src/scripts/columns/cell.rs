//! One value of any kind that a column may carry.

use rhai::Dynamic;
use rhai::ImmutableString;

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
    /// Writes the value as Rhai holds it; a text that is in no table is nothing.
    pub fn to_dynamic(self, text: impl Fn(u32) -> Option<ImmutableString>) -> Dynamic {
        match self {
            Cell::Unit => Dynamic::UNIT,
            Cell::Bool(truth) => Dynamic::from_bool(truth),
            Cell::Int(whole) => Dynamic::from_int(whole),
            Cell::Float(broken) => Dynamic::from_float(broken),
            Cell::Text(number) => text(number).map_or(Dynamic::UNIT, Dynamic::from),
        }
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
