//! What a trace is made of: conditions, lets, calls and returns, each with its place in the source
//! and what it gave.

use rhai::Dynamic;
use serde::Serialize;

use super::super::constants::as_number;
use super::distance::Distance;
use crate::domain::format::{MISSING, fixed, price};

/// One thing that a script did, or did not come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub kind: StepKind,
    /// Where it begins, 1-based.
    pub line: usize,
    pub column: usize,
    /// The text as written, on one line.
    pub source: String,
    pub state: State,
    /// What it gave; of a `return` that was not reached, the literal that it would have given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Seen>,
    /// What happened within it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Of conditions joined by `&&`, where one failed: whether all those after it, which the script
    /// skipped, would have held.
    #[serde(skip)]
    pub(super) rest_holds: Option<bool>,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    /// An `if`: its condition first, then what ran of its branches.
    If,
    /// Conditions joined by `&&`.
    All,
    /// Conditions joined by `||`.
    Any,
    /// A negated condition.
    Not,
    /// Two values compared.
    Comparison(Comparison),
    /// A value that is true or false by itself: a variable, or a built-in function's answer.
    Truth { words: String },
    /// A variable given its value.
    Let { name: String },
    /// A helper function of the script, its own steps within.
    Call { function: String },
    /// The `return` that was taken.
    Return,
    /// The last expression, whose value the function gives.
    Value { words: String },
    /// A loop, `switch` or assignment, run whole.
    Opaque,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Passed,
    Failed,
    /// Skipped: `&&` or `||` was settled before it, or another branch or `return` was taken.
    NotReached,
    /// No condition; it ran.
    Done,
    /// The script failed here.
    Erred,
}

/// A comparison with both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// As written: `>=`.
    pub operator: String,
    pub left: Side,
    pub right: Side,
    /// How far a comparison of numbers is from what is wanted of it: from holding, or under a `!` and
    /// in a guard that leaves without a signal, from failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// For people: names without `row.`, each with the value that it had.
    pub words: String,
    /// What it came to; `None` where it was not reached.
    pub value: Option<Seen>,
    /// The words are more than one name or number, so that the value is not among them.
    #[serde(skip)]
    pub is_compound: bool,
}

/// A value as a script saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Seen {
    /// `()`: no signal, hold, or a feature that is missing.
    Nothing(()),
    Truth(bool),
    Whole(i64),
    Number(f64),
    /// Text, or whatever else in Rhai's own writing.
    Text(String),
}

impl Seen {
    pub(super) fn of(value: &Dynamic) -> Self {
        if value.is_unit() {
            return Seen::Nothing(());
        }
        if let Ok(truth) = value.as_bool() {
            return Seen::Truth(truth);
        }
        if let Ok(whole) = value.as_int() {
            return Seen::Whole(whole);
        }
        match as_number(value) {
            // JSON has no other numbers.
            Some(number) if number.is_finite() => Seen::Number(number),
            _ => Seen::Text(value.to_string()),
        }
    }

    /// Returns the number that it is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Seen::Whole(whole) => Some(*whole as f64),
            Seen::Number(number) => Some(*number),
            Seen::Nothing(()) | Seen::Truth(_) | Seen::Text(_) => None,
        }
    }

    /// Returns the value as people read it.
    pub fn words(&self) -> String {
        match self {
            Seen::Nothing(()) => "missing".to_owned(),
            Seen::Truth(truth) => truth.to_string(),
            Seen::Whole(whole) => fixed(*whole as f64, 0),
            Seen::Number(number) => price(*number),
            Seen::Text(text) => format!("{text:?}"),
        }
    }

    /// Returns the value with all its digits, for two that look alike.
    fn exactly(&self) -> String {
        match self {
            Seen::Number(number) => number.to_string(),
            other => other.words(),
        }
    }
}

