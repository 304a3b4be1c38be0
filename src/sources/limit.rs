//! Spaces calls before a vendor has to refuse one: at most N in any window of time, however many
//! tasks ask, and none waits longer than that takes.
//!
//! One governor cell with a burst of N would let nearly 2 N calls into a window (N at once, then one
//! each refill), and one without a burst would spread five calls of an idle limiter over a minute.
//! So there are N cells that each give one call a window: a call goes out if fewer than N did within
//! the window before it. That is the sliding limit itself, neither more nor less.
//!
//! A waiting call holds nothing: dropping it costs no other call its turn.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::InMemoryState;
use governor::state::NotKeyed;
use tokio::time::Instant;

use super::SourceError;

/// Added to every window: two calls sent a window apart may reach the vendor a little closer.
const MARGIN: Duration = Duration::from_millis(250);
/// The longest pause that a call sits out; a longer one is told at once.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(120);

type Cell = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;

/// One vendor's limit, shared by all its calls.
pub(super) struct Limiter {
    cells: Vec<Cell>,
    paused_until: Mutex<Option<Instant>>,
}

impl Limiter {
    /// Allows `calls` (at least one) in any window of `per`.
    pub(super) fn new(calls: u32, per: Duration) -> Self {
        let ticks = Ticks(Instant::now());
        let one = Quota::with_period(per + MARGIN).expect("the margin makes it longer than nothing");
        let cell = || RateLimiter::direct_with_clock(one, ticks);
        Self { cells: (0..calls.max(1)).map(|_| cell()).collect(), paused_until: Mutex::new(None) }
    }

    /// Returns how many calls a window allows.
    pub(super) fn calls(&self) -> u32 {
        u32::try_from(self.cells.len()).unwrap_or(u32::MAX)
    }

    /// Waits until a call may go out, and counts it.
    ///
    /// # Errors
    /// [`SourceError::RateLimited`] while the vendor has asked for a pause that is too long to sit out.
    pub(super) async fn ready(&self, place: &str) -> Result<(), SourceError> {
        loop {
            let pause = self.pause_left();
            if pause > LONGEST_PAUSE {
                return Err(SourceError::RateLimited { place: place.to_owned(), wait: Some(pause) });
            }
            let wait = if pause.is_zero() { self.take() } else { Some(pause) };
            let Some(wait) = wait else { return Ok(()) };
            tokio::time::sleep(wait).await;
        }
    }

    /// Lets no call out for so long, because the vendor asked for it. The longest pause wins.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait);
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = (*paused).max(until);
    }

    /// Takes a call from a free cell, or says how long until one is free.
    fn take(&self) -> Option<Duration> {
        let mut soonest = Duration::MAX;
        for cell in &self.cells {
            let Err(not_until) = cell.check() else { return None };
            soonest = soonest.min(not_until.wait_time_from(cell.clock().now()));
        }
        Some(soonest)
    }

    pub(super) fn pause_left(&self) -> Duration {
        let paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        paused.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

/// Tokio's clock for governor: the one that its sleeps follow, which a test may pause.
#[derive(Clone, Copy)]
struct Ticks(Instant);

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Returns when each of `calls` went out, eight of them waiting at a time.
    async fn calls(limiter: Arc<Limiter>, calls: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        let mut times = Vec::new();
        for call in 0..calls {
            if call >= 8 {
                times.push(tasks.join_next().await.expect("a task").expect("no panic"));
            }
            let limiter = Arc::clone(&limiter);
            tasks.spawn(async move {
                limiter.ready("a vendor").await.expect("no pause");
                start.elapsed()
            });
        }
        times.extend(tasks.join_all().await);
        times.sort();
        times
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_and_no_call_waits_longer_than_it_must() {
        let times = calls(Arc::new(Limiter::new(5, MINUTE)), 500).await;
        assert_eq!(times.len(), 500);
        for window in times.windows(6) {
            assert!(window[5] - window[0] >= MINUTE, "six calls within a minute: {window:?}");
        }
        // 500 calls are 100 groups of five: 99 windows, each with its margin and a tick's rounding.
        let least = (MINUTE + MARGIN) * 99;
        let last = times[499];
        assert!(last >= least && last <= least + Duration::from_millis(200), "{last:?} against {least:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_limiter_gives_the_whole_window_at_once() {
        let times = calls(Arc::new(Limiter::new(5, MINUTE)), 5).await;
        assert_eq!(times, [Duration::ZERO; 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_given_up_costs_no_other_its_turn() {
        let limiter = Limiter::new(1, MINUTE);
        limiter.ready("v").await.expect("the first is free");
        let given_up = tokio::time::timeout(Duration::from_secs(1), limiter.ready("v")).await;
        assert!(given_up.is_err());
        let start = Instant::now();
        limiter.ready("v").await.expect("no pause");
        assert!(start.elapsed() <= MINUTE, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_call_and_a_long_one_is_told() {
        let limiter = Limiter::new(5, MINUTE);
        limiter.pause(Duration::from_secs(30));
        limiter.pause(Duration::from_secs(10));
        let start = Instant::now();
        limiter.ready("v").await.expect("short enough");
        assert!(start.elapsed() >= Duration::from_secs(30));

        limiter.pause(Duration::from_secs(3 * 24 * 3600));
        let error = limiter.ready("v").await.expect_err("three days");
        assert!(matches!(error, SourceError::RateLimited { wait: Some(wait), .. } if wait > LONGEST_PAUSE));
    }
}
