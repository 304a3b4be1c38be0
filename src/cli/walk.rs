//! A walk over many sessions that a person may interrupt, and that then tells how far it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use clap::Args;

use crate::app;
use crate::app::{App, BacktestInputs, BacktestRequest, Charged, Span};
use crate::backtest::Grid;
use crate::scripts::Engine;

use super::choices::{ClassChoice, SourceArgs, SpanArgs};
use super::progress::Progress;
use super::start;

/// Which part of history is walked, by which strategies.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to trade, over one account
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// Only these strategies, switched on or not
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
}

impl HistoryArgs {
    /// Returns what is walked, with everything else as the settings say.
    ///
    /// # Errors
    /// Usage: a source that is none, or a span that ends before it begins.
    pub fn request(&self) -> anyhow::Result<BacktestRequest> {
        Ok(BacktestRequest {
            asked: self.asset_class.asked(),
            source: self.source.chosen()?,
            span: Span::new(self.span.from, self.span.to)?,
            strategies: self.strategy.clone(),
            grid: Grid::default(),
            walk_forward: None,
            holdout: None,
            fill: None,
            costs: Charged::AsSet,
            engine: Engine::default(),
            charts: 0,
        })
    }
}

/// Loads what is walked, with the calls to vendors on the progress line.
pub(super) async fn load(
    app: &App,
    request: &BacktestRequest,
    progress: &Arc<Progress>,
) -> anyhow::Result<BacktestInputs> {
    let fetching = |done: usize, total: usize| progress.calls(done, total);
    let compiling = {
        let progress = Arc::clone(progress);
        move |done, total| progress.compiled(done, total)
    };
    let stop = Arc::new(AtomicBool::new(false));
    tokio::select! {
        inputs = app::load_backtest(app, request, &stop, compiling, &fetching) => inputs,
        signal = start::interrupted() => {
            signal?;
            stop.store(true, Ordering::Relaxed);
            Err(anyhow!("interrupted while scripts and bars were loaded"))
        }
    }
}

/// Returns what tells `progress` of each session that is walked.
pub(super) fn sessions(progress: &Arc<Progress>) -> impl Fn(usize, usize) + Send + Sync + 'static {
    let progress = Arc::clone(progress);
    move |done, total| progress.sessions(done, total)
}

/// Returns what tells `progress` of each combination that is walked.
pub(super) fn combinations(progress: &Arc<Progress>) -> impl Fn(usize, usize) + Send + Sync + 'static {
    let progress = Arc::clone(progress);
    move |done, total| progress.combinations(done, total)
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
