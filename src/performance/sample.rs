//! Moments of a sample. An empty one has none.

/// Returns the mean.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Returns the median: of an even number of values the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let is_odd = sorted.len() % 2 == 1;
    Some(if is_odd { upper } else { (sorted[sorted.len() / 2 - 1] + upper) / 2.0 })
}

/// Returns the mean of (x − mean)^`order`.
fn central_moment(values: &[f64], order: i32) -> Option<f64> {
    let mean = mean(values)?;
    Some(values.iter().map(|value| (value - mean).powi(order)).sum::<f64>() / values.len() as f64)
}

/// Returns the sample deviation, by n − 1; `None` for fewer than two values.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    (values.len() > 1).then_some(())?;
    Some((central_moment(values, 2)? * count / (count - 1.0)).sqrt())
}

/// Returns the third standardised moment; `None` where nothing varies.
pub(super) fn skewness(values: &[f64]) -> Option<f64> {
    let spread = central_moment(values, 2)?;
    (spread > 0.0).then_some(())?;
    Some(central_moment(values, 3)? / spread.powf(1.5))
}

/// Returns the fourth standardised moment, 3 for a normal sample; `None` where nothing varies.
pub(super) fn kurtosis(values: &[f64]) -> Option<f64> {
    let spread = central_moment(values, 2)?;
    (spread > 0.0).then_some(())?;
    Some(central_moment(values, 4)? / spread.powi(2))
}

/// Returns the sample covariance, by n − 1; `None` for fewer than two pairs.
pub(super) fn covariance(pairs: &[(f64, f64)]) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mean_a, mean_b) = (mean(&a)?, mean(&b)?);
    (pairs.len() > 1).then_some(())?;
    let sum: f64 = pairs.iter().map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    Some(sum / (pairs.len() as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_reckoned_by_hand() {
        let values = [1.0, 2.0, 3.0, 6.0];
        assert_eq!((mean(&values), median(&values), median(&values[..3])), (Some(3.0), Some(2.5), Some(2.0)));
        assert_eq!(deviation(&values), Some((14.0_f64 / 3.0).sqrt()));
        // Deviations −2, −1, 0, 3: squares 14, cubes 18, fourth powers 98, each by 4.
        assert_eq!(skewness(&values), Some(4.5 / 3.5_f64.powf(1.5)));
        assert_eq!(kurtosis(&values), Some(24.5 / 12.25));
        assert_eq!(covariance(&[(1.0, 2.0), (3.0, 8.0)]), Some(6.0));
    }

    #[test]
    fn what_is_too_small_or_does_not_vary_has_no_moment() {
        assert_eq!((mean(&[]), median(&[]), deviation(&[1.0])), (None, None, None));
        assert_eq!((skewness(&[2.0, 2.0]), kurtosis(&[2.0, 2.0])), (None, None));
    }
}
