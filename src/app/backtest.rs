//! The scripts over history: what to load for a backtest, and the walk itself off the asynchronous threads.
//!
//! Loading may wait for vendors and can be given up at any time; the walk is asked to stop and then tells how far
//! it came. Both commands that walk, the backtest and its verification, begin with the same inputs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use tracing::info;

use super::bars::missing_between;
use super::select::select;
use super::signals::{known_strategies, narrowed};
use super::{App, Asked, Progress, Refusal, ScriptSet, Span, load, load_scripts};
use crate::backtest;
use crate::backtest::{Difference, Rules, Step, Verifier};
use crate::calendar;
use crate::decide;
use crate::decide::{MarketBars, Prepared};
use crate::domain::format::{count, fixed};
use crate::domain::{Problem, ProblemKind, Words};
use crate::report::{BacktestPage, BacktestReport, BenchmarkCloses, PriceHistory, StrategyUsed};
use crate::report::{RenderError, Templates};
use crate::scripts::{Engine, Scripts, Strategy};
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
    /// Constants over those of the settings.
    pub constants: Vec<(String, f64)>,
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
    settings: Settings,
    scripts: Scripts,
    templates: Templates,
    engine: Engine,
    charts: usize,
    fill: FillTime,
    costs: Charged,
    span: Span,
    markets: Vec<MarketBars>,
    problems: Vec<Problem>,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    /// Whether the bars are of the simulated market.
    pub demo: bool,
}

/// A walk, whole or stopped, ready to be rendered.
#[derive(Clone, Debug)]
pub struct BacktestOutcome {
    pub report: BacktestReport,
    prices: Vec<PriceHistory>,
    templates: Templates,
    engine: Engine,
    pub notes: Vec<String>,
    pub demo: bool,
}

/// How the verification of a span turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The sessions that were decided twice; of two classes both count.
    pub decisions: usize,
    pub difference: Option<Difference>,
    /// The last date of a walk that was stopped.
    pub stopped_after: Option<NaiveDate>,
    pub notes: Vec<String>,
    pub demo: bool,
}

/// Loads the scripts, with the constants that are asked for, and all bars of the classes that they trade.
///
/// # Errors
/// A [`Refusal`] for an unknown strategy or constant, a constant that breaks its script, a class that cannot be
/// loaded as asked, or nothing to trade.
pub async fn load_backtest(
    app: &App,
    request: &BacktestRequest,
    fetching: Progress<'_>,
) -> anyhow::Result<BacktestInputs> {
    let set = load_scripts(app)?;
    known_strategies(&set.scripts, &request.strategies)?;
    let asked = narrowed(request.asked, &set.scripts, &request.strategies)?;
    let set = with_constants(set, request)?;
    let scripts = chosen(&set.scripts, &request.strategies).evaluated_by(request.engine);
    let (selections, mut problems) = select(app, asked, request.source, None)?;
    problems.extend(set.problems);
    let mut inputs = BacktestInputs {
        settings: app.loaded.settings.clone(),
        scripts,
        templates: set.templates,
        engine: request.engine,
        charts: request.charts,
        fill: request.fill.unwrap_or(app.loaded.settings.backtest.fill),
        costs: request.costs,
        span: request.span,
        markets: Vec::new(),
        problems,
        notes: Vec::new(),
        demo: selections.iter().any(|selection| selection.sources.contains(&SourceName::Simulated)),
    };
    let mut idle = Vec::new();
    for selection in selections {
        let class = selection.asset_class;
        let trades = |own: &Strategy| own.asset_class() == class && own.is_enabled();
        if !inputs.scripts.strategies().iter().any(trades) {
            idle.push(Problem::new(
                class,
                ProblemKind::Skipped,
                format!("skipped: no enabled strategy for {class}"),
            ));
            continue;
        }
        let needed = decide::bars_needed(&inputs.scripts, class);
        let first = request.span.from().unwrap_or(selection.session);
        let bars = load(app, &selection, &BTreeMap::new(), first, needed, fetching).await?;
        inputs.problems.extend(bars.problems.iter().cloned());
        let Some(held) = bars.span() else { continue };
        inputs.notes.extend(request.span.notes(class.as_str(), held));
        inputs.markets.push(bars.market);
    }
    if inputs.markets.is_empty() && !idle.is_empty() {
        let message = "no enabled strategy to trade; enable one in ts.toml, or name one with --strategy";
        return Err(Refusal::Configuration(message.to_owned()).into());
    }
    inputs.problems.extend(idle);
    Ok(inputs)
}

/// Compiles the set again with the constants that are asked for.
///
/// # Errors
/// A usage [`Refusal`] for one that no selected strategy has, or that its script refuses.
fn with_constants(set: ScriptSet, request: &BacktestRequest) -> Result<ScriptSet, Refusal> {
    if request.constants.is_empty() {
        return Ok(set);
    }
    let selected = chosen(&set.scripts, &request.strategies);
    let options = set
        .options
        .clone()
        .with_constants(&selected, &request.constants)
        .map_err(|unknown| Refusal::Usage(format!("--set: {unknown}")))?;
    let changed = set.texts.clone().compile(&options)?;
    let broken = |problem: &&Problem| {
        changed.failed.contains(&problem.symbol) && !set.failed.contains(&problem.symbol)
    };
    if let Some(problem) = changed.problems.iter().find(broken) {
        return Err(Refusal::Usage(format!("--set: {problem}")));
    }
    Ok(changed)
}

