//! The features that the core itself needs, whatever the scripts read.

use std::sync::LazyLock;

use super::Feature;

/// The distance from entry to stop.
pub static ATR14: LazyLock<Feature> = LazyLock::new(|| named("atr14"));
/// The ranking's tie-break, and capacity.
pub static ADV20: LazyLock<Feature> = LazyLock::new(|| named("adv20"));
/// Breadth, the regime, and the chart's mean.
pub static MA50: LazyLock<Feature> = LazyLock::new(|| named("ma50"));
/// The regime.
pub static MA200: LazyLock<Feature> = LazyLock::new(|| named("ma200"));
/// The market's day.
pub static CLOSE: LazyLock<Feature> = LazyLock::new(|| named("close"));
/// The market's change on the day.
pub static RETURNS_1D: LazyLock<Feature> = LazyLock::new(|| named("returns_1d"));
/// The market's volatility.
pub static VOLATILITY_20D: LazyLock<Feature> = LazyLock::new(|| named("volatility_20d"));

fn named(name: &str) -> Feature {
    Feature::parse(name).expect("the core names features of the catalogue")
}
