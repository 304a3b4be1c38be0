//! Mean, spread and extremes of a sliding window, such that bars that left it leave no trace.
//!
//! A sliding sum (polars' and pandas' kernels, compensated or not) adds the newcomer and
//! subtracts the leaver, so the rounding of a bar stays for ever: after a volume of 1e13 a
//! window of zeros sums to 1e−3, a reverse-split fund that fell from 1e9 to 10 has a mean that
//! depends on how much history was loaded, and a flat window has a deviation that is not 0.
//! Here the series is cut into blocks of N. A window of N bars is then a tail of one block
//! and a head of the next, and both are running sums: no subtraction, the same cost, and only
//! the window's own bars in the result. Extremes go the same way (van Herk 1992), for speed:
//! two comparisons a bar whatever the window, a fifth of the time of polars' kernel.

/// Writes the mean of the last `n` values; missing (NaN) before the first full window.
pub(super) fn mean(values: &[f64], n: usize, out: &mut [f64]) {
    blank(n, out);
    let count = n as f64;
    let mut tails = vec![0.0; n];
    for start in (0..values.len()).step_by(n) {
        if start > 0 {
            let mut tail = 0.0;
            for back in 1..n {
                tail += values[start - back];
                tails[n - back] = tail;
            }
        }
        let mut head = 0.0;
        let end = values.len().min(start + n);
        for index in start..end {
            head += values[index];
            let taken = index - start + 1;
            if start > 0 || taken == n {
                let tail = if taken == n { 0.0 } else { tails[taken] };
                out[index] = (head + tail) / count;
            }
        }
    }
}

/// What [`spread`] tells about one window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// The newest value less the window's mean, computed without their common size.
    pub(super) excess: f64,
    /// The window's mean.
    pub(super) mean: f64,
    /// The sum of squared differences from the mean: exactly 0 for a flat window.
    pub(super) squares: f64,
}

/// Writes `figure` of the last `n` values' spread; missing (NaN) before the first full window.
///
/// Sums run over differences from the value at the block's edge. That value lies in the
/// window, so the differences are of the size of the spread itself and squaring them loses
/// nothing to a high price.
pub(super) fn spread(values: &[f64], n: usize, out: &mut [f64], figure: impl Fn(Spread) -> f64) {
    blank(n, out);
    let count = n as f64;
    let mut tails = vec![(0.0, 0.0); n];
    for start in (0..values.len()).step_by(n) {
        let pivot = values[start];
        if start > 0 {
            let mut tail = (0.0, 0.0);
            for back in 1..n {
                tail = add(tail, values[start - back] - pivot);
                tails[n - back] = tail;
            }
        }
        let mut head = (0.0, 0.0);
        let end = values.len().min(start + n);
        for index in start..end {
            let offset = values[index] - pivot;
            head = add(head, offset);
            let taken = index - start + 1;
            if start > 0 || taken == n {
                let tail = if taken == n { (0.0, 0.0) } else { tails[taken] };
                let (sum, squares) = (head.0 + tail.0, head.1 + tail.1);
                let mean = sum / count;
                let squares = (squares - sum * mean).max(0.0);
                out[index] = figure(Spread { excess: offset - mean, mean: pivot + mean, squares });
            }
        }
    }
}

/// The sample standard deviation of a window of `n`.
pub(super) fn sample_deviation(spread: Spread, n: usize) -> f64 {
    (spread.squares / (n as f64 - 1.0)).sqrt()
}

/// Writes the highest of the last `n` values; missing (NaN) before the first full window.
pub(super) fn highest(values: &[f64], n: usize, out: &mut [f64]) {
    extreme(values, n, out, f64::max);
}

/// Writes the lowest of the last `n` values; missing (NaN) before the first full window.
pub(super) fn lowest(values: &[f64], n: usize, out: &mut [f64]) {
    extreme(values, n, out, f64::min);
}

