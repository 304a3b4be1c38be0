//! `ts backtest`: the scripts over history, with a portfolio.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::app;
use crate::app::{BacktestRequest, Charged};
use crate::domain::has_failed_script;
use crate::scripts::Engine;
use crate::settings::FillTime;

use super::args::Global;
use super::backtest_grid::{GridArgs, HoldoutArgs};
use super::choices::ReportFormat;
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::walk;
use super::walk::HistoryArgs;

/// As many charts as a person looks through.
const CHARTS: usize = 12;

#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    #[command(flatten)]
    pub history: HistoryArgs,
    #[command(flatten)]
    pub grid: GridArgs,
    #[command(flatten)]
    pub holdout: HoldoutArgs,
    /// When orders fill, instead of the settings' own
    #[arg(long, value_enum)]
    pub fill: Option<FillChoice>,
    /// Trades without fees and slippage
    #[arg(long)]
    pub no_costs: bool,
    /// By what the scripts are evaluated: columns, interpreter, or verify, which is both compared row by row
    #[arg(long, value_name = "ENGINE", default_value_t = Engine::default())]
    pub engine: Engine,
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// How many symbols' trades the page draws on their prices, those that moved the account most first
    #[arg(long, value_name = "N", default_value_t = CHARTS)]
    pub charts: usize,
    /// Writes the report to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exits with 1 where the report has any problem
    #[arg(long)]
    pub strict: bool,
}

/// When an order fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FillChoice {
    /// At the open of the next bar
    NextOpen,
    /// At the close of the next bar
    NextClose,
}

impl From<FillChoice> for FillTime {
    fn from(choice: FillChoice) -> Self {
        match choice {
            FillChoice::NextOpen => FillTime::NextOpen,
            FillChoice::NextClose => FillTime::NextClose,
        }
    }
}

/// Walks the span and prints what came of it. An interruption ends the walk, and says how far it came. A span without
/// a session to decide is a finding.
pub(super) async fn backtest(global: &Global, args: &BacktestArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let request = BacktestRequest {
        grid: args.grid.grid()?,
        walk_forward: args.grid.walk_forward,
        holdout: args.holdout.request(),
        fill: args.fill.map(Into::into),
        costs: if args.no_costs { Charged::Nothing } else { Charged::AsSet },
        engine: args.engine,
        charts: if args.format == ReportFormat::Html { args.charts } else { 0 },
        ..args.history.request()?
    };
    let progress = Arc::new(Progress::start());
    let inputs = walk::load(&app, &request, &progress).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let counts_combinations = request.walk_forward.is_some() || request.grid.len() > 1;
    let mut outcome = if counts_combinations {
        let run = app::run_backtest(inputs, Arc::clone(&stop), walk::combinations(&progress));
        walk::to_its_end(&stop, run).await?
    } else {
        let run = app::run_backtest(inputs, Arc::clone(&stop), walk::sessions(&progress));
        walk::to_its_end(&stop, run).await?
    };
    drop(progress);
    if let Some(how_far) = outcome.stopped() {
        bail!("{how_far}; nothing was written");
    }
    app::note_looks(&app, &mut outcome)?;
    let report = &outcome.report;
    let mut problems = report.problems.clone();
    let text = match args.format {
        ReportFormat::Text => report.text(),
        ReportFormat::Json => report.json()?,
        ReportFormat::Html => {
            let (page, of_templates) = outcome.html()?;
            problems.extend(of_templates);
            page
        }
    };
    output::Remarks { notes: &report.notes, problems: &problems, demo: report.demo }.write();
    output::write(&text, args.output.as_deref())?;
    if let Some(how_far) = outcome.interrupted {
        bail!("{how_far}; the report is of these");
    }
    let is_nothing_decided = report.result.days.is_empty();
    let has_failed = has_failed_script(&report.problems) || (args.strict && !problems.is_empty());
    Ok(if is_nothing_decided || has_failed { Outcome::Findings } else { Outcome::Done })
}
