//! What is known of features without a bar: their bounds, and which is never above which.

use crate::features::Feature;
use crate::features::Modifier;

/// The values that a number can take. Infinite where there is no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    /// Whether the bound itself is taken.
    pub takes_low: bool,
    pub high: f64,
}

impl Range {
    pub const ALL: Range = Range { low: f64::NEG_INFINITY, takes_low: false, high: f64::INFINITY };

    pub fn point(value: f64) -> Self {
        Range { low: value, takes_low: true, high: value }
    }

    pub fn plus(self, other: Range) -> Self {
        Range {
            low: self.low + other.low,
            takes_low: self.takes_low && other.takes_low,
            high: self.high + other.high,
        }
    }

    pub fn times(self, factor: f64) -> Self {
        if factor == 0.0 {
            return Range::point(0.0);
        }
        let (low, high) = (self.low * factor, self.high * factor);
        if factor < 0.0 {
            Range { low: high, takes_low: high.is_finite(), high: low }
        } else {
            Range { low, high, ..self }
        }
    }
}

const ABOVE_0: Range = Range { low: 0.0, takes_low: false, high: f64::INFINITY };
const FROM_0: Range = Range { low: 0.0, takes_low: true, high: f64::INFINITY };

/// Returns the bounds of a term: `row.…` or `position.…`.
pub(super) fn of_term(term: &str) -> Range {
    if let Some(name) = term.strip_prefix("row.") {
        return Feature::parse(name).map_or(Range::ALL, |feature| of_feature(&feature));
    }
    match term.strip_prefix("position.") {
        Some("bars_held") => FROM_0,
        Some("entry_price" | "stop_price" | "highest_close" | "quantity") => ABOVE_0,
        _ => Range::ALL,
    }
}

/// Bars are checked: their prices are above zero and their volumes are not below it.
fn of_feature(feature: &Feature) -> Range {
    if feature.modifiers().contains(&Modifier::Rank) {
        return Range { high: 1.0, ..FROM_0 };
    }
    match feature.family().pattern {
        "open" | "high" | "low" | "close" | "ma{N}" | "ema{N}" | "bb_upper{N}" | "highest_close_{N}d"
        | "lowest_close_{N}d" | "highest_high_{N}d" | "lowest_low_{N}d" => ABOVE_0,
        "volume" | "atr{N}" | "adv{N}" | "volume_ratio{N}" | "stddev{N}" | "volatility_{N}d" => FROM_0,
        "rsi{N}" | "adx{N}" => Range { high: 100.0, ..FROM_0 },
        "roc{N}" | "returns_{N}d" | "ma{N}_slope" => Range { low: -1.0, ..ABOVE_0 },
        // No value of a sample lies further than (N − 1) / √N deviations from its mean (Samuelson).
        "zscore{N}" => {
            let n = feature.window() as f64;
            let most = (n - 1.0) / n.sqrt() + 1e-9;
            Range { low: -most, takes_low: true, high: most }
        }
        _ => Range::ALL,
    }
}

/// Tells whether a feature can have a value.
///
/// # Errors
/// Why not, naming the feature and what it lies between.
pub fn within_bounds(feature: &Feature, value: f64) -> Result<(), String> {
    let Range { low, takes_low, high } = of_feature(feature);
    if value <= high && (value > low || (takes_low && value == low)) {
        return Ok(());
    }
    let bound = match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("lies between {low} and {high}"),
        (true, false) if takes_low => format!("is {low} or more"),
        (true, false) => format!("is over {low}"),
        _ => format!("is {high} or less"),
    };
    Err(format!("`{feature}` is {value} here, and on no bar: it {bound}"))
}

/// Returns the bounds of what is one of two numbers.
pub(super) fn either(a: Range, b: Range) -> Range {
    let takes_low = if a.low < b.low {
        a.takes_low
    } else if b.low < a.low {
        b.takes_low
    } else {
        a.takes_low || b.takes_low
    };
    Range { low: a.low.min(b.low), takes_low, high: a.high.max(b.high) }
}

/// Returns the bounds of what a function of the host gives.
pub(super) fn of_call(name: &str, arguments: &[Range]) -> Range {
    match (name, arguments) {
        ("abs", [x]) if x.low >= 0.0 => *x,
        ("abs", [x]) => Range { low: 0.0, takes_low: true, high: x.high.max(-x.low) },
        ("sqrt" | "len", _) => FROM_0,
        // What is small enough is rounded to 0.
        ("exp", _) => FROM_0,
        ("min", [a, b]) => Range { high: a.high.min(b.high), ..either(*a, *b) },
        ("max", [a, b]) => {
            let takes_low = (a.takes_low || a.low < b.low) && (b.takes_low || b.low < a.low);
            Range { low: a.low.max(b.low), takes_low, high: a.high.max(b.high) }
        }
        ("clamp", [x, low, high]) => Range {
            low: x.low.max(low.low).min(high.high),
            takes_low: true,
            high: x.high.min(high.high).max(low.low),
        },
        _ => Range::ALL,
    }
}

