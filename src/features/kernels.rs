//! The polars kernel that the formulas stand on, from slice to slice, and what goes with it.
//!
//! It is called below polars' `Series`, whose exponential mean comes only with a feature of its
//! own. Polars' rolling kernels are left aside, for the reasons that [`super::windows`] gives.

use polars::polars_compute::ewm::mean::ewm_mean;

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
