//! Where and when orders fill: the bars of one session, at the prices and costs that a fill meets.

use chrono::NaiveDate;

use super::conditions::conditions;
use super::cost::Rate;
use crate::bars::Panel;
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

    /// Returns the price at which orders of a symbol fill; `None` where the session has no bar of it.
    pub(super) fn price(&self, symbol: &Symbol) -> Option<f64> {
        let panel = self.prepared.columns.panel();
        let row = panel.row(panel.position(symbol)?, self.session)?;
        Some(match self.time {
            FillTime::NextOpen => panel.open()[row],
            FillTime::NextClose => panel.close()[row],
        })
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
