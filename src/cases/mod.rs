//! The scripts' own test cases: rows and bars with what the script must make of them.
//!
//! Cases lie beside their script, in `NAME.test.toml`. Each states what it expects of one row (a
//! feature that it does not name is missing) or of a series of bars on a date, and is asked of the
//! script by the one interpreter that decides. A failure comes with the trace of what the script
//! did; all traces together tell which conditions the cases have seen hold and fail.
//!
//! Nothing here reads a file: texts come in, results go out.

mod ask;
mod bars;
mod coverage;
mod file;
mod read;
mod run;

#[cfg(test)]
mod tests;

pub use coverage::{Coverage, Covered};
pub use file::{Answer, CaseFile, CaseFileError};
pub use run::{CaseResult, Failure, ScriptResult, run};
