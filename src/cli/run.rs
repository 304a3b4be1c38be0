//! `ts run`: decide a session and show what the mail would say.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::app;
use crate::app::{App, Asked, Refusal, RunOutcome, RunRequest};
use crate::report;
use crate::report::{Charts, Templates};

use super::args::{ClassChoice, Global, ReportFormat, RunArgs, SourceArgs};
use super::exit::Outcome;
use super::output;
use super::start;
use super::watch;
use crate::domain::AssetClass;
use crate::settings::SourceName;

/// Where the HTML of a preview is written, below the settings' folder.
const PREVIEW: &str = "data/preview.html";

/// Runs the main job once, or again and again with `--watch`.
pub(super) async fn run(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    if !args.dry_run && !args.source.demo {
        let message = "this version sends no mail yet: preview with --dry-run";
        return Err(Refusal::Usage(message.to_owned()).into());
    }
    let app = start::app(global)?;
    if args.watch {
        return watch::watch(global, args).await;
    }
    preview(&app, args).await
}

/// Decides once and writes the preview.
pub(super) async fn preview(app: &App, args: &RunArgs) -> anyhow::Result<Outcome> {
    let request = RunRequest {
        asked: asked(args.asset_class),
        date: args.date,
        source: source(&args.source)?,
        positions: args.positions.clone(),
    };
    let outcome = app::run(app, &request).await?;
    let (templates, mut problems) = Templates::load(&outcome.templates)?;
    let (html, of_html) = report::html(&outcome.report, &outcome.charts, Charts::Inline, &templates)?;
    let (text, of_text) = report::text(&outcome.report, &templates)?;
    problems.extend(of_html);
    problems.extend(of_text);
    for problem in &problems {
        tracing::warn!("{problem}");
    }
    let rendered = match args.format {
        ReportFormat::Text => text,
        ReportFormat::Html => html.clone(),
        ReportFormat::Json => report::json(&outcome.report)?,
    };
    output::write(&rendered, args.output.as_deref())?;
    if args.output.is_none() || args.format != ReportFormat::Html {
        say_where(app, &html);
    }
    Ok(verdict(args, &outcome))
}

/// Writes the HTML and says where; a folder that cannot be written costs only this.
fn say_where(app: &App, html: &str) {
    let path: PathBuf = app.loaded.root.join(PREVIEW);
    match output::write_file(&path, html) {
        Ok(()) => eprintln!("HTML preview: {}", path.display()),
        Err(error) => eprintln!("no HTML preview: {error:#}"),
    }
}

fn verdict(args: &RunArgs, outcome: &RunOutcome) -> Outcome {
    let strict_finding = args.strict && !outcome.report.problems.is_empty();
    if strict_finding || outcome.has_broken_script() {
        return Outcome::Findings;
    }
    Outcome::Done
}

/// Reads which classes were asked for.
pub(super) fn asked(choice: ClassChoice) -> Asked {
    match choice {
        ClassChoice::Equity => Asked::ByName(AssetClass::Equity),
        ClassChoice::Crypto => Asked::ByName(AssetClass::Crypto),
        ClassChoice::All => Asked::All,
    }
}

/// Reads `--demo` and `--source`.
pub(super) fn source(args: &SourceArgs) -> anyhow::Result<Option<SourceName>> {
    if args.demo {
        return Ok(Some(SourceName::Simulated));
    }
    let Some(name) = &args.source else { return Ok(None) };
    let known = name.parse::<SourceName>().map_err(|error| Refusal::Usage(error.to_string()));
    known.map(Some).context("--source")
}
