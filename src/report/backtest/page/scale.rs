//! A chart's upright scale: from values to thousandths of the plot's height, and its round ticks.
//!
//! Steps are even, unless the highest value is many times the lowest: then they are ratios, so that a gain of a
//! tenth looks the same in every year.

use crate::report::axis;

/// The plot's width and height, in its own units.
pub(super) const FULL: f64 = 1000.0;
/// The ratio of the highest to the lowest value from which steps are ratios.
const WIDE: f64 = 5.0;
/// The part of the scale that stays free at either end.
const MARGIN: f64 = 0.04;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    Even,
    Ratios,
}

/// What lies at the bottom of a plot and what at its top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    steps: Steps,
}

impl Scale {
    /// Fits a scale around the values, with room at both ends; `None` where none is finite.
    pub fn around(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return None;
        }
        if low > 0.0 && high / low >= WIDE {
            let room = (high / low).powf(MARGIN);
            return Some(Self { low: low / room, high: high * room, steps: Steps::Ratios });
        }
        // A flat line has a scale too.
        let room = ((high - low) * MARGIN).max(high.abs() * 1e-3).max(f64::MIN_POSITIVE);
        Some(Self { low: low - room, high: high + room, steps: Steps::Even })
    }

    /// Makes a scale of even steps that ends exactly at these values.
    pub fn between(low: f64, high: f64) -> Self {
        Self { low, high, steps: Steps::Even }
    }

    /// Tells whether equal distances are equal ratios.
    pub fn is_of_ratios(&self) -> bool {
        self.steps == Steps::Ratios
    }

    /// Returns how far a value lies below the top: 0 to [`FULL`] within the scale.
    pub fn y(&self, value: f64) -> f64 {
        let part = match self.steps {
            Steps::Even => (value - self.low) / (self.high - self.low),
            Steps::Ratios => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        FULL * (1.0 - part)
    }

    /// Returns round values within the scale, about four.
    pub fn ticks(&self) -> Vec<f64> {
        if self.steps == Steps::Even {
            return axis::round_values(self.low, self.high, 4);
        }
        let fine = self.decades(&[1.0, 2.0, 5.0]);
        if fine.len() <= 6 { fine } else { self.decades(&[1.0]) }
    }

    /// The products of these digits and powers of ten within the scale.
    fn decades(&self, digits: &[f64]) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let all = (first..=last).flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
        all.filter(|value| (self.low..=self.high).contains(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(values: &[f64]) -> Scale {
        Scale::around(values.iter().copied()).expect("finite values")
    }

    #[test]
    fn higher_values_lie_higher_and_all_lie_inside() {
        for values in [&[10.0, 12.0, 11.0][..], &[1.0, 10.0, 100.0], &[-0.3, -0.1], &[5.0], &[0.0, 0.0]] {
            let scale = around(values);
            for pair in values.windows(2) {
                assert_eq!(pair[0] < pair[1], scale.y(pair[0]) > scale.y(pair[1]), "{pair:?}");
            }
            assert!(values.iter().all(|value| (0.0..=FULL).contains(&scale.y(*value))), "{values:?}");
        }
    }

    #[test]
    fn a_wide_range_is_shown_by_ratios() {
        let scale = around(&[10.0, 1000.0]);
        assert!(scale.is_of_ratios());
        assert!((scale.y(100.0) - FULL / 2.0).abs() < 1e-9);
        assert_eq!(scale.ticks(), [10.0, 100.0, 1000.0]);
        assert!(!around(&[10.0, 40.0]).is_of_ratios());
        assert!(!around(&[-1.0, 100.0]).is_of_ratios(), "a ratio to a loss means nothing");
    }

    #[test]
    fn no_value_has_no_scale() {
        assert_eq!(Scale::around([f64::NAN, f64::INFINITY].into_iter()), None);
    }
}
