//! The one run that may be going on: work between its pings, held by the loop.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::info;
use tracing::info_span;

use super::ping::Ping;
use super::ping::Pinger;
use super::work::Begun;
use super::work::JobResult;
use super::work::Order;
use super::work::Work;
use crate::schedule::Due;
use crate::schedule::Timing;
use crate::schedule::Why;

/// The run that goes on. Dropping it leaves it where it is.
pub(super) struct Running {
    pub(super) due: Due,
    pub(super) began: Instant,
    pub(super) work: Pin<Box<dyn Future<Output = JobResult>>>,
}

impl Running {
    /// Begins a run; it goes on while it is polled.
    pub(super) fn begin<W: Work>(work: Arc<W>, order: impl FnOnce(Begun) -> Order, pinger: Pinger) -> Self {
        let (begun, has_begun) = Begun::new();
        let order = order(begun);
        let due = order.due.clone();
        let job = info_span!("job", job = due.job);
        let run = info_span!(parent: &job, "run", session = %due.session, attempt = due.attempt);
        run.in_scope(|| info!(why = due.why.as_str(), late = due.timing == Timing::Late, "Begun"));
        let work = Box::pin(pinged(work, order, has_begun, pinger).instrument(run));
        Self { due, began: Instant::now(), work }
    }
}

/// Waits for the run that goes on; for ever without one.
pub(super) async fn ended(running: &mut Option<Running>) -> JobResult {
    match running {
        Some(running) => running.work.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Does the work between its pings.
async fn pinged<W: Work>(
    work: Arc<W>,
    order: Order,
    has_begun: oneshot::Receiver<()>,
    pinger: Pinger,
) -> JobResult {
    let due = order.due.clone();
    let is_first = due.attempt == 1 && due.why != Why::Undelivered;
    let start = async {
        // What is left to another process never begins here.
        if has_begun.await.is_ok() && is_first {
            pinger.send(Ping::Start).await;
        }
    };
    let (result, ()) = tokio::join!(work.run(order), start);
    if let Some(ping) = ping_of(&due, &result) {
        pinger.send(ping).await;
    }
    result
}

/// Returns what a check is told of a result: nothing while it is waited for something that may still come
/// in time.
fn ping_of(due: &Due, result: &JobResult) -> Option<Ping> {
    let is_over = match result {
        JobResult::Done { lacking: None, .. } => return Some(Ping::Success),
        JobResult::Done { lacking: Some(_), .. } => true,
        JobResult::Failed(_) | JobResult::Refused(_) => true,
        JobResult::BarsMissing(_) | JobResult::Undelivered(_) => due.timing == Timing::Late,
        JobResult::Elsewhere(_) => return None,
    };
    let why = format!("{} {}: {}", due.job, due.session, result.reason());
    is_over.then_some(Ping::Failure(why))
}
