//! How Rhai 1.27 compares. Broken numbers are equal where they differ by less than an epsilon of
//! the larger one, or of 1 where their product is zero, so `inf > 1.0` does not hold and
//! `NaN == 0.0` does.
//!
//! Source: `impl_float!` and the rules for values of two kinds in Rhai's `func/builtin.rs`.

use super::cell::Cell;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    pub fn of(operator: &str) -> Option<Self> {
        Some(match operator {
            "==" => Self::Equal,
            "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::More,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    /// What it comes to for values of two kinds that are not both numbers.
    pub fn of_two_kinds(self) -> bool {
        self == Self::Unequal
    }

    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
        }
    }
}

/// What the difference of two numbers is measured by; zero where both are the same to Rhai.
#[inline(always)]
fn scale(a: f64, b: f64) -> f64 {
    if a * b == 0.0 { 1.0 } else { a.abs().max(b.abs()) }
}

#[inline(always)]
pub(super) fn equal(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale == 0.0) | ((a - b).abs() / scale <= f64::EPSILON)
}

/// Not the opposite of [`equal`] where a difference is NaN: then neither holds.
#[inline(always)]
pub(super) fn unequal(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale != 0.0) & ((a - b).abs() / scale > f64::EPSILON)
}

#[inline(always)]
pub(super) fn more(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale != 0.0) & ((a - b) / scale > f64::EPSILON)
}

#[inline(always)]
pub(super) fn at_least(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale == 0.0) | ((a - b) / scale > -f64::EPSILON)
}

#[inline(always)]
pub(super) fn less(a: f64, b: f64) -> bool {
    more(b, a)
}

#[inline(always)]
pub(super) fn at_most(a: f64, b: f64) -> bool {
    at_least(b, a)
}

pub(super) fn numbers(comparison: Comparison, a: f64, b: f64) -> bool {
    match comparison {
        Comparison::Equal => equal(a, b),
        Comparison::Unequal => unequal(a, b),
        Comparison::Less => less(a, b),
        Comparison::AtMost => at_most(a, b),
        Comparison::More => more(a, b),
        Comparison::AtLeast => at_least(a, b),
    }
}

/// Compares values of any kind; `None` is left to the interpreter.
pub(super) fn cells(comparison: Comparison, a: Cell, b: Cell) -> Option<bool> {
    Some(match (a, b) {
        (Cell::Float(a), Cell::Float(b)) => numbers(comparison, a, b),
        (Cell::Float(a), Cell::Int(b)) => numbers(comparison, a, b as f64),
        (Cell::Int(a), Cell::Float(b)) => numbers(comparison, a as f64, b),
        (Cell::Int(a), Cell::Int(b)) => comparison.holds(a, b),
        (Cell::Bool(a), Cell::Bool(b)) => comparison.holds(a, b),
        (Cell::Unit, Cell::Unit) => comparison == Comparison::Equal,
        (Cell::Text(a), Cell::Text(b)) => match comparison {
            Comparison::Equal => a == b,
            Comparison::Unequal => a != b,
            // The numbers of texts have no order.
            _ => return None,
        },
        _ => comparison.of_two_kinds(),
    })
}
