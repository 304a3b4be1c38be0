//! The effects around the pure core: what to load, when it is, where things are written.
//!
//! Every command of the program is a function here that takes an [`App`]; a test builds one
//! with a fixed clock and a folder of its own. Deciding anything is not done here.

mod bars;
mod charts;
mod data_hash;
mod features;
mod fold;
mod init;
mod positions;
mod run;
mod script_set;
mod select;
mod signals;
mod sources;
mod span;

pub use bars::{LoadedBars, load};
pub use features::{FeatureRequest, FeatureTable, Sessions, features};
pub use init::{Written, init};
pub use positions::read_positions;
pub use run::{RunOutcome, RunRequest, has_failed_script, run};
pub use script_set::{ScriptSet, load_scripts};
pub use select::{Asked, Selection};
pub use signals::{SignalTable, signals};
pub use span::Span;

use crate::clock::Clock;
use crate::settings::Loaded;

/// What a command works with: the settings as loaded, and the clock.
#[derive(Clone, Debug)]
pub struct App {
    pub loaded: Loaded,
    pub clock: Clock,
}

/// A request that cannot be carried out as asked, told apart by what the caller must mend.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The command line asks for something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// The settings, scripts or files do not allow it.
    #[error("{0}")]
    Configuration(String),
}