impl Comparison {
    /// Says the comparison with its values: `close 187.20 ≥ highest_close_20d 187.47 × 1.005 =
    /// 188.41`.
    pub fn words(&self) -> String {
        let (left, right) = (self.left.worded(), self.right.worded());
        let shown = |side: &Side| side.value.as_ref().map(Seen::words);
        let look_alike = self.left.value != self.right.value && shown(&self.left) == shown(&self.right);
        match (&self.left.value, &self.right.value) {
            // Rounded, 187.2049 and 187.2051 would seem to be the same.
            (Some(a), Some(b)) if look_alike && a.number().is_some() => {
                format!("{left} {} {right} ({} and {})", symbol(&self.operator), a.exactly(), b.exactly())
            }
            _ => format!("{left} {} {right}", symbol(&self.operator)),
        }
    }
}

impl Side {
    fn worded(&self) -> String {
        match &self.value {
            Some(value) if self.is_compound => format!("{} = {}", self.words, value.words()),
            _ => self.words.clone(),
        }
    }
}

impl Step {
    /// Tells whether it is a condition of its own, as coverage counts them.
    pub fn is_condition(&self) -> bool {
        matches!(self.kind, StepKind::Comparison(_) | StepKind::Truth { .. })
    }

    /// Tells whether it joins or negates conditions, or hangs on one.
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.kind, StepKind::All | StepKind::Any | StepKind::Not | StepKind::If)
    }

    /// Marks a condition by its truth.
    pub(super) fn settle(&mut self, value: &Dynamic) {
        self.state = match value.as_bool() {
            Ok(true) => State::Passed,
            Ok(false) => State::Failed,
            Err(_) => State::Done,
        };
        self.value = Some(Seen::of(value));
    }

    /// Returns how far a comparison of numbers is from what is wanted of it.
    pub fn distance(&self) -> Option<&Distance> {
        match &self.kind {
            StepKind::Comparison(comparison) => comparison.distance.as_ref(),
            _ => None,
        }
    }

    /// Says the step in one line, without its mark.
    pub fn words(&self) -> String {
        let value = || self.value.as_ref().map_or_else(|| MISSING.to_owned(), Seen::words);
        match &self.kind {
            StepKind::If => "if".to_owned(),
            StepKind::All => "all of".to_owned(),
            StepKind::Any => "any of".to_owned(),
            StepKind::Not => "not".to_owned(),
            StepKind::Comparison(comparison) => match &comparison.distance {
                Some(distance) => format!("{}: {}", comparison.words(), distance.words()),
                None => comparison.words(),
            },
            StepKind::Truth { words } => match &self.value {
                Some(value) => format!("{words} is {}", value.words()),
                None => words.clone(),
            },
            StepKind::Let { name } => format!("{name} = {}", value()),
            StepKind::Call { .. } => self.source.clone(),
            StepKind::Return => match &self.value {
                None if self.state == State::NotReached => self.source.clone(),
                Some(Seen::Nothing(())) | None => "return".to_owned(),
                Some(value) => format!("return {}", value.words()),
            },
            StepKind::Value { words } => match &self.value {
                // `close 187.20` says its value already.
                Some(given) if words.ends_with(&given.words()) => words.clone(),
                Some(Seen::Nothing(())) => words.clone(),
                Some(given) => format!("{words} = {}", given.words()),
                None => words.clone(),
            },
            StepKind::Opaque => self.source.clone(),
        }
    }

    /// Tells whether the conditions after the one that failed would have held.
    pub fn rest_holds(&self) -> bool {
        self.rest_holds == Some(true)
    }

    /// Visits the step and all within it, in order.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Step)) {
        see(self);
        self.steps.iter().for_each(|step| step.visit(see));
    }
}

/// Returns an operator as people write it.
pub(super) fn symbol(operator: &str) -> &str {
    match operator {
        ">=" => "≥",
        "<=" => "≤",
        "!=" => "≠",
        "*" => "×",
        "-" => "−",
        other => other,
    }
}
