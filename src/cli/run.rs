//! `ts run`: decide a session, show what the mail would say, and keep it in the journal.

use crate::app::{App, Refusal};

use super::args::{Global, RunArgs};
use super::exit::Outcome;
use super::preview;
use super::record;
use super::start;
use super::watch;

/// Runs the main job once, or again and again with `--watch`. The demo is never mailed or kept, so it
/// needs no `--dry-run`.
pub(super) async fn run(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    if !args.dry_run && !args.source.demo {
        refuse_mail(&app, args)?;
        return record::record(&app, args).await;
    }
    if args.watch {
        return watch::watch(global, args, app).await;
    }
    preview::preview(&app, args, None).await
}

fn refuse_mail(app: &App, args: &RunArgs) -> Result<(), Refusal> {
    if args.watch {
        return Err(Refusal::Usage("--watch previews again and again: add --dry-run".to_owned()));
    }
    if app.loaded.settings.email.recipients.is_empty() {
        return Ok(());
    }
    let message = "this version sends no mail yet, and email.recipients names some: preview with --dry-run";
    Err(Refusal::Usage(message.to_owned()))
}
