//! `ts run`: decide a session and show what the mail would say.

use crate::app::Refusal;

use super::args::{Global, RunArgs};
use super::exit::Outcome;
use super::preview;
use super::start;
use super::watch;

/// Runs the main job once, or again and again with `--watch`. The demo is never mailed, so it
/// needs no `--dry-run`.
pub(super) async fn run(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    if !args.dry_run && !args.source.demo {
        let message = "this version sends no mail yet: preview with --dry-run";
        return Err(Refusal::Usage(message.to_owned()).into());
    }
    let app = start::app(global)?;
    if args.watch {
        return watch::watch(global, args, app).await;
    }
    preview::preview(&app, args, None).await
}
