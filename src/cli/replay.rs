//! `ts replay`: what a past run said, or whether it would say so again.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::journal::Journal;

use super::args::Global;
use super::choices::ReportFormat;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The run's id, or its beginning
    #[arg(value_name = "RUN_ID")]
    pub id: String,
    /// Decides again from the stored inputs and compares to the byte; exits with 1 on a difference
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub recompute: bool,
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Writes it to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Prints a run from the journal, or decides it again and compares.
pub(super) fn replay(global: &Global, args: &ReplayArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let journal = Journal::open_to_read(&app.loaded.settings.journal.path)?;
    let id = journal.find_run(&args.id)?;
    if args.recompute {
        return recompute(&journal, id);
    }
    let rendered = journal.rendered(id)?;
    let text = match args.format {
        ReportFormat::Text => text(&journal, id, rendered.text)?,
        ReportFormat::Html => rendered.html,
        ReportFormat::Json => rendered.json,
    };
    output::write(&text, args.output.as_deref())?;
    Ok(Outcome::Done)
}

/// Returns the text of the mail that told of a run, where one did: it may say more, like that it was late.
fn text(journal: &Journal, run: uuid::Uuid, own: String) -> anyhow::Result<String> {
    match journal.mails_of_run(run)?.first() {
        Some(mail) => Ok(journal.mail(mail.id)?.text),
        None => Ok(own),
    }
}

fn recompute(journal: &Journal, id: uuid::Uuid) -> anyhow::Result<Outcome> {
    let row = journal.run(id)?.row;
    let Some(difference) = app::recompute(journal, id)? else {
        output::write(&format!("Run {id} says the same again: JSON, text and page, to the byte."), None)?;
        return Ok(Outcome::Done);
    };
    let mut told = format!("Run {id} differs, first in {difference}\n");
    let own = env!("CARGO_PKG_VERSION");
    if row.version != own {
        told.push_str(&format!("It was made by ts {}; this is ts {own}.\n", row.version));
    }
    output::write(&told, None)?;
    Ok(Outcome::Findings)
}
