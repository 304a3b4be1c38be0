//! Wilder's average true range.

use crate::features::family::{Family, Unit, WILDER_WARM_UP, Window};
use crate::features::kernels;

/// The smoothed size of a day's move, gaps included.
///
/// The first bar has no close before it, so it has no true range, and `atr1` begins at bar 1.
///
/// # Formula
/// `tr[t] = max(high[t], close[t−1]) − min(low[t], close[t−1])` from bar 1;
/// `atr{N}[1] = tr[1]; atr{N}[t] = atr{N}[t−1] + (tr[t] − atr{N}[t−1]) / N`
///
/// # Source
/// J. W. Wilder, New Concepts in Technical Trading Systems (1978). TA-Lib's `ATR` differs in
/// the seed alone (the mean of the first N true ranges) and converges with this one.
pub const FAMILY: Family = Family {
    pattern: "atr{N}",
    window: Window::spelled(1, 14),
    formula: "exponential mean of the true range, α = 1/N, seeded with the second bar's true range",
    source: "Wilder 1978; TA-Lib's ATR but for the seed",
    unit: Unit::PriceRange,
    first,
    bars: |n| first(n) + 1 + WILDER_WARM_UP * n,
    compute: |bars, n, out| {
        let ranges: Vec<f64> = (1..bars.close.len()).map(|t| bars.true_range(t)).collect();
        if let Some((_, later)) = out.split_first_mut() {
            kernels::exponential_mean(&ranges, 1.0 / n as f64, later);
        }
        kernels::blank_before(first(n), out);
    },
};

fn first(n: usize) -> usize {
    (n - 1).max(1)
}
