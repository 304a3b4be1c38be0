//! What is left of a Sharpe ratio that was chosen as the best of many.

use super::curve::{Day, returns};
use super::figure::{Figure, Undefined, finite};
use super::of_curve::sharpe;
use super::sample::{deviation, kurtosis, skewness};

/// The constant of Euler and Mascheroni.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Returns the probability that the true Sharpe ratio of the curve is over 0, after it was chosen among
/// `trials` whose annualised ratios are given (the deflated Sharpe ratio: Bailey, López de Prado, The Journal
/// of Portfolio Management 40 (5), 2014):
///
/// Φ((SR − SR₀) √(T − 1) / √(1 − γ₃ SR + (γ₄ − 1) / 4 × SR²)), where SR is the ratio of one session, γ₃ and γ₄
/// the skewness and kurtosis of the T returns, and SR₀ = σ ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))) is what
/// the best of N trials without any skill is expected to reach, σ the deviation of the trials' ratios.
///
/// # Errors
/// Fewer than two trials, or a curve that does not vary.
pub fn deflated_sharpe(days: &[Day], trials: &[f64], sessions_per_year: f64) -> Figure {
    let returns = returns(days);
    let own = sharpe(&returns, 1.0)?;
    let trial_count = trials.len() as f64;
    let spread = deviation(trials).ok_or(Undefined("fewer than two trials"))? / sessions_per_year.sqrt();
    let expected = spread
        * ((1.0 - EULER) * inverse_normal(1.0 - trial_count.recip())
            + EULER * inverse_normal(1.0 - (trial_count * std::f64::consts::E).recip()));
    let flat = Undefined("the account never moved");
    let (skew, tails) = (skewness(&returns).ok_or(flat)?, kurtosis(&returns).ok_or(flat)?);
    let width = (1.0 - skew * own + (tails - 1.0) / 4.0 * own.powi(2)).sqrt();
    let steps = (returns.len() as f64 - 1.0).sqrt();
    finite(normal((own - expected) * steps / width), "the returns are too skewed for it")
}

/// The distribution function of the normal distribution.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Its inverse on 0 to 1, by halving: a table or a rational approximation would be faster and less exact.
fn inverse_normal(probability: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_has_its_known_quantiles() {
        for (probability, quantile) in
            [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.9, 1.281_551_565_544_600_4)]
        {
            assert!((inverse_normal(probability) - quantile).abs() < 1e-12, "{probability}");
            assert!((normal(quantile) - probability).abs() < 1e-15, "{probability}");
        }
    }
}
