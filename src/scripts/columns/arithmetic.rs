//! How Rhai 1.27 calculates with values of any kind, and what the host's functions make of them.
//!
//! `None` is left to the interpreter: it stands for every error, so that the error is its own.
//! Source: Rhai's `packages/arithmetic.rs` and `func/builtin.rs`; the host's `maths.rs`.

use super::cell::Cell;
use crate::scripts::maths::larger;
use crate::scripts::maths::smaller;

/// An operator between two values that does not compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    And,
    Or,
    Xor,
}

impl Operator {
    pub fn of(operator: &str) -> Option<Self> {
        Some(match operator {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Modulo,
            "**" => Self::Power,
            "&" => Self::And,
            "|" => Self::Or,
            "^" => Self::Xor,
            _ => return None,
        })
    }

    /// Applies it to broken numbers; the logical ones have no rule for them.
    #[inline(always)]
    pub fn of_floats(self, a: f64, b: f64) -> Option<f64> {
        Some(match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Modulo => a % b,
            Self::Power => a.powf(b),
            Self::And | Self::Or | Self::Xor => return None,
        })
    }

    fn of_ints(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide => a.checked_div(b),
            Self::Modulo => a.checked_rem(b),
            Self::Power => a.checked_pow(u32::try_from(b).ok()?),
            Self::And => Some(a & b),
            Self::Or => Some(a | b),
            Self::Xor => Some(a ^ b),
        }
    }

    fn of_bools(self, a: bool, b: bool) -> Option<bool> {
        match self {
            Self::And => Some(a & b),
            Self::Or => Some(a | b),
            Self::Xor => Some(a ^ b),
            _ => None,
        }
    }

    /// Applies it to values of any kind.
    pub fn of_cells(self, a: Cell, b: Cell) -> Option<Cell> {
        match (a, b) {
            (Cell::Int(a), Cell::Int(b)) => self.of_ints(a, b).map(Cell::Int),
            (Cell::Bool(a), Cell::Bool(b)) => self.of_bools(a, b).map(Cell::Bool),
            (a, b) => self.of_floats(a.as_number()?, b.as_number()?).map(Cell::Float),
        }
    }
}

/// Changes a number's sign.
pub(super) fn negated(value: Cell) -> Option<Cell> {
    match value {
        Cell::Int(whole) => whole.checked_neg().map(Cell::Int),
        Cell::Float(broken) => Some(Cell::Float(-broken)),
        _ => None,
    }
}

/// A function of the host that is given numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maths {
    Abs,
    Min,
    Max,
    Clamp,
    Round,
    Floor,
    Ceil,
    Sqrt,
    Ln,
    Exp,
    Pow,
    Ratio,
}

impl Maths {
    pub fn of(name: &str, arguments: usize) -> Option<Self> {
        Some(match (name, arguments) {
            ("abs", 1) => Self::Abs,
            ("min", 2) => Self::Min,
            ("max", 2) => Self::Max,
            ("clamp", 3) => Self::Clamp,
            ("round", 1) => Self::Round,
            ("floor", 1) => Self::Floor,
            ("ceil", 1) => Self::Ceil,
            ("sqrt", 1) => Self::Sqrt,
            ("ln", 1) => Self::Ln,
            ("exp", 1) => Self::Exp,
            ("pow", 2) => Self::Pow,
            ("ratio", 2) => Self::Ratio,
            _ => return None,
        })
    }

    /// Gives what a function of one finite broken number gives, before it is refused for not being
    /// finite; other functions give nothing.
    #[inline(always)]
    pub fn of_one(self, x: f64) -> Option<f64> {
        Some(match self {
            Self::Abs => x.abs(),
            Self::Round => x.round(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Sqrt => x.sqrt(),
            Self::Ln => x.ln(),
            Self::Exp => x.exp(),
            _ => return None,
        })
    }

    /// Calls it with values of any kind; as many are looked at as it takes.
    pub fn of_cells(self, arguments: [Cell; 3]) -> Option<Cell> {
        let [a, b, c] = arguments;
        let finite = |value: f64| value.is_finite().then_some(Cell::Float(value));
        match (self, a, b, c) {
            (Self::Abs, Cell::Int(whole), ..) => whole.checked_abs().map(Cell::Int),
            (Self::Round | Self::Floor | Self::Ceil, Cell::Int(whole), ..) => Some(Cell::Int(whole)),
            (Self::Min, Cell::Int(a), Cell::Int(b), _) => Some(Cell::Int(a.min(b))),
            (Self::Max, Cell::Int(a), Cell::Int(b), _) => Some(Cell::Int(a.max(b))),
            (Self::Min, ..) => Some(Cell::Float(smaller(a.as_finite()?, b.as_finite()?))),
            (Self::Max, ..) => Some(Cell::Float(larger(a.as_finite()?, b.as_finite()?))),
            (Self::Pow, ..) => finite(a.as_finite()?.powf(b.as_finite()?)),
            (Self::Ratio, Cell::Unit, ..) | (Self::Ratio, _, Cell::Unit, _) => Some(Cell::Unit),
            (Self::Ratio, ..) => Some(finite(a.as_finite()? / b.as_finite()?).unwrap_or(Cell::Unit)),
            (Self::Clamp, ..) => {
                let (x, low, high) = (a.as_finite()?, b.as_finite()?, c.as_finite()?);
                if low > high {
                    return None;
                }
                if let (Cell::Int(x), Cell::Int(low), Cell::Int(high)) = (a, b, c) {
                    // The limits were compared as broken numbers, which hold less.
                    return (low <= high).then(|| Cell::Int(x.clamp(low, high)));
                }
                Some(Cell::Float(smaller(larger(x, low), high)))
            }
            (Self::Abs | Self::Round | Self::Floor | Self::Ceil | Self::Sqrt | Self::Ln | Self::Exp, ..) => {
                finite(self.of_one(a.as_finite()?)?)
            }
        }
    }
}
