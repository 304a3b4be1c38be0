//! The calendar of a symbol's regimes: which phase of which cycle a session falls into.
//!
//! Cycle `k` of a symbol begins at `k × cycle − stagger`, moved by a jitter drawn for that
//! symbol and `k` alone: boundaries never drift, so the groups stay staggered for ever.

use super::random::Key;
use super::random::Purpose;
use super::shape::Shape;

/// What a symbol is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The quick first leg off a low.
    Recovery,
    /// The long, steady trend, with pullbacks.
    Advance,
    /// Sideways under the high.
    Top,
    /// Down to the trough.
    Decline,
    /// Sideways on the trough.
    Base,
    /// A cycle that has no trend, drifting back to the anchor.
    Calm,
}

/// One cycle of one symbol; ends are exclusive session numbers.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    number: i64,
    recovery_end: i64,
    advance_end: i64,
    top_end: i64,
    pub decline_end: i64,
    pub end: i64,
    calm: Trend,
    pub recovery_drift: f64,
    pub advance_drift: f64,
    /// Where the decline ends, as a fraction of the anchor.
    pub trough: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    Present,
    Absent,
}

impl Cycle {
    /// Finds the cycle under way at session 0.
    pub(super) fn first(shape: &Shape, key: Key, group: u64) -> Self {
        let mut cycle = Self::plan(shape, key, group, 0);
        while cycle.end <= 0 {
            cycle = cycle.next(shape, key, group);
        }
        cycle
    }

    pub(super) fn next(&self, shape: &Shape, key: Key, group: u64) -> Self {
        Self::plan(shape, key, group, self.number + 1)
    }

    fn plan(shape: &Shape, key: Key, group: u64, number: i64) -> Self {
        let mut draws = key.draws(Purpose::Cycle, number);
        let start = boundary(shape, key, group, number);
        let recovery_end = start + draws.between(shape.recovery) as i64;
        let advance_end = recovery_end + draws.between(shape.advance) as i64;
        let top_end = advance_end + draws.between(shape.top) as i64;
        let decline_end = top_end + draws.between(shape.decline) as i64;
        let calm = if draws.unit() < shape.calm_share { Trend::Absent } else { Trend::Present };
        Self {
            number,
            recovery_end,
            advance_end,
            top_end,
            decline_end,
            end: boundary(shape, key, group, number + 1),
            calm,
            recovery_drift: draws.between(shape.recovery_drift),
            advance_drift: draws.between(shape.advance_drift),
            trough: draws.between(shape.trough),
        }
    }

    pub(super) fn phase(&self, session: i64) -> Phase {
        if self.calm == Trend::Absent {
            return Phase::Calm;
        }
        match session {
            s if s < self.recovery_end => Phase::Recovery,
            s if s < self.advance_end => Phase::Advance,
            s if s < self.top_end => Phase::Top,
            s if s < self.decline_end => Phase::Decline,
            _ => Phase::Base,
        }
    }
}

fn boundary(shape: &Shape, key: Key, group: u64, number: i64) -> i64 {
    let stagger = shape.cycle * (group as f64) / (shape.groups as f64);
    let jitter = key.draws(Purpose::Cycle, -1 - number).between((-shape.jitter, shape.jitter));
    // The cycle before the first one covers session 0 in every group.
    ((number - 1) as f64 * shape.cycle + stagger + jitter) as i64
}
