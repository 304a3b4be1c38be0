//! Scans many sessions: each stands for itself, so they are scanned several at once.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::Scan;
use super::scan;
use crate::features::Columns;
use crate::scripts;
use crate::scripts::Scripts;

/// Scans each of the sessions; the scans come in the order of the sessions.
///
/// `columns` must hold the features that `scripts` read. `only` limits the strategies by name;
/// empty means all that are enabled. `progress` is told how many sessions are done, from any
/// thread.
pub fn scan_sessions(
    columns: &Columns,
    scripts: &Scripts,
    sessions: &[NaiveDate],
    only: &[String],
    progress: impl Fn(usize) + Sync,
) -> Vec<Scan> {
    let rows = scripts.bind(columns);
    let done = AtomicUsize::new(0);
    scripts::pool().install(|| {
        sessions
            .par_iter()
            .map(|session| {
                let scan = scan(columns, scripts, &rows, *session, only);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                scan
            })
            .collect()
    })
}
