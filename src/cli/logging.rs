//! Logs, on stderr, for people or for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::args::LogFormat;
use super::progress::Stderr;

/// Starts logging at a level like `info` or by directives like `warn,ts=debug`. The settings
/// have checked the text; a second start changes nothing.
pub(super) fn start(level: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    // A stderr that nobody reads must not cost the result: told of, a failing write would panic.
    let mut builder =
        fmt().with_env_filter(filter).with_writer(|| Stderr).with_target(false).log_internal_errors(false);
    if !stderr().is_terminal() {
        // On a terminal the subscriber itself respects NO_COLOR.
        builder = builder.with_ansi(false);
    }
    let started = match format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(started);
}
