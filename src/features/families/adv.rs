//! Average daily turnover.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The mean turnover of the last N bars, in the quote currency.
///
/// # Formula
/// `adv{N}[t] = mean of close × volume over t−N+1 … t`
///
/// # Source
/// Average daily (dollar) volume, at the close for want of the session's average price.
pub const FAMILY: Family = Family {
    pattern: "adv{N}",
    window: Window::spelled(1, 20),
    formula: "mean of close × volume over the last N bars",
    source: "average daily dollar volume",
    unit: Unit::Currency,
    first: |n| n - 1,
    bars: |n| n,
    compute: |bars, n, out| {
        let turnover: Vec<f64> =
            bars.close.iter().zip(bars.volume).map(|(close, volume)| close * volume).collect();
        windows::mean(&turnover, n, out);
    },
};
