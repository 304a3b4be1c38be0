//! `ts run --watch`: the preview again, after every edit that changes a byte.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::app::App;
use crate::reload::{Change, Watcher};
use crate::settings::FILE_NAME;

use super::args::{Global, RunArgs};
use super::exit::Outcome;
use super::preview::preview;
use super::start;

/// How long one wait lasts before the folders are hashed again.
const WAIT: Duration = Duration::from_secs(2);

/// Previews, then waits for an edit, for ever; a failure is shown and the next edit awaited.
pub(super) async fn watch(global: &Global, args: &RunArgs) -> anyhow::Result<Outcome> {
    let first = start::app(global)?;
    let mut watcher = Watcher::new(watched(&first));
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
            if let Change::Changed(files) = change {
                for file in files {
                    eprintln!("changed: {}", file.display());
                }
                break;
            }
        }
    }
}

/// The folders and files whose edits change what a run says; they need not exist yet.
fn watched(app: &App) -> Vec<PathBuf> {
    let root = &app.loaded.root;
    let mut paths: Vec<PathBuf> =
        ["strategies", "scorers", "templates", FILE_NAME].into_iter().map(|name| root.join(name)).collect();
    paths.extend(app.loaded.files.iter().cloned());
    paths.sort();
    paths.dedup();
    paths
}
