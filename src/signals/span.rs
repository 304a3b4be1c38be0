//! Scans many sessions: each stands for itself, so they are scanned on several threads, and some
//! together where each has few rows.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::found::{Found, Market};
use super::scan::Scan;
use crate::features::Columns;
use crate::scripts;
use crate::scripts::Scripts;

/// Rows that are asked about at once, at least: a block of a few rows costs as much as one of hundreds.
const ROWS_AT_ONCE: usize = 4_096;

/// Sessions that are asked about at once, at least: their rows of a symbol lie side by side in memory.
const SESSIONS_AT_ONCE: usize = 16;

/// Scans each of the sessions, which ascend; the scans come in the order of the sessions.
///
/// `columns` must hold the features that `scripts` read. `only` names the strategies, disabled or
/// not; empty means all that are enabled. `progress` is told how many sessions are done, from any
/// thread.
pub fn scan_sessions(
    columns: &Columns,
    scripts: &Scripts,
    sessions: &[NaiveDate],
    only: &[String],
    progress: impl Fn(usize) + Sync,
) -> Vec<Scan> {
    let rows = scripts.bind(columns);
    let market = Market::new(columns, scripts, &rows);
    let done = AtomicUsize::new(0);
    scripts::pool().install(|| {
        sessions
            .par_chunks(at_once(columns))
            .flat_map_iter(|sessions| {
                let found = market.find(sessions, only);
                found.into_iter().map(|found| {
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                    market.told(found)
                })
            })
            .collect()
    })
}

/// Asks all enabled strategies on each of the sessions, on the thread that calls; what was found comes in their order.
pub fn find_sessions(market: &Market<'_>, sessions: &[NaiveDate]) -> Vec<Found> {
    sessions.chunks(at_once(market.columns)).flat_map(|sessions| market.find(sessions, &[])).collect()
}

/// So many sessions are asked about together.
fn at_once(columns: &Columns) -> usize {
    (ROWS_AT_ONCE / columns.panel().symbols().len().max(1)).max(SESSIONS_AT_ONCE)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, flat, scripts, series};
    use crate::signals::scan;

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

    /// Sessions on which a rule errs lie between sound ones; a loop is charged to the budget of its
    /// session alone.
    #[test]
    fn a_session_that_errs_costs_no_other_session() {
        let odd = ALWAYS.replace(
            "return \"always\";",
            "if row.close > 90.0 && row.close < 92.5 { throw \"odd\"; }\n\"always\"",
        );
        let looping =
            ALWAYS.replace("row.close > 1.0", "let n = 0.0; for i in 0..200 { n += row.close; } n > 1.0");
        let scripts = scripts(&[("looping", &looping), ("odd", &odd), ("sound", ALWAYS)]);
        let closes: Vec<f64> = (0..40).map(|number| 70.0 + f64::from(number)).collect();
        let columns = columns(AssetClass::Equity, vec![series("X", 0, &closes), flat("Y", 80.0)], &scripts);
        let sessions: Vec<NaiveDate> = (0..40).map(day).collect();
        let scans = scan_sessions(&columns, &scripts, &sessions, &[], |_| ());
        let rows = scripts.bind(&columns);
        let alone: Vec<Scan> =
            sessions.iter().map(|session| scan(&columns, &scripts, &rows, *session, &[])).collect();
        assert_eq!(scans, alone);
        let of = |name: &str, number: usize| {
            scans[number].signals.iter().filter(|signal| &*signal.strategy == name).count()
        };
        assert_eq!([20, 21, 22, 23].map(|number| of("odd", number)), [2, 0, 0, 2]);
        assert_eq!([20, 21, 22, 23].map(|number| of("sound", number)), [2, 2, 2, 2]);
        let problems: Vec<usize> = scans.iter().map(|scan| scan.problems.len()).collect();
        assert!(problems[21] > problems[20], "{problems:?}");
    }
}
