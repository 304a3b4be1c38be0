//! `ts verify`: whether a run on each day would have decided what the backtest did.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use clap::Args;

use crate::app;
use crate::app::BacktestRequest;
use crate::domain::format::count;
use crate::domain::has_failed_script;

use super::args::Global;
use super::backtest::FillChoice;
use super::backtest_grid;
use super::backtest_grid::Setting;
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
    /// Sets a constant in every script that has it, as the backtest was walked
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<Setting>,
    /// When orders fill, instead of the settings' own
    #[arg(long, value_enum)]
    pub fill: Option<FillChoice>,
}

/// Decides each session of the span twice and tells the first difference. A span without a session, and a script that
/// failed, are findings.
pub(super) async fn verify(global: &Global, args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let progress = Arc::new(Progress::start());
    let request = BacktestRequest {
        grid: backtest_grid::single(&args.settings)?,
        fill: args.fill.map(Into::into),
        ..args.history.request()?
    };
    let inputs = walk::load(&app, &request, &progress).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let walking = walk::sessions(&progress);
    let verified = walk::to_its_end(&stop, app::verify(inputs, Arc::clone(&stop), walking)).await?;
    drop(progress);
    output::Remarks { notes: &verified.notes, problems: &verified.problems, demo: verified.demo }.write();
    let Some(difference) = &verified.difference else {
        let decisions = count(verified.decisions, "decision");
        if let Some(last) = verified.stopped_after {
            bail!("interrupted after {last}: {decisions}, none of which differs");
        }
        if verified.decisions == 0 {
            output::write("No session in the span: nothing was verified.", None)?;
            return Ok(Outcome::Findings);
        }
        output::write(
            &format!(
                "{decisions}: each is to the byte what a run on its day decides, from bars that end with it."
            ),
            None,
        )?;
        let has_failed = has_failed_script(&verified.problems);
        return Ok(if has_failed { Outcome::Findings } else { Outcome::Done });
    };
    output::write(&format!("The backtest and a run differ, first on {difference}"), None)?;
    Ok(Outcome::Findings)
}
