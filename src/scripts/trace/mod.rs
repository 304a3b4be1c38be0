//! What one function of a script did on one row: a tree of its conditions as written, with the
//! values that each saw.
//!
//! A trace never speaks for the interpreter without having asked it. The interpreter's own answer
//! is the outcome, and a walk that comes to another one is refused as [`Unexplained`]: no
//! explanation is better than one of something that did not happen.

mod ask;
mod comparison;
mod conditions;
mod distance;
mod express;
mod follow;
mod measure;
mod nature;
mod outline;
mod seen;
mod source;
mod step;
mod tree;
mod variables;
mod wanted;
mod words;

#[cfg(test)]
mod tests;

use rhai::Dynamic;

pub use comparison::{Comparison, Form, Side};
pub(super) use conditions::conditions;
pub use conditions::{Condition, Conditions};
pub use distance::{Distance, Lacking};
pub use measure::Measure;
pub use seen::Seen;
pub use step::{State, Step, StepKind};
pub use tree::tree;
pub use wanted::Wanted;

use super::answer::Answer;
use super::budget::Budget;
use super::engine::pool;
use super::evaluate::Argument;
use super::evaluate::Call;
use super::evaluate::Verdicts;
use super::row::Row;
use super::script_error::ScriptError;
use super::view::Rows;
use crate::features::Feature;
use follow::Follow;
use follow::Stop;
use source::Source;

/// What one function did on one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub function: String,
    /// Where the function stands, 1-based.
    pub line: usize,
    pub column: usize,
    /// Empty where the function was not called.
    pub steps: Vec<Step>,
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// What the function gave.
    Gave(Seen),
    /// The row lacks features that the function requires, so it was not called.
    NotReady(Vec<Feature>),
    /// The function failed, or gave what it may not.
    Failed(ScriptError),
}

/// A call whose steps could not be told with certainty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{function}` of {script} cannot be explained: {why}")]
pub struct Unexplained {
    pub script: String,
    pub function: String,
    pub why: String,
}

impl Trace {
    /// Visits every step, in order.
    pub fn visit<'a>(&'a self, mut see: impl FnMut(&'a Step)) {
        self.steps.iter().for_each(|step| step.visit(&mut see));
    }
}

/// Traces a function that is called with the row alone.
pub(super) fn of_row(
    call: &Call<'_>,
    rows: &Rows,
    row: u32,
    read: impl Fn(Answer) -> Result<(), String> + Sync,
) -> Result<Trace, Unexplained> {
    let budget = &mut Budget::for_positions(1);
    let answer = call.rows(rows, &[row], budget, |answer| Ok((answer.clone().into_dynamic(), read(answer))));
    trace(call, rows, row, answer, None)
}

/// Traces a function that is called with the row and a position or signal.
pub(super) fn of_row_with<A: Argument>(
    call: &Call<'_>,
    rows: &Rows,
    row: u32,
    argument: A,
    read: impl Fn(Answer) -> Result<(), String> + Sync,
) -> Result<Trace, Unexplained> {
    let budget = &mut Budget::for_positions(1);
    let answer = call.rows_with(rows, &[row], std::slice::from_ref(&argument), budget, |answer| {
        Ok((answer.clone().into_dynamic(), read(answer)))
    });
    trace(call, rows, row, answer, Some(Dynamic::from(argument)))
}

/// Walks what the interpreter has answered already.
fn trace(
    call: &Call<'_>,
    rows: &Rows,
    row: u32,
    answer: Verdicts<(Dynamic, Result<(), String>)>,
    argument: Option<Dynamic>,
) -> Result<Trace, Unexplained> {
    let function = call.function;
    let unexplained = |why: String| Unexplained {
        script: function.script().to_owned(),
        function: function.name().to_owned(),
        why,
    };
    let mut trace = Trace {
        function: function.name().to_owned(),
        line: function.line(),
        column: function.column(),
        steps: Vec::new(),
        outcome: Outcome::Gave(Seen::Nothing(())),
    };
    let failed = answer.errors.into_iter().next().map(|failed| failed.error);
    let given = answer.values.into_iter().next().flatten();
    if given.is_none() && failed.is_none() {
        let missing = function.missing(rows, row).into_iter().cloned().collect();
        trace.outcome = Outcome::NotReady(missing);
        return Ok(trace);
    }
    let arity = 1 + usize::from(argument.is_some());
    let Some(body) = call.script.program.function(function.name(), arity) else {
        return Err(unexplained("its text is not at hand".to_owned()));
    };
    let mut arguments = vec![Dynamic::from(Row { view: rows.view.clone(), index: row })];
    arguments.extend(argument);
    let (walked, steps) = pool().install(|| {
        let source = Source::new(&call.script.text);
        let mut steps = Vec::new();
        let walked = Follow::new(&call.host.interpreter, call.script, &source).function(
            body,
            arguments,
            Vec::new(),
            &mut steps,
        );
        (walked, steps)
    });
    trace.steps = steps;
    match (given, failed, walked) {
        (_, _, Err(Stop::TooLong)) => return Err(unexplained("it has too many steps to show".to_owned())),
        (Some((value, read)), _, Ok(walked)) if is_same(&value, &walked) => {
            trace.outcome = match read {
                Ok(()) => Outcome::Gave(Seen::of(&value)),
                Err(message) => Outcome::Failed(ScriptError::of(function, message)),
            };
        }
        (None, Some(error), Err(Stop::Error(_))) => trace.outcome = Outcome::Failed(error),
        // The walk spends less than the interpreter: a limit may end the one and not the other.
        (None, Some(error), _) => {
            trace.steps.clear();
            trace.outcome = Outcome::Failed(error);
        }
        (Some((value, _)), _, walked) => {
            let told = match walked {
                Ok(walked) => format!("its steps come to {walked}, but it gave {value}"),
                Err(Stop::Error(error)) => format!("its steps fail ({error}), but it gave {value}"),
                Err(_) => format!("its steps do not end, but it gave {value}"),
            };
            return Err(unexplained(told));
        }
        (None, None, _) => return Err(unexplained("it was not called".to_owned())),
    }
    Ok(trace)
}

/// Tells whether two values are the same to the last bit.
fn is_same(a: &Dynamic, b: &Dynamic) -> bool {
    match (a.as_float(), b.as_float()) {
        (Ok(a), Ok(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Err(_), Err(_)) => a.type_name() == b.type_name() && a.to_string() == b.to_string(),
        _ => false,
    }
}
