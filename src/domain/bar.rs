//! One day of trading in one symbol, as a source tells it: not yet checked.

use chrono::NaiveDate;

/// A daily bar.
///
/// Prices are split-adjusted and in the quote currency; volume is in units of the asset;
/// `date` is the exchange's session date (New York for equities, UTC for crypto).
/// Sources make these; [`crate::bars::Bars`] holds the ones that passed every check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub date: NaiveDate,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
}
