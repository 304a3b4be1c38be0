//! The exponential moving average of closes.

use crate::features::family::{EMA_WARM_UP, Family, Unit, Window};
use crate::features::kernels;

/// The exponential mean of closes, seeded with the first close loaded.
///
/// # Formula
/// `ema{N}[0] = close[0]; ema{N}[t] = ema{N}[t−1] + α (close[t] − ema{N}[t−1])`, α = 2/(N+1)
///
/// # Source
/// Exponential smoothing with span N: pandas `ewm(span=N, adjust=False).mean()`. TA-Lib's
/// `EMA` is seeded with the mean of the first N closes and converges with this one.
pub const FAMILY: Family = Family {
    pattern: "ema{N}",
    window: Window::spelled(1, 20),
    formula: "exponential mean of close, α = 2/(N+1), seeded with the first close",
    source: "pandas ewm(span=N, adjust=False).mean()",
    unit: Unit::Price,
    first: |n| n - 1,
    bars: |n| n + EMA_WARM_UP * n,
    compute: |bars, n, out| {
        kernels::exponential_mean(bars.close, 2.0 / (n as f64 + 1.0), out);
        kernels::blank_before(n - 1, out);
    },
};
