//! What is held, at the newest prices that lie at hand.

use chrono::NaiveDate;

use super::prices::AtHand;
use crate::app::App;
use crate::app::positions::positions;
use crate::calendar;
use crate::domain::{AssetClass, Position};
use crate::journal::{Journal, JournalError, Lot};

/// One holding. Prices and quantity are at the scale of the newest bar: splits since the entry are in them.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRow {
    pub symbol: String,
    pub asset_class: AssetClass,
    pub strategy: String,
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    pub quantity: f64,
    /// As advanced.
    pub stop_price: f64,
    /// The newest session of which a bar is at hand, and its close; `None` without any since the entry.
    pub close: Option<(NaiveDate, f64)>,
    /// In the quote currency.
    pub value: Option<f64>,
    pub pnl: Option<f64>,
    /// A fraction of the entry's cost.
    pub pnl_pct: Option<f64>,
    /// In units of what stood between entry and stop on the first day.
    pub r_multiple: Option<f64>,
    /// Sessions since the entry's own, to that of the close.
    pub sessions_held: Option<usize>,
    /// The units that splits made of each one bought.
    pub split_factor: f64,
    /// Why the entry cannot be of the bars at hand, so that nothing can be reckoned between the two.
    pub doubt: Option<String>,
}

/// Lists what is held: by the journal, or by the settings' file where the journal never held anything. Asks no
/// source. Blocks.
///
/// # Errors
/// A journal or file that cannot be read.
pub fn held_rows(app: &App) -> anyhow::Result<Vec<HeldRow>> {
    let lots = match Journal::open_to_read(&app.loaded.settings.journal.path) {
        Ok(journal) => journal.open_lots()?,
        Err(JournalError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let held = positions(app, None, None)?;
    Ok(held.iter().map(|position| row(app, position, entry_stop(&lots, position))).collect())
}

/// The stop at the entry; of a position of the file that is the only one it has.
fn entry_stop(lots: &[Lot], held: &Position) -> f64 {
    let is_own = |lot: &&Lot| {
        let own = &lot.position;
        (own.asset_class, &own.symbol, &own.strategy) == (held.asset_class, &held.symbol, &held.strategy)
    };
    lots.iter().find(is_own).map_or(held.stop_price, |lot| lot.entry_stop)
}

fn row(app: &App, held: &Position, entry_stop: f64) -> HeldRow {
    let at_hand = AtHand::read(app, held.asset_class, &held.symbol);
    let newest = at_hand.as_ref().and_then(|own| own.bars.dates().last().copied());
    let newest = newest.filter(|newest| *newest >= held.entry_date);
    let on_newest = newest.zip(at_hand.as_ref());
    let close = on_newest.and_then(|(newest, own)| own.on(newest).map(|bar| (newest, bar.close)));
    let marked = on_newest.and_then(|(newest, own)| own.marked(held, newest));
    let (own, doubt) = marked.map_or((held.clone(), None), |marked| (marked.position, marked.doubt));
    let comparable = close.filter(|_| doubt.is_none());
    let gain = comparable.map(|(_, close)| close - own.entry_price);
    let risk = own.entry_price - entry_stop / own.split_factor;
    HeldRow {
        symbol: own.symbol.to_string(),
        asset_class: own.asset_class,
        strategy: own.strategy.to_string(),
        entry_date: own.entry_date,
        entry_price: own.entry_price,
        quantity: own.quantity,
        stop_price: own.stop_price,
        close,
        value: comparable.map(|(_, close)| close * own.quantity),
        pnl: gain.map(|gain| gain * own.quantity),
        pnl_pct: gain.map(|gain| gain / own.entry_price),
        r_multiple: gain.filter(|_| risk > 0.0).map(|gain| gain / risk),
        sessions_held: newest.map(|newest| {
            let day_after = newest.succ_opt().unwrap_or(newest);
            calendar::sessions_between(own.asset_class, own.entry_date, day_after)
        }),
        split_factor: own.split_factor,
        doubt,
    }
}
