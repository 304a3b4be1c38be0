//! The only place that asks what time it is.
//!
//! The core is given the session to decide and never meets a clock; `clippy.toml` forbids
//! `Utc::now` and its kin everywhere else.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Where the app gets the present instant from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still, for tests and for repeating a run.
    Fixed(DateTime<Utc>),
    /// A clock that was set to an instant and runs on, as tokio's time does: to try a daemon, and to
    /// test one while time is paused.
    Set { to: DateTime<Utc>, at: Instant },
}

impl Clock {
    /// Returns the present instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask")]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now(),
            Clock::Fixed(instant) => instant,
            Clock::Set { to, at } => to + TimeDelta::from_std(at.elapsed()).unwrap_or_default(),
        }
    }

    /// Returns a clock that runs, for a program that waits: one that stands still begins to run.
    pub fn running(self) -> Self {
        match self {
            Clock::Fixed(to) => Clock::Set { to, at: Instant::now() },
            clock => clock,
        }
    }
}
