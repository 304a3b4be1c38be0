//! The scripts over history: what to load for a backtest, and the walk itself off the asynchronous threads.
//!
//! Loading may wait for vendors and can be given up at any time; the walk is asked to stop and then tells how far
//! it came. Both commands that walk, the backtest and its verification, begin with the same inputs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;

use super::ground::{Ground, flow};
use super::holdout::HoldoutRequest;
use super::recipe::Recipe;
use super::select::select;
use super::signals::{known_strategies, narrowed, not_loaded};
use super::study::study;
use super::{App, Asked, Progress, Refusal, Span, load, load_scripts};
use crate::backtest;
use crate::backtest::{Difference, Grid, Lengths, Rules, Step, Verifier, walks_differ};
use crate::calendar;
use crate::decide;
use crate::decide::MarketBars;
use crate::domain::format::{count, fixed};
use crate::domain::{AssetClass, Problem, ProblemKind, Words};
use crate::report::{BacktestPage, BacktestReport, PriceHistory};
use crate::report::{RenderError, Templates};
use crate::scripts::{Engine, Strategy};
use crate::settings::{FillTime, Settings, SourceName};

/// What to walk.
#[derive(Clone, Debug)]
pub struct BacktestRequest {
    pub asked: Asked,
    /// A source instead of the settings' own.
    pub source: Option<SourceName>,
    pub span: Span,
    /// These strategies alone, switched on or not; empty: all that are enabled.
    pub strategies: Vec<String>,
    /// Constants over those of the settings; more than one combination makes a sweep.
    pub grid: Grid,
    /// Chooses among the combinations in windows, and trades what follows each.
    pub walk_forward: Option<Lengths>,
    /// Sessions that are kept out.
    pub holdout: Option<HoldoutRequest>,
    /// When orders fill, instead of the settings' own.
    pub fill: Option<FillTime>,
    pub costs: Charged,
    /// By what the scripts are evaluated.
    pub engine: Engine,
    /// So many traded symbols' closes are kept for the charts of a page.
    pub charts: usize,
}

/// What trading costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    AsSet,
    Nothing,
}

/// Everything that a walk needs, in memory.
#[derive(Clone, Debug)]
pub struct BacktestInputs {
    pub(super) settings: Settings,
    pub(super) recipe: Recipe,
    pub(super) templates: Templates,
    pub(super) engine: Engine,
    pub(super) charts: usize,
    pub(super) walk_forward: Option<Lengths>,
    pub(super) holdout: Option<HoldoutRequest>,
    pub(super) fill: FillTime,
    pub(super) costs: Charged,
    /// The holdout included.
    pub(super) span: Span,
    pub(super) markets: Vec<MarketBars>,
    pub(super) problems: Vec<Problem>,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    /// Whether bars are of the simulated market, some or all.
    pub demo: bool,
    pub(super) is_all_simulated: bool,
}

/// A walk, whole or stopped, ready to be rendered.
#[derive(Clone, Debug)]
pub struct BacktestOutcome {
    pub report: BacktestReport,
    /// Those that have bars, in the span or in the holdout.
    pub(super) asset_classes: Vec<AssetClass>,
    pub(super) prices: Vec<PriceHistory>,
    pub(super) templates: Templates,
    pub(super) engine: Engine,
    pub(super) is_all_simulated: bool,
    /// The last date that was asked for, the holdout included.
    pub(super) until: NaiveDate,
    /// How far a sweep or a walk forward came that was stopped; the report tells of what was done.
    pub interrupted: Option<String>,
    /// The combinations that were tried.
    pub(super) trials: usize,
    /// Of the scripts that the report tells of, in hex.
    pub(super) scripts_hash: String,
}

/// How the verification of a span turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The sessions that were decided twice; of two classes both count.
    pub decisions: usize,
    pub difference: Option<Difference>,
    /// The last date of a walk that was stopped.
    pub stopped_after: Option<NaiveDate>,
    /// What went wrong with scripts and bars, on the way too.
    pub problems: Vec<Problem>,
    pub notes: Vec<String>,
    pub demo: bool,
}

