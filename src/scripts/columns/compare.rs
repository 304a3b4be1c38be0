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
///
/// Rhai holds the quotient of both against an epsilon. Here the difference is held against an epsilon of the scale,
/// which comes to the same and needs no division: an epsilon is a power of two and a scale never under 2⁻⁵³⁸, so that
/// the product is exact; and the quotient of two neighbouring numbers is never rounded to one. Where a number is not
/// finite Rhai's quotient is NaN, and holds against nothing.
#[inline(always)]
fn scale(a: f64, b: f64) -> f64 {
    if a * b == 0.0 { 1.0 } else { a.abs().max(b.abs()) }
}

#[inline(always)]
pub(super) fn equal(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale == 0.0) | (((a - b).abs() <= scale * f64::EPSILON) & (scale < f64::INFINITY))
}

/// Not the opposite of [`equal`] where a difference is NaN: then neither holds.
#[inline(always)]
pub(super) fn unequal(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale != 0.0) & ((a - b).abs() > scale * f64::EPSILON)
}

#[inline(always)]
pub(super) fn more(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale != 0.0) & (a - b > scale * f64::EPSILON)
}

#[inline(always)]
pub(super) fn at_least(a: f64, b: f64) -> bool {
    let scale = scale(a, b);
    (scale == 0.0) | ((a - b > scale * -f64::EPSILON) & (scale < f64::INFINITY))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Zeros, the smallest, the largest, what is not finite, and numbers whose product is barely one.
    const ANCHORS: [f64; 19] = [
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.4e-162,
        1.6e-162,
        2.3e-162,
        1e-154,
        0.1,
        0.3,
        0.5,
        1.0,
        1.5,
        2.0,
        4.0,
        187.47,
        1e16,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];

    /// As Rhai writes it down.
    fn quotient(a: f64, b: f64) -> (f64, f64) {
        let scale = scale(a, b);
        (scale, (a - b) / scale)
    }

    fn check(a: f64, b: f64) {
        let (scale, difference) = quotient(a, b);
        let is_same = scale == 0.0;
        let expected = [
            is_same || difference.abs() <= f64::EPSILON,
            !is_same && difference.abs() > f64::EPSILON,
            !is_same && difference > f64::EPSILON,
            is_same || difference > -f64::EPSILON,
        ];
        assert_eq!([equal(a, b), unequal(a, b), more(a, b), at_least(a, b)], expected, "{a:e} and {b:e}");
    }

    /// The number that lies so many after it, or before it.
    fn neighbour(number: f64, steps: i64) -> f64 {
        f64::from_bits(number.to_bits().wrapping_add_signed(steps))
    }

    #[test]
    fn a_product_says_the_same_as_rhai_s_quotient() {
        for a in ANCHORS {
            for b in ANCHORS {
                for (steps, sign) in (-4..=4).flat_map(|steps| [(steps, 1.0), (steps, -1.0)]) {
                    check(neighbour(a, steps), sign * b);
                    check(sign * b, neighbour(a, steps));
                }
            }
        }
    }

    #[test]
    fn numbers_a_few_steps_apart_are_told_apart_as_rhai_does() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..50_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let number = f64::from_bits(bits);
            (-3..=3).for_each(|steps| check(number, neighbour(number, steps)));
        }
    }
}
