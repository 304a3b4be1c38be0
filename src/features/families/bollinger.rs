//! Bollinger bands.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The standard deviations between the mean and a band.
const DEVIATIONS: f64 = 2.0;

const SOURCE: &str = "J. Bollinger; TA-Lib's BBANDS, 2 deviations";

/// Two standard deviations above the mean of the last N closes; `bb_upper` is `bb_upper20`.
///
/// # Formula
/// `bb_upper{N}[t] = ma{N}[t] + 2 √(Σ (close[i] − ma{N}[t])² / N)`, i = t−N+1 … t
///
/// # Source
/// TA-Lib's `BBANDS`: the deviation of the population, unlike `stddev{N}`. Its default window
/// is 20 since 0.8; it was 5 before.
pub const UPPER: Family = Family {
    pattern: "bb_upper{N}",
    window: Window::defaulted(2, 20),
    formula: "ma{N} + 2 × population standard deviation of close over the last N bars",
    source: SOURCE,
    unit: Unit::Price,
    first: |n| n - 1,
    bars: |n| n,
    compute: |bars, n, out| band(bars.close, n, out, DEVIATIONS),
};

/// Two standard deviations under the mean of the last N closes; `bb_lower` is `bb_lower20`.
///
/// # Formula
/// `bb_lower{N}[t] = ma{N}[t] − 2 √(Σ (close[i] − ma{N}[t])² / N)`, i = t−N+1 … t
///
/// # Source
/// As [`UPPER`].
pub const LOWER: Family = Family {
    pattern: "bb_lower{N}",
    formula: "ma{N} − 2 × population standard deviation of close over the last N bars",
    compute: |bars, n, out| band(bars.close, n, out, -DEVIATIONS),
    ..UPPER
};

fn band(close: &[f64], n: usize, out: &mut [f64], deviations: f64) {
    let count = n as f64;
    windows::spread(close, n, out, |spread| spread.mean + deviations * (spread.squares / count).sqrt());
}
