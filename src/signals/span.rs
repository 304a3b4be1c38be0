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
/// `columns` must hold the features that `scripts` read. `only` names the strategies, disabled or not;
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, flat, scripts, series};

    #[test]
    fn many_sessions_say_what_each_says_alone_in_their_order() {
        let scripts = scripts(&[("rule", ALWAYS)]);
        let closes: Vec<f64> = (0..40).map(|number| 70.0 + f64::from(number)).collect();
        let columns = columns(AssetClass::Equity, vec![series("X", 0, &closes), flat("Y", 80.0)], &scripts);
        let sessions: Vec<NaiveDate> = (10..40).map(day).collect();
        let told = Mutex::new(Vec::new());
        let scans = scan_sessions(&columns, &scripts, &sessions, &[], |done| {
            told.lock().expect("no thread has panicked").push(done);
        });
        let rows = scripts.bind(&columns);
        let alone: Vec<Scan> =
            sessions.iter().map(|session| scan(&columns, &scripts, &rows, *session, &[])).collect();
        assert_eq!(scans, alone);
        assert_eq!(
            scans.iter().filter(|scan| scan.signals.len() == 2).count(),
            17,
            "Y has a stop from day 13, bars to 29"
        );
        let mut told = told.into_inner().expect("no thread has panicked");
        told.sort_unstable();
        assert_eq!(told, (1..=30).collect::<Vec<usize>>());
    }
}
