//! The simple moving average of closes, and how fast it rises.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The bars over which the slope is taken: a month of equity sessions.
const SLOPE_BARS: usize = 20;

/// The mean of the last N closes, this one included.
///
/// # Formula
/// `ma{N}[t] = (close[t−N+1] + … + close[t]) / N`
///
/// # Source
/// The arithmetic mean; equal to TA-Lib's `SMA`.
pub const MA: Family = Family {
    pattern: "ma{N}",
    window: Window::spelled(1, 50),
    formula: "mean of close over the last N bars",
    source: "simple moving average; equal to TA-Lib's SMA",
    unit: Unit::Price,
    first: |n| n - 1,
    bars: |n| n,
    compute: |bars, n, out| windows::mean(bars.close, n, out),
};

/// The change of the N-bar mean over the last 20 bars, as a fraction.
///
/// # Formula
/// `ma{N}_slope[t] = ma{N}[t] / ma{N}[t−20] − 1`
///
/// # Source
/// The rate of change of the simple moving average, over 20 bars.
pub const MA_SLOPE: Family = Family {
    pattern: "ma{N}_slope",
    window: Window::spelled(1, 50),
    formula: "ma{N}[t] / ma{N}[t−20] − 1",
    source: "rate of change of the simple moving average over 20 bars",
    unit: Unit::Fraction,
    first: |n| n - 1 + SLOPE_BARS,
    bars: |n| n + SLOPE_BARS,
    compute: |bars, n, out| {
        windows::mean(bars.close, n, out);
        // From the newest back, so that the older mean is read before it is overwritten.
        for t in (0..out.len()).rev() {
            out[t] = if t < SLOPE_BARS { f64::NAN } else { out[t] / out[t - SLOPE_BARS] - 1.0 };
        }
    },
};
