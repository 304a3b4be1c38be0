//! The only place that asks what time it is.
//!
//! The core is given the session to decide and never meets a clock; `clippy.toml` forbids
//! `Utc::now` and its kin everywhere else.

use chrono::{DateTime, Utc};

/// Where the app gets the present instant from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still, for tests and for repeating a run.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// Returns the present instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask")]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now(),
            Clock::Fixed(instant) => instant,
        }
    }
}
