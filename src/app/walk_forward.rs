//! Walks forward: in each window the grid is walked over the training sessions, and its best combination trades the
//! test sessions that follow, with the account that the window before left.

use std::sync::atomic::AtomicBool;

use super::Refusal;
use super::ground::{Ground, Stretch, flow};
use super::recipe::Recipe;
use super::sweep::{Best, Swept, sweep};
use crate::backtest;
use crate::backtest::{Backtest, Lengths, Step, Window, efficiency, joined, windows};
use crate::domain::Problem;
use crate::domain::format::{count, fixed};
use crate::performance::{Figure, Figures, Undefined};
use crate::report::{WalkForward, WalkedWindow};

/// The windows that were walked, and their joined test stretches.
pub(super) struct Forward {
    pub(super) told: WalkForward,
    pub(super) result: Backtest,
    /// Scripts that failed on training sessions.
    pub(super) failures: Vec<Problem>,
}

/// Returns the windows of a stretch.
///
/// # Errors
/// A usage [`Refusal`] where there are too few sessions for one.
pub(super) fn windows_of(
    ground: &Ground,
    (from, to): Stretch,
    lengths: Lengths,
) -> Result<Vec<Window>, Refusal> {
    let sessions = backtest::shared_dates(&ground.prepared, from, to);
    let found = windows(&sessions, lengths);
    if found.is_empty() {
        return Err(Refusal::Usage(format!(
            "--walk-forward {}:{} needs more than {} to choose on, and the span has {}{}; take shorter windows or a \
             longer span",
            lengths.train,
            lengths.test,
            fixed(lengths.train as f64, 0),
            count(sessions.len(), "session"),
            if ground.prepared.len() > 1 { " on which every class trades" } else { "" }
        )));
    }
    Ok(found)
}

/// Walks the windows until `stop`; `None` where not one was done. `done` is told of each combination of each window.
///
/// # Errors
/// As [`sweep`].
pub(super) fn walk_forward(
    ground: &Ground,
    recipe: &Recipe,
    (lengths, windows): (Lengths, &[Window]),
    stop: &AtomicBool,
    done: &(dyn Fn() + Sync),
) -> Result<Option<Forward>, Refusal> {
    let mut walked = Vec::new();
    let mut tests: Vec<Backtest> = Vec::new();
    let mut failures = Vec::new();
    let mut settings = ground.settings.clone();
    for window in windows {
        let swept = sweep(ground, recipe, (Some(window.train_from), Some(window.train_to)), stop, done)?;
        failures.extend(swept.failures(recipe));
        let Swept { best: Some(Best { index, scripts, .. }), trials, .. } = &swept else { break };
        if swept.is_stopped() {
            break;
        }
        if let Some(last) = tests.last().and_then(|test| test.days.last()) {
            settings.risk.account_equity = last.equity;
        }
        // Decided from the close of the last training session on, by what was chosen at that close.
        let rules = ground.rules(scripts, &settings, (Some(window.train_to), Some(window.test_to)));
        let test = backtest::backtest_sold(&ground.prepared, &rules, &mut |_: &Step<'_>| flow(stop));
        if test.is_stopped() {
            break;
        }
        let in_sample = trials[*index].as_ref().map_or(Err(NOT_WALKED), |own| own.figure("sharpe"));
        walked.push(WalkedWindow {
            window: *window,
            chosen: recipe.grid().chosen(*index),
            in_sample,
            out_of_sample: sharpe(&ground.figures(&test)),
            // It begins with the last session before.
            sessions: test.days.len() - 1,
            trades: test.trades.len(),
        });
        tests.push(test);
    }
    let Some(result) = joined(tests) else { return Ok(None) };
    let in_sample: Vec<Figure> = walked.iter().map(|own| own.in_sample).collect();
    let combinations = recipe.grid().len();
    let told = WalkForward {
        lengths,
        windows: windows.len(),
        combinations,
        efficiency: match combinations {
            1 => Err(Undefined("there was nothing to choose")),
            _ => efficiency(sharpe(&ground.figures(&result)), &in_sample),
        },
        walked,
    };
    failures.sort();
    failures.dedup_by(|later, own| later.symbol == own.symbol);
    Ok(Some(Forward { told, result, failures }))
}

const NOT_WALKED: Undefined = Undefined("it was not walked");

fn sharpe(figures: &Figures) -> Figure {
    figures.get("sharpe").unwrap_or(Err(NOT_WALKED))
}
