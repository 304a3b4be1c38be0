//! The effects around the pure core: what to load, when it is, where things are written.
//!
//! Every command of the program is a function here that takes an [`App`]; a test builds one
//! with a fixed clock and a folder of its own. Deciding anything is not done here.

mod afresh;
mod answers;
mod backtest;
mod bars;
mod charts;
mod courier;
mod data_hash;
mod days;
mod diff_scripts;
mod explain;
mod export;
mod features;
mod fetch_data;
mod fold;
mod gather;
mod give_up;
mod ground;
mod holdout;
mod init;
mod inputs;
mod jumps;
mod letters;
mod live;
mod live_scripts;
mod new_strategy;
mod orders;
mod outcomes;
pub mod portfolio;
mod positions;
mod recipe;
mod record;
mod reloader;
mod replay;
mod run;
mod run_outcome;
mod script_set;
#[cfg(test)]
mod scripted;
mod select;
mod shadow;
mod signals;
mod sources;
mod span;
mod splits;
mod study;
mod sweep;
mod tell;
mod test_mail;
mod test_scripts;
mod validate;
mod walk_forward;

pub use answers::Progress;
pub use backtest::{BacktestInputs, BacktestOutcome, BacktestRequest, Charged, Verified};
pub use backtest::{load_backtest, run_backtest, verify};
pub use bars::{LoadedBars, load};
pub use courier::{Courier, Delivered};
pub use diff_scripts::{DiffRequest, ScriptDiff, diff_scripts};
pub use explain::{ExplainRequest, Explained, explain};
pub use export::{ExportFormat, export};
pub use features::{FeatureRequest, FeatureTable, Sessions, features};
pub use fetch_data::{FetchRequest, FetchRow, FetchTable, fetch_data, fetch_plans};
pub use holdout::{HoldoutRequest, Showing, note_looks};
pub use init::{Written, init};
pub use letters::{Assignment, keep};
pub use live_scripts::{LastReload, LiveScripts, Reloaded, Snapshot};
pub use new_strategy::{NewFiles, NewStrategy, StrategiesFolder, new_strategy};
pub use positions::read_positions;
pub use record::{record, render};
pub use reloader::{Edit, Reloader, Reread, watched};
pub use replay::{Difference, recompute};
pub use run::{RunRequest, run, run_live, run_recorded};
pub use run_outcome::RunOutcome;
pub use script_set::{ScriptSet, load_scripts};
pub use select::{Asked, Selection};
pub use shadow::shadow;
pub use signals::{SignalTable, signals};
pub use sources::{Vendors, cached_classes};
pub use span::Span;
pub use test_mail::{MailTold, MailsTried, send_test_mail};
pub use test_scripts::{ScriptTests, TestedScript, test_scripts};
pub use validate::validate;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::settings::Loaded;

/// What a command works with: the settings as loaded, the clock, and the vendors that were asked so
/// far, whose rate limits hold for the whole process.
#[derive(Clone, Debug)]
pub struct App {
    pub loaded: Loaded,
    pub clock: Clock,
    pub vendors: Vendors,
}

impl App {
    /// Makes an app that has asked no vendor yet.
    pub fn new(loaded: Loaded, clock: Clock) -> Self {
        Self { loaded, clock, vendors: Vendors::default() }
    }

    /// Returns the cache of fetched bars.
    pub fn cache(&self) -> Cache {
        let settings = &self.loaded.settings.cache;
        Cache::new(settings.dir.clone(), settings.ttl_hours)
    }
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
