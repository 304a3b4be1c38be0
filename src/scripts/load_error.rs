//! Why a script was not loaded, with the place in its text and what to do.

use std::fmt;

use rhai::Position;

use crate::domain::Problem;
use crate::domain::ProblemKind;

/// One finding that keeps a script from being loaded.
///
/// `line` and `column` are 1-based; both are `None` where the finding is about the whole file.
/// Ordered by script, then by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadError {
    pub script: String,
    pub path: String,
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// Stable word for programs and for silencing, like `unknown_feature`.
    pub code: &'static str,
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl LoadError {
    /// Returns the finding as a problem of the run.
    pub fn to_problem(&self) -> Problem {
        Problem::new(&self.script, ProblemKind::ScriptLoad, self.to_string())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}; {}", self.message, self.help)
    }
}

/// Collects the findings of one script.
pub(super) struct Findings<'a> {
    script: &'a str,
    path: &'a str,
    errors: Vec<LoadError>,
}

impl<'a> Findings<'a> {
    pub fn new(script: &'a str, path: &'a str) -> Self {
        Self { script, path, errors: Vec::new() }
    }

    /// Adds a finding; [`Position::NONE`] is the whole file.
    pub fn add(
        &mut self,
        position: Position,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let error = LoadError {
            script: self.script.to_owned(),
            path: self.path.to_owned(),
            line: position.line(),
            column: position.line().map(|_| position.position().unwrap_or(1)),
            code,
            message: message.into(),
            help: help.into(),
        };
        // A helper that is called from two entry points is walked twice.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns the findings in the order of the text.
    pub fn into_errors(mut self) -> Vec<LoadError> {
        self.errors.sort();
        self.errors
    }
}