/// Tells whether feature `a` is never above feature `b` on one row, where both have a value.
pub(super) fn never_above(a: &Feature, b: &Feature) -> bool {
    if a.modifiers().contains(&Modifier::Rank) || b.modifiers().contains(&Modifier::Rank) {
        return false;
    }
    if a.modifiers() == b.modifiers() {
        return ordered(a, b);
    }
    // What held a bar ago lies within the extremes of the bars before this one.
    let is_prev_of = |inner: &Feature, outer: &Feature| {
        let (with, without) = (inner.modifiers(), outer.modifiers());
        with.len() == without.len() + 1 && with.starts_with(without) && with.last() == Some(&Modifier::Prev)
    };
    let pattern = |feature: &Feature| feature.family().pattern;
    if is_prev_of(a, b) {
        return matches!(
            (pattern(a), pattern(b)),
            ("low" | "close", "highest_close_{N}d")
                | ("low" | "open" | "close" | "high", "highest_high_{N}d")
        );
    }
    if is_prev_of(b, a) {
        return matches!(
            (pattern(a), pattern(b)),
            ("lowest_close_{N}d", "close" | "high") | ("lowest_low_{N}d", "low" | "open" | "close" | "high")
        );
    }
    false
}

/// The same for features without modifiers, or with equal ones.
fn ordered(a: &Feature, b: &Feature) -> bool {
    let (shorter, longer) = (a.window() <= b.window(), a.window() >= b.window());
    match (a.family().pattern, b.family().pattern) {
        ("low", "open" | "close" | "high") | ("open" | "close", "high") => true,
        ("highest_close_{N}d", "highest_close_{N}d" | "highest_high_{N}d")
        | ("highest_high_{N}d", "highest_high_{N}d") => shorter,
        ("lowest_close_{N}d" | "lowest_low_{N}d", "lowest_close_{N}d")
        | ("lowest_low_{N}d", "lowest_low_{N}d") => longer,
        // Both windows end with the bar before this one, which lies in both.
        ("lowest_close_{N}d" | "lowest_low_{N}d", "highest_close_{N}d" | "highest_high_{N}d") => true,
        ("bb_lower{N}", "ma{N}" | "bb_upper{N}") | ("ma{N}", "bb_upper{N}") => a.window() == b.window(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &str, b: &str, expected: bool) {
        let feature = |name: &str| Feature::parse(name).expect("a feature");
        assert_eq!(never_above(&feature(a), &feature(b)), expected, "{a} ≤ {b}");
    }

    #[test]
    fn extremes_are_ordered_by_their_windows() {
        check("highest_close_20d", "highest_close_55d", true);
        check("highest_close_55d", "highest_close_20d", false);
        check("lowest_low_55d", "lowest_low_20d", true);
        check("lowest_low_20d", "lowest_close_20d", true);
        check("highest_close_20d", "highest_high_20d", true);
        check("highest_high_20d", "highest_close_55d", false);
        check("lowest_close_5d", "highest_close_55d", true);
        check("benchmark_highest_close_20d", "benchmark_highest_close_55d", true);
        check("benchmark_highest_close_20d", "highest_close_55d", false);
        check("rank_low", "rank_high", false);
    }

    #[test]
    fn a_bar_lies_between_its_own_extremes() {
        check("low", "close", true);
        check("close", "high", true);
        check("close", "highest_close_20d", false);
        check("prev_close", "highest_close_20d", true);
        check("prev_high", "highest_close_20d", false);
        check("lowest_low_20d", "prev_close", true);
        check("bb_lower20", "ma20", true);
        check("bb_lower20", "ma50", false);
    }

    #[test]
    fn bounds_follow_from_the_formulas() {
        assert_eq!(of_term("row.rsi2"), Range { low: 0.0, takes_low: true, high: 100.0 });
        assert_eq!(of_term("row.prev_rank_roc60").high, 1.0);
        assert_eq!(of_term("row.benchmark_ma200").low, 0.0);
        assert!((of_term("row.zscore20").high - 4.248).abs() < 1e-3);
        assert_eq!(of_term("row.macd"), Range::ALL);
    }
}
