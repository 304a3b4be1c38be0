//! Two values compared: what stood on each side, and how far the one is from the other.

use serde::Serialize;

use super::distance::Distance;
use super::seen::Seen;

/// A comparison with both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// `>=`, as it reads with what moves on the left: `100.0 <= row.close` is told as `close ≥ 100`.
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
    #[serde(skip)]
    pub form: Form,
}

/// What the words of one side are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// One name or number, with its value.
    #[default]
    Plain,
    /// More than that, so that the value is not among them.
    Compound,
    /// A condition that is compared with another.
    Truth,
}

impl Comparison {
    /// Says the comparison with its values: `close 187.20 ≥ highest_close_20d 187.47 × 1.005 =
    /// 188.41`.
    pub fn words(&self) -> String {
        self.joined_by(&self.operator)
    }

    /// Says the comparison that holds where this one fails.
    pub fn negated(&self) -> String {
        self.joined_by(negated(&self.operator))
    }

    fn joined_by(&self, operator: &str) -> String {
        let (left, right) = (self.left.worded(), self.right.worded());
        let shown = |side: &Side| side.value.as_ref().map(Seen::words);
        let look_alike = self.left.value != self.right.value && shown(&self.left) == shown(&self.right);
        match (&self.left.value, &self.right.value) {
            // Rounded, 187.2049 and 187.2051 would seem to be the same.
            (Some(a), Some(b)) if look_alike && a.number().is_some() => {
                format!("{left} {} {right} ({} and {})", symbol(operator), a.exactly(), b.exactly())
            }
            _ => format!("{left} {} {right}", symbol(operator)),
        }
    }
}

impl Side {
    fn worded(&self) -> String {
        match (self.form, &self.value) {
            (Form::Compound, Some(value)) => format!("{} = {}", self.words, value.words()),
            (Form::Truth, Some(value)) => format!("({} is {})", self.words, value.words()),
            (Form::Truth, None) => format!("({})", self.words),
            _ => self.words.clone(),
        }
    }
}

/// Returns the operator that holds where this one fails.
pub(super) fn negated(operator: &str) -> &str {
    match operator {
        ">" => "<=",
        ">=" => "<",
        "<" => ">=",
        "<=" => ">",
        "==" => "!=",
        "!=" => "==",
        other => other,
    }
}

/// Returns the operator that says the same with its sides exchanged.
pub(super) fn turned(operator: &str) -> &str {
    match operator {
        ">" => "<",
        ">=" => "<=",
        "<" => ">",
        "<=" => ">=",
        other => other,
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
