//! A walk over many sessions that a person may interrupt, and that then tells how far it came.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;

use crate::app;
use crate::app::{App, BacktestInputs, BacktestRequest};

use super::progress::Progress;
use super::start;

/// Loads what is walked, with the calls to vendors on the progress line.
pub(super) async fn load(
    app: &App,
    request: &BacktestRequest,
    progress: &Progress,
) -> anyhow::Result<BacktestInputs> {
    let fetching = |done: usize, total: usize| progress.calls(done, total);
    tokio::select! {
        inputs = app::load_backtest(app, request, &fetching) => inputs,
        signal = start::interrupted() => {
            signal?;
            Err(anyhow!("interrupted while the bars were loaded"))
        }
    }
}

/// Waits for a walk. At the first Ctrl-C or SIGTERM `stop` is set, and the walk ends after the session that it is at.
///
/// # Errors
/// The walk's own, or an interruption that comes before there is anything to tell.
pub(super) async fn to_its_end<T>(
    stop: &AtomicBool,
    walk: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut walk = std::pin::pin!(walk);
    tokio::select! {
        outcome = &mut walk => outcome,
        signal = start::interrupted() => {
            signal?;
            stop.store(true, Ordering::Relaxed);
            let ended = tokio::time::timeout(start::GRACE, walk).await;
            ended.map_err(|_| anyhow!("interrupted before the first session"))?
        }
    }
}
