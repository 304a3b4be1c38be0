//! What a backtest was asked for, from prepared bars to the report: one walk, the best of a grid or the joined windows
//! of a walk forward, and the holdout beside it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::bail;
use chrono::{NaiveDate, TimeDelta};
use tracing::info;

use super::backtest::{BacktestInputs, BacktestOutcome, Charged};
use super::ground::{Ground, Stretch, flow};
use super::holdout;
use super::holdout::{HoldoutRequest, Showing, Traded};
use super::recipe::Recipe;
use super::sweep::{Best, sweep};
use super::walk_forward::{walk_forward, windows_of};
use crate::backtest;
use crate::backtest::{Backtest, Lengths, Step};
use crate::domain::AssetClass;
use crate::domain::format::{count, fixed};
use crate::domain::{Problem, ProblemKind};
use crate::performance::{Undefined, Year, deflated_sharpe};
use crate::report::{BacktestReport, Choice, Holdout, Looks, PriceHistory, StrategyUsed, Sweep};
use crate::report::{WalkForward, WarmUp};
use crate::scripts::{Engine, Scripts, Strategy};

/// Is told what is done, and of how many.
pub(super) type Tell<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// Scripts, and the constants that they were compiled with as far as they were set.
type Chosen = (Scripts, Vec<(String, f64)>);

/// What the report tells in full, and what stands above it.
struct Told {
    scripts: Scripts,
    result: Backtest,
    /// The constants that it was walked with, as far as one set holds for all of it.
    constants: Vec<(String, f64)>,
    sweep: Option<Sweep>,
    walk_forward: Option<WalkForward>,
    /// Scripts that failed elsewhere than in the result.
    failures: Vec<Problem>,
    interrupted: Option<String>,
}

/// Walks what is asked for.
///
/// # Errors
/// As [`run_backtest`](super::run_backtest).
pub(super) fn study(
    inputs: BacktestInputs,
    stop: &AtomicBool,
    progress: Tell<'_>,
) -> anyhow::Result<BacktestOutcome> {
    let BacktestInputs { settings, recipe, fill, costs, markets, mut notes, demo, is_all_simulated, .. } =
        inputs;
    notes.extend(remarks(&inputs.walk_forward, &recipe, inputs.engine));
    let span = inputs.holdout.map_or(Ok(inputs.span), |own| own.before(inputs.span))?;
    let stretch = (span.from(), span.to());
    let ground = Ground::prepare(markets, &recipe, (settings, fill, costs), stop)?;
    notes.extend(inputs.walk_forward.and_then(|_| left_out(&ground, stretch)));
    let told = match inputs.walk_forward {
        Some(lengths) => in_windows(&ground, &recipe, (stretch, lengths), stop, progress)?,
        None if recipe.grid().len() > 1 => best(&ground, &recipe, stretch, stop, progress)?,
        None => once(&ground, &recipe, stretch, stop, progress)?,
    };
    let Told { scripts, result, constants, sweep, walk_forward, failures, mut interrupted } = told;
    let mut problems = inputs.problems;
    problems.extend(result.problems.iter().cloned());
    // What failed in the result too is among its own problems, with its dates.
    problems.extend(failures.into_iter().filter(|own| !has_failed(&result.problems, &own.symbol)));

    let asset_classes = ground.traded(&result);
    // Of windows, what the first one chooses on lies before the result.
    let walked = match walk_forward.as_ref().and_then(|own| own.walked.first()) {
        Some(first) => backtest::shared_dates(
            &ground.prepared,
            Some(first.window.train_from),
            Some(first.window.train_to),
        ),
        None => result.days.iter().map(|day| day.date).collect(),
    };
    let warm_up = ground.warm_up(&scripts, &walked);
    notes.extend(warm_up.and_then(|own| cold(own, walked.len(), walk_forward.is_some())));
    notes.extend(unread(&scripts, &recipe, &ground));
    let strategies = used(&scripts, &recipe, &asset_classes, walk_forward.as_ref());
    let trials = recipe.grid().len() * walk_forward.as_ref().map_or(1, |own| own.windows);
    let mut scripts_hash = holdout::scripts_hash(&scripts);
    let mut kept_out = None;
    if let Some(HoldoutRequest { from, showing }) = inputs.holdout {
        let sessions = backtest::dates(&ground.prepared, Some(from), inputs.span.to()).len();
        let mut out = Holdout { from, sessions, looks: Looks::NotCounted, shown: None };
        if showing == Showing::Revealed && interrupted.is_none() && !result.is_stopped() {
            let chosen = match inputs.walk_forward {
                Some(lengths) => next_choice(&ground, &recipe, (stretch, lengths), stop)?,
                None => Some((scripts, constants.clone())),
            };
            let combinations = recipe.grid().len();
            let choice = (combinations > 1).then_some(Choice {
                combinations,
                sessions: inputs.walk_forward.map(|lengths| lengths.train),
            });
            let traded = chosen.map(|(scripts, constants)| {
                scripts_hash = holdout::scripts_hash(&scripts);
                holdout::trade(&ground, &scripts, (from, inputs.span), (constants, choice), stop)
            });
            match traded {
                Some(Traded::Whole(shown)) => {
                    problems.extend(shown.result.problems.iter().map(in_the_holdout));
                    out.shown = Some(*shown);
                }
                Some(Traded::Nothing) => {
                    let none = format!("no session in the holdout from {from} on");
                    problems.push(Problem::new("", ProblemKind::NoBars, none));
                }
                Some(Traded::Stopped) | None => {
                    interrupted =
                        Some("interrupted before the holdout was done; nothing of it is shown".to_owned());
                }
            }
        }
        kept_out = Some(out);
    }
    problems.sort();
    problems.dedup();
    let prices = PriceHistory::of_traded(&ground.prepared, &result, inputs.charts);
    let report = BacktestReport {
        strategies,
        fill,
        costs: (costs == Charged::AsSet).then(|| ground.settings.backtest.clone()),
        benchmark: ground.benchmark(&result),
        demo,
        warm_up,
        constants,
        notes,
        timing: ground.timing(&result),
        sweep,
        walk_forward,
        holdout: kept_out,
        problems,
        asset_classes,
        settings: ground.settings,
        result,
    };
    let (templates, engine) = (inputs.templates, inputs.engine);
    let until = inputs.span.to().unwrap_or(NaiveDate::MAX);
    Ok(BacktestOutcome {
        report,
        asset_classes: ground.asset_classes,
        prices,
        templates,
        engine,
        is_all_simulated,
        until,
        interrupted,
        trials,
        scripts_hash,
    })
}

