//! Closes that move like an unadjusted split, and the splits that vendors list.

use std::fmt;

use chrono::NaiveDate;

use super::Bars;
use super::Panel;
use crate::domain::Symbol;

/// A close outside of these multiples of the close before it jumps.
const SMALLEST_RATIO: f64 = 0.6;
const LARGEST_RATIO: f64 = 1.6;
/// How near a close ratio must be to a listed split's to look like that split, unadjusted.
const SPLIT_TOLERANCE: f64 = 0.03;
/// So many sessions after a jump every split that made it is listed.
pub const LISTED_AFTER: usize = 2;
/// The ratios of splits that are common: new shares for each old one, or the other way round.
const COMMON: [f64; 18] =
    [1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0];

/// A split that a vendor lists: each share held before `date` became `ratio` shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    pub symbol: Symbol,
    /// The first session that trades at the new price.
    pub date: NaiveDate,
    /// New shares for each old one: 4 for a 4:1 split, 0.1 for a 1:10 reverse split.
    pub ratio: f64,
}

impl Split {
    /// Tells whether a close over the one before is what the split leaves where it is not adjusted for.
    pub fn explains(&self, ratio: f64) -> bool {
        leaves(self.ratio, ratio)
    }

    /// Tells whether a symbol's closes still show the split, since its bars were not adjusted.
    ///
    /// `place` is the symbol's place in the panel. Without a bar on both sides there is nothing to
    /// see.
    pub fn is_shown(&self, panel: &Panel, place: usize) -> bool {
        let rows = panel.rows(place);
        let row = rows.start + panel.dates()[rows.clone()].partition_point(|date| *date < self.date);
        rows.start < row && row < rows.end && self.explains(panel.close()[row] / panel.close()[row - 1])
    }
}

/// Tells whether a close over the one before is what a split into so many shares leaves.
fn leaves(split: f64, ratio: f64) -> bool {
    (ratio * split - 1.0).abs() <= SPLIT_TOLERANCE
}

/// A close that moved like an unadjusted split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// The session of the close that jumped.
    pub date: NaiveDate,
    /// That close over the one before.
    pub ratio: f64,
}

impl Jump {
    /// Tells whether it is what a split of so many new shares for each old one leaves.
    pub fn is_of(&self, split: f64) -> bool {
        leaves(split, self.ratio)
    }

    /// Tells whether it is what a common split leaves: only a list that was made [`LISTED_AFTER`] sessions later says
    /// that there was none.
    pub fn is_common(&self) -> bool {
        COMMON.iter().any(|common| self.is_of(*common) || self.is_of(1.0 / common))
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the close of {} is {:.2} times the one before", self.date, self.ratio)
    }
}

/// Finds the closes of one symbol that jump whatever any list of splits says.
pub fn jumps(bars: &Bars) -> Vec<Jump> {
    let closes: Vec<(NaiveDate, f64)> = bars.iter().map(|bar| (bar.date, bar.close)).collect();
    let ratios = closes.windows(2).map(|pair| Jump { date: pair[1].0, ratio: pair[1].1 / pair[0].1 });
    ratios.filter(|jump| is_outside(jump.ratio)).collect()
}

pub(super) fn is_outside(ratio: f64) -> bool {
    !(SMALLEST_RATIO..=LARGEST_RATIO).contains(&ratio)
}

/// Tells whether a close ratio is that of one of a symbol's splits listed after `last`, up to `next`.
pub(super) fn shows_split(last: NaiveDate, next: NaiveDate, ratio: f64, splits: &[&Split]) -> bool {
    splits.iter().any(|split| last < split.date && split.date <= next && split.explains(ratio))
}
