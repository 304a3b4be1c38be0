//! The bar itself.

use crate::features::family::{Family, Unit};

const SOURCE: &str = "the bar, split-adjusted";

/// The first price of the session.
///
/// # Formula
/// `open[t]`
///
/// # Source
/// The bar.
pub const OPEN: Family = Family {
    pattern: "open",
    window: None,
    formula: "open[t]",
    source: SOURCE,
    unit: Unit::Price,
    first: |_| 0,
    bars: |_| 1,
    compute: |bars, _, out| out.copy_from_slice(bars.open),
};

/// The highest price of the session.
///
/// # Formula
/// `high[t]`
///
/// # Source
/// The bar.
pub const HIGH: Family = Family {
    pattern: "high",
    formula: "high[t]",
    compute: |bars, _, out| out.copy_from_slice(bars.high),
    ..OPEN
};

/// The lowest price of the session.
///
/// # Formula
/// `low[t]`
///
/// # Source
/// The bar.
pub const LOW: Family = Family {
    pattern: "low",
    formula: "low[t]",
    compute: |bars, _, out| out.copy_from_slice(bars.low),
    ..OPEN
};

/// The last price of the session.
///
/// # Formula
/// `close[t]`
///
/// # Source
/// The bar.
pub const CLOSE: Family = Family {
    pattern: "close",
    formula: "close[t]",
    compute: |bars, _, out| out.copy_from_slice(bars.close),
    ..OPEN
};

/// The units traded in the session.
///
/// # Formula
/// `volume[t]`
///
/// # Source
/// The bar.
pub const VOLUME: Family = Family {
    pattern: "volume",
    formula: "volume[t]",
    unit: Unit::Units,
    compute: |bars, _, out| out.copy_from_slice(bars.volume),
    ..OPEN
};
