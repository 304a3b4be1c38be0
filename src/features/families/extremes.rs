//! The extremes of the N bars before this one: the levels that a breakout clears.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

const SOURCE: &str = "price channel (R. Donchian), this bar left out";

/// The highest close of the N bars before this one.
///
/// # Formula
/// `highest_close_{N}d[t] = max(close[t−N], …, close[t−1])`
///
/// # Source
/// Donchian's channel on closes, this bar left out so that a close can stand above it; equal
/// to TA-Lib's `MAX` one bar earlier.
pub const HIGHEST_CLOSE: Family = Family {
    pattern: "highest_close_{N}d",
    window: Window::spelled(1, 20),
    formula: "highest close of the N bars before this one",
    source: SOURCE,
    unit: Unit::Price,
    first: |n| n,
    bars: |n| n + 1,
    compute: |bars, n, out| before(bars.close, n, out, windows::highest),
};

/// The lowest close of the N bars before this one.
///
/// # Formula
/// `lowest_close_{N}d[t] = min(close[t−N], …, close[t−1])`
///
/// # Source
/// As [`HIGHEST_CLOSE`]; equal to TA-Lib's `MIN` one bar earlier.
pub const LOWEST_CLOSE: Family = Family {
    pattern: "lowest_close_{N}d",
    formula: "lowest close of the N bars before this one",
    compute: |bars, n, out| before(bars.close, n, out, windows::lowest),
    ..HIGHEST_CLOSE
};

/// The highest high of the N bars before this one.
///
/// # Formula
/// `highest_high_{N}d[t] = max(high[t−N], …, high[t−1])`
///
/// # Source
/// Donchian's channel, this bar left out.
pub const HIGHEST_HIGH: Family = Family {
    pattern: "highest_high_{N}d",
    formula: "highest high of the N bars before this one",
    compute: |bars, n, out| before(bars.high, n, out, windows::highest),
    ..HIGHEST_CLOSE
};

/// The lowest low of the N bars before this one.
///
/// # Formula
/// `lowest_low_{N}d[t] = min(low[t−N], …, low[t−1])`
///
/// # Source
/// Donchian's channel, this bar left out.
pub const LOWEST_LOW: Family = Family {
    pattern: "lowest_low_{N}d",
    formula: "lowest low of the N bars before this one",
    compute: |bars, n, out| before(bars.low, n, out, windows::lowest),
    ..HIGHEST_CLOSE
};

/// Writes the extreme of the window that ended one bar earlier.
fn before(values: &[f64], n: usize, out: &mut [f64], extreme: impl Fn(&[f64], usize, &mut [f64])) {
    let Some((first, later)) = out.split_first_mut() else { return };
    *first = f64::NAN;
    // The newest value has no bar after it to serve.
    extreme(&values[..later.len()], n, later);
}
