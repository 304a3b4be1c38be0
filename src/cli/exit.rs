//! The exit codes: 0 done, 1 failed or findings, 2 usage, 78 configuration.

use std::io::ErrorKind;
use std::process::ExitCode;

use crate::app::Refusal;
use crate::journal::JournalError;
use crate::settings::SettingsError;

use super::output;

/// How a command that ran to its end turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Something was found that the exit code must show.
    Findings,
    /// Settings are incomplete.
    Incomplete,
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// `EX_CONFIG` of sysexits.
const CONFIGURATION: u8 = 78;

/// Prints an error with its causes and returns the code that the command ends with.
pub(super) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    let error = match result {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::Findings) => return ExitCode::from(FAILED),
        Ok(Outcome::Incomplete) => return ExitCode::from(CONFIGURATION),
        Err(error) => error,
    };
    // A reader that closed the pipe has what it wanted.
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return ExitCode::SUCCESS;
    }
    output::remark(format_args!("error: {error:#}"));
    let of_refusal = error.downcast_ref::<Refusal>().map(|refusal| match refusal {
        Refusal::Usage(_) => USAGE,
        Refusal::Configuration(_) => CONFIGURATION,
    });
    let of_settings = error.downcast_ref::<SettingsError>().map(|_| CONFIGURATION);
    let of_journal = error.downcast_ref::<JournalError>().map(|error| match error {
        JournalError::Newer { .. } | JournalError::Foreign { .. } | JournalError::Folder { .. } => {
            CONFIGURATION
        }
        JournalError::Refused(_) => USAGE,
        _ => FAILED,
    });
    ExitCode::from(of_refusal.or(of_settings).or(of_journal).unwrap_or(FAILED))
}
