//! One formula of the catalogue, with everything that is known about it before it is computed.

use super::history::History;

/// The largest window that a name may ask for: eight years of equity sessions.
pub(super) const LARGEST_WINDOW: usize = 2000;

/// Bars, in windows, after which the seed of an exponential mean of α = 2/(N+1) weighs
/// e^−42: beyond any effect on a value of sixteen digits.
pub(super) const EMA_WARM_UP: usize = 21;

/// The same for Wilder's α = 1/N: at e^−24 (4e−11) a seed may be 25 times off the mean and
/// still leave 1e−9.
pub(super) const WILDER_WARM_UP: usize = 24;

/// The same for one Wilder mean on top of another (ADX), whose seed weighs (1 + k) e^−k.
pub(super) const DOUBLE_WILDER_WARM_UP: usize = 28;

/// What a feature is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A level in the quote currency per unit of the asset.
    Price,
    /// A range of such prices, never under zero.
    PriceRange,
    /// A price less another, on either side of zero.
    PriceDifference,
    /// A fraction of one: `0.025` is 2.5 %.
    Fraction,
    /// A number from 0 to 100.
    Hundred,
    /// An amount of the quote currency.
    Currency,
    /// Units of the asset: shares or coins.
    Units,
    /// A volume as a multiple of another.
    VolumeRatio,
    /// Standard deviations, on either side of zero.
    Deviations,
}

impl Unit {
    /// Returns the words that a catalogue page prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Price => "price",
            Unit::PriceRange => "price range",
            Unit::PriceDifference => "price difference",
            Unit::Fraction => "fraction",
            Unit::Hundred => "0 to 100",
            Unit::Currency => "currency",
            Unit::Units => "units",
            Unit::VolumeRatio => "volume ratio",
            Unit::Deviations => "standard deviations",
        }
    }
}

/// The window `{N}` in a family's pattern, in bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The smallest legal N; the largest is 2000 everywhere.
    pub smallest: usize,
    /// The N of the name written without a number, where that is legal (`rsi` is `rsi14`).
    pub default: Option<usize>,
    /// An N to show in lists and suggestions.
    pub example: usize,
}

impl Window {
    /// Makes a window that every name must spell out.
    pub(super) const fn spelled(smallest: usize, example: usize) -> Option<Self> {
        Some(Self { smallest, default: None, example })
    }

    /// Makes a window that a name may leave out.
    pub(super) const fn defaulted(smallest: usize, default: usize) -> Option<Self> {
        Some(Self { smallest, default: Some(default), example: default })
    }
}

/// Fills `out`, one value a bar, from one symbol's bars and N; NaN or infinity is missing.
pub(super) type Compute = fn(&History<'_>, usize, &mut [f64]);

/// A formula of the catalogue, for any window.
///
/// The functions of N ignore it where the family has no window.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name with `{N}` in the place of the window, such as `ma{N}_slope`.
    pub pattern: &'static str,
    /// The window, or `None` where the name has no number.
    pub window: Option<Window>,
    /// The formula in one line; `t` is this bar.
    pub formula: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// What the values are measured in.
    pub unit: Unit,
    /// The first bar, counted from 0, that can have a value.
    pub first: fn(usize) -> usize,
    /// The bars to load so that the last one's value is right to 1e−9.
    pub bars: fn(usize) -> usize,
    pub(super) compute: Compute,
}

impl Family {
    /// Returns the pattern with `n` filled in.
    pub fn name(&self, n: usize) -> String {
        self.pattern.replace("{N}", &n.to_string())
    }

    /// Returns a name that scripts may write, with an example window.
    pub fn example(&self) -> String {
        self.name(self.window.map_or(0, |window| window.example))
    }
}
