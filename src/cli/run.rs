//! `ts run`: decide a session, keep it in the journal and mail it, or show what the mail would say.

use crate::app::Refusal;
use crate::settings::SourceName;

use super::args::{Global, RunArgs};
use super::exit::Outcome;
use super::preview;
use super::record;
use super::start;
use super::watch;

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
