//! Raw signals: what the scripts say of each symbol on a session, scored, with stop and
//! target, before anything is filtered or ranked.
//!
//! A script that errs makes no signal at all on that session, whatever the order of rows, and
//! is never mistaken for a script that found nothing. Nothing here sees a later bar.

mod compare;
mod found;
mod ready;
mod scan;
mod score;
mod signal;
mod span;

#[cfg(test)]
pub(crate) mod fixtures;

pub use compare::{Moved, SignalDiff, compare};
pub use found::{Found, Lacking, Market, Triggered};
pub use scan::{NotReady, Scan, scan, script_failures};
pub use signal::{Component, Signal};
pub use span::{find_sessions, scan_sessions};
