//! The account at the end of each session.

use chrono::Datelike as _;
use chrono::NaiveDate;
use serde::Serialize;

/// The account at one session's close, oldest first in a curve. Money is in the account's currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    pub date: NaiveDate,
    /// Cash plus positions at their last known closes.
    pub equity: f64,
    /// Positions at their last known closes.
    pub invested: f64,
    /// What was bought and sold at this session's fills, in money, both counted.
    pub traded: f64,
}

/// What the account gained within one calendar month, as a fraction of what it was worth before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Month {
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    pub gain: f64,
}

/// A return, or a deviation of returns, up to this is what rounding leaves of none: equity / equity is 1 to sixteen
/// digits.
pub(super) const NOISE: f64 = 1e-12;

/// Returns the return of each session but the first: equity / that of the session before − 1.
pub fn returns(days: &[Day]) -> Vec<f64> {
    days.windows(2).map(|pair| pair[1].equity / pair[0].equity - 1.0).collect()
}

/// Returns the months of a curve, oldest first; the first is from the first day on.
pub fn months(days: &[Day]) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    let Some(first) = days.first() else { return months };
    let (mut before, mut last) = (first.equity, first.equity);
    for day in days {
        let (year, month) = (day.date.year(), day.date.month());
        if months.last().is_none_or(|own| (own.year, own.month) != (year, month)) {
            before = last;
            months.push(Month { year, month, gain: 0.0 });
        }
        if let Some(own) = months.last_mut() {
            own.gain = day.equity / before - 1.0;
        }
        last = day.equity;
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::fixtures::days_from;

    #[test]
    fn a_month_begins_at_the_last_close_of_the_month_before() {
        let curve = days_from("2024-01-30", &[100.0, 110.0, 121.0, 60.5]);
        let gains: Vec<(u32, f64)> =
            months(&curve).iter().map(|own| (own.month, (own.gain * 1e9).round() / 1e9)).collect();
        // The 30th and 31st of January, the 1st and 2nd of February.
        assert_eq!(gains, [(1, 0.1), (2, -0.45)]);
        assert_eq!(months(&[]), []);
        assert_eq!(returns(&curve).len(), 3);
    }
}
