//! Which rows of a panel fall on which day.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use crate::bars::Panel;

/// The rows of every day of a panel, and the days that count as sessions.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    sessions: Vec<NaiveDate>,
    first_day: i32,
    /// `starts[day]..starts[day + 1]` in `rows` are those of the day so many after the first.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Sessions {
    /// Sorts the rows by day; a day is a session where a symbol that `counts` has a bar.
    pub(super) fn of(panel: &Panel, counts: impl Fn(usize) -> bool) -> Self {
        let days = panel.days();
        let first_day = days.first().map_or(0, NaiveDate::num_days_from_ce);
        let span = days.last().map_or(0, |last| (last.num_days_from_ce() - first_day + 1) as usize);
        // Every symbol is gone through at once, each from its first bar on, so that rows are found in the order in which
        // they are kept.
        let symbols = 0..panel.symbols().len();
        let mut next: Vec<(Range<usize>, bool)> =
            symbols.map(|position| (panel.rows(position), counts(position))).collect();
        let mut rows = Vec::with_capacity(panel.len());
        let mut starts = Vec::with_capacity(span + 1);
        let mut sessions = Vec::with_capacity(days.len());
        for day in days {
            // Days before it on which nobody has a bar begin and end here.
            starts.resize((day.num_days_from_ce() - first_day) as usize + 1, rows.len() as u32);
            let mut is_session = false;
            for (own, counts) in &mut next {
                if own.start < own.end && panel.dates()[own.start] == *day {
                    rows.push(own.start as u32);
                    own.start += 1;
                    is_session |= *counts;
                }
            }
            sessions.extend(is_session.then_some(*day));
        }
        starts.push(rows.len() as u32);
        Self { sessions, first_day, starts, rows }
    }

    /// Returns the sessions, oldest first.
    pub(super) fn sessions(&self) -> &[NaiveDate] {
        &self.sessions
    }

    /// Returns the days from `since` on on which the panel has a bar, oldest first, sessions or not.
    pub(super) fn days_since<'a>(
        &'a self,
        panel: &'a Panel,
        since: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> + 'a {
        let first = usize::try_from(since.num_days_from_ce() - self.first_day).unwrap_or(0);
        let starts = self.starts.windows(2).skip(first).filter(|pair| pair[0] < pair[1]);
        starts.map(|pair| panel.dates()[self.rows[pair[0] as usize] as usize])
    }

    /// Returns the rows on a day, in symbol order; none where the panel has no bar on it.
    pub(super) fn rows_on(&self, date: NaiveDate) -> &[u32] {
        let Ok(day) = usize::try_from(date.num_days_from_ce() - self.first_day) else { return &[] };
        if day + 1 >= self.starts.len() {
            return &[];
        }
        &self.rows[self.starts[day] as usize..self.starts[day + 1] as usize]
    }
}
