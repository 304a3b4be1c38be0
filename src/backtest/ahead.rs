//! Asks the scripts about sessions ahead of the walk, on a core that the walk leaves idle.
//!
//! What they say of a row has nothing of the account in it, so that it may be asked at any time before.

use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use rayon::Scope;

use crate::bars::{Closes, OnDay};
use crate::decide::Decider;
use crate::signals::{Found, find_sessions};

/// So many rows are asked about together: few enough to stop soon, and to hold in memory.
const ROWS_ASKED: usize = 16_384;

/// And at least so many sessions: a symbol's rows lie behind one another, and to find the first of them takes longest.
const SESSIONS_ASKED: usize = 64;

/// What is known of the sessions of one stretch.
struct Asked<'a> {
    found: Vec<Found>,
    closes: Closes<'a>,
}

/// The same, once somebody has asked.
type Stretch<'a> = Arc<OnceLock<Asked<'a>>>;

/// The sessions of one class, asked about stretch by stretch.
pub(super) struct Ahead<'a> {
    decider: Decider<'a>,
    sessions: &'a [NaiveDate],
    /// Sessions of a stretch.
    length: usize,
    /// The first session of the stretch that is walked, and how many of its sessions were taken.
    begin: usize,
    taken: usize,
    now: Stretch<'a>,
    next: Stretch<'a>,
}

impl<'a> Ahead<'a> {
    /// Begins with the first session from `from` on, and ends with `to`.
    pub(super) fn new(decider: Decider<'a>, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Self {
        let columns = &decider.prepared.columns;
        let sessions = columns.sessions();
        let first = from.map_or(0, |from| sessions.partition_point(|session| *session < from));
        let end = to.map_or(sessions.len(), |to| sessions.partition_point(|session| *session <= to));
        let length = (ROWS_ASKED / columns.panel().symbols().len().max(1)).max(SESSIONS_ASKED);
        Self::stretches(decider, &sessions[first.min(end)..end], length)
    }

    /// Begins with the first of these sessions, and asks about so many at once.
    fn stretches(decider: Decider<'a>, sessions: &'a [NaiveDate], length: usize) -> Self {
        let (now, next) = (Stretch::default(), Stretch::default());
        Self { decider, sessions, length, begin: 0, taken: 0, now, next }
    }

    /// Returns the next session's closes and what the scripts say on it, and has the stretch after its own asked about
    /// meanwhile.
    pub(super) fn next<'scope>(&mut self, scope: &Scope<'scope>) -> (OnDay<'_>, &Found)
    where
        'a: 'scope,
    {
        if self.taken == self.length {
            (self.begin, self.taken) = (self.begin + self.length, 0);
            self.now = std::mem::take(&mut self.next);
        }
        if self.taken == 0 {
            let (decider, sessions, next) =
                (self.decider, self.stretch(self.begin + self.length), Arc::downgrade(&self.next));
            scope.spawn(move |_| {
                // Where every thread walks nobody comes to this in time: a stretch that is over is not kept for it.
                if let Some(next) = next.upgrade() {
                    next.get_or_init(|| ask(decider, sessions));
                }
            });
        }
        let (decider, sessions) = (self.decider, self.stretch(self.begin));
        // Where nobody has come to it yet it is asked here, and where somebody is at it that is waited for.
        let Asked { found, closes } = self.now.get_or_init(|| ask(decider, sessions));
        self.taken += 1;
        (closes.on(self.taken - 1), &found[self.taken - 1])
    }

    fn stretch(&self, begin: usize) -> &'a [NaiveDate] {
        let end = self.sessions.len().min(begin + self.length);
        &self.sessions[begin.min(end)..end]
    }
}

/// Never waits for another job of the pool, which might be waiting for what is asked here.
fn ask<'a>(decider: Decider<'a>, sessions: &[NaiveDate]) -> Asked<'a> {
    decider.prepared.look(sessions);
    let panel = decider.prepared.columns.panel();
    Asked { found: find_sessions(decider.market, sessions), closes: Closes::of(panel, sessions) }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::backtest::fixtures::{World, after_calm, closes};
    use crate::scripts;
    use crate::signals::Market;
    use crate::signals::fixtures::day;

    /// Thirty-one sessions of two symbols; on some A is found, on others B, and on some both.
    fn world() -> World {
        let prices = |every: usize| -> Vec<f64> {
            (0..6).map(|number| if number % every == 0 { 90.0 } else { 85.0 }).collect()
        };
        World::of(vec![after_calm("A", &closes(&prices(2))), after_calm("B", &closes(&prices(3)))])
    }

    /// Has a test ask about that world.
    fn on_world(test: impl FnOnce(Decider<'_>)) {
        let world = world();
        let prepared = world.prepared();
        let rows = world.scripts.bind(&prepared[0].columns);
        let market = Market::new(&prepared[0].columns, &world.scripts, &rows);
        test(Decider { prepared: &prepared[0], scripts: &world.scripts, rows: &rows, market: &market });
    }

    /// Takes the sessions one by one, in stretches of a length, and compares each with what it says asked alone.
    fn check(length: usize) {
        on_world(|decider| {
            let sessions = decider.prepared.columns.sessions();
            let mut ahead = Ahead::stretches(decider, sessions, length);
            let found = scripts::pool().scope(|scope| {
                let mut count = 0;
                for session in sessions {
                    let alone = decider.market.find(&[*session], &[]);
                    let (today, together) = ahead.next(scope);
                    assert_eq!(today.session(), *session);
                    assert_eq!(alone, std::slice::from_ref(together), "{length} {session}");
                    count += together.triggered.len();
                }
                count
            });
            assert_eq!(found, 3 + 2, "A on three sessions, B on two");
        });
    }

    #[test]
    fn a_session_says_the_same_however_long_its_stretch_is() {
        for length in [1, 2, 3, 7, 16, 30, 31, 32, 100] {
            check(length);
        }
    }

    #[test]
    fn no_stretch_outlives_its_sessions_where_no_core_is_idle() {
        on_world(|decider| {
            let sessions = decider.prepared.columns.sessions();
            let mut ahead = Ahead::stretches(decider, sessions, 4);
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
            let most = alone.scope(|scope| {
                let mut seen: Vec<Weak<_>> = Vec::new();
                let alive = |seen: &[Weak<_>]| seen.iter().filter(|own| own.strong_count() > 0).count();
                let mut most = 0;
                for _ in sessions {
                    ahead.next(scope);
                    seen.push(Arc::downgrade(&ahead.now));
                    seen.dedup_by(|later, own| later.ptr_eq(own));
                    most = most.max(alive(&seen));
                }
                assert_eq!(seen.len(), sessions.len().div_ceil(4));
                most
            });
            assert_eq!(most, 1, "the one that is walked; the next is not asked about yet");
        });
    }

    #[test]
    fn a_span_begins_and_ends_with_its_own_sessions() {
        on_world(|decider| {
            let span = |from, to| {
                let sessions = Ahead::new(decider, from, to).sessions;
                sessions.first().copied().zip(sessions.last().copied())
            };
            assert_eq!(span(None, None), Some((day(0), day(30))));
            assert_eq!(span(Some(day(25)), Some(day(29))), Some((day(25), day(29))));
            assert_eq!(span(Some(day(31)), None), None);
            assert_eq!(span(Some(day(20)), Some(day(10))), None);
        });
    }
}
