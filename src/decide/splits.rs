//! Brings positions, whose numbers are as traded, to the scale of bars that splits have adjusted.
//!
//! A split after the entry changes entry, stop and quantity and not what the position is worth.
//! Only splits that the source lists are carried out. Where none explains why an entry price lies
//! far from the bars of its own session, nothing is guessed: [`misfit`] says so, and what follows
//! is for the caller.

use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::Prepared;
use crate::bars::{Panel, Split};
use crate::domain::Position;
use crate::domain::format::{price, quantity};

/// An entry further than this from its session's range was not traded at the scale of the bars. A
/// split of 5:4 is; a poor fill, or one before the open, is not.
const FAR: f64 = 1.2;

/// Rescales the positions of the prepared asset class by the splits after their entries.
///
/// A position whose entry fits the adjusted bars already, because it was filled from them or its
/// file was mended, stays as it is.
pub fn rescale(positions: &[Position], prepared: &Prepared, session: NaiveDate) -> Vec<Position> {
    let class = prepared.columns.panel().asset_class();
    let rescaled = |position: &Position| {
        if position.asset_class != class {
            return position.clone();
        }
        match factor(position, prepared, session) {
            1.0 => position.clone(),
            factor => position.rescaled(factor),
        }
    };
    positions.iter().map(rescaled).collect()
}

/// The units of each one bought that the bars of the session count in.
fn factor(position: &Position, prepared: &Prepared, session: NaiveDate) -> f64 {
    let panel = prepared.columns.panel();
    let Some(place) = panel.position(&position.symbol) else { return 1.0 };
    let is_since = |split: &&Split| split.symbol == position.symbol && split.date > position.entry_date;
    let mut since: Vec<&Split> = prepared.splits.iter().filter(is_since).collect();
    since.sort_by_key(|split| split.date);
    since.dedup();
    let product = |splits: &[&Split]| splits.iter().map(|split| split.ratio).product::<f64>();
    let (shown, adjusted): (Vec<&Split>, Vec<&Split>) =
        since.into_iter().partition(|split| split.is_shown(panel, place));
    // Bars that still show a split are at the new price from its date on.
    let shown = product(&shown[..shown.partition_point(|split| split.date <= session)]);
    let by_session = adjusted.partition_point(|split| split.date <= session);
    let Some(range) = range_on(panel, place, position.entry_date) else {
        return product(&adjusted[..by_session]) * shown;
    };
    // Bars that were fetched after the session are adjusted for later splits too.
    let fitting = (by_session..=adjusted.len())
        .map(|number| product(&adjusted[..number]))
        .find(|factor| range.contains(&(position.entry_price / factor)));
    match fitting {
        Some(factor) => factor * shown,
        None if range.contains(&position.entry_price) => shown,
        None => product(&adjusted[..by_session]) * shown,
    }
}

/// What may have been paid on a date at the scale of the bars; `None` without a bar.
fn range_on(panel: &Panel, place: usize, date: NaiveDate) -> Option<RangeInclusive<f64>> {
    let row = panel.row(place, date)?;
    Some(panel.low()[row] / FAR..=panel.high()[row] * FAR)
}

/// A position that was not traded at the scale of its bars.
pub(super) struct Misfit {
    /// What is wrong, as a sentence.
    pub(super) why: String,
    /// The same position at the scale of the bars, if their entry session is right about it.
    pub(super) at_scale: Position,
}

/// Says why a position's numbers cannot be those of its bars; `None` where they can, or there is no bar of its entry.
pub fn entry_doubt(position: &Position, prepared: &Prepared) -> Option<String> {
    misfit(position, prepared.columns.panel()).map(|misfit| misfit.why)
}

/// Says that a position's entry lies far from what was traded on its session; `None` without a bar
/// of its symbol on that session.
pub(super) fn misfit(position: &Position, panel: &Panel) -> Option<Misfit> {
    misfit_at(position, panel, panel.position(&position.symbol)?)
}

/// Does the same for a position whose symbol stands at `place` of the panel.
pub(super) fn misfit_at(position: &Position, panel: &Panel, place: usize) -> Option<Misfit> {
    let row = panel.row(place, position.entry_date)?;
    let range = range_on(panel, place, position.entry_date)?;
    // As traded, the entry fits bars that still show a split.
    if range.contains(&position.entry_price) || range.contains(&position.as_traded().entry_price) {
        return None;
    }
    let why = format!(
        "its entry of {} lies far from the bar of that session, {} to {}: a split, or a slip in the \
         positions file, so neither its stop nor its exit rule can be trusted; mend entry, stop and quantity",
        price(position.entry_price),
        price(panel.low()[row]),
        price(panel.high()[row]),
    );
    Some(Misfit { why, at_scale: position.rescaled(position.entry_price / panel.close()[row]) })
}

/// Says what splits made of a position; `None` where its numbers are as traded.
pub(super) fn told(position: &Position) -> Option<String> {
    if position.split_factor == 1.0 {
        return None;
    }
    let traded = position.as_traded();
    Some(format!(
        "rescaled by {} for the splits since the entry: bought as {} at {}",
        quantity(position.split_factor),
        quantity(traded.quantity),
        price(traded.entry_price),
    ))
}