/// Says which part of a stretch no window can reach, since not every class trades there.
fn left_out(ground: &Ground, (from, to): Stretch) -> Option<String> {
    let ends = |dates: Vec<NaiveDate>| Some((*dates.first()?, *dates.last()?));
    let (first, last) = ends(backtest::dates(&ground.prepared, from, to))?;
    let (shared, until) = ends(backtest::shared_dates(&ground.prepared, from, to))?;
    let is_more = |days: TimeDelta| days > TimeDelta::days(7);
    (is_more(shared - first) || is_more(last - until)).then(|| {
        format!(
            "the windows lie between {shared} and {until}, where every class trades, and not from {first} to {last}; name \
             one class with --asset-class for all of its own"
        )
    })
}

/// Says of the warm-up what it does to the figures, and how to leave it out.
fn cold(WarmUp { sessions, ready }: WarmUp, walked: usize, is_in_windows: bool) -> Option<String> {
    let (ready, part) = (ready?, |number: usize| fixed(number as f64, 0));
    let (sessions, walked) = (part(sessions), part(walked));
    Some(if is_in_windows {
        format!(
            "no strategy is ready before {ready}: on {sessions} of the {walked} sessions that the first window chooses on \
             nothing can be bought; --from {ready} begins the windows there"
        )
    } else {
        format!(
            "no strategy is ready before {ready}: the first {sessions} of {walked} sessions lie in cash and count in every \
             figure; --from {ready} leaves them out"
        )
    })
}

/// What the reader should know of how it was walked.
fn remarks(walk_forward: &Option<Lengths>, recipe: &Recipe, engine: Engine) -> Vec<String> {
    let mut remarks = Vec::new();
    if walk_forward.is_some() && recipe.grid().len() == 1 {
        let told =
            "--walk-forward has one combination to choose from; name values to choose among with --set";
        remarks.push(told.to_owned());
    }
    if engine == Engine::Verify {
        let told = "each answer of a script was had twice, from columns and from the interpreter; where the two differ, a \
                    problem says so";
        remarks.push(told.to_owned());
    }
    remarks
}

/// Names each constant that was set and that nothing has which could have bought.
fn unread(scripts: &Scripts, recipe: &Recipe, ground: &Ground) -> Vec<String> {
    let asked: Vec<&Strategy> = scripts
        .strategies()
        .iter()
        .filter(|own| own.is_enabled() && ground.asset_classes.contains(&own.asset_class()))
        .collect();
    let is_read = |name: &str| {
        asked.iter().any(|own| {
            let scorer = scripts.scorer_of(own);
            own.constants().contains_key(name) || scorer.is_some_and(|own| own.constants().contains_key(name))
        })
    };
    let constants = recipe.grid().combination(0);
    let unread = constants.iter().map(|(name, _)| name).filter(|name| !is_read(name));
    let told = |name: &String| {
        format!(
            "--set {name} changes nothing: no strategy of {} that may buy has it, nor its scorer",
            ground.classes()
        )
    };
    unread.map(told).collect()
}

/// One walk, as far as it came.
fn once(
    ground: &Ground,
    recipe: &Recipe,
    stretch: Stretch,
    stop: &AtomicBool,
    progress: Tell<'_>,
) -> anyhow::Result<Told> {
    info!("Walking the sessions of {}", ground.classes());
    let scripts = recipe.scripts(0)?;
    let rules = ground.rules(&scripts, &ground.settings, stretch);
    let result = backtest::backtest(&ground.prepared, &rules, &mut |step: &Step<'_>| {
        progress(step.done + 1, step.total);
        flow(stop)
    });
    Ok(Told {
        scripts,
        result,
        constants: recipe.grid().combination(0),
        sweep: None,
        walk_forward: None,
        failures: Vec::new(),
        interrupted: None,
    })
}

