//! The polars kernels that the formulas stand on, from slice to slice.
//!
//! They are called below polars' `Series`, whose rolling methods come only with `temporal` and
//! its time zones. Polars' sliding mean and deviation are left aside, for the reason that
//! [`super::windows`] gives.

use polars::polars_compute::ewm::mean::ewm_mean;
use polars::polars_compute::rolling::no_nulls::{rolling_max, rolling_min};
use polars::prelude::{ArrayRef, PlSmallStr, PolarsResult, Series};

/// Writes the highest of the `n` values *before* each one.
pub(super) fn highest_before(values: &[f64], n: usize, out: &mut [f64]) {
    before(values, n, out, |earlier| rolling_max(earlier, n, n, false, None, None));
}

/// Writes the lowest of the `n` values *before* each one.
pub(super) fn lowest_before(values: &[f64], n: usize, out: &mut [f64]) {
    before(values, n, out, |earlier| rolling_min(earlier, n, n, false, None, None));
}

/// Writes the exponential mean seeded with the first value: `y += α (x − y)`. Every value
/// is written, the seed's too; what is too early for the reader is the caller's to blank.
pub(super) fn exponential_mean(values: &[f64], alpha: f64, out: &mut [f64]) {
    let means = ewm_mean(values.iter().copied().map(Some), alpha, false, 1, true);
    out.copy_from_slice(means.values());
}

/// Blanks the values before `first`: they exist, but the catalogue does not promise them.
pub(super) fn blank_before(first: usize, out: &mut [f64]) {
    let end = first.min(out.len());
    out[..end].fill(f64::NAN);
}

fn before(values: &[f64], n: usize, out: &mut [f64], kernel: impl Fn(&[f64]) -> PolarsResult<ArrayRef>) {
    // Without a full window there is no value, and of an empty slice the kernels panic.
    if values.len() <= n {
        return out.fill(f64::NAN);
    }
    // The newest value has no bar after it to serve.
    let earlier = &values[..values.len() - 1];
    let extremes = kernel(earlier).and_then(|array| Series::try_from((PlSmallStr::EMPTY, array)));
    match extremes.as_ref().map(Series::f64) {
        Ok(Ok(extremes)) => {
            let later = extremes.downcast_iter().flat_map(|chunk| chunk.values().iter());
            out[1..].iter_mut().zip(later).for_each(|(slot, extreme)| *slot = *extreme);
            blank_before(n, out);
        }
        // The kernels err on weights alone, and there are none.
        _ => out.fill(f64::NAN),
    }
}
