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

/// Previews, then waits for an edit, until Ctrl-C; a failure is shown and the next edit awaited.
///
/// The settings are read again before each preview, and what is watched follows them.
pub(super) async fn watch(global: &Global, args: &RunArgs, first: App) -> anyhow::Result<Outcome> {
    let root = first.loaded.root.clone();
    // One rate limit for all previews; other keys or addresses in the settings need a new start.
    let vendors = first.vendors.clone();
    let mut paths = watched(&first);
    let mut watcher = Watcher::new(paths.clone());
    let mut settings = Ok(first);
    loop {
        let previewed = match &settings {
            Ok(app) => preview(app, args).await,
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        if let Err(error) = previewed {
            eprintln!("error: {error:#}");
        }
        eprintln!("Watching {} for edits; Ctrl-C ends", root.display());
        let changed;
        (watcher, changed) = next_change(watcher).await?;
        for file in changed {
            eprintln!("changed: {}", file.display());
        }
        settings = start::app(global).map(|app| App { vendors: vendors.clone(), ..app });
        if let Ok(app) = &settings
            && watched(app) != paths
        {
            paths = watched(app);
            watcher = Watcher::new(paths.clone());
        }
    }
}

/// Waits until a watched file has other contents; gives the watcher back.
async fn next_change(mut watcher: Watcher) -> anyhow::Result<(Watcher, Vec<PathBuf>)> {
    loop {
        let (sender, answer) = tokio::sync::oneshot::channel();
        // A thread of its own: Ctrl-C waits for the runtime's, which may be writing; this one never is.
        std::thread::spawn(move || {
            let change = watcher.wait(WAIT);
            // After Ctrl-C nobody listens any more.
            drop(sender.send((watcher, change)));
        });
        let (returned, change) = answer.await.context("failed to wait for an edit")?;
        watcher = returned;
        if let Change::Changed(files) = change {
            return Ok((watcher, files));
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
