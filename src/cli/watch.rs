//! `ts run --watch`: the preview again, after every edit that changes a byte.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::app::{App, LiveScripts, Reloader, watched};
use crate::reload::{Change, Watcher};

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::preview::preview;
use super::run::RunArgs;
use super::start;

/// How long one wait lasts while there is nothing to reload yet.
const WAIT: Duration = Duration::from_secs(2);

/// Previews, then waits for an edit, until Ctrl-C; a failure is shown and the next edit awaited.
///
/// An edit comes into force while a preview goes on; the next preview is made with it. The
/// settings are read again with each edit, and what is watched follows them.
pub(super) async fn watch(global: &Global, args: &RunArgs, first: App) -> anyhow::Result<Outcome> {
    // One rate limit for all previews; other keys or addresses in the settings need a new start.
    let vendors = first.vendors.clone();
    let positions = args.positions.as_ref().map(std::path::absolute).transpose()?;
    // What is held is named by the flag or by the settings, and watched in either case.
    let with_positions = move |mut app: App| {
        let named = &mut app.loaded.settings.portfolio.file;
        *named = positions.clone().or_else(|| named.take());
        app
    };
    let first = with_positions(first);
    let again = {
        let global = global.clone();
        move || start::app(&global).map(|app| with_positions(App { vendors: vendors.clone(), ..app }))
    };
    let (watcher, mut app, live) = load(first, args, &again).await?;
    let live = Arc::new(live);
    let mut reloader = Reloader::start(watcher, app.clone(), Arc::clone(&live), again)
        .context("failed to watch for edits")?;
    loop {
        if let Err(error) = preview(&app, args, Some(&live)).await {
            output::remark(format_args!("error: {error:#}"));
        }
        output::remark(format_args!("Watching {} for edits; Ctrl-C ends", app.loaded.root.display()));
        loop {
            let edit = reloader.next().await.context("the watching of scripts broke down; start again")?;
            for file in &edit.files {
                output::remark(format_args!("changed: {}", file.display()));
            }
            if let Some(error) = &edit.bad_settings {
                output::remark(format_args!("error: {error}\nthe last good settings stay in force"));
            }
            let matters = edit.matters();
            app = edit.app;
            if matters {
                break;
            }
        }
    }
}

/// Loads the scripts; where there are none yet, shows why and waits for an edit.
async fn load(
    mut app: App,
    args: &RunArgs,
    again: &impl Fn() -> anyhow::Result<App>,
) -> anyhow::Result<(Watcher, App, LiveScripts)> {
    loop {
        let watcher = Watcher::start(watched(&app), args.watch_method.into());
        match LiveScripts::load(&app) {
            Ok(live) => return Ok((watcher, app, live)),
            Err(error) => output::remark(format_args!("error: {error}")),
        }
        output::remark(format_args!("Watching {} for edits; Ctrl-C ends", app.loaded.root.display()));
        for file in next_change(watcher).await? {
            output::remark(format_args!("changed: {}", file.display()));
        }
        match again() {
            Ok(now) => app = now,
            Err(error) => {
                output::remark(format_args!("error: {error:#}\nthe last good settings stay in force"));
            }
        }
    }
}

/// Waits until a watched file has other contents.
async fn next_change(mut watcher: Watcher) -> anyhow::Result<Vec<PathBuf>> {
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
            return Ok(files);
        }
    }
}
