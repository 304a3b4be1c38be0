//! Which rows of a panel fall on which day.

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
        let day = |row: usize| panel.dates()[row].num_days_from_ce();
        let positions = 0..panel.symbols().len();
        let held = || positions.clone().map(|position| panel.rows(position)).filter(|rows| !rows.is_empty());
        let first_day = held().map(|rows| day(rows.start)).min().unwrap_or(0);
        let span = held().map(|rows| day(rows.end - 1) - first_day + 1).max().unwrap_or(0) as usize;
        // Counting a date's days costs more than all else here, so each is counted once.
        let days: Vec<u32> = (0..panel.len()).map(|row| (day(row) - first_day) as u32).collect();
        let mut starts = vec![0_u32; span + 1];
        for day in &days {
            starts[*day as usize + 1] += 1;
        }
        for day in 0..span {
            starts[day + 1] += starts[day];
        }
        // Rows come in symbol order, so each day's do too.
        let mut next = starts.clone();
        let mut rows = vec![0_u32; panel.len()];
        for (row, day) in (0_u32..).zip(&days) {
            let slot = &mut next[*day as usize];
            rows[*slot as usize] = row;
            *slot += 1;
        }
        let mut session_on = vec![None; span];
        for position in positions.clone().filter(|position| counts(*position)) {
            for row in panel.rows(position) {
                session_on[days[row] as usize] = Some(panel.dates()[row]);
            }
        }
        Self { sessions: session_on.into_iter().flatten().collect(), first_day, starts, rows }
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

    /// Returns the first day of the panel, counted from the common era, and the days that it spans.
    pub(super) fn span(&self) -> (i32, usize) {
        (self.first_day, self.starts.len() - 1)
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
