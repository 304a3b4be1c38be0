//! The command line: arguments in, text and an exit code out.
//!
//! What a person asked for goes to stdout, logs and remarks to stderr. Exit codes are chosen
//! in one place, `exit`.

mod args;
mod backtest;
mod backtest_grid;
mod cache;
mod catalogue;
mod choices;
mod completions;
mod config;
mod diff_scripts;
mod exit;
mod explain;
mod features;
mod fetch_data;
mod init;
mod journal;
mod logging;
mod new_strategy;
mod outbox;
mod output;
mod portfolio;
mod preview;
mod progress;
mod record;
mod replay;
mod run;
mod run_scheduler;
mod schedule;
mod send_test_email;
mod sending;
mod signals;
mod start;
mod status;
mod table;
mod test_scripts;
mod validate_scripts;
mod verify;
mod walk;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use start::Interrupt;

/// Runs the program: reads the command line, does what it asks, returns the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    exit::code(dispatch(cli))
}

fn dispatch(cli: Cli) -> anyhow::Result<exit::Outcome> {
    match cli.command {
        Command::Completions { shell } => completions::completions(shell),
        Command::Init(args) => init::init(&args),
        Command::NewStrategy(args) => new_strategy::new_strategy(&cli.global, &args),
        Command::ValidateScripts(args) => validate_scripts::validate_scripts(&cli.global, &args),
        Command::FetchData(args) => {
            start::wait(Interrupt::Breaks, fetch_data::fetch_data(&cli.global, &args))
        }
        Command::Cache { action } => cache::cache(&cli.global, &action),
        Command::TestScripts(args) => test_scripts::test_scripts(&cli.global, &args),
        Command::Portfolio { action } => portfolio::portfolio(&cli.global, &action),
        Command::Journal { action } => journal::journal(&cli.global, &action),
        Command::Replay(args) => replay::replay(&cli.global, &args),
        Command::SendTestEmail(args) => {
            start::wait(Interrupt::Breaks, send_test_email::send_test_email(&cli.global, &args))
        }
        Command::Config { action } => config::config(&cli.global, &action),
        Command::Run(args) if args.watch => start::wait(Interrupt::Ends, run::run(&cli.global, &args)),
        Command::Run(args) => start::wait(Interrupt::Breaks, run::run(&cli.global, &args)),
        Command::RunScheduler(args) => {
            start::wait(Interrupt::IsHandled, run_scheduler::run_scheduler(&cli.global, &args))
        }
        Command::Schedule(args) => schedule::schedule(&cli.global, &args),
        Command::Status(args) => status::status(&cli.global, &args),
        Command::Explain(args) => start::wait(Interrupt::Breaks, explain::explain(&cli.global, &args)),
        Command::Backtest(args) => start::wait(Interrupt::IsHandled, backtest::backtest(&cli.global, &args)),
        Command::Verify(args) => start::wait(Interrupt::IsHandled, verify::verify(&cli.global, &args)),
        Command::Signals(args) => start::wait(Interrupt::Breaks, signals::signals(&cli.global, &args)),
        Command::DiffScripts(args) => {
            start::wait(Interrupt::Breaks, diff_scripts::diff_scripts(&cli.global, &args))
        }
        Command::Features(args) => start::wait(Interrupt::Breaks, features::features(&cli.global, &args)),
    }
}
