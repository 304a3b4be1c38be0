//! Where and when orders fill: the bars of one session, at the prices and costs that a fill meets.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::conditions::conditions;
use super::cost::Rate;
use crate::bars::Panel;
use crate::decide::Prepared;
use crate::domain::{AssetClass, Bar, Symbol};
use crate::settings;
use crate::settings::FillTime;

/// One session of one class, as a place to trade.
#[derive(Clone, Copy)]
pub(super) struct Floor<'a> {
    pub(super) prepared: &'a Prepared,
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

    /// The session's bars of some symbols; their open is the price at which orders fill.
    pub(super) fn bars<'s>(&self, symbols: impl IntoIterator<Item = &'s Symbol>) -> BTreeMap<Symbol, Bar> {
        let panel = self.prepared.columns.panel();
        let bar = |symbol: &Symbol| {
            let row = panel.row(panel.position(symbol)?, self.session)?;
            let (open, close) = (panel.open()[row], panel.close()[row]);
            let bar = Bar {
                date: self.session,
                open: match self.time {
                    FillTime::NextOpen => open,
                    FillTime::NextClose => close,
                },
                high: panel.high()[row],
                low: panel.low()[row],
                close,
                volume: panel.volume()[row],
            };
            Some((symbol.clone(), bar))
        };
        symbols.into_iter().filter_map(bar).collect()
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
    let rows = panel.rows(panel.position(symbol)?);
    let count = panel.dates()[rows.clone()].partition_point(|date| *date <= until);
    count.checked_sub(1).map(|last| rows.start + last)
}
