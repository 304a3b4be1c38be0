//! `ts completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Cli;
use super::exit::Outcome;
use super::output;

/// Prints the script.
pub(super) fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "ts", &mut script);
    output::write(&String::from_utf8(script)?, None)?;
    Ok(Outcome::Done)
}
