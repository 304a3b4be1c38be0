//! What wakes the daemon: one closed list, read in one place.

use super::work::JobResult;
use crate::app::Edit;

/// Everything that wakes the daemon.
#[derive(Debug)]
pub enum Wake {
    /// The minute is over.
    Tick,
    /// The run that went on has ended.
    RunEnded(JobResult),
    /// Scripts, templates or settings were edited, and dealt with.
    ScriptsChanged(Box<Edit>),
    /// The settings are to be read again.
    Reload,
    /// The daemon is to end.
    Terminate,
}

impl Wake {
    /// Returns the word for logs.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Wake::Tick => "tick",
            Wake::RunEnded(_) => "run ended",
            Wake::ScriptsChanged(_) => "scripts changed",
            Wake::Reload => "reload",
            Wake::Terminate => "terminate",
        }
    }
}
