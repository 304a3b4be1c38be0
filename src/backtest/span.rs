//! The dates that a walk goes through, and with which of them each class begins.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use crate::decide::Prepared;

/// No market rests longer.
pub(super) const LONGEST_REST: TimeDelta = TimeDelta::days(7);

/// Returns the days from `from` to `to` on which a class has a session, oldest first.
pub fn dates(classes: &[Prepared], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<NaiveDate> {
    let is_in_span =
        |date: &NaiveDate| from.is_none_or(|from| *date >= from) && to.is_none_or(|to| *date <= to);
    let sessions = classes.iter().flat_map(|own| own.columns.sessions()).copied();
    sessions.filter(is_in_span).collect::<BTreeSet<NaiveDate>>().into_iter().collect()
}

/// Returns those of [`dates`] on which every class has a session: on them a walk may end and another begin without an
/// order of any class being lost in between.
pub fn shared_dates(classes: &[Prepared], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<NaiveDate> {
    let mut shared = dates(classes, from, to);
    shared.retain(|date| classes.iter().all(|own| own.columns.sessions().binary_search(date).is_ok()));
    shared
}

/// With which session of a class a walk begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// The first one of the span.
    Sessions,
    /// The last one before it.
    Eve,
}

impl Begin {
    /// Returns the first session that is decided of a class, where the span has a beginning.
    pub(super) fn of(self, prepared: &Prepared, from: Option<NaiveDate>) -> Option<NaiveDate> {
        let sessions = prepared.columns.sessions();
        let eve = |from: NaiveDate| {
            let before = sessions.partition_point(|session| *session < from);
            sessions[..before].last().copied().filter(|eve| from - *eve <= LONGEST_REST)
        };
        match self {
            Self::Sessions => from,
            Self::Eve => from.and_then(eve).or(from),
        }
    }
}
