//! What ended without being noted: another process is at it, or the journal could not be written.
//!
//! It is due again at once, and would be run in a circle; so it rests until the next tick. Several may end like
//! that in turn, each of them rests.

use tokio::time::Duration;
use tokio::time::Instant;

use crate::schedule::Due;

/// The dues that ended lately, each with when.
#[derive(Debug)]
pub(super) struct Unnoted {
    rest: Duration,
    ended: Vec<(Due, Instant)>,
}

impl Unnoted {
    /// Makes one without any; each that ends is to rest so long.
    pub fn new(rest: Duration) -> Self {
        Self { rest, ended: Vec::new() }
    }

    /// Remembers that a due ended now. One that was noted is due no more, or as another attempt.
    pub fn note(&mut self, due: Due) {
        let rest = self.rest;
        self.ended.retain(|(own, at)| *own != due && at.elapsed() < rest);
        self.ended.push((due, Instant::now()));
    }

    /// Tells whether a due rests.
    pub fn rests(&self, due: &Due) -> bool {
        self.ended.iter().any(|(own, at)| own == due && at.elapsed() < self.rest)
    }
}
