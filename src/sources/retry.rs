//! Tries again what may pass: transient failures only, later and later, as long as the vendor asks,
//! and never beyond a limit of all waiting together.
//!
//! Nothing is kept between two tries but their number: dropping the future stops at once.

use std::time::Duration;

use backon::ExponentialBuilder;
use backon::Retryable;
use backon::TokioSleeper;
use tracing::debug;

use super::SourceError;
use super::limit::LONGEST_PAUSE;

/// The first wait; each later one is twice as long, with as much again at random, so that many
/// clients that failed together do not come back together.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MOST_RETRIES: usize = 4;
/// The retries where there was no connection: a name that is not found and a port that is closed are
/// seldom there seconds later.
const MOST_RECONNECTIONS: usize = 2;
/// The wait where a vendor refuses for its rate and does not say for how long: four of them pass a
/// minute, the window of every vendor.
const UNSAID_WAIT: Duration = Duration::from_secs(20);

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) most: usize,
    /// The most where there was no connection.
    pub(super) most_reconnections: usize,
    pub(super) first_wait: Duration,
    pub(super) unsaid_wait: Duration,
    /// The seed of the jitter, so that a test knows the waits.
    pub(super) seed: Option<u64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            most: MOST_RETRIES,
            most_reconnections: MOST_RECONNECTIONS,
            first_wait: FIRST_WAIT,
            unsaid_wait: UNSAID_WAIT,
            seed: None,
        }
    }
}

impl Retry {
    /// Calls until there is an answer, a failure that stays, or no wait left. `tell` hears of each
    /// failure that is tried again, and of the wait before it.
    ///
    /// # Errors
    /// That of the last try.
    pub(super) async fn run<T, F>(
        &self,
        call: impl FnMut() -> F,
        tell: impl Fn(&SourceError, Duration),
    ) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let mut waits =
            ExponentialBuilder::new().with_min_delay(self.first_wait).with_max_times(self.most).with_jitter();
        if let Some(seed) = self.seed {
            waits = waits.with_jitter_seed(seed);
        }
        let mut waited = Duration::ZERO;
        let mut unreached = 0;
        call.retry(waits)
            .sleep(TokioSleeper)
            .when(SourceError::is_transient)
            .adjust(|error, wait| {
                if matches!(error, SourceError::Unreachable { .. }) {
                    unreached += 1;
                    if unreached > self.most_reconnections {
                        return None;
                    }
                }
                let wait = self.wait(error, wait?);
                waited = waited.saturating_add(wait);
                (waited <= LONGEST_PAUSE).then_some(wait)
            })
            .notify(|error, wait| {
                debug!(%error, wait_ms = wait.as_millis(), "trying again");
                tell(error, wait);
            })
            .await
    }

    fn wait(&self, error: &SourceError, backoff: Duration) -> Duration {
        match error {
            SourceError::RateLimited { wait: Some(asked), .. } => backoff.max(*asked),
            SourceError::RateLimited { wait: None, .. } => backoff.max(self.unsaid_wait),
            _ => backoff,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    fn limited(seconds: Option<u64>) -> SourceError {
        SourceError::RateLimited { place: "v".into(), wait: seconds.map(Duration::from_secs) }
    }

    fn cut() -> SourceError {
        SourceError::Transport { place: "v".into(), what: "cut".into() }
    }

    fn refused() -> SourceError {
        SourceError::Unauthorised { place: "v".into(), what: "no".into() }
    }

    /// Fails `failures` times, then answers; expects so many calls, and returns the time taken.
    async fn check(error: SourceError, failures: u32, calls: u32, is_ok: [bool; 1]) -> Duration {
        let made = Cell::new(0);
        let start = Instant::now();
        let retry = Retry { seed: Some(7), ..Retry::default() };
        let answer = retry
            .run(
                || {
                    made.set(made.get() + 1);
                    let answer = if made.get() <= failures { Err(error.clone()) } else { Ok(()) };
                    async { answer }
                },
                |told, _| assert_eq!(*told, error),
            )
            .await;
        assert_eq!(made.get(), calls, "{error}");
        assert_eq!([answer.is_ok()], is_ok, "{error}");
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn only_transient_failures_are_tried_again() {
        assert_eq!(check(refused(), 1, 1, [false]).await, Duration::ZERO);
        let twice = check(cut(), 2, 3, [true]).await;
        assert!(twice >= Duration::from_secs(3) && twice <= Duration::from_secs(6), "{twice:?}");
        let for_ever = check(cut(), 99, 5, [false]).await;
        assert!(for_ever >= Duration::from_secs(15) && for_ever <= Duration::from_secs(30), "{for_ever:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_waits_of_a_seed_are_always_the_same() {
        assert_eq!(check(cut(), 4, 5, [true]).await, check(cut(), 4, 5, [true]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_vendors_own_wait_is_kept() {
        let once = check(limited(Some(30)), 1, 2, [true]).await;
        assert!(once >= Duration::from_secs(30) && once < Duration::from_secs(31), "{once:?}");
        let unsaid = check(limited(None), 3, 4, [true]).await;
        assert!(unsaid >= Duration::from_secs(60), "{unsaid:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_limit_is_told_at_once() {
        assert_eq!(check(limited(Some(121)), 1, 1, [false]).await, Duration::ZERO);
        let thrice = check(limited(Some(50)), 9, 3, [false]).await;
        assert!(thrice <= LONGEST_PAUSE, "{thrice:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_vendor_that_is_not_there_is_looked_for_for_seconds() {
        let unreachable = SourceError::Unreachable { place: "v".into(), what: "refused".into() };
        let took = check(unreachable, 9, 3, [false]).await;
        assert!(took <= Duration::from_secs(6), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_is_told_before_it_begins() {
        let told = std::cell::RefCell::new(Vec::new());
        let retry = Retry { seed: Some(7), most: 2, ..Retry::default() };
        let call = || async { Err::<(), _>(limited(Some(30))) };
        retry.run(call, |_, wait| told.borrow_mut().push(wait.as_secs())).await.expect_err("limited");
        assert_eq!(told.into_inner(), [30, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_call_stops_between_tries() {
        let made = Cell::new(0);
        let retry = Retry::default();
        let call = || {
            made.set(made.get() + 1);
            async { Err::<(), _>(limited(Some(60))) }
        };
        let run = retry.run(call, |_, _| ());
        assert!(tokio::time::timeout(Duration::from_secs(5), run).await.is_err());
        assert_eq!(made.get(), 1);
    }
}
