//! Where and when orders fill: the bars of one session, at the prices and costs that a fill meets.

use chrono::NaiveDate;

use super::conditions::conditions;
use super::cost::Rate;
use crate::bars::{OnDay, Panel};
use crate::decide::{Prepared, Track};
use crate::domain::{AssetClass, Position, Symbol};
use crate::scripts::Scripts;
use crate::settings;
use crate::settings::FillTime;

/// One session of one class, as a place to trade.
#[derive(Clone, Copy)]
pub(super) struct Floor<'a> {
    pub(super) prepared: &'a Prepared,
    /// Those that it was prepared with.
    pub(super) scripts: &'a Scripts,
    pub(super) session: NaiveDate,
    pub(super) time: FillTime,
    /// `None` trades for nothing.
    pub(super) charges: Option<&'a settings::Backtest>,
}

impl Floor<'_> {
    /// Returns the class that is traded.
    pub(super) fn class(&self) -> AssetClass {
        self.prepared.columns.panel().asset_class()
    }

    /// Returns the session's bars.
    pub(super) fn today(&self) -> OnDay<'_> {
        self.prepared.columns.panel().on(self.session)
    }

    /// Returns the session's bar of each symbol, by its place in the panel, as its row and the price at which orders of
    /// it fill.
    pub(super) fn bars(&self, owners: impl IntoIterator<Item = Option<usize>>) -> Vec<Option<(usize, f64)>> {
        let panel = self.prepared.columns.panel();
        let prices = match self.time {
            FillTime::NextOpen => panel.open(),
            FillTime::NextClose => panel.close(),
        };
        let today = self.today();
        let row = |owner: Option<usize>| today.row(owner?);
        // All at once, so that none waits for the memory of the one before.
        owners.into_iter().map(|owner| row(owner).map(|row| (row, prices[row]))).collect()
    }

    /// Finds a position among the bars of the class.
    pub(super) fn track(&self, position: &Position) -> Track {
        Track::of(position, self.prepared, self.scripts)
    }

    /// Returns the row of a symbol's newest bar up to a date.
    pub(super) fn newest(&self, symbol: &Symbol, until: NaiveDate) -> Option<usize> {
        newest(self.prepared.columns.panel(), symbol, until)
    }

    /// Returns what a fill on `filled` costs of what was decided on `decided`.
    pub(super) fn rate(&self, symbol: &Symbol, decided: NaiveDate, filled: NaiveDate) -> Rate {
        let charged = |settings| Rate::of(settings, &conditions(self.prepared, symbol, decided, filled));
        self.charges.map_or(Rate::FREE, charged)
    }
}

/// Returns the row of a symbol's newest bar up to a date.
pub(super) fn newest(panel: &Panel, symbol: &Symbol, until: NaiveDate) -> Option<usize> {
    let place = panel.position(symbol)?;
    if let Some(row) = panel.row(place, until) {
        return Some(row);
    }
    let rows = panel.rows(place);
    let count = panel.dates()[rows.clone()].partition_point(|date| *date <= until);
    count.checked_sub(1).map(|last| rows.start + last)
}
