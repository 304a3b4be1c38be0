//! A run that counts: decided, shown and kept in the journal, whole or not at all.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::app;
use crate::app::App;
use crate::journal::{Journal, Recorded};

use super::args::{ReportFormat, RunArgs};
use super::exit::Outcome;
use super::output;
use super::preview;
use super::progress::Progress;

/// Decides, records and shows a session. Nobody is mailed.
pub(super) async fn record(app: &App, args: &RunArgs) -> anyhow::Result<Outcome> {
    let request = preview::request(args)?;
    let (path, clock): (PathBuf, _) = (app.loaded.settings.journal.path.clone(), app.clock);
    // Opened first: a run that cannot be kept is not made, and a corrupt journal stands in the report.
    let opened = tokio::task::spawn_blocking(move || Journal::open(&path, clock.now())).await;
    let (journal, notes) = opened.context("failed to open the journal")??;
    let progress = Progress::start();
    let told = |done, total| progress.calls(done, total);
    let ran = app::run_recorded(app, &request, None, notes, &told).await;
    drop(progress);
    let (mut outcome, inputs) = ran?;
    let rendered = app::render(&mut outcome)?;
    let shown = match args.format {
        ReportFormat::Text => rendered.text.clone(),
        ReportFormat::Html => rendered.html.clone(),
        ReportFormat::Json => rendered.json.clone(),
    };
    let html = rendered.html.clone();
    let keep = move || {
        let recorded = app::record(&journal, &outcome, inputs, rendered, None, clock.now());
        recorded.map(|recorded| (outcome, recorded))
    };
    let kept = tokio::task::spawn_blocking(keep).await.context("failed to keep the run")?;
    let (outcome, recorded) = kept.context("the run is not kept")?;
    output::write(&shown, args.output.as_deref())?;
    if args.output.is_none() || args.format != ReportFormat::Html {
        preview::say_where(app, &html);
    }
    if let Recorded::New { .. } = recorded {
        output::remark(format_args!(
            "Kept as run {}; nobody is mailed, as email.recipients is empty",
            outcome.report.run.id
        ));
    }
    Ok(preview::verdict(args, &outcome))
}
