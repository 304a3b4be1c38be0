//! `ts run-scheduler`: the daemon, with what it is started from.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tracing::warn;

use crate::app::{App, LiveScripts, Reloader, watched};
use crate::daemon;
use crate::daemon::{Daemon, Deliver};
use crate::reload::Watcher;
use crate::settings;

use super::args::Global;
use super::choices::WatchChoice;
use super::exit::Outcome;
use super::logging;
use super::start;

#[derive(Debug, Args)]
pub(super) struct RunSchedulerArgs {
    /// How edits come to notice; `poll` for network file systems, which give no events
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = WatchChoice::Events)]
    pub watch_method: WatchChoice,
}

/// Runs until SIGTERM or Ctrl-C. Starts without recipients, keys or a network, and says what is missing.
pub(super) async fn run_scheduler(global: &Global, args: &RunSchedulerArgs) -> anyhow::Result<Outcome> {
    let first = start::app(global)?;
    let app = App { clock: first.clock.running(), ..first };
    for missing in settings::check(&app.loaded) {
        warn!("{missing}");
    }
    // One clock and one rate limit for as long as the process lives.
    let again = {
        let (global, clock, vendors) = (global.clone(), app.clock, app.vendors.clone());
        move || start::app(&global).map(|app| App { clock, vendors: vendors.clone(), ..app })
    };
    let watcher = Watcher::start(watched(&app), args.watch_method.into());
    let live = Arc::new(LiveScripts::load(&app)?);
    let reloader = Reloader::start(watcher, app.clone(), Arc::clone(&live), again.clone())
        .context("failed to watch for edits")?;
    let daemon = Daemon::new(app, live, Deliver::new(logging::tail()), Box::new(again))?;
    daemon::run(daemon, reloader).await?;
    Ok(Outcome::Done)
}
