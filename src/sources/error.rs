//! Why a source gave no bars, by kind: what may be tried again, and what a person must mend.
//!
//! No text in here ever holds a key: a source writes addresses without their query.

use std::time::Duration;

use crate::domain::Symbol;

/// Why a source gave no bars.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// There was no connection, so that the source heard nothing of the request.
    #[error("{place} could not be reached: {what}")]
    Unreachable { place: String, what: String },
    /// The connection, or the disk, failed before there was a whole answer.
    #[error("{place} could not be read: {what}")]
    Transport { place: String, what: String },
    /// The file that counts the calls of the day cannot be kept. An uncounted call may cost the key's
    /// good standing, so none was made.
    #[error("{place} was not asked, as its calls of today could not be counted in {what}")]
    Uncounted { place: String, what: String },
    /// The source answered with a failure of its own.
    #[error("{place} answered with status {code}: {what}")]
    Status { place: String, code: u16, what: String },
    /// The source asks to be left alone; `wait` where it says for how long.
    #[error("{place} allows no more requests now{}", wait_text(*wait))]
    RateLimited { place: String, wait: Option<Duration> },
    /// The key is missing or wrong, or its plan does not include what was asked for.
    #[error("{place} refuses: {what}")]
    Unauthorised { place: String, what: String },
    /// The source does not know the symbol; `hint` says where it was looked for.
    #[error("{symbol} is not known{}", hint_text(hint))]
    UnknownSymbol { symbol: Symbol, hint: String },
    /// The answer, or the file, is not in the form that was expected. Lines and columns count from 1.
    #[error("{}: {what}", place_text(file, *line, *column))]
    Malformed { file: String, line: Option<u64>, column: Option<u64>, what: String },
    /// The source has what was asked for only later: a session that its plan still holds back.
    #[error("{place} does not have it yet: {what}")]
    NotYet { place: String, what: String },
    /// The source has no such request; `what` says which.
    #[error("{source_name} has no request for {what}")]
    Unsupported { source_name: String, what: &'static str },
}

impl SourceError {
    /// Tells whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            SourceError::Unreachable { .. }
            | SourceError::Transport { .. }
            | SourceError::RateLimited { .. } => true,
            SourceError::Status { code, .. } => *code == 408 || *code >= 500,
            _ => false,
        }
    }

    /// Passes every text that came from outside through `change`: how a source takes its key out
    /// of an answer that echoes it.
    pub(super) fn map_text(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            SourceError::Unreachable { place, what } => {
                SourceError::Unreachable { place, what: change(&what) }
            }
            SourceError::Transport { place, what } => SourceError::Transport { place, what: change(&what) },
            SourceError::Status { place, code, what } => {
                SourceError::Status { place, code, what: change(&what) }
            }
            SourceError::Unauthorised { place, what } => {
                SourceError::Unauthorised { place, what: change(&what) }
            }
            SourceError::NotYet { place, what } => SourceError::NotYet { place, what: change(&what) },
            SourceError::UnknownSymbol { symbol, hint } => {
                SourceError::UnknownSymbol { symbol, hint: change(&hint) }
            }
            SourceError::Malformed { file, line, column, what } => {
                SourceError::Malformed { file, line, column, what: change(&what) }
            }
            same @ (SourceError::Uncounted { .. }
            | SourceError::RateLimited { .. }
            | SourceError::Unsupported { .. }) => same,
        }
    }
}

fn wait_text(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!("; wait {} s", wait.as_secs()))
}

fn hint_text(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

/// Names a place in a file, as far as it is known: `X.csv, line 3, column 2`.
pub(super) fn place_text(file: &str, line: Option<u64>, column: Option<u64>) -> String {
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let column = column.map_or_else(String::new, |column| format!(", column {column}"));
    format!("{file}{line}{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_thing_and_the_next_step() {
        let place = || "api.example".to_owned();
        let symbol = Symbol::new("X").expect("a symbol");
        let cases = [
            (
                SourceError::RateLimited { place: place(), wait: Some(Duration::from_secs(12)) },
                "api.example allows no more requests now; wait 12 s",
            ),
            (
                SourceError::RateLimited { place: place(), wait: None },
                "api.example allows no more requests now",
            ),
            (
                SourceError::UnknownSymbol { symbol, hint: "check its name".into() },
                "X is not known; check its name",
            ),
            (
                SourceError::Malformed {
                    file: "X.csv".into(),
                    line: Some(3),
                    column: Some(2),
                    what: "a text".into(),
                },
                "X.csv, line 3, column 2: a text",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        let status = |code| SourceError::Status { place: String::new(), code, what: String::new() };
        assert!(status(503).is_transient() && status(408).is_transient());
        assert!(!status(404).is_transient());
        let (place, what) = (String::new(), String::new());
        assert!(SourceError::Unreachable { place: place.clone(), what: what.clone() }.is_transient());
        assert!(!SourceError::Uncounted { place, what }.is_transient());
        assert!(!SourceError::Unauthorised { place: String::new(), what: String::new() }.is_transient());
    }
}
