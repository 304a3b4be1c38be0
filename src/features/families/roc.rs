//! The change of the close over N bars, under its two names.

use crate::features::family::{Family, Unit, Window};

/// The change of the close over N bars, as a fraction.
///
/// # Formula
/// `roc{N}[t] = close[t] / close[t−N] − 1`
///
/// # Source
/// Rate of change; equal to TA-Lib's `ROCP`.
pub const ROC: Family = Family {
    pattern: "roc{N}",
    window: Window::spelled(1, 60),
    formula: "close[t] / close[t−N] − 1",
    source: "rate of change; equal to TA-Lib's ROCP",
    unit: Unit::Fraction,
    first: |n| n,
    bars: |n| n + 1,
    compute: |bars, n, out| {
        for (t, slot) in out.iter_mut().enumerate() {
            *slot = if t < n { f64::NAN } else { bars.close[t] / bars.close[t - n] - 1.0 };
        }
    },
};

/// The same, by the name that short spans go by; `returns_1d` is the day's return.
///
/// # Formula
/// `returns_{N}d[t] = close[t] / close[t−N] − 1`
///
/// # Source
/// Simple return; pandas `pct_change(N)`.
pub const RETURNS: Family = Family {
    pattern: "returns_{N}d",
    window: Window::spelled(1, 1),
    source: "simple return; pandas pct_change(N)",
    ..ROC
};
