//! What went wrong without stopping the run: told to the reader, costing only its own
//! symbol or script.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// The kind of a problem, stable in JSON for programs that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The source has no bars for the symbol, or failed to give them.
    NoBars,
    /// What a source says of the bars that it gave: clipped, stitched, or one short.
    Source,
    /// An entry of the cache is corrupt, half-written or of a newer program.
    Cache,
    /// The journal was corrupt and is set aside, or could not be used.
    Journal,
    /// A bar failed a check and was dropped.
    BadBar,
    /// The symbol has no bar on the session being decided.
    Stale,
    /// Sessions are missing between two bars.
    Gap,
    /// A close moved like an unadjusted split.
    Suspect,
    /// A feature that a script requires has too few bars.
    NotReady,
    /// A script could not be loaded.
    ScriptLoad,
    /// A script erred while it ran, or gave a value of the wrong type.
    ScriptRun,
    /// A triggered signal could not be scored.
    Score,
    /// A signal's stop is at or under zero, or at the entry.
    Stop,
    /// An order that was decided did not fill.
    NotFilled,
    /// A held position has no rule, no bar, or a rule that could not run.
    Position,
    /// A past recommendation cannot be followed further.
    Outcome,
    /// The benchmark has no bar on the session being decided.
    Benchmark,
    /// A setting asks for something that cannot be had.
    Settings,
    /// An asset class was left out of the run.
    Skipped,
}

/// One problem of a run.
///
/// `symbol` is the symbol, script or file that the problem is about, empty for the run as
/// a whole. Ordered by it, so that a list of problems does not depend on the order in which
/// they were found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    pub symbol: String,
    pub kind: ProblemKind,
    pub message: String,
}

impl Problem {
    /// Makes a problem about `subject`: a symbol, a script, a file or the run (empty).
    pub fn new(subject: impl fmt::Display, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { symbol: subject.to_string(), kind, message: message.into() }
    }
}

/// Tells whether a script did not load, or failed while it ran.
pub fn has_failed_script(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| matches!(problem.kind, ProblemKind::ScriptLoad | ProblemKind::ScriptRun))
}

/// Gathers the symbols that share a message, by the first of them.
pub fn said_once<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut by_text: Vec<(&str, Vec<&str>)> = Vec::new();
    for problem in problems {
        match by_text.iter_mut().find(|(text, _)| *text == problem.message) {
            Some((_, subjects)) => subjects.push(&problem.symbol),
            None => by_text.push((&problem.message, vec![&problem.symbol])),
        }
    }
    by_text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.symbol.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.symbol, self.message)
    }
}
