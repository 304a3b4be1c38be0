//! A function in columns: its operations in the order in which they run, each writing a register
//! of its own.
//!
//! No operation jumps. What an `if` keeps from a row is kept from it by masks: an operation that
//! can go wrong names the rows on which that counts, and any other runs over all rows unseen.

use rhai::ImmutableString;

use super::arithmetic::Maths;
use super::arithmetic::Operator;
use super::cell::Cell;
use super::compare::Comparison;
use super::given::PositionField;
use super::given::SignalField;

/// A register of broken numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floats(pub usize);

/// A register of truths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Truths(pub usize);

/// A register of values of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cells(pub usize);

/// A register of texts, each of which may be nothing: 0, or one more than the text's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words(pub usize);

/// The rows on which something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    All,
    None,
    Where(Truths),
}

/// A broken number on each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Column(Floats),
    Same(f64),
}

/// A truth on each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Truth {
    Column(Truths),
    Same(bool),
}

/// A text or nothing on each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word {
    Column(Words),
    Same(u32),
}

/// A value on each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// The same on all rows.
    Same(Cell),
    Float(Floats),
    /// A broken number where the truth holds, else nothing.
    Maybe(Floats, Truths),
    Truth(Truths),
    Word(Words),
    Mixed(Cells),
}

/// One operation. What ends in `on` are the rows on which it counts that it cannot be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Reads a feature that every row has.
    Feature {
        slot: usize,
        to: Floats,
    },
    /// Reads a feature that a row may lack.
    Optional {
        slot: usize,
        to: Floats,
        is_there: Truths,
    },
    /// Reads a broken number of the position.
    Position {
        field: PositionField,
        to: Floats,
    },
    /// Reads the whole number of the position.
    BarsHeld {
        to: Cells,
    },
    Signal {
        field: SignalField,
        to: Cells,
    },

    Arithmetic {
        operator: Operator,
        a: Number,
        b: Number,
        to: Floats,
    },
    Negate {
        a: Floats,
        to: Floats,
    },
    Compare {
        comparison: Comparison,
        a: Number,
        b: Number,
        to: Truths,
    },

    And {
        a: Truths,
        b: Truths,
        to: Truths,
    },
    AndNot {
        a: Truths,
        b: Truths,
        to: Truths,
    },
    Or {
        a: Truths,
        b: Truths,
        to: Truths,
    },
    Not {
        a: Truths,
        to: Truths,
    },

    /// Takes `a` where a truth holds, else `b`.
    PickFloat {
        by: Truths,
        a: Number,
        b: Number,
        to: Floats,
    },
    PickTruth {
        by: Truths,
        a: Truth,
        b: Truth,
        to: Truths,
    },
    PickWord {
        by: Truths,
        a: Word,
        b: Word,
        to: Words,
    },
    PickCell {
        by: Truths,
        a: Value,
        b: Value,
        to: Cells,
    },

    /// Calls a function of one broken number.
    One {
        function: Maths,
        a: Floats,
        to: Floats,
        on: Mask,
    },
    Larger {
        a: Number,
        b: Number,
        to: Floats,
        on: Mask,
    },
    Smaller {
        a: Number,
        b: Number,
        to: Floats,
        on: Mask,
    },
    Raise {
        a: Number,
        b: Number,
        to: Floats,
        on: Mask,
    },
    Clamp {
        x: Number,
        low: Number,
        high: Number,
        to: Floats,
        on: Mask,
    },
    Ratio {
        a: Number,
        b: Number,
        to: Floats,
        is_there: Truths,
        on: Mask,
    },

    /// The same for values of any kind, one by one.
    CellArithmetic {
        operator: Operator,
        a: Value,
        b: Value,
        to: Cells,
        on: Mask,
    },
    CellCompare {
        comparison: Comparison,
        a: Value,
        b: Value,
        to: Truths,
        on: Mask,
    },
    CellNegate {
        a: Value,
        to: Cells,
        on: Mask,
    },
    CellMaths {
        function: Maths,
        arguments: [Value; 3],
        to: Cells,
        on: Mask,
    },
    IsUnit {
        a: Cells,
        to: Truths,
    },
    /// Takes a value for a truth.
    AsTruth {
        a: Value,
        to: Truths,
        on: Mask,
    },

    /// Leaves rows to the interpreter.
    Leave {
        on: Mask,
    },
    /// Leaves the rows that lack a value.
    LeaveWithout {
        is_there: Truths,
        on: Mask,
    },
}

/// A translated function.
#[derive(Clone, Debug)]
pub(in crate::scripts) struct Program {
    /// The slots that no step reads, and that must have a value for a row to be asked about.
    pub(super) required: Vec<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) answer: Value,
    pub(super) texts: Vec<ImmutableString>,
    /// How many registers of each kind there are.
    pub(super) floats: usize,
    pub(super) truths: usize,
    pub(super) words: usize,
    pub(super) cells: usize,
}

/// The register of the rows that the function is asked about: those that lack nothing.
pub(super) const ASKED: Truths = Truths(0);
/// The register of the rows that are left to the interpreter.
pub(super) const LEFT: Truths = Truths(1);
/// The register of what went wrong in one step.
pub(super) const WRONG: Truths = Truths(2);
/// How many registers of truths every program has.
pub(super) const OWN_TRUTHS: usize = 3;
