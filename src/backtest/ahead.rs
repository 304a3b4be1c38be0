//! Asks the scripts about sessions ahead of the walk, on a core that the walk leaves idle.
//!
//! What they say of a row has nothing of the account in it, so that it may be asked at any time before.

use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use rayon::Scope;

use crate::decide::Decider;
use crate::signals::{Found, find_sessions};

/// So many rows are asked about together: few enough to stop soon, and to hold in memory.
const ROWS_ASKED: usize = 16_384;

/// What is found on the sessions of one stretch, once somebody has asked.
type Stretch = Arc<OnceLock<Vec<Found>>>;

/// The sessions of one class, asked about stretch by stretch.
pub(super) struct Ahead<'a> {
    decider: Decider<'a>,
    sessions: &'a [NaiveDate],
    /// Sessions of a stretch.
    length: usize,
    /// The first session of the stretch that is walked, and how many of its sessions were taken.
    begin: usize,
    taken: usize,
    now: Stretch,
    next: Stretch,
}

impl<'a> Ahead<'a> {
    /// Begins with the first session from `from` on, and ends with `to`.
    pub(super) fn new(decider: Decider<'a>, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Self {
        let columns = &decider.prepared.columns;
        let sessions = columns.sessions();
        let first = from.map_or(0, |from| sessions.partition_point(|session| *session < from));
        let end = to.map_or(sessions.len(), |to| sessions.partition_point(|session| *session <= to));
        let length = (ROWS_ASKED / columns.panel().symbols().len().max(1)).max(16);
        let sessions = &sessions[first.min(end)..end];
        Self {
            decider,
            sessions,
            length,
            begin: 0,
            taken: 0,
            now: Stretch::default(),
            next: Stretch::default(),
        }
    }

    /// Returns what the scripts say on the next session, and has the stretch after its own asked about meanwhile.
    pub(super) fn next<'scope>(&mut self, scope: &Scope<'scope>) -> &Found
    where
        'a: 'scope,
    {
        if self.taken == self.length {
            (self.begin, self.taken) = (self.begin + self.length, 0);
            self.now = std::mem::take(&mut self.next);
        }
        if self.taken == 0 {
            let (decider, sessions, next) =
                (self.decider, self.stretch(self.begin + self.length), Arc::clone(&self.next));
            scope.spawn(move |_| {
                next.get_or_init(|| ask(decider, sessions));
            });
        }
        let (decider, sessions) = (self.decider, self.stretch(self.begin));
        // Where nobody has come to it yet it is asked here, and where somebody is at it that is waited for.
        let found = self.now.get_or_init(|| ask(decider, sessions));
        self.taken += 1;
        &found[self.taken - 1]
    }

    fn stretch(&self, begin: usize) -> &'a [NaiveDate] {
        let end = self.sessions.len().min(begin + self.length);
        &self.sessions[begin.min(end)..end]
    }
}

fn ask(decider: Decider<'_>, sessions: &[NaiveDate]) -> Vec<Found> {
    decider.prepared.look(sessions);
    find_sessions(decider.market, sessions)
}
