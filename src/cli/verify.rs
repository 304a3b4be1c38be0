//! `ts verify`: whether a run on each day would have decided what the backtest did.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use clap::Args;

use crate::app;
use crate::domain::format::count;

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::walk;
use super::walk::HistoryArgs;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Decides each session of the span twice and tells the first difference.
pub(super) async fn verify(global: &Global, args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let progress = Arc::new(Progress::start());
    let inputs = walk::load(&app, &args.history.request()?, &progress).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let walking = walk::sessions(&progress);
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
