//! Logs, on stderr, for people or for machines; and their last lines in memory, for the alert's mail.

use std::io::{IsTerminal, stderr};
use std::sync::LazyLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::LogFormat;
use super::progress::Stderr;
use crate::daemon::LogTail;

/// One a process, as the log is.
static TAIL: LazyLock<LogTail> = LazyLock::new(LogTail::default);

/// Returns the log's last lines.
pub(super) fn tail() -> LogTail {
    TAIL.clone()
}

/// Starts logging at a level like `info` or by directives like `warn,ts=debug`. The settings
/// have checked the text; a second start changes nothing.
pub(super) fn start(level: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let kept = fmt::layer().with_writer(tail).with_ansi(false).with_target(false).compact();
    let started = tracing_subscriber::registry().with(told(format)).with(kept).with(filter).try_init();
    drop(started);
}

/// What goes to stderr.
fn told(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    // A stderr that nobody reads must not cost the result: told of, a failing write would panic.
    let mut layer = fmt::layer().with_writer(|| Stderr).with_target(false).log_internal_errors(false);
    if !stderr().is_terminal() {
        // On a terminal the layer itself respects NO_COLOR.
        layer = layer.with_ansi(false);
    }
    match format {
        LogFormat::Text => layer.compact().boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}
