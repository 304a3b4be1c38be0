//! How the daemon is, as plain values: what the loop publishes after every wake, for others to render.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use tokio::time::Instant;

use super::status::Status;
use crate::schedule::State;

/// How long a loop may be silent: it wakes every minute, and a reload may take some.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// Where the loop publishes, and the listener looks.
pub(super) type Published = Arc<ArcSwapOption<Vitals>>;

/// How the daemon is.
#[derive(Clone, Debug)]
pub struct Vitals {
    pub started_at: DateTime<Utc>,
    pub status: Status,
    /// The session that is being run, by its job.
    pub running: Option<(String, NaiveDate)>,
    /// By job.
    pub runs: BTreeMap<String, Runs>,
    /// When the loop published this, by a clock that does not jump.
    pub published: Instant,
}

/// The runs of a job since the daemon started.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    pub last: Option<Outcome>,
    pub last_done: Option<DateTime<Utc>>,
    /// How many ended in each state, by its word.
    pub ended: BTreeMap<&'static str, u64>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub session: NaiveDate,
    pub state: State,
    pub ended_at: DateTime<Utc>,
    pub duration: Duration,
    /// How many problems its reader is told; `None` where nothing was decided.
    pub problems: Option<usize>,
}

impl Vitals {
    /// Tells whether the loop that published this hangs.
    pub fn is_stuck(&self) -> bool {
        self.published.elapsed() > LONGEST_SILENCE
    }
}

impl Runs {
    /// Counts a run that ended.
    pub fn count(&mut self, outcome: Outcome) {
        *self.ended.entry(outcome.state.as_str()).or_default() += 1;
        if outcome.state == State::Done {
            self.last_done = Some(outcome.ended_at);
        }
        self.last = Some(outcome);
    }
}
