//! A feature's name, read once: a family of the catalogue, its window, and modifiers around it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::families;
use super::family::{Family, LARGEST_WINDOW};
use super::history::History;
use super::modifier::{Modifier, split_modifiers};
use super::unknown::{self, UnknownFeature};

/// Modifiers in one name, at most: each costs a column, and no rule reads well with more.
const MOST_MODIFIERS: usize = 8;

/// A feature of the catalogue with its window and modifiers. Cloning is cheap.
///
/// It is known by the name that the script wrote: `zscore` and `zscore20` are two features of
/// equal values.
#[derive(Clone, Debug)]
pub struct Feature {
    name: Arc<str>,
    family: &'static Family,
    n: usize,
    /// Outermost first, as written.
    modifiers: Arc<[Modifier]>,
}

impl Feature {
    /// Reads a name such as `ma50`, `rsi` or `rank_prev_roc60`.
    ///
    /// # Errors
    /// [`UnknownFeature`] where no family has the name, where the window is outside what the
    /// family takes, or where there are more than eight modifiers; it suggests the nearest name.
    pub fn parse(name: &str) -> Result<Self, UnknownFeature> {
        let (modifiers, base) = split_modifiers(name);
        let Some((family, n)) =
            families::catalogue().iter().find_map(|family| Some((family, window(family, base)?)))
        else {
            return Err(unknown::no_such_name(name));
        };
        if let Some(window) = family.window
            && !(window.smallest..=LARGEST_WINDOW).contains(&n)
        {
            return Err(unknown::illegal_window(name, family, window.smallest));
        }
        if modifiers.len() > MOST_MODIFIERS {
            return Err(unknown::too_many_modifiers(name, MOST_MODIFIERS));
        }
        Ok(Self { name: name.into(), family, n, modifiers: modifiers.into() })
    }

    /// Returns the name as it was written.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Returns the formula's family.
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// Returns the window in bars, 0 where the family has none.
    pub fn window(&self) -> usize {
        self.n
    }

    /// Returns the modifiers, outermost first.
    pub fn modifiers(&self) -> &[Modifier] {
        &self.modifiers
    }

    /// Returns the first bar of a symbol, counted from 0, that can have a value.
    pub fn first_bar(&self) -> usize {
        (self.family.first)(self.n) + self.bars_back()
    }

    /// Returns the bars to load so that the last one's value is right to 1e−9.
    pub fn bars_needed(&self) -> usize {
        (self.family.bars)(self.n) + self.bars_back()
    }

    fn bars_back(&self) -> usize {
        self.modifiers.iter().filter(|modifier| **modifier == Modifier::Prev).count()
    }

    /// The same without any modifier.
    pub(super) fn formula(&self) -> Self {
        let (_, base) = split_modifiers(&self.name);
        Self { name: base.into(), family: self.family, n: self.n, modifiers: [].into() }
    }

    /// The outermost modifier and what it stands before; `None` for a plain formula.
    pub(super) fn split(&self) -> Option<(Modifier, Self)> {
        let (first, rest) = self.modifiers.split_first()?;
        let name = &self.name[first.prefix().len()..];
        Some((*first, Self { name: name.into(), family: self.family, n: self.n, modifiers: rest.into() }))
    }

    /// Fills `out` with the formula's values on one symbol's bars.
    pub(super) fn compute(&self, history: &History<'_>, out: &mut [f64]) {
        (self.family.compute)(history, self.n, out);
    }
}

/// The window that `base` asks of the family, not yet checked; `None` where it is not its name.
fn window(family: &Family, base: &str) -> Option<usize> {
    let Some((prefix, suffix)) = family.pattern.split_once("{N}") else {
        return (family.pattern == base).then_some(0);
    };
    let digits = base.strip_prefix(prefix)?.strip_suffix(suffix)?;
    if digits.is_empty() {
        return family.window?.default;
    }
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && !(digits.starts_with('0') && digits.len() > 1);
    // A number too long to read is too large as well; the check of the window says so.
    plain.then(|| digits.parse().unwrap_or(usize::MAX))
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl PartialEq for Feature {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Feature {}

impl PartialOrd for Feature {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Feature {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hash for Feature {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, first_bar: usize, bars_needed: usize) {
        let feature = Feature::parse(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((feature.first_bar(), feature.bars_needed()), (first_bar, bars_needed), "{name}");
        assert_eq!(feature.to_string(), name);
    }

    #[test]
    fn first_bars_and_bars_to_load_are_the_contracts() {
        check("close", 0, 1);
        check("volume", 0, 1);
        check("ma50", 49, 50);
        check("ma50_slope", 69, 70);
        check("ema20", 19, 440);
        check("atr14", 13, 14 + 24 * 14);
        check("atr1", 1, 26);
        check("roc60", 60, 61);
        check("returns_1d", 1, 2);
        check("highest_close_20d", 20, 21);
        check("lowest_low_55d", 55, 56);
        check("adv20", 19, 20);
        check("volume_ratio20", 20, 21);
        check("stddev20", 19, 20);
        check("zscore", 19, 20);
        check("zscore30", 29, 30);
        check("rsi", 14, 15 + 24 * 14);
        check("adx", 27, 28 + 28 * 14);
        check("macd_hist", 33, 34 + 21 * 26);
        check("bb_upper", 19, 20);
        check("bb_lower5", 4, 5);
        check("volatility_20d", 20, 21);
    }

    #[test]
    fn modifiers_nest_and_only_prev_asks_for_more_bars() {
        check("benchmark_ma200", 199, 200);
        check("rank_prev_roc60", 61, 62);
        check("prev_prev_benchmark_close", 2, 3);
    }

    #[test]
    fn windows_out_of_reach_are_refused() {
        for name in ["ma0", "ma2001", "rsi1", "stddev1", "ma99999999999999999999999", "highest_close_0d"] {
            let error = Feature::parse(name).map(|feature| feature.to_string());
            assert!(
                matches!(&error, Err(error) if error.to_string().contains("to 2000")),
                "{name}: {error:?}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in
            ["", "rank_", "ma", "ma050", "ma+5", "ma 5", "ma５", "roc60d", "returns_5", "closes", "zscore_"]
        {
            assert!(Feature::parse(name).is_err(), "{name}");
        }
        assert!(Feature::parse(&format!("{}close", "prev_".repeat(8))).is_ok());
        assert!(Feature::parse(&format!("{}close", "prev_".repeat(100_000))).is_err());
    }

    #[test]
    fn every_family_parses_from_its_own_example() {
        for family in families::catalogue() {
            let feature = Feature::parse(&family.example());
            assert_eq!(feature.map(|feature| feature.family().pattern), Ok(family.pattern));
        }
    }
}