/// The best of a grid.
fn best(
    ground: &Ground,
    recipe: &Recipe,
    stretch: Stretch,
    stop: &AtomicBool,
    progress: Tell<'_>,
) -> anyhow::Result<Told> {
    let combinations = count(recipe.grid().len(), "combination");
    info!("Walking {combinations} of {}", ground.classes());
    let swept = sweep(ground, recipe, stretch, stop, &counted(recipe.grid().len(), progress))?;
    let (failures, is_stopped) = (swept.failures(recipe), swept.is_stopped());
    let Some(Best { index, scripts, result, .. }) = swept.best else {
        bail!("interrupted before the first of {combinations} was done");
    };
    let mut sweep = Sweep {
        grid: recipe.grid().clone(),
        trials: swept.trials,
        best: index,
        deflated_sharpe: Err(Undefined("fewer than two trials")),
    };
    let year = Year::of(&ground.traded(&result), &result.days);
    sweep.deflated_sharpe = deflated_sharpe(&result.days, &sweep.ratios_tried(), year.sessions());
    let how_far = format!("interrupted: {} of {combinations} done", fixed(sweep.done() as f64, 0));
    Ok(Told {
        scripts,
        result,
        constants: recipe.grid().combination(index),
        sweep: Some(sweep),
        walk_forward: None,
        failures,
        interrupted: is_stopped.then_some(how_far),
    })
}

/// The joined tests of all windows.
fn in_windows(
    ground: &Ground,
    recipe: &Recipe,
    (stretch, lengths): (Stretch, Lengths),
    stop: &AtomicBool,
    progress: Tell<'_>,
) -> anyhow::Result<Told> {
    let windows = windows_of(ground, stretch, lengths)?;
    let all = count(windows.len(), "window");
    info!("Walking {all} of {}", ground.classes());
    let done = counted(windows.len() * recipe.grid().len(), progress);
    let Some(walked) = walk_forward(ground, recipe, (lengths, &windows), stop, &done)? else {
        bail!("interrupted before the first of {all} was done");
    };
    let walked_windows = walked.told.walked.len();
    let how_far = format!("interrupted: {} of {all} done", fixed(walked_windows as f64, 0));
    Ok(Told {
        // Each window chose its own constants: what all of them share is as the settings have it.
        scripts: recipe.selected().clone(),
        result: walked.result,
        constants: Vec::new(),
        sweep: None,
        walk_forward: Some(walked.told),
        failures: walked.failures,
        interrupted: (walked_windows < windows.len()).then_some(how_far),
    })
}

/// What the window after the last would choose: the best on the sessions before the holdout; `None` where it was
/// stopped.
fn next_choice(
    ground: &Ground,
    recipe: &Recipe,
    ((from, to), lengths): (Stretch, Lengths),
    stop: &AtomicBool,
) -> anyhow::Result<Option<Chosen>> {
    let before = backtest::shared_dates(&ground.prepared, from, to);
    let first = before[before.len().saturating_sub(lengths.train)..].first().copied();
    let swept = sweep(ground, recipe, (first, to), stop, &|| ())?;
    match swept.best {
        Some(Best { index, scripts, .. }) if !stop.load(Ordering::Relaxed) => {
            Ok(Some((scripts, recipe.grid().combination(index))))
        }
        _ => Ok(None),
    }
}

/// Counts what is done, from any thread.
fn counted(total: usize, progress: Tell<'_>) -> impl Fn() + Sync {
    let done = AtomicUsize::new(0);
    move || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total)
}

fn in_the_holdout(problem: &Problem) -> Problem {
    Problem { message: format!("in the holdout, {}", problem.message), ..problem.clone() }
}

fn has_failed(problems: &[Problem], script: &str) -> bool {
    problems.iter().any(|own| own.kind == ProblemKind::ScriptRun && own.symbol == script)
}

/// The strategies of the classes that traded, with their constants; those that each window chose anew are left out.
fn used(
    scripts: &Scripts,
    recipe: &Recipe,
    asset_classes: &[AssetClass],
    windows: Option<&WalkForward>,
) -> BTreeMap<String, StrategyUsed> {
    let used = |own: &Strategy| {
        let mut constants = own.constants().clone();
        if windows.is_some() {
            let varying = recipe.grid().varying();
            constants.retain(|name, _| !varying.iter().any(|axis| axis.name == *name));
        }
        (own.name().to_owned(), StrategyUsed { hash: own.hash().to_owned(), constants })
    };
    let has_traded = |own: &&Strategy| own.is_enabled() && asset_classes.contains(&own.asset_class());
    scripts.strategies().iter().filter(has_traded).map(used).collect()
}
