//! The rows of a panel for which a column keeps a value.

use std::ops::Range;

use chrono::NaiveDate;

use super::sessions::Sessions;
use crate::bars::Panel;

/// The place of a row that is not kept.
const NOWHERE: u32 = u32::MAX;

/// The rows that are kept: all of a panel, or those of the days that somebody will ask for.
///
/// A window needs its whole history, but a value is read on the decided session alone: keeping
/// every one would cost most of the memory and, since ranks are made a session at a time, a good
/// part of the time.
#[derive(Debug)]
pub(super) struct Kept(Option<Days>);

#[derive(Debug)]
struct Days {
    sessions: Vec<NaiveDate>,
    /// The kept rows, ascending; a value stands at its row's place in here.
    rows: Vec<u32>,
    /// `starts[i]..starts[i + 1]` in `rows` are those of the symbol at `i`.
    starts: Vec<usize>,
    /// Each row's place in `rows`, or [`NOWHERE`].
    places: Vec<u32>,
}

impl Kept {
    pub(super) fn all() -> Self {
        Self(None)
    }

    /// Tells whether every row is kept.
    pub(super) fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Keeps the rows from a day on, and as many steps before each of them, from bar to bar of its
    /// symbol, as a value may look back. A day is kept for all symbols, so that its ranks are of
    /// all.
    pub(super) fn since(panel: &Panel, sessions: &Sessions, since: NaiveDate, steps: usize) -> Self {
        let mut is_kept = vec![false; panel.len()];
        let mut days: Vec<NaiveDate> = sessions.days_since(panel, since).collect();
        let keep = |days: &[NaiveDate], is_kept: &mut [bool]| {
            for row in days.iter().flat_map(|day| sessions.rows_on(*day)) {
                is_kept[*row as usize] = true;
            }
        };
        keep(&days, &mut is_kept);
        for _ in 0..steps {
            let mut before: Vec<NaiveDate> = (0..panel.symbols().len())
                .flat_map(|position| panel.rows(position).skip(1))
                .filter(|row| is_kept[*row] && !is_kept[row - 1])
                .map(|row| panel.dates()[row - 1])
                .collect();
            before.sort_unstable();
            before.dedup();
            keep(&before, &mut is_kept);
            days.extend(before);
        }
        days.sort_unstable();
        days.retain(|day| sessions.sessions().binary_search(day).is_ok());
        Self(Some(Days::of(panel, days, &is_kept)))
    }

    /// Returns the number of rows that are kept.
    pub(super) fn len(&self, panel: &Panel) -> usize {
        self.0.as_ref().map_or(panel.len(), |days| days.rows.len())
    }

    /// Returns where a row's value stands, or `None` where the row is not kept.
    #[inline]
    pub(super) fn place(&self, row: usize) -> Option<usize> {
        match &self.0 {
            None => Some(row),
            Some(days) => {
                days.places.get(row).filter(|place| **place != NOWHERE).map(|place| *place as usize)
            }
        }
    }

    /// Returns where the value of each row of the panel stands, past all values for a row that is not kept; `None`
    /// where each stands at the row's own number.
    pub(super) fn places_of_rows(&self) -> Option<&[u32]> {
        self.0.as_ref().map(|days| days.places.as_slice())
    }

    /// Returns the places of a symbol's kept rows.
    pub(super) fn places(&self, panel: &Panel, position: usize) -> Range<usize> {
        match &self.0 {
            None => panel.rows(position),
            Some(days) => days.starts[position]..days.starts[position + 1],
        }
    }

    /// Returns the kept rows of a symbol.
    pub(super) fn rows(&self, panel: &Panel, position: usize) -> impl Iterator<Item = usize> {
        self.places(panel, position)
            .map(|place| self.0.as_ref().map_or(place, |days| days.rows[place] as usize))
    }

    /// Returns the sessions on which rows are kept, oldest first.
    pub(super) fn sessions<'a>(&'a self, sessions: &'a Sessions) -> &'a [NaiveDate] {
        self.0.as_ref().map_or(sessions.sessions(), |days| &days.sessions)
    }
}

impl Days {
    fn of(panel: &Panel, sessions: Vec<NaiveDate>, is_kept: &[bool]) -> Self {
        let mut days =
            Self { sessions, rows: Vec::new(), starts: vec![0], places: vec![NOWHERE; panel.len()] };
        for position in 0..panel.symbols().len() {
            for row in panel.rows(position).filter(|row| is_kept[*row]) {
                days.places[row] = days.rows.len() as u32;
                days.rows.push(row as u32);
            }
            days.starts.push(days.rows.len());
        }
        days
    }
}
