//! Wilder's relative strength index.

use crate::features::family::{Family, Unit, WILDER_WARM_UP, Window};

/// The share of rises in the recent movement, 0 to 100; 0 where the close never moved.
/// `rsi` is `rsi14`.
///
/// # Formula
/// `gain` and `loss` are the mean rise and the mean fall of the first N changes, then
/// `gain[t] = gain[t−1] + (rise[t] − gain[t−1]) / N`, `loss` likewise;
/// `rsi{N}[t] = 100 × gain[t] / (gain[t] + loss[t])`
///
/// # Source
/// J. W. Wilder, New Concepts in Technical Trading Systems (1978), as TA-Lib's `RSI`.
pub const FAMILY: Family = Family {
    pattern: "rsi{N}",
    window: Window::defaulted(2, 14),
    formula: "100 × mean rise / (mean rise + mean fall), Wilder's means over N",
    source: "Wilder 1978; TA-Lib's RSI",
    unit: Unit::Hundred,
    first: |n| n,
    bars: |n| n + 1 + WILDER_WARM_UP * n,
    compute: |bars, n, out| {
        out.fill(f64::NAN);
        let count = n as f64;
        let (mut gain, mut loss) = (0.0, 0.0);
        for (t, pair) in (1..).zip(bars.close.windows(2)) {
            let change = pair[1] - pair[0];
            let (rise, fall) = (change.max(0.0), (-change).max(0.0));
            if t <= n {
                gain += rise / count;
                loss += fall / count;
            } else {
                gain += (rise - gain) / count;
                loss += (fall - loss) / count;
            }
            if t >= n {
                let movement = gain + loss;
                out[t] = if movement > 0.0 { 100.0 * gain / movement } else { 0.0 };
            }
        }
    },
};
