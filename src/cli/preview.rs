//! What the mail would say: on stdout or in a file, and as a page for the browser.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::app;
use crate::app::{App, LiveScripts, RunOutcome, RunRequest};
use crate::cache::Patience;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::format;
use crate::report;
use crate::report::Charts;
use crate::schedule::{Timing, timing};

use super::choices::ReportFormat;
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::run::RunArgs;

/// Where the HTML of a preview is written, below the settings' folder; of a command that makes one for each class,
/// beside its class: `data/preview-crypto.html`.
const PREVIEW: &str = "data/preview";

/// Decides once, with the scripts in force or those that lie in the folders, and writes the preview.
pub(super) async fn preview(
    app: &App,
    args: &RunArgs,
    live: Option<&LiveScripts>,
) -> anyhow::Result<Outcome> {
    let request = request(args)?;
    let progress = Progress::start();
    let told = |done, total| progress.calls(done, total);
    let outcome = match live {
        Some(live) => app::run_live(app, &request, live, &told).await,
        None => app::run(app, &request, &told).await,
    };
    drop(progress);
    let mut outcome = outcome?;
    let templates = &outcome.templates;
    let (html, mut failed) = report::html(&outcome.report, &outcome.charts, Charts::Inline, templates)?;
    let (text, of_text) = report::text(&outcome.report, templates)?;
    failed.extend(of_text);
    outcome.report.problems.extend(failed);
    let rendered = match args.format {
        ReportFormat::Text => text,
        ReportFormat::Html => html.clone(),
        ReportFormat::Json => report::json(&outcome.report)?,
    };
    output::write(&rendered, args.output.as_deref())?;
    if args.output.is_none() || args.format != ReportFormat::Html {
        say_where(app, None, &html);
    }
    if request.date.is_some() {
        outcome.report.run.parts.iter().for_each(|part| say_late(app, part.asset_class, part.session));
    }
    Ok(verdict(args, &outcome))
}

/// Tells whether the run said all that it was asked.
pub(super) fn verdict(args: &RunArgs, outcome: &RunOutcome) -> Outcome {
    if (args.strict && !outcome.report.problems.is_empty()) || outcome.has_failed() {
        return Outcome::Findings;
    }
    Outcome::Done
}

/// Returns what the arguments ask for.
pub(super) fn request(args: &RunArgs) -> anyhow::Result<RunRequest> {
    Ok(RunRequest {
        asked: args.asset_class.asked(),
        date: args.date,
        source: args.source.chosen()?,
        positions: args.positions.clone(),
        patience: Patience::Kept,
    })
}

/// Says that the open at which a session would have been filled has passed, where it has.
pub(super) fn say_late(app: &App, class: AssetClass, session: NaiveDate) {
    if timing(class, session, app.clock.now()) == Timing::Late {
        let open = format::day(calendar::next_session(class, session));
        output::remark(format_args!("Late: the open of {open} has passed; a mail of this session says so"));
    }
}

/// Writes the HTML and says where; a folder that cannot be written costs only this.
pub(super) fn say_where(app: &App, one_of_several: Option<AssetClass>, html: &str) {
    let class = one_of_several.map(|class| format!("-{class}")).unwrap_or_default();
    let path: PathBuf = app.loaded.root.join(format!("{PREVIEW}{class}.html"));
    match output::write_file(&path, html) {
        Ok(()) => output::remark(format_args!("HTML preview: {}", path.display())),
        Err(error) => output::remark(format_args!("no HTML preview: {error:#}")),
    }
}
