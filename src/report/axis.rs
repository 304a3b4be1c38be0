//! Where a chart's ticks and labels go: round prices, month names, and labels pushed apart.

use crate::domain::format;
use chrono::{Datelike, NaiveDate};

/// Returns round values inside the range, about `wanted` of them: steps of 1, 2 or 5.
///
/// # Formula
/// The step is the least of {1, 2, 5, 10} × 10^⌊log₁₀(span / wanted)⌋ that is no smaller
/// than span / wanted.
pub fn round_values(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let raw = (high - low) / wanted as f64;
    if !raw.is_finite() || raw <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|s| *s >= raw).unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

/// Returns the decimals that evenly spaced round values need to be told apart.
pub fn decimals(values: &[f64]) -> usize {
    let [first, second, ..] = values else { return 2 };
    // A step of 1, 2 or 5 times a power of ten; the nudge keeps 0.1 from counting as 0.0999….
    let magnitude = ((second - first).abs() * 1.000_001).log10().floor();
    if magnitude.is_finite() { (-magnitude).clamp(0.0, 16.0) as usize } else { 2 }
}

/// Returns the sessions to name on the time axis, as index and label: the first session of
/// each month, or the two ends where the span has fewer than two such.
pub fn date_ticks(dates: &[NaiveDate]) -> Vec<(usize, String)> {
    let begins_month = |i: &usize| dates[*i].month() != dates[*i - 1].month();
    let months: Vec<_> = (1..dates.len()).filter(begins_month).collect();
    if months.len() >= 2 {
        return months.into_iter().map(|i| (i, dates[i].format("%b").to_string())).collect();
    }
    let ends = [0, dates.len().saturating_sub(1)];
    ends.into_iter().filter_map(|i| Some((i, format::short_day(*dates.get(i)?)))).collect()
}

/// Moves positions apart so that each is at least `gap` from the next, within `low..=high`,
/// and returns them in the order given; nearer to the ends where they do not all fit.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<_> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut placed: Vec<f64> = order.iter().map(|i| wanted[*i].clamp(low, high)).collect();
    for i in 1..placed.len() {
        placed[i] = placed[i].max(placed[i - 1] + gap);
    }
    let mut ceiling = high;
    for place in placed.iter_mut().rev() {
        *place = place.min(ceiling);
        ceiling = *place - gap;
    }
    let mut result = vec![0.0; wanted.len()];
    for (rank, index) in order.into_iter().enumerate() {
        result[index] = placed[rank];
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let rows: [(f64, f64, &[f64]); 4] = [
            (163.2, 198.4, &[170.0, 180.0, 190.0]),
            (0.0421, 0.0488, &[0.044, 0.046, 0.048]),
            (61_000.0, 69_500.0, &[65_000.0]),
            (5.0, 5.0, &[]),
        ];
        for (low, high, expected) in rows {
            let ticks = round_values(low, high, 4);
            let same = ticks.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs());
            assert!(ticks.len() == expected.len() && same, "{low}..{high}: {ticks:?}");
        }
    }

    #[test]
    fn ticks_have_the_decimals_of_their_step() {
        let rows: [(&[f64], usize); 5] = [
            (&[170.0, 180.0], 0),
            (&[0.044, 0.046], 3),
            (&[0.1, 0.2], 1),
            (&[5.0, 5.5], 1),
            (&[65_000.0], 2),
        ];
        for (values, expected) in rows {
            assert_eq!(decimals(values), expected, "{values:?}");
        }
    }

    #[test]
    fn labels_never_come_closer_than_the_gap() {
        let rows: [&[f64]; 4] =
            [&[50.0, 51.0, 52.0, 53.0, 54.0], &[0.0, 0.0, 0.0], &[200.0, 199.0, 10.0, 200.0], &[90.0, 10.0]];
        for wanted in rows {
            let mut placed = spread(wanted, 18.0, 10.0, 190.0);
            placed.sort_by(f64::total_cmp);
            assert!(placed.windows(2).all(|w| w[1] - w[0] >= 18.0 - 1e-9), "{wanted:?}: {placed:?}");
            assert!(placed.iter().all(|y| (10.0..=190.0).contains(y)), "{placed:?}");
        }
        assert_eq!(spread(&[90.0, 20.0], 18.0, 10.0, 190.0), [90.0, 20.0], "free labels stay where they are");
    }

    #[test]
    fn a_short_span_names_its_ends() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).expect("a date of November");
        let dates: Vec<_> = (2..20).map(day).collect();
        assert_eq!(date_ticks(&dates), [(0, "2 Nov".to_owned()), (17, "19 Nov".to_owned())]);
        assert_eq!(date_ticks(&[]), []);
    }
}
