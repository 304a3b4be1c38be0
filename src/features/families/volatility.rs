//! Annualised volatility.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The standard deviation of the last N daily returns, annualised by the asset class's sessions.
///
/// # Formula
/// `volatility_{N}d[t] = stddev(returns_1d[t−N+1], …, returns_1d[t]) × √(sessions a year)`,
/// sample deviation; 252 sessions for equities, 365 for crypto
///
/// # Source
/// Realised volatility of simple returns; pandas `pct_change().rolling(N).std()`.
pub const FAMILY: Family = Family {
    pattern: "volatility_{N}d",
    window: Window::spelled(2, 20),
    formula: "sample standard deviation of the last N daily returns × √252 (crypto √365)",
    source: "realised volatility; pandas pct_change().rolling(N).std()",
    unit: Unit::Fraction,
    first: |n| n,
    bars: |n| n + 1,
    compute: |bars, n, out| {
        let returns: Vec<f64> = bars.close.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
        let year = bars.asset_class.sessions_per_year().sqrt();
        let Some((first, later)) = out.split_first_mut() else { return };
        *first = f64::NAN;
        windows::spread(&returns, n, later, |spread| windows::sample_deviation(spread, n) * year);
    },
};
