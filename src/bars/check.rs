//! The gate between raw bars and [`Bars`]: every bar is judged alone, a failing one is dropped.
//!
//! Refuses to repair: no price is clamped, filled or guessed. What was dropped is told in one
//! problem a symbol and kind of failure, never in one a bar.

use std::fmt;

use chrono::NaiveDate;

use super::Bars;
use crate::domain::Bar;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;

/// How many dates a problem names before it only counts.
const NAMED_DATES: usize = 3;

/// Why a bar was dropped, in the order in which the problems are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    Price,
    Range,
    Volume,
    Future,
    NoSession,
    Duplicate,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Price => "a price that is not a number over zero",
            Failure::Range => "an open or close outside of low and high",
            Failure::Volume => "a volume that is not a number from zero up",
            Failure::Future => "a date after the last finished session",
            Failure::NoSession => "a date without a session",
            Failure::Duplicate => "a date that was already given (the first is kept)",
        })
    }
}

/// Checks raw bars in any order and keeps the good ones, oldest first.
///
/// `last_finished` is the newest session of the asset class that is over: a later bar is unfinished
/// or from the future. Of two good bars on one date the first given is kept. A volume of −0 becomes 0.
pub fn check(symbol: Symbol, rows: Vec<Bar>, last_finished: NaiveDate) -> (Bars, Vec<Problem>) {
    check_sessions(symbol, rows, last_finished, |_| true)
}

/// Checks like [`check`], and drops bars of days that are no session of the asset class: one on
/// a holiday would shift every window behind it, and make the day a session for all.
pub fn check_sessions(
    symbol: Symbol,
    mut rows: Vec<Bar>,
    last_finished: NaiveDate,
    is_session: impl Fn(NaiveDate) -> bool,
) -> (Bars, Vec<Problem>) {
    let mut dropped: Vec<(Failure, NaiveDate)> = Vec::new();
    rows.retain(|bar| match failure(bar, last_finished, &is_session) {
        Some(failure) => {
            dropped.push((failure, bar.date));
            false
        }
        None => true,
    });
    // A stable sort: bars of one date stay in the order in which they were given.
    rows.sort_by_key(|bar| bar.date);
    rows.dedup_by(|later, earlier| {
        let is_duplicate = later.date == earlier.date;
        if is_duplicate {
            dropped.push((Failure::Duplicate, later.date));
        }
        is_duplicate
    });
    for bar in &mut rows {
        bar.volume += 0.0;
    }
    let problems = problems(&symbol, dropped);
    (Bars::from_checked(symbol, &rows), problems)
}

fn failure(bar: &Bar, last_finished: NaiveDate, is_session: impl Fn(NaiveDate) -> bool) -> Option<Failure> {
    let prices = [bar.open, bar.high, bar.low, bar.close];
    if bar.date > last_finished {
        return Some(Failure::Future);
    }
    if !is_session(bar.date) {
        return Some(Failure::NoSession);
    }
    if prices.iter().any(|price| !price.is_finite() || *price <= 0.0) {
        return Some(Failure::Price);
    }
    if bar.low > bar.open.min(bar.close) || bar.high < bar.open.max(bar.close) {
        return Some(Failure::Range);
    }
    if !bar.volume.is_finite() || bar.volume < 0.0 {
        return Some(Failure::Volume);
    }
    None
}