/// Loads the scripts, with the constants that are asked for, and all bars of the classes that they trade. `compiling` is
/// told from other threads which combination is compiled, and of how many; these end where `stop` is set.
///
/// # Errors
/// A stop; a [`Refusal`] for an unknown strategy or constant, a constant that breaks its script, a class that cannot be
/// loaded as asked, or nothing to trade.
pub async fn load_backtest(
    app: &App,
    request: &BacktestRequest,
    stop: &Arc<AtomicBool>,
    compiling: impl Fn(usize, usize) + Send + Sync + 'static,
    fetching: Progress<'_>,
) -> anyhow::Result<BacktestInputs> {
    let set = load_scripts(app)?;
    known_strategies(&set, &request.strategies)?;
    let asked = narrowed(request.asked, &set.scripts, &request.strategies)?;
    let span = request.holdout.map_or(Ok(request.span), |own| own.before(request.span))?;
    let (problems_of_set, templates) = (set.problems.clone(), set.templates.clone());
    let not_loaded = not_loaded(&set, |_| true);
    let recipe = {
        let (strategies, engine, grid) = (request.strategies.clone(), request.engine, request.grid.clone());
        let stop = Arc::clone(stop);
        if grid.len() > 1 {
            info!("Compiling {}", count(grid.len(), "combination"));
        }
        let compile = move || Recipe::of(&set, &strategies, engine, grid, &stop, &compiling);
        tokio::task::spawn_blocking(compile).await.context("failed to compile the scripts")??
    };
    let (selections, mut problems) = select(app, asked, request.source, None)?;
    problems.extend(problems_of_set);
    let scripts = recipe.scripts(0)?;
    let mut inputs = BacktestInputs {
        settings: app.loaded.settings.clone(),
        recipe,
        templates,
        engine: request.engine,
        charts: request.charts,
        walk_forward: request.walk_forward,
        holdout: request.holdout,
        fill: request.fill.unwrap_or(app.loaded.settings.backtest.fill),
        costs: request.costs,
        span: request.span,
        markets: Vec::new(),
        problems,
        notes: Vec::new(),
        demo: false,
        is_all_simulated: true,
    };
    let mut idle = Vec::new();
    for selection in selections {
        let class = selection.asset_class;
        let trades = |own: &Strategy| own.asset_class() == class && own.is_enabled();
        if !scripts.strategies().iter().any(trades) {
            idle.push(Problem::new(
                class,
                ProblemKind::Skipped,
                format!("skipped: no enabled strategy for {class}"),
            ));
            continue;
        }
        let needed = decide::bars_needed_by(inputs.recipe.features(class));
        let first = request.span.from().unwrap_or(selection.session);
        let bars = load(app, &selection, &BTreeMap::new(), first, needed, fetching).await?;
        inputs.problems.extend(bars.problems.iter().cloned());
        let Some(held) = bars.span() else { continue };
        inputs.notes.extend(span.notes(class.as_str(), held));
        let mut sources = bars.source.split('+').map(|name| name == SourceName::Simulated.as_str());
        inputs.demo |= sources.clone().any(|is_simulated| is_simulated);
        inputs.is_all_simulated &= sources.all(|is_simulated| is_simulated);
        inputs.markets.push(bars.market);
    }
    if inputs.markets.is_empty() && !idle.is_empty() {
        let message = match not_loaded {
            Some(why) => format!("no strategy to trade: {why}"),
            None => {
                "no enabled strategy to trade; enable one in ts.toml, or name one with --strategy".to_owned()
            }
        };
        return Err(Refusal::Configuration(message).into());
    }
    inputs.problems.extend(idle);
    Ok(inputs)
}

