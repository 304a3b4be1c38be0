//! The spread of closes, and how far this one is from their mean in units of it.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The sample standard deviation of the last N closes; 0 where they are all equal.
///
/// # Formula
/// `stddev{N}[t] = √(Σ (close[i] − ma{N}[t])² / (N − 1))`, i = t−N+1 … t
///
/// # Source
/// pandas `rolling(N).std()`. TA-Lib's `STDDEV` divides by N.
pub const STDDEV: Family = Family {
    pattern: "stddev{N}",
    window: Window::spelled(2, 20),
    formula: "sample standard deviation of close over the last N bars",
    source: "pandas rolling(N).std()",
    unit: Unit::PriceRange,
    first: |n| n - 1,
    bars: |n| n,
    compute: |bars, n, out| {
        windows::spread(bars.close, n, out, |spread| windows::sample_deviation(spread, n));
    },
};

/// The close's distance from its mean in standard deviations; missing where the closes of the
/// window are all equal. `zscore` is `zscore20`.
///
/// # Formula
/// `zscore{N}[t] = (close[t] − ma{N}[t]) / stddev{N}[t]`
///
/// # Source
/// The standard score.
pub const ZSCORE: Family = Family {
    pattern: "zscore{N}",
    window: Window::defaulted(2, 20),
    formula: "(close − ma{N}) / stddev{N}",
    source: "standard score",
    unit: Unit::Deviations,
    compute: |bars, n, out| {
        windows::spread(bars.close, n, out, |spread| spread.excess / windows::sample_deviation(spread, n));
    },
    ..STDDEV
};
