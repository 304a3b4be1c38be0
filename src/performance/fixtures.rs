//! Small curves for the tests of this module.

use chrono::Days;
use chrono::NaiveDate;

use super::curve::Day;

/// A curve of consecutive days.
pub fn days(equity: &[f64]) -> Vec<Day> {
    days_from("2024-01-02", equity)
}

/// A curve of consecutive days from that one on.
pub fn days_from(first: &str, equity: &[f64]) -> Vec<Day> {
    let first: NaiveDate = first.parse().expect("a date");
    let day = |(place, equity): (usize, &f64)| Day {
        date: first + Days::new(place as u64),
        equity: *equity,
        invested: 0.0,
        traded: 0.0,
    };
    equity.iter().enumerate().map(day).collect()
}
