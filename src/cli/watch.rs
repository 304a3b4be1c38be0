//! `ts run --watch`: the preview again, after every edit that changes a byte.

use std::time::Duration;

use anyhow::Context as _;

use crate::reload::{Change, Watcher};

use super::args::{Global, RunArgs};
use super::exit::Outcome;
use super::run::preview;
use super::start;

/// How long one wait lasts before the folders are hashed again.
const WAIT: Duration = Duration::from_secs(2);

/// Previews, then waits for an edit, for ever; a failure is shown and the next edit awaited.
pub(super) async fn watch(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    let first = start::app(global)?;
    let mut watcher = Watcher::new(&first.loaded.root).context("failed to watch the scripts")?;
    loop {
        let previewed = match start::app(global) {
            Ok(app) => preview(&app, args).await,
            Err(error) => Err(error),
        };
        if let Err(error) = previewed {
            eprintln!("error: {error:#}");
        }
        eprintln!("Watching {} for edits; Ctrl-C ends", first.loaded.root.display());
        loop {
            let (returned, change) = tokio::task::spawn_blocking(move || {
                let change = watcher.wait(WAIT);
                (watcher, change)
            })
            .await
            .context("failed to wait for an edit")?;
            watcher = returned;
            if change == Change::Changed {
                break;
            }
        }
    }
}