fn problems(symbol: &Symbol, mut dropped: Vec<(Failure, NaiveDate)>) -> Vec<Problem> {
    dropped.sort();
    let of_one_kind = |a: &(Failure, NaiveDate), b: &(Failure, NaiveDate)| a.0 == b.0;
    dropped
        .chunk_by(of_one_kind)
        .map(|group| {
            let failure = group[0].0;
            let count = group.len();
            let bars = if count == 1 { "bar" } else { "bars" };
            let mut dates: Vec<String> =
                group.iter().take(NAMED_DATES).map(|(_, date)| date.to_string()).collect();
            if count > NAMED_DATES {
                dates.push(format!("{} more", count - NAMED_DATES));
            }
            let message = format!("dropped {count} {bars} with {failure}: {}", dates.join(", "));
            Problem::new(symbol, ProblemKind::BadBar, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, day).expect("a day of January")
    }

    fn good(date: NaiveDate) -> Bar {
        Bar { date, open: 10.0, high: 11.0, low: 9.0, close: 10.5, volume: 100.0 }
    }

    fn checked(rows: Vec<Bar>) -> (Vec<Bar>, Vec<String>) {
        let symbol = Symbol::new("X").expect("a symbol");
        let (bars, problems) = check(symbol, rows, day(20));
        (bars.iter().collect(), problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn a_bar_on_a_day_without_a_session_is_dropped() {
        let rows = vec![good(day(5)), good(day(6)), good(day(8))];
        let symbol = Symbol::new("X").expect("a symbol");
        let (bars, problems) = check_sessions(symbol, rows, day(20), |date| date != day(6));
        assert_eq!(bars.dates(), [day(5), day(8)]);
        assert_eq!(problems[0].message, "dropped 1 bar with a date without a session: 2024-01-06");
    }

    #[test]
    fn bars_in_any_order_come_out_oldest_first() {
        let (bars, problems) = checked(vec![good(day(3)), good(day(2)), good(day(4))]);
        assert_eq!(bars, [good(day(2)), good(day(3)), good(day(4))]);
        assert!(problems.is_empty());
    }

    #[test]
    fn each_failure_drops_only_its_own_bar() {
        let bar = good(day(2));
        let rows = [
            (Bar { open: f64::NAN, ..bar }, "price"),
            (Bar { high: f64::INFINITY, ..bar }, "price"),
            (Bar { low: 0.0, ..bar }, "price"),
            (Bar { close: -1.0, ..bar }, "price"),
            (Bar { low: 10.1, ..bar }, "outside of low and high"),
            (Bar { high: 10.4, ..bar }, "outside of low and high"),
            (Bar { high: 8.0, ..bar }, "outside of low and high"),
            (Bar { volume: -1.0, ..bar }, "volume"),
            (Bar { volume: f64::NAN, ..bar }, "volume"),
            (Bar { volume: f64::INFINITY, ..bar }, "volume"),
            (Bar { date: day(21), ..bar }, "after the last finished session"),
        ];
        for (bad, reason) in rows {
            let (bars, problems) = checked(vec![bad, good(day(3))]);
            assert_eq!(bars, [good(day(3))], "{bad:?}");
            assert_eq!(problems.len(), 1, "{bad:?}");
            assert!(
                problems[0].contains(reason) && problems[0].contains(&bad.date.to_string()),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn a_bar_may_touch_its_limits() {
        let flat = Bar { date: day(20), open: 5.0, high: 5.0, low: 5.0, close: 5.0, volume: 0.0 };
        assert_eq!(checked(vec![flat]), (vec![flat], vec![]));
    }

    #[test]
    fn of_a_date_given_twice_the_first_good_bar_stays() {
        let bad = Bar { close: -1.0, ..good(day(2)) };
        let first = Bar { volume: 1.0, ..good(day(2)) };
        let second = Bar { volume: 2.0, ..good(day(2)) };
        let (bars, problems) = checked(vec![bad, first, second]);
        assert_eq!(bars, [first]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[1].contains("already given"), "{problems:?}");
    }

    #[test]
    fn many_failures_of_a_kind_are_one_problem_with_a_count() {
        let rows = (1..=9).map(|d| Bar { close: 0.0, ..good(day(d)) }).collect();
        let (bars, problems) = checked(rows);
        assert!(bars.is_empty());
        let expected = "dropped 9 bars with a price that is not a number over zero: \
                        2024-01-01, 2024-01-02, 2024-01-03, 6 more";
        assert_eq!(problems, [expected]);
    }

    #[test]
    fn a_negative_zero_volume_becomes_zero() {
        let (bars, problems) = checked(vec![Bar { volume: -0.0, ..good(day(2)) }]);
        assert_eq!(bars[0].volume.to_bits(), 0.0_f64.to_bits());
        assert!(problems.is_empty());
    }
}
