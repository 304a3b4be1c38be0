//! One symbol's bars as a formula sees them: slices of the panel, oldest first.

use crate::bars::Panel;
use crate::domain::AssetClass;

/// The bars of one symbol. All slices have the same length, prices are positive and finite.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    pub asset_class: AssetClass,
    pub open: &'a [f64],
    pub high: &'a [f64],
    pub low: &'a [f64],
    pub close: &'a [f64],
    pub volume: &'a [f64],
}

impl<'a> History<'a> {
    /// Takes the bars of the symbol at `position` of the panel.
    pub(super) fn of(panel: &'a Panel, position: usize) -> Self {
        let rows = panel.rows(position);
        Self {
            asset_class: panel.asset_class(),
            open: &panel.open()[rows.clone()],
            high: &panel.high()[rows.clone()],
            low: &panel.low()[rows.clone()],
            close: &panel.close()[rows.clone()],
            volume: &panel.volume()[rows],
        }
    }

    /// Returns the true range of the bar at `index`, which needs the close before it:
    /// `max(high, close[t−1]) − min(low, close[t−1])`.
    ///
    /// # Panics
    /// Where `index` is 0 or past the end.
    pub(super) fn true_range(&self, index: usize) -> f64 {
        let before = self.close[index - 1];
        self.high[index].max(before) - self.low[index].min(before)
    }
}
