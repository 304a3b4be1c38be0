//! What the command line accepts: the commands and what stands before any of them.
//!
//! Each command's own arguments stand in its file. The help texts are the manual.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::backtest::BacktestArgs;
use super::cache::CacheAction;
use super::config::ConfigAction;
use super::diff_scripts::DiffScriptsArgs;
use super::explain::ExplainArgs;
use super::features::FeaturesArgs;
use super::fetch_data::FetchDataArgs;
use super::init::InitArgs;
use super::journal::JournalAction;
use super::new_strategy::NewStrategyArgs;
use super::portfolio::PortfolioAction;
use super::replay::ReplayArgs;
use super::run::RunArgs;
use super::run_scheduler::RunSchedulerArgs;
use super::schedule::ScheduleArgs;
use super::send_test_email::SendTestEmailArgs;
use super::signals::SignalsArgs;
use super::status::StatusArgs;
use super::test_scripts::TestScriptsArgs;
use super::validate_scripts::ValidateArgs;
use super::verify::VerifyArgs;

/// Turns trading rules that a person can read into one clear email a day.
#[derive(Debug, Parser)]
#[command(name = "ts", version, propagate_version = true, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that stand before or after the subcommand.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The settings file; `ts.toml` in the working folder where it exists
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How logs on stderr are written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Pretends that it is this instant (RFC 3339), to repeat a run
    #[arg(long, global = true, hide = true, overrides_with = "now", value_name = "INSTANT")]
    pub now: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Decides the session and shows what the mail would say
    #[command(alias = "run-signals-now")]
    Run(RunArgs),
    /// Tells why a symbol did or did not signal: each condition with its values and its distance
    Explain(ExplainArgs),
    /// Lists every raw signal over a span of sessions, before filters and ranking
    Signals(SignalsArgs),
    /// Trades the scripts over history, with a portfolio, fills at the next open and costs
    Backtest(BacktestArgs),
    /// Decides each session of a span again from bars that end with it: exits with 1 where it differs from the backtest
    Verify(VerifyArgs),
    /// Shows what two versions of the scripts say differently over a span of sessions
    DiffScripts(DiffScriptsArgs),
    /// Runs the scripts' own test cases, and tells which conditions they have seen
    TestScripts(TestScriptsArgs),
    /// Shows the feature values that a script would see
    Features(FeaturesArgs),
    /// Checks strategies and scorers: exits with 1 where something is found
    ValidateScripts(ValidateArgs),
    /// Fetches bars into the cache, shows what came, and exports it on request
    FetchData(FetchDataArgs),
    /// Lists, verifies or clears the cache of fetched bars
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Runs the jobs of the schedule until it is told to stop
    #[command(alias = "daemon")]
    RunScheduler(RunSchedulerArgs),
    /// Shows when each job will run next, and which session it will decide
    Schedule(ScheduleArgs),
    /// Shows last and next runs, the outbox and the age of the data: exits with 1 where one of them asks for a look
    Status(StatusArgs),
    /// Tells what you bought and sold, and shows what you hold
    Portfolio {
        #[command(subcommand)]
        action: PortfolioAction,
    },
    /// Shows what was decided and sent, or backs the journal up
    Journal {
        #[command(subcommand)]
        action: JournalAction,
    },
    /// Prints what a past run said, or decides it again from what was stored and compares
    Replay(ReplayArgs),
    /// Sends a test mail and tells each step of it, to prove the mail's settings
    SendTestEmail(SendTestEmailArgs),
    /// Shows or checks the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Writes settings, strategies, scorers and templates into the folder, for editing
    Init(InitArgs),
    /// Writes a new strategy that works, with its test cases, for editing
    NewStrategy(NewStrategyArgs),
    /// Prints a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}
