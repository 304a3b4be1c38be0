//! `ts verify`: whether a run on each day would have decided what the backtest did.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;

use crate::app;
use crate::app::{BacktestRequest, Charged, Span};
use crate::domain::format::count;

use super::args::{Global, VerifyArgs};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::walk;
use crate::scripts::Engine;

/// Decides each session of the span twice and tells the first difference.
pub(super) async fn verify(global: &Global, args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let request = BacktestRequest {
        asked: args.asset_class.asked(),
        source: args.source.chosen()?,
        span: Span::new(args.span.from, args.span.to)?,
        strategies: args.strategy.clone(),
        constants: Vec::new(),
        fill: None,
        costs: Charged::AsSet,
        engine: Engine::default(),
    };
    let progress = Arc::new(Progress::start());
    let inputs = walk::load(&app, &request, &progress).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let walking = {
        let progress = Arc::clone(&progress);
        move |done: usize, total: usize| progress.sessions(done, total)
    };
    let verified = walk::to_its_end(&stop, app::verify(inputs, Arc::clone(&stop), walking)).await?;
    drop(progress);
    output::Remarks { notes: &verified.notes, problems: &[], demo: verified.demo }.write();
    let Some(difference) = &verified.difference else {
        let decisions = count(verified.decisions, "decision");
        if let Some(last) = verified.stopped_after {
            bail!("interrupted after {last}: {decisions}, none of which differs");
        }
        output::write(
            &format!(
                "{decisions}: each is to the byte what a run on its day decides, from bars that end with it."
            ),
            None,
        )?;
        return Ok(Outcome::Done);
    };
    output::write(&format!("The backtest and a run differ, first on {difference}"), None)?;
    Ok(Outcome::Findings)
}