/// The named strategies, or without names all.
fn chosen(scripts: &Scripts, names: &[String]) -> Scripts {
    if names.is_empty() { scripts.clone() } else { scripts.only(names) }
}

/// Walks the span. `progress` is told the dates that are done, from another thread; the walk ends after the date on
/// which `stop` is set.
///
/// # Errors
/// Bars that cannot be stacked, or a stop before the first date.
pub async fn run_backtest(
    inputs: BacktestInputs,
    stop: Arc<AtomicBool>,
    progress: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<BacktestOutcome> {
    let walk = move || {
        let BacktestInputs {
            settings, scripts, fill, costs, span, markets, mut problems, notes, demo, ..
        } = inputs;
        let (templates, engine, charts) = (inputs.templates, inputs.engine, inputs.charts);
        let asset_classes = markets.iter().map(|market| market.asset_class).collect();
        let prepared = prepare(markets, &scripts, &stop)?;
        let names: Vec<&str> =
            prepared.iter().map(|own| own.columns.panel().asset_class().as_str()).collect();
        info!("Walking the sessions of {}", names.join(" and "));
        let charged = (costs == Charged::AsSet).then(|| settings.backtest.clone());
        let rules = rules(&scripts, &settings, (fill, costs), span, Words::LeftOut);
        let result = backtest::backtest(&prepared, &rules, &mut |step: &Step<'_>| {
            progress(step.done + 1, step.total);
            flow(&stop)
        });
        problems.extend(result.problems.iter().cloned());
        problems.sort();
        problems.dedup();
        let used = |own: &Strategy| {
            let used = StrategyUsed { hash: own.hash().to_owned(), constants: own.constants().clone() };
            (own.name().to_owned(), used)
        };
        let strategies = scripts.strategies().iter().filter(|own| own.is_enabled()).map(used).collect();
        let prices = PriceHistory::of_traded(&prepared, &result, charts);
        let benchmark = prepared.first().and_then(|own| BenchmarkCloses::of(own, &result));
        let report = BacktestReport {
            asset_classes,
            strategies,
            settings,
            fill,
            costs: charged,
            benchmark,
            result,
            problems,
        };
        Ok(BacktestOutcome { report, prices, templates, engine, notes, demo })
    };
    tokio::task::spawn_blocking(walk).await.context("failed to walk the sessions")?
}

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
        let BacktestInputs { settings, scripts, fill, costs, span, markets, notes, demo, .. } = inputs;
        let prepared = prepare(markets.clone(), &scripts, &stop)?;
        let verifier = Verifier::new(&markets, &scripts, calendar::sessions_between);
        let mut verified = Verified { decisions: 0, difference: None, stopped_after: None, notes, demo };
        let mut failed = None;
        let rules = rules(&scripts, &settings, (fill, costs), span, Words::Told);
        let walked = backtest::backtest(&prepared, &rules, &mut |step: &Step<'_>| {
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
        match failed {
            Some(error) => Err(error).context("failed to prepare the bars of a session"),
            None => Ok(verified),
        }
    };
    tokio::task::spawn_blocking(walk).await.context("failed to walk the sessions")?
}

fn prepare(markets: Vec<MarketBars>, scripts: &Scripts, stop: &AtomicBool) -> anyhow::Result<Vec<Prepared>> {
    let mut prepared = Vec::new();
    for market in markets {
        let class = market.asset_class;
        let own = decide::prepare(market, scripts, missing_between(class));
        prepared.push(own.with_context(|| format!("failed to prepare the {class} bars"))?);
        if stop.load(Ordering::Relaxed) {
            bail!("interrupted before the first session");
        }
    }
    Ok(prepared)
}

fn rules<'a>(
    scripts: &'a Scripts,
    settings: &'a Settings,
    (fill, costs): (FillTime, Charged),
    span: Span,
    words: Words,
) -> Rules<'a> {
    let costs = (costs == Charged::AsSet).then_some(&settings.backtest);
    Rules { scripts, settings, fill, costs, from: span.from(), to: span.to(), words }
}

fn flow(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl BacktestOutcome {
    /// Renders the page. The problems are those of an edited template that failed, in whose place the built-in one
    /// was used.
    ///
    /// # Errors
    /// [`RenderError`] where even the built-in template fails.
    pub fn html(&self) -> Result<(String, Vec<Problem>), RenderError> {
        let Self { report, prices, templates, engine, notes, demo } = self;
        BacktestPage { report, prices, engine: *engine, notes, demo: *demo }.html(templates)
    }

    /// Says how far a walk came that was stopped; `None` of one that came to its end.
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
