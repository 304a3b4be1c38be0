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

/// The longest message or help: what is quoted from a script may be a page.
const MAX_LENGTH: usize = 240;

/// Returns a text that comes from a script as one that may be shown: on one line, not too long,
/// and without what would move a cursor or turn the reading direction.
pub(super) fn plain(text: &str) -> String {
    let is_hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MAX_LENGTH {
            shown.push('…');
            break;
        }
        if c.is_control() || is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The most findings of one script: nobody reads more, and a text made of faults has thousands.
const MAX_FINDINGS: usize = 100;

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
        if self.is_full() {
            return;
        }
        let error = LoadError {
            script: self.script.to_owned(),
            path: self.path.to_owned(),
            line: position.line(),
            column: position.line().map(|_| position.position().unwrap_or(1)),
            code,
            message: plain(&message.into()),
            help: plain(&help.into()),
        };
        // A helper that is called from two entry points is walked twice.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Tells whether further findings would not be kept.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= MAX_FINDINGS
    }

    pub fn len(&self) -> usize {
        self.errors.len()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_says_stays_on_its_line() {
        assert_eq!(plain("a\n\u{1b}[2J\u{202e}b\u{7}é"), "a\\n\\u{1b}[2J\\u{202e}b\\u{7}é");
        assert_eq!(plain(&"x".repeat(5_000)).chars().count(), MAX_LENGTH + 1);
    }

    #[test]
    fn findings_are_as_many_as_one_reads() {
        let mut findings = Findings::new("probe", "strategies/probe.rhai");
        for line in 1..10_000 {
            findings.add(Position::new(line, 1), "syntax", "a fault", "mend it");
        }
        assert_eq!(findings.into_errors().len(), MAX_FINDINGS);
    }
}
