//! Walks every combination of a grid over one stretch, as many at once as there are threads for scripts.
//!
//! What came of each does not depend on which thread walked it, nor when; the best one alone is kept whole.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest as _, Sha256};
use tracing::debug;

use super::Refusal;
use super::ground::{Ground, Stretch};
use super::recipe::Recipe;
use crate::backtest::{Backtest, as_set};
use crate::domain::{Problem, ProblemKind};
use crate::performance::{Day, Trade};
use crate::report::Trial;
use crate::scripts;
use crate::scripts::Scripts;

/// What the walks of a grid came to.
pub(super) struct Swept {
    /// In the grid's order; `None` where it was stopped before.
    pub(super) trials: Vec<Option<Trial>>,
    /// `None` where nothing was walked.
    pub(super) best: Option<Best>,
    failed: Option<Refusal>,
}

/// The combination with the highest Sharpe ratio, the first of equals; without any ratio the first of all.
pub(super) struct Best {
    pub(super) index: usize,
    pub(super) sharpe: Option<f64>,
    pub(super) scripts: Scripts,
    pub(super) result: Backtest,
}

impl Best {
    fn is_worse_than(&self, index: usize, sharpe: Option<f64>) -> bool {
        match sharpe.partial_cmp(&self.sharpe) {
            Some(std::cmp::Ordering::Equal) | None => index < self.index,
            Some(order) => order.is_gt(),
        }
    }
}

impl Swept {
    /// Tells whether it was stopped before the last combination.
    pub(super) fn is_stopped(&self) -> bool {
        self.trials.iter().any(Option::is_none)
    }

    /// Returns the failures of scripts, once for each script, with the first combination on which it failed.
    pub(super) fn failures(&self, recipe: &Recipe) -> Vec<Problem> {
        let mut failures: Vec<Problem> = Vec::new();
        for (index, trial) in self.trials.iter().enumerate() {
            for problem in trial.iter().flat_map(|own| &own.failures) {
                if failures.iter().any(|known| known.symbol == problem.symbol) {
                    continue;
                }
                let with = as_set(&recipe.grid().chosen(index));
                let with = if with.is_empty() { String::new() } else { format!("with {with}: ") };
                let message = format!("{with}{}", problem.message);
                failures.push(Problem { message, ..problem.clone() });
            }
        }
        failures
    }
}

/// Walks the grid. `done` is told of each combination that is done, from any thread; the walks end after the session
/// on which `stop` is set, and what was not done by then has no trial.
///
/// # Errors
/// Scripts that do not compile, which the recipe has ruled out.
pub(super) fn sweep(
    ground: &Ground,
    recipe: &Recipe,
    stretch: Stretch,
    stop: &AtomicBool,
    done: &(dyn Fn() + Sync),
) -> Result<Swept, Refusal> {
    let combinations = recipe.grid().len();
    let found = Swept { trials: vec![None; combinations], best: None, failed: None };
    let found = Mutex::new(found);
    let next = AtomicUsize::new(0);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= combinations {
                break;
            }
            let scripts = match recipe.scripts(index) {
                Ok(scripts) => scripts,
                Err(error) => {
                    found.lock().unwrap_or_else(PoisonError::into_inner).failed = Some(error);
                    break;
                }
            };
            let result = ground.walk(&scripts, stretch, stop);
            if result.is_stopped() {
                break;
            }
            let trial = trial(ground, &result);
            let sharpe = trial.figure("sharpe").ok();
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.trials[index] = Some(trial);
            if found.best.as_ref().is_none_or(|best| best.is_worse_than(index, sharpe)) {
                found.best = Some(Best { index, sharpe, scripts, result });
            }
            drop(found);
            debug!("Walked {}", as_set(&recipe.grid().chosen(index)));
            done();
        }
    };
    // A walk runs on the scripts' own pool; threads of ours hand them over, as many as it has threads.
    let at_once = scripts::pool().current_num_threads().min(combinations);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.failed.take().map_or(Ok(found), Err)
}

fn trial(ground: &Ground, result: &Backtest) -> Trial {
    let failures = result.problems.iter().filter(|own| own.kind == ProblemKind::ScriptRun).cloned();
    Trial {
        figures: ground.figures(result),
        curve: of_curve(&result.days),
        trades: of_trades(&result.trades),
        failures: failures.collect(),
    }
}

/// Tells curves apart that differ in one bit.
fn of_curve(days: &[Day]) -> u128 {
    let mut hash = Sha256::new();
    for day in days {
        hash.update(day.equity.to_le_bytes());
    }
    half(hash)
}

/// Tells trades apart that differ in anything that decides their result, in money or in R.
fn of_trades(trades: &[Trade]) -> u128 {
    let mut hash = Sha256::new();
    for own in trades {
        let Trade { entry_date, exit_date, .. } = own;
        hash.update(format!(
            "{} {} {entry_date} {exit_date} {}\n",
            own.symbol, own.strategy, own.exit_reason
        ));
        for number in [own.entry_price, own.quantity, own.stop_price, own.exit_price, own.costs] {
            hash.update(number.to_le_bytes());
        }
    }
    half(hash)
}

/// Half of a SHA-256 is enough to tell a million apart.
fn half(hash: Sha256) -> u128 {
    hash.finalize().iter().take(16).fold(0, |whole, byte| whole << 8 | u128::from(*byte))
}