/// Walks the span, or every combination over it. `progress` is told from other threads what is done: the dates of one
/// walk, the combinations of a sweep, those of all windows of a walk forward. A walk ends after the date on which
/// `stop` is set.
///
/// # Errors
/// Bars that cannot be stacked, a span too short for a window, or a stop before there is anything to tell.
pub async fn run_backtest(
    inputs: BacktestInputs,
    stop: Arc<AtomicBool>,
    progress: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<BacktestOutcome> {
    let walk = move || study(inputs, &stop, &progress);
    tokio::task::spawn_blocking(walk).await.context("failed to walk the sessions")?
}

/// What a verification cannot say of a run.
const SCALED: &str = "[backtest] volatility_scaling scales the risk of each session, which no mail does: each session was \
                      decided again with its scaled risk, and a run sizes its orders otherwise";

/// Walks the span, and decides each session again from bars that end with it. Ends at the first difference.
///
/// # Errors
/// As [`run_backtest`].
pub async fn verify(
    inputs: BacktestInputs,
    stop: Arc<AtomicBool>,
    progress: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<Verified> {
    let walk = move || {
        let BacktestInputs { settings, recipe, fill, costs, span, markets, problems, notes, demo, .. } =
            inputs;
        let scripts = recipe.scripts(0)?;
        let ground = Ground::prepare(markets.clone(), &recipe, (settings, fill, costs), &stop)?;
        let verifier = Verifier::new(&markets, &scripts, calendar::sessions_between);
        let mut verified =
            Verified { decisions: 0, difference: None, stopped_after: None, problems, notes, demo };
        let mut failed = None;
        let rules = ground.rules(&scripts, &ground.settings, (span.from(), span.to()));
        let rules = Rules { words: Words::Told, ..rules };
        let walked = backtest::backtest(&ground.prepared, &rules, &mut |step: &Step<'_>| {
            progress(step.done + 1, step.total);
            if verified.difference.is_none() && failed.is_none() {
                verified.decisions += 1;
                match verifier.check(step) {
                    Ok(difference) => verified.difference = difference,
                    Err(error) => failed = Some(error),
                }
            }
            let is_over = verified.difference.is_some() || failed.is_some();
            if is_over { ControlFlow::Break(()) } else { flow(&stop) }
        });
        let last = walked.days.last().map(|day| day.date);
        verified.stopped_after = last.filter(|_| walked.is_stopped());
        if verified.difference.is_none() && failed.is_none() && !walked.is_stopped() {
            // What the figures of a backtest are made by tells no words, and takes other ways to the same trades.
            let rules = Rules { words: Words::LeftOut, ..rules };
            let quick = backtest::backtest(&ground.prepared, &rules, &mut |_: &Step<'_>| flow(&stop));
            verified.difference = walks_differ(&walked, &quick).filter(|_| !quick.is_stopped());
            verified.stopped_after = last.filter(|_| quick.is_stopped());
        }
        if ground.settings.backtest.volatility_scaling {
            verified.notes.push(SCALED.to_owned());
        }
        verified.problems.extend(walked.problems);
        verified.problems.sort();
        verified.problems.dedup();
        match failed {
            Some(error) => Err(error).context("failed to prepare the bars of a session"),
            None => Ok(verified),
        }
    };
    tokio::task::spawn_blocking(walk).await.context("failed to walk the sessions")?
}

impl BacktestOutcome {
    /// Renders the page. The problems are those of an edited template that failed, in whose place the built-in one
    /// was used.
    ///
    /// # Errors
    /// [`RenderError`] where even the built-in template fails.
    pub fn html(&self) -> Result<(String, Vec<Problem>), RenderError> {
        let Self { report, prices, templates, engine, .. } = self;
        BacktestPage { report, prices, engine: *engine }.html(templates)
    }

    /// Says how far one walk came that was stopped; `None` of one that came to its end.
    pub fn stopped(&self) -> Option<String> {
        let result = &self.report.result;
        let last = result.days.last().filter(|_| result.is_stopped())?;
        let closed = result.trades.iter().filter(|trade| !trade.open).count();
        Some(format!(
            "interrupted after {}: {} of {} done, {} closed, equity {}",
            last.date,
            fixed(result.days.len() as f64, 0),
            count(result.dates, "session"),
            count(closed, "trade"),
            fixed(last.equity, 2)
        ))
    }
}
