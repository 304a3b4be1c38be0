//! A position's way along its bars: what of it is the same on every session, so that a walk over years looks it up once.

use std::ops::Range;

use super::Prepared;
use super::exit_rule::first_row;
use super::splits::misfit_at;
use crate::bars::{OnDay, Panel};
use crate::domain::Position;
use crate::scripts::Scripts;

/// Where a position stands among the bars of its class. Of no use for another class, other scripts, or the position
/// after a split.
#[derive(Clone, Debug)]
pub struct Track {
    /// Its symbol's place in the panel.
    pub(super) owner: Option<usize>,
    /// Its strategy's place among the scripts'.
    pub(super) strategy: Option<usize>,
    /// The row of its entry, or the first one after it; 0 without a symbol.
    first: usize,
    /// Whether nothing about it needs words: its numbers fit its bars, these are sound, and hold its entry.
    pub(super) is_plain: bool,
    /// The highest close since the entry, and the row up to which it was looked at.
    highest: Option<(usize, f64)>,
}

impl Track {
    /// Finds a position in what is prepared.
    pub fn of(position: &Position, prepared: &Prepared, scripts: &Scripts) -> Self {
        let panel = prepared.columns.panel();
        let owner = panel.position(&position.symbol);
        let rows = owner.map(|owner| panel.rows(owner)).unwrap_or_default();
        let is_fitting = owner.is_some_and(|owner| misfit_at(position, panel, owner).is_none());
        let begins_before = rows.is_empty() || position.entry_date < panel.dates()[rows.start];
        Self {
            owner,
            strategy: strategy_of(position, scripts),
            first: owner.map_or(0, |owner| first_row(panel, owner, position.entry_date)),
            is_plain: is_fitting && !begins_before && prepared.health.is_sound(&rows),
            highest: None,
        }
    }

    /// Returns the rows of the holding up to a session, its entry's own first, or the whole loaded history where the
    /// entry lies before it; `None` where the session has no bar of it.
    pub(super) fn held(&self, today: OnDay<'_>) -> Option<Range<usize>> {
        let row = today.row(self.owner?)?;
        Some(self.first.min(row)..row + 1)
    }

    /// Finds a position that has just been bought at its bar in this row, which it fits.
    pub fn bought(position: &Position, prepared: &Prepared, scripts: &Scripts, row: usize) -> Self {
        let panel = prepared.columns.panel();
        let owner = panel.position(&position.symbol);
        Self {
            owner,
            strategy: strategy_of(position, scripts),
            first: row,
            is_plain: owner.is_some_and(|owner| prepared.health.is_sound(&panel.rows(owner))),
            highest: None,
        }
    }

    /// Returns the place of its symbol in the panel; `None` where that has none.
    pub fn owner(&self) -> Option<usize> {
        self.owner
    }

    /// Returns the symbol's close on a session, in the quote currency; `None` without a bar.
    #[inline]
    pub fn close(&self, today: OnDay<'_>) -> Option<f64> {
        today.close(self.owner?)
    }

    /// Returns the highest close of these rows, which are [`Track::held`] up to some session with this close.
    pub(super) fn highest_close(&mut self, panel: &Panel, held: &Range<usize>, close: f64) -> f64 {
        let (until, highest) = match self.highest {
            Some((until, highest)) if until <= held.end && held.contains(&(until - 1)) => (until, highest),
            _ => (held.start, f64::NEG_INFINITY),
        };
        let before = until..(held.end - 1).max(until);
        let highest = panel.close()[before].iter().copied().fold(highest, f64::max).max(close);
        self.highest = Some((held.end, highest));
        highest
    }
}

fn strategy_of(position: &Position, scripts: &Scripts) -> Option<usize> {
    scripts.strategies().iter().position(|own| position.strategy == own.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{Case, position};
    use crate::signals::fixtures::{ALWAYS, day, scripts, series};

    #[test]
    fn the_highest_close_is_the_same_whichever_sessions_were_looked_at_before() {
        let closes: Vec<f64> = (0..30).map(|number| 90.0 + f64::from(number * 7 % 19)).collect();
        let case = Case::new(scripts(&[("always", ALWAYS)]), vec![series("A", 0, &closes)]);
        let panel = case.prepared.columns.panel();
        let fresh = || Track::of(&position("A", "always", 50.0), &case.prepared, &case.scripts);
        let mut one = fresh();
        for session in [5, 6, 9, 9, 7, 29, 12] {
            let held = one.held(panel.on(day(session))).expect("there is a bar");
            assert_eq!(held, 5..session + 1);
            let expected = closes[5..=session].iter().copied().fold(f64::MIN, f64::max);
            assert_eq!(one.highest_close(panel, &held, closes[session]), expected, "{session}");
            assert_eq!(fresh().highest_close(panel, &held, closes[session]), expected, "{session}");
        }
        assert_eq!(one.held(panel.on(day(30))), None);
    }

    #[test]
    fn what_needs_words_is_not_plain() {
        let jumped: Vec<f64> = (0..30).map(|number| if number < 20 { 100.0 } else { 40.0 }).collect();
        let bars = vec![series("A", 0, &[100.0; 30]), series("B", 0, &jumped), series("C", 9, &[100.0; 21])];
        let case = Case::new(scripts(&[("always", ALWAYS)]), bars);
        let is_plain = |position: &Position| Track::of(position, &case.prepared, &case.scripts).is_plain;
        let told: Vec<bool> =
            ["A", "B", "C", "D"].map(|name| is_plain(&position(name, "always", 50.0))).into();
        assert_eq!(told, [true, false, false, false]);
        let far = Position { entry_price: 300.0, ..position("A", "always", 50.0) };
        assert!(!is_plain(&far), "its entry lies far from its bars");
    }
}
