//! Watches the user's files and reloads, on a thread of its own, so that an edit comes into
//! force while a run goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::error;

use super::{App, LiveScripts, Reloaded};
use crate::reload::{Change, ScriptFolder, Stopper, TEMPLATES, Watcher};
use crate::settings::FILE_NAME;

/// The file beside the settings that the environment is read from.
const ENVIRONMENT: &str = ".env";

/// How long one wait lasts; a stop ends it sooner.
const WAIT: Duration = Duration::from_secs(3_600);

/// An edit, after it was dealt with.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The files that came, went or have other contents.
    pub files: Vec<PathBuf>,
    pub reload: Reloaded,
    /// With the settings in force: those of the edit, or the last good ones.
    pub app: App,
    /// Why the settings of the edit cannot be read.
    pub bad_settings: Option<String>,
    has_effect: bool,
}

/// What reading the settings and the scripts again came to.
#[derive(Clone, Debug)]
pub struct Reread {
    /// With the settings in force: not always those that were read, as settings whose scripts fail wait with them.
    pub app: App,
    pub reload: Reloaded,
    /// Why the settings cannot be read.
    pub bad_settings: Option<String>,
}

impl LiveScripts {
    /// Reads the settings by `settings`, and the scripts with them; where the settings are bad, with those of `app`.
    /// Blocks.
    pub fn reread(&self, app: &App, settings: &dyn Fn() -> anyhow::Result<App>) -> Reread {
        let (read, bad_settings) = match settings() {
            Ok(now) => (now, None),
            Err(error) => (app.clone(), Some(format!("{error:#}"))),
        };
        let reload = self.reload(&read, bad_settings.as_deref());
        Reread { app: App { loaded: (*self.current().settings).clone(), ..read }, reload, bad_settings }
    }
}

/// Reloads on every edit until it is dropped.
#[derive(Debug)]
pub struct Reloader {
    edits: mpsc::UnboundedReceiver<Edit>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// Returns the folders and files whose edits change what a run says; they need not exist yet.
pub fn watched(app: &App) -> Vec<PathBuf> {
    let root = &app.loaded.root;
    let folders = ScriptFolder::ALL.map(ScriptFolder::as_str).into_iter().chain([TEMPLATES]);
    let mut paths: Vec<PathBuf> = folders.map(|name| root.join(name)).collect();
    paths.extend(settled_by(app));
    paths.sort();
    paths.dedup();
    paths
}

/// Returns the files besides scripts and templates that decide what a run says.
fn settled_by(app: &App) -> impl Iterator<Item = PathBuf> {
    let named = [FILE_NAME, ENVIRONMENT].map(|name| app.loaded.root.join(name));
    let positions = app.loaded.settings.portfolio.file.clone();
    named.into_iter().chain(app.loaded.files.iter().cloned()).chain(positions)
}

impl Reloader {
    /// Reloads `live` whenever `watcher` sees an edit. `settings` reads the settings again after
    /// one; where they are bad, the last good ones stay.
    ///
    /// Make the watcher, of [`watched`], before loading `live`: no edit is missed then.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn start(
        mut watcher: Watcher,
        mut app: App,
        live: Arc<LiveScripts>,
        settings: impl Fn() -> anyhow::Result<App> + Send + 'static,
    ) -> std::io::Result<Self> {
        let stopper = watcher.stopper();
        let (teller, edits) = mpsc::unbounded_channel();
        let work = move || {
            loop {
                let files = match watcher.wait(WAIT) {
                    Change::Changed(files) => files,
                    Change::Timeout => continue,
                    Change::Stopped => return,
                };
                let Reread { app: now, reload, bad_settings } = live.reread(&app, &settings);
                let has_new_settings = bad_settings.is_none()
                    && files.iter().any(|file| settled_by(&now).any(|own| own == *file));
                if watched(&now) != watched(&app) {
                    watcher.watch(watched(&now));
                }
                app = now;
                let has_effect = has_new_settings || !matches!(reload, Reloaded::Unchanged);
                // The receiver is gone only when the reloader is, which stops the watcher.
                let _ = teller.send(Edit { files, reload, app: app.clone(), bad_settings, has_effect });
            }
        };
        let thread = std::thread::Builder::new().name("reload".to_owned()).spawn(work)?;
        Ok(Self { edits, stopper, thread: Some(thread) })
    }

    /// Waits for the next edit, together with those that came meanwhile. `None` where the
    /// watching broke down.
    pub async fn next(&mut self) -> Option<Edit> {
        let mut edit = self.edits.recv().await?;
        while let Ok(later) = self.edits.try_recv() {
            let mut files = edit.files;
            files.extend(later.files);
            files.sort();
            files.dedup();
            // An edit without an effect must not hide that the one before it had one.
            let reload = match later.reload {
                Reloaded::Unchanged => edit.reload,
                reload => reload,
            };
            let has_effect = edit.has_effect || later.has_effect;
            edit = Edit { files, reload, has_effect, ..later };
        }
        Some(edit)
    }
}

impl Edit {
    /// Tells whether a run says anything new after the edit.
    pub fn matters(&self) -> bool {
        self.has_effect
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the watching of scripts broke down");
        }
    }
}