fn extreme(values: &[f64], n: usize, out: &mut [f64], further: impl Fn(f64, f64) -> f64) {
    blank(n, out);
    // The furthest of each tail of the block before; of the tail without a value, NaN, which
    // loses to every number.
    let mut tails = vec![f64::NAN; n];
    for start in (0..values.len()).step_by(n) {
        if start > 0 {
            let mut tail = f64::NAN;
            for back in 1..n {
                tail = further(tail, values[start - back]);
                tails[n - back] = tail;
            }
        }
        let mut head = f64::NAN;
        let end = values.len().min(start + n);
        for index in start..end {
            head = further(head, values[index]);
            let taken = index - start + 1;
            if taken == n {
                out[index] = head;
            } else if start > 0 {
                out[index] = further(head, tails[taken]);
            }
        }
    }
}

fn add(sums: (f64, f64), offset: f64) -> (f64, f64) {
    (sums.0 + offset, sums.1 + offset * offset)
}

fn blank(n: usize, out: &mut [f64]) {
    let end = (n - 1).min(out.len());
    out[..end].fill(f64::NAN);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close_to(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-12 * right.abs().max(1e-3)
    }

    /// Compares with the windows written out, for every window and for lengths about its multiples.
    fn check(values: &[f64], n: usize) {
        let mut means = vec![0.0; values.len()];
        let mut deviations = vec![0.0; values.len()];
        let (mut highs, mut lows) = (vec![0.0; values.len()], vec![0.0; values.len()]);
        highest(values, n, &mut highs);
        lowest(values, n, &mut lows);
        mean(values, n, &mut means);
        spread(values, n, &mut deviations, |spread| sample_deviation(spread, n));
        for index in 0..values.len() {
            if index + 1 < n {
                let all = [means[index], deviations[index], highs[index], lows[index]];
                assert!(all.iter().all(|value| value.is_nan()), "{index} of {n}: {all:?}");
                continue;
            }
            let window = &values[index + 1 - n..=index];
            assert_eq!(highs[index], window.iter().copied().fold(f64::MIN, f64::max), "{index} of {n}");
            assert_eq!(lows[index], window.iter().copied().fold(f64::MAX, f64::min), "{index} of {n}");
            let expected = window.iter().sum::<f64>() / n as f64;
            assert!(close_to(means[index], expected), "mean {index} of {n}: {} {expected}", means[index]);
            if n > 1 {
                let squares: f64 = window.iter().map(|value| (value - expected).powi(2)).sum();
                let expected = (squares / (n as f64 - 1.0)).sqrt();
                assert!(close_to(deviations[index], expected), "{index} of {n}: {}", deviations[index]);
            }
        }
    }

    #[test]
    fn every_window_is_the_sum_written_out() {
        let values: Vec<f64> = (0..50).map(|i| 100.0 + f64::from((i * 37) % 23) * 0.75).collect();
        for n in [1, 2, 3, 7, 20, 49, 50, 51] {
            for length in [0, 1, 7, 20, 21, 50] {
                check(&values[..length], n);
            }
        }
    }

    #[test]
    fn a_flat_window_has_no_spread_and_keeps_its_level() {
        let mut values = vec![12345.678; 7];
        values.extend([0.1; 40]);
        let mut out = vec![1.0; values.len()];
        spread(&values, 5, &mut out, |spread| spread.squares);
        assert!(out[11..].iter().all(|squares| *squares == 0.0), "{out:?}");
        spread(&values, 5, &mut out, |spread| spread.mean);
        assert!(out[11..].iter().all(|mean| *mean == 0.1), "{out:?}");
    }

    #[test]
    fn a_huge_value_leaves_no_trace_once_out() {
        let mut values = vec![1e13 / 3.0; 6];
        values.extend([0.0; 12]);
        let mut out = vec![1.0; values.len()];
        mean(&values, 5, &mut out);
        assert!(out[10..].iter().all(|mean| *mean == 0.0), "{out:?}");
    }
}
