//! How busy a session was.

use crate::features::family::{Family, Unit, Window};
use crate::features::windows;

/// The volume over the mean volume of the N bars before; missing where nothing was traded in them.
///
/// # Formula
/// `volume_ratio{N}[t] = volume[t] / mean(volume[t−N], …, volume[t−1])`
///
/// # Source
/// Relative volume, this bar left out of the mean.
pub const FAMILY: Family = Family {
    pattern: "volume_ratio{N}",
    window: Window::spelled(1, 20),
    formula: "volume[t] / mean volume of the N bars before this one",
    source: "relative volume",
    unit: Unit::VolumeRatio,
    first: |n| n,
    bars: |n| n + 1,
    compute: |bars, n, out| {
        windows::mean(bars.volume, n, out);
        for t in (0..out.len()).rev() {
            out[t] = if t < n { f64::NAN } else { bars.volume[t] / out[t - 1] };
        }
    },
};
