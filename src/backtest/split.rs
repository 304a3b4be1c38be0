//! Splits that the bars still show, carried out on what is held and ordered.
//!
//! What is filled from bars is at their scale: adjusted bars need nothing. Only where the closes themselves drop by
//! a listed split must positions and orders follow, on the day on which the bars do.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::decide::Prepared;
use crate::domain::{AssetClass, Book, Symbol};

/// The splits that the bars of one class show, by the session from which on they do.
pub(super) struct ShownSplits(BTreeMap<NaiveDate, Vec<(Symbol, f64)>>);

impl ShownSplits {
    /// Finds them.
    pub(super) fn of(prepared: &Prepared) -> Self {
        let panel = prepared.columns.panel();
        let mut shown: BTreeMap<NaiveDate, Vec<(Symbol, f64)>> = BTreeMap::new();
        for split in prepared.splits.iter() {
            let Some(place) = panel.position(&split.symbol).filter(|place| split.is_shown(panel, *place))
            else {
                continue;
            };
            let dates = &panel.dates()[panel.rows(place)];
            let date = dates[dates.partition_point(|date| *date < split.date)];
            let on = shown.entry(date).or_default();
            // Two lists may name the same one.
            if !on.iter().any(|(symbol, _)| *symbol == split.symbol) {
                on.push((split.symbol.clone(), split.ratio));
            }
        }
        Self(shown)
    }

    /// Returns the symbols that are split on a session, each with the units that one becomes.
    pub(super) fn on(&self, session: NaiveDate) -> &[(Symbol, f64)] {
        self.0.get(&session).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Brings what is held and ordered of a symbol of the class to the scale of the bars after a split.
pub(super) fn carry_out(book: &mut Book, class: AssetClass, symbol: &Symbol, ratio: f64) {
    for own in book.positions.iter_mut().filter(|own| own.asset_class == class && own.symbol == *symbol) {
        *own = own.rescaled(ratio);
    }
    for own in book.pending.iter_mut().filter(|own| own.asset_class == class && own.symbol == *symbol) {
        own.quantity *= ratio;
        own.decided_price /= ratio;
        own.stop_price /= ratio;
    }
}
