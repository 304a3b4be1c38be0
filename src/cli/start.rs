//! What every command does first: settings, logs, the clock, a runtime.

use crate::app::App;
use crate::clock::Clock;
use crate::settings::Sources;
use crate::settings::{Environment, Loaded, Settings};

use super::args::Global;
use super::exit::Outcome;
use super::logging;

/// Loads the settings and starts logging.
pub(super) fn app(global: &Global) -> anyhow::Result<App> {
    let loaded = settings(global)?;
    logging::start(&loaded.settings.log.level, global.log_format);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let clock = global.now.map_or(Clock::System, Clock::Fixed);
    Ok(App { loaded, clock })
}

/// Loads the settings alone.
pub(super) fn settings(global: &Global) -> anyhow::Result<Loaded> {
    let mut sources = Sources {
        file: global.config.clone(),
        working_folder: std::env::current_dir()?,
        environment: Environment::default(),
        flags: Vec::new(),
    };
    sources.environment = Environment::from_process(&sources.root())?;
    Ok(Settings::load(&sources)?)
}

/// Runs an asynchronous command to its end, or to the first Ctrl-C.
pub(super) fn wait(command: impl Future<Output = anyhow::Result<Outcome>>) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = command => outcome,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted: nothing was sent or written"),
        }
    });
    runtime.shutdown_background();
    outcome
}
