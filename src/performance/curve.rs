//! The account at the end of each session.

use chrono::NaiveDate;

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
