//! `ts backtest`: the scripts over history, with a portfolio.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;

use crate::app;
use crate::app::{BacktestRequest, Charged, Span};

use super::args::{BacktestArgs, Global, TextFormat};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::walk;

/// Walks the span and prints what came of it. An interruption ends the walk, and says how far it came.
pub(super) async fn backtest(global: &Global, args: &BacktestArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let request = BacktestRequest {
        asked: args.asset_class.asked(),
        source: args.source.chosen()?,
        span: Span::new(args.span.from, args.span.to)?,
        strategies: args.strategy.clone(),
        constants: args.constants.clone(),
        fill: args.fill.map(Into::into),
        costs: if args.no_costs { Charged::Nothing } else { Charged::AsSet },
        engine: args.engine,
    };
    let progress = Arc::new(Progress::start());
    let inputs = walk::load(&app, &request, &progress).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let walking = {
        let progress = Arc::clone(&progress);
        move |done: usize, total: usize| progress.sessions(done, total)
    };
    let run = app::run_backtest(inputs, Arc::clone(&stop), walking);
    let outcome = walk::to_its_end(&stop, run).await?;
    drop(progress);
    if let Some(how_far) = outcome.stopped() {
        bail!("{how_far}; nothing was written");
    }
    let report = &outcome.report;
    output::Remarks { notes: &outcome.notes, problems: &report.problems, demo: outcome.demo }.write();
    let text = match args.format {
        TextFormat::Text => report.text(),
        TextFormat::Json => report.json()?,
    };
    output::write(&text, args.output.as_deref())?;
    Ok(if app::has_failed_script(&report.problems) { Outcome::Findings } else { Outcome::Done })
}
