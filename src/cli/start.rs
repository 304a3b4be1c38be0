//! What every command does first: settings, logs, the clock, a runtime.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{App, Vendors};
use crate::clock::Clock;
use crate::settings::Sources;
use crate::settings::{Environment, Loaded, Settings};

use super::args::Global;
use super::exit::Outcome;
use super::logging;
use super::progress;

/// Loads the settings and starts logging.
pub(super) fn app(global: &Global) -> anyhow::Result<App> {
    let loaded = settings(global)?;
    logging::start(&loaded.settings.log.level, global.log_format);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let clock = global.now.map_or(Clock::System, Clock::Fixed);
    Ok(App { vendors: Vendors::telling(Arc::new(progress::retrying)), ..App::new(loaded, clock) })
}

/// Loads the settings alone.
pub(super) fn settings(global: &Global) -> anyhow::Result<Loaded> {
    let mut sources = Sources {
        file: global.config.clone(),
        working_folder: std::env::current_dir()?,
        environment: Environment::default(),
    };
    sources.environment = Environment::from_process(&sources.root())?;
    Ok(Settings::load(&sources)?)
}

/// How long an end waits for what is being written. What was fetched is in memory by then, so it is the
/// disk alone that takes time; a disk that hangs must not keep Ctrl-C from ending.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// What an interruption means to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// It is how the command ends.
    Ends,
    /// The command did not get to its end.
    Breaks,
    /// The command hears of it itself, and ends when it is ready.
    IsHandled,
}

/// Runs an asynchronous command to its end, or to the first Ctrl-C or SIGTERM. What it is writing then is
/// written to its end.
pub(super) fn wait(
    interrupt: Interrupt,
    command: impl Future<Output = anyhow::Result<Outcome>>,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = command => outcome,
            signal = interrupted(), if interrupt != Interrupt::IsHandled => {
                signal?;
                match interrupt {
                    Interrupt::Breaks => Err(anyhow::anyhow!("interrupted")),
                    Interrupt::Ends | Interrupt::IsHandled => Ok(Outcome::Done),
                }
            }
        }
    });
    runtime.shutdown_timeout(GRACE);
    outcome
}

/// Waits for the first request to stop.
#[cfg(unix)]
pub(super) async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// Waits for the first request to stop.
#[cfg(not(unix))]
pub(super) async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
