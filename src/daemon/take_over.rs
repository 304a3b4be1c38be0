//! How edits and SIGHUP come into force in a daemon that runs: its jobs, its health check, its settings.
//!
//! What a running process cannot change is kept as it was and said: the address that is listened on, and the
//! journal.

use std::sync::Arc;

use tracing::error;
use tracing::info;
use tracing::warn;

use super::notify;
use super::ping::Pinger;
use super::serve::Daemon;
use super::work::Work;
use crate::app::App;
use crate::app::Edit;
use crate::app::Reread;
use crate::schedule::Job;

/// Reads the settings again.
pub type SettingsReader = Box<dyn Fn() -> anyhow::Result<App> + Send + Sync>;

impl<W: Work> Daemon<W> {
    /// Takes over the settings in force after an edit; its scripts are in force already.
    pub(super) fn take(&mut self, edit: Edit) {
        if let Some(why) = &edit.bad_settings {
            error!("{why}; the last good settings stay in force");
        }
        self.take_settings(edit.app);
    }

    /// Reads settings and scripts again.
    pub(super) async fn reload(&mut self) {
        notify::reloading();
        let (app, settings, live) = (self.app.clone(), Arc::clone(&self.settings), Arc::clone(&self.live));
        match tokio::task::spawn_blocking(move || live.reread(&app, &**settings)).await {
            Ok(Reread { app, bad_settings, .. }) => {
                if let Some(why) = bad_settings {
                    error!("{why}; the last good settings stay in force");
                }
                self.take_settings(app);
                match self.live.current().last.failures.is_empty() {
                    true => info!("Read again; the settings and scripts of the files are in force"),
                    false => warn!("Read again; what was in force stays so"),
                }
            }
            Err(error) => error!("{error:#}; the last good settings stay in force"),
        }
        notify::ready();
    }

    fn take_settings(&mut self, mut app: App) {
        let jobs = match Job::all(&app.loaded.settings) {
            Ok(jobs) => jobs,
            Err(error) => return error!("{error}; the last good settings stay in force"),
        };
        let journal = &self.app.loaded.settings.journal.path;
        if *journal != app.loaded.settings.journal.path {
            // Half of the program would look into the one and half into the other.
            warn!("journal.path is another file: it comes into force with a restart");
            app.loaded.settings.journal.path.clone_from(journal);
        }
        let (before, now) = (&self.app.loaded.settings.health, &app.loaded.settings.health);
        if before.listen != now.listen {
            warn!("health.listen is another address: it comes into force with a restart");
        }
        if before.ping_url != now.ping_url {
            self.pinger = Pinger::new(now.ping_url.as_deref());
        }
        self.jobs = jobs;
        self.app = app;
    }
}
