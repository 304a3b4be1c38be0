//! What a trace is made of: conditions, lets, calls and returns, each with its place in the source
//! and what it gave.

use rhai::Dynamic;
use serde::Serialize;

use super::comparison::Comparison;
use super::distance::Distance;
use super::seen::Seen;
use super::wanted::Wanted;
use crate::domain::format::MISSING;

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
    /// What the script wants of a condition.
    #[serde(skip_serializing_if = "Wanted::is_to_hold")]
    pub wanted: Wanted,
    /// Of conditions joined by `&&` or `||`: whether the one that settled them is the only one to say
    /// so, and those after it, which the script skipped, would have said otherwise.
    #[serde(skip)]
    pub is_settled_by_one: bool,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    /// An `if`: the steps of its condition first, then those of its own branch, then those of `else`.
    If {
        #[serde(skip)]
        condition: usize,
        #[serde(skip)]
        branch: usize,
    },
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
    /// A value that the function went on from: it decides nothing.
    Dropped { words: String },
    /// A loop or `switch`, run whole, or a `throw`.
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

impl Step {
    /// Tells whether it is a condition of its own, as coverage counts them.
    pub fn is_condition(&self) -> bool {
        matches!(self.kind, StepKind::Comparison(_) | StepKind::Truth { .. })
    }

    /// Tells whether it joins or negates conditions, or hangs on one.
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.kind, StepKind::All | StepKind::Any | StepKind::Not | StepKind::If { .. })
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
            StepKind::If { .. } => "if".to_owned(),
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
            StepKind::Dropped { words } => format!("{words} is dropped: the function goes on"),
            StepKind::Opaque if self.source.starts_with("throw") => self.source.clone(),
            StepKind::Opaque => format!("{}  (run whole: its conditions are not shown)", self.source),
        }
    }

    /// Says what a comparison needs to come out as it is wanted, and how far it is from that.
    pub fn needs(&self) -> String {
        match (&self.kind, self.wanted, self.distance()) {
            (StepKind::Comparison(comparison), Wanted::ToFail, Some(distance)) => {
                format!("{}: {}", comparison.negated(), distance.words())
            }
            _ => self.words(),
        }
    }

    /// Visits the step and all within it, in order.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Step)) {
        see(self);
        self.steps.iter().for_each(|step| step.visit(see));
    }
}
