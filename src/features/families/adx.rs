//! Wilder's average directional index.

use crate::features::family::{DOUBLE_WILDER_WARM_UP, Family, Unit, Window};
use crate::features::history::History;

/// How strongly the price trends, whichever way, 0 to 100. `adx` is `adx14`.
///
/// # Formula
/// `up[t] = high[t] − high[t−1]`, `down[t] = low[t−1] − low[t]`; the larger counts where it is
/// positive, the other is 0. `up`, `down` and the true range are summed over bars 1 … N−1,
/// then smoothed: `sum[t] = sum[t−1] − sum[t−1] / N + x[t]`. `dx[t] = 100 × |up − down| / (up + down)`
/// of the smoothed sums; `adx{N}[2N−1]` is the mean of the first N `dx`, then
/// `adx{N}[t] = (adx{N}[t−1] × (N − 1) + dx[t]) / N`. A bar without movement leaves it as it is.
///
/// # Source
/// J. W. Wilder, New Concepts in Technical Trading Systems (1978), as TA-Lib's `ADX`.
pub const FAMILY: Family = Family {
    pattern: "adx{N}",
    window: Window::defaulted(2, 14),
    formula: "Wilder's mean over N of 100 × abs(DI+ − DI−) / (DI+ + DI−)",
    source: "Wilder 1978; TA-Lib's ADX",
    unit: Unit::Hundred,
    first: |n| 2 * n - 1,
    bars: |n| 2 * n + DOUBLE_WILDER_WARM_UP * n,
    compute,
};

#[expect(clippy::needless_range_loop, reason = "each step reads bars t and t − 1 of three columns")]
fn compute(bars: &History<'_>, n: usize, out: &mut [f64]) {
    out.fill(f64::NAN);
    let count = n as f64;
    let (mut up, mut down, mut range) = (0.0, 0.0, 0.0);
    let mut adx = 0.0;
    for t in 1..bars.close.len() {
        if t >= n {
            up -= up / count;
            down -= down / count;
            range -= range / count;
        }
        let (rise, fall) = (bars.high[t] - bars.high[t - 1], bars.low[t - 1] - bars.low[t]);
        if rise > 0.0 && rise > fall {
            up += rise;
        } else if fall > 0.0 && fall > rise {
            down += fall;
        }
        range += bars.true_range(t);
        if t < n {
            continue;
        }
        let has_direction = range > 0.0 && up + down > 0.0;
        let dx = has_direction.then(|| 100.0 * (up - down).abs() / (up + down));
        if t < 2 * n {
            adx += dx.unwrap_or(0.0) / count;
        } else if let Some(dx) = dx {
            adx = (adx * (count - 1.0) + dx) / count;
        }
        if t >= 2 * n - 1 {
            out[t] = adx;
        }
    }
}
