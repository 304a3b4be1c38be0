//! `ts run`: decide a session, keep it in the journal and mail it, or show what the mail would say.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use crate::app::Refusal;
use crate::settings::SourceName;

use super::args::Global;
use super::choices::{ClassChoice, ReportFormat, SourceArgs, WatchChoice};
use super::exit::Outcome;
use super::preview;
use super::record;
use super::start;
use super::watch;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The asset classes to decide
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// The session to decide; the last finished one by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Sends nothing and writes nothing to the journal
    #[arg(long)]
    pub dry_run: bool,
    /// Decides and mails a session again that was delivered before, marked as a correction
    #[arg(long, conflicts_with = "dry_run")]
    pub again: bool,
    /// Decides nothing, and sends again what the mail server refused for good
    #[arg(long, conflicts_with_all = ["dry_run", "again", "demo"])]
    pub retry_refused: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Previews again on every edit of a script, template or the settings
    #[arg(long)]
    pub watch: bool,
    /// How edits come to notice; `poll` for network file systems, which give no events
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = WatchChoice::Events, requires = "watch")]
    pub watch_method: WatchChoice,
    /// The positions held (CSV; the README says which columns)
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,
    /// How the preview is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Writes the preview to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exits with 1 where the run has any problem
    #[arg(long)]
    pub strict: bool,
}

/// Runs the main job once, or again and again with `--watch`. What rests on simulated bars is never mailed or
/// kept, so it needs no `--dry-run`.
pub(super) async fn run(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let is_simulated = args.source.chosen()? == Some(SourceName::Simulated);
    if !args.dry_run && !is_simulated {
        if args.watch {
            return Err(Refusal::Usage("--watch previews again and again: add --dry-run".to_owned()).into());
        }
        return record::record(&app, args).await;
    }
    if args.watch {
        return watch::watch(global, args, app).await;
    }
    preview::preview(&app, args, None).await
}
