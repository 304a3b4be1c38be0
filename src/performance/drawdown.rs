//! How far the account lay under its highest point so far, and for how long.

use super::curve::{Day, NOISE};

/// Returns equity / its highest up to that day − 1 for each day: 0 at a high, negative below. What rounding leaves is 0.
pub fn drawdowns(days: &[Day]) -> Vec<f64> {
    let mut high = f64::NEG_INFINITY;
    let under = |day: &Day| {
        high = high.max(day.equity);
        let under = day.equity / high - 1.0;
        if under >= -NOISE { 0.0 } else { under }
    };
    days.iter().map(under).collect()
}

/// Returns the length of the run under a former high that has the deepest place, the first of equals; 0 where the
/// account never lay under one.
pub(super) fn of_deepest(days: &[Day]) -> usize {
    let under = drawdowns(days);
    let deepest = under.iter().enumerate().filter(|(_, own)| **own < 0.0).min_by(|a, b| a.1.total_cmp(b.1));
    let Some((place, _)) = deepest else { return 0 };
    let is_under = |own: &&f64| **own < 0.0;
    under[..place].iter().rev().take_while(is_under).count()
        + under[place..].iter().take_while(is_under).count()
}

/// Returns the longest run of sessions under a former high, one that has not ended included.
pub(super) fn longest(days: &[Day]) -> usize {
    let (mut longest, mut run) = (0, 0);
    for under in drawdowns(days) {
        run = if under < 0.0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::fixtures::days;

    #[test]
    fn a_drawdown_is_from_the_highest_point_so_far() {
        let curve = days(&[100.0, 110.0, 99.0, 110.0, 121.0, 60.5]);
        let found: Vec<f64> = drawdowns(&curve).iter().map(|own| (own * 1e6).round() / 1e6).collect();
        assert_eq!(found, [0.0, 0.0, -0.1, 0.0, 0.0, -0.5]);
        assert_eq!(longest(&curve), 1);
        assert_eq!(longest(&days(&[5.0, 4.0, 4.5, 4.9])), 3);
        assert_eq!((longest(&days(&[])), of_deepest(&days(&[]))), (0, 0));
        assert_eq!(of_deepest(&days(&[1.0, 2.0])), 0);
        // A long shallow one, the deepest, and one as deep that has not ended.
        let three = days(&[100.0, 99.0, 98.0, 99.0, 100.0, 80.0, 50.0, 100.0, 90.0, 80.0, 50.0, 60.0]);
        assert_eq!((longest(&three), of_deepest(&three)), (4, 2));
        // A sum that is rounded otherwise is no drawdown.
        let flat = days(&[100_000.0, 99_999.999_999_999_97, 100_000.0, 99_999.999_999_999_98]);
        assert_eq!((drawdowns(&flat), longest(&flat)), (vec![0.0; 4], 0));
    }
}
