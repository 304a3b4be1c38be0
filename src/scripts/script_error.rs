//! What a script did wrong while it ran, told with its place.

use rhai::EvalAltResult;
use rhai::Position;

use super::engine::MAX_CALL_LEVELS;
use super::engine::MAX_OPERATIONS;
use super::function::Function;
use super::load_error::plain;

/// A run-time failure of one function of one script.
///
/// The caller knows the symbol and the values of the row, and adds them. `line` and `column`
/// are 1-based, in the script's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}:{line}:{column}: in `{function}`: {message}")]
pub struct ScriptError {
    pub script: String,
    pub path: String,
    pub function: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl ScriptError {
    /// Makes an error about the function as a whole.
    pub(super) fn of(function: &Function, message: impl Into<String>) -> Self {
        Self {
            script: function.script().to_owned(),
            path: function.path().to_owned(),
            function: function.name().to_owned(),
            line: function.line(),
            column: function.column(),
            message: plain(&message.into()),
        }
    }

    /// Tells whether a call ended for having used too many operations.
    pub(super) fn is_endless(error: &EvalAltResult) -> bool {
        match error {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => Self::is_endless(inner),
            EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorTerminated(..) => true,
            _ => false,
        }
    }

    /// Makes an error from what Rhai tells, placed where it went wrong: inside a helper
    /// function, that is the helper's line.
    pub(super) fn from_rhai(function: &Function, error: EvalAltResult) -> Self {
        let mut error = error;
        let mut helper = None;
        while let EvalAltResult::ErrorInFunctionCall(name, _, inner, _) = error {
            helper = Some(name);
            error = *inner;
        }
        let position = error.take_position();
        let mut told = Self::of(function, message(error));
        if let Some(name) = helper {
            told.function = name;
        }
        if let Some(line) = position.line() {
            told.line = line;
            told.column = position.position().unwrap_or(1);
        }
        told
    }
}

fn message(error: EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorTerminated(..) => {
            format!("more than {MAX_OPERATIONS} operations on one row; look for a loop that never ends")
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            format!("calls nested deeper than {MAX_CALL_LEVELS}; look for a function that calls itself")
        }
        EvalAltResult::ErrorRuntime(value, _) if value.is_unit() => "the script threw an error".to_owned(),
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        mut other => {
            // The place is told by the error that this text goes into.
            other.set_position(Position::NONE);
            other.to_string()
        }
    }
}
