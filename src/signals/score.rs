//! Scores the triggered symbols and sets their stop and target.
//!
//! A signal whose scorer lacks a feature is a problem, never a score of 0; one without a
//! stop that can be placed is dropped with a problem too.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{Component, Signal};
use crate::domain::{Problem, ProblemKind};
use crate::features::Columns;
use crate::features::core;
use crate::scripts::Scripts;
use crate::scripts::not_ready;
use crate::scripts::{Budget, RowError, Rows, Scorer, SignalView, Strategy};

/// Scores the rows on which `strategy` triggered, each with its trigger.
///
/// # Errors
/// The rows on which the scorer erred: the strategy then makes no signal on the session.
pub(super) fn score(
    columns: &Columns,
    scripts: &Scripts,
    rows: &Rows,
    session: NaiveDate,
    strategy: &Strategy,
    triggered: &[(u32, Arc<str>)],
    budget: &mut Budget,
) -> Result<(Vec<Signal>, Vec<Problem>), Vec<RowError>> {
    // A strategy without a scorer is not loaded.
    let Some(scorer) = scripts.scorer_of(strategy) else { return Ok((Vec::new(), Vec::new())) };
    let index: Vec<u32> = triggered.iter().map(|(row, _)| *row).collect();
    let view = |(_, trigger): &(u32, Arc<str>)| SignalView {
        trigger: trigger.as_ref().into(),
        strategy: strategy.name().into(),
    };
    let views: Vec<SignalView> = triggered.iter().map(view).collect();
    let mut parts = Vec::with_capacity(scorer.weights().len());
    for component in 0..scorer.weights().len() {
        parts.push(scorer.component(component, rows, &index, &views, budget).complete()?);
    }
    let mut signals = Vec::with_capacity(triggered.len());
    let mut problems = Vec::new();
    for (place, (row, trigger)) in triggered.iter().enumerate() {
        let scores: Vec<Option<f64>> = parts.iter().map(|part| part[place]).collect();
        match signal(columns, rows, session, strategy, scorer, *row as usize, trigger, &scores) {
            Ok(signal) => signals.push(signal),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((signals, problems))
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
fn signal(
    columns: &Columns,
    rows: &Rows,
    session: NaiveDate,
    strategy: &Strategy,
    scorer: &Scorer,
    row: usize,
    trigger: &Arc<str>,
    scores: &[Option<f64>],
) -> Result<Signal, Problem> {
    let panel = columns.panel();
    let symbol = panel.symbols()[panel.owner(row)].clone();
    let what = format!("{} triggered {trigger} on {session}, but", strategy.name());
    let mut components = Vec::with_capacity(scores.len());
    for (place, ((name, weight), score)) in scorer.weights().iter().zip(scores).enumerate() {
        let Some(score) = *score else {
            let missing = scorer.functions()[place].missing(rows, row as u32);
            let bars = row + 1 - panel.rows(panel.owner(row)).start;
            let message =
                format!("{what} scorer {} is not ready: {}", scorer.name(), not_ready(&missing, bars));
            return Err(Problem::new(symbol, ProblemKind::Score, message));
        };
        components.push(Component { name: name.clone(), score, weight: *weight });
    }
    let score = components.iter().map(|part| part.weight * part.score).sum();
    let close = panel.close()[row];
    let Some(atr14) = columns.value(&core::ATR14, row) else {
        let message = format!("{what} atr14 has no value, so no stop can be placed");
        return Err(Problem::new(symbol, ProblemKind::Stop, message));
    };
    let stop = close - strategy.stop_atr_mult() * atr14;
    if stop <= 0.0 || stop >= close {
        let message = format!("{what} its stop {stop} does not lie between 0 and the close {close}");
        return Err(Problem::new(symbol, ProblemKind::Stop, message));
    }
    Ok(Signal {
        row,
        session,
        symbol,
        asset_class: panel.asset_class(),
        strategy: strategy.name().into(),
        trigger: Arc::clone(trigger),
        components,
        score,
        close,
        stop,
        target: close + strategy.reward_risk() * (close - stop),
        adv20: columns.value(&core::ADV20, row),
        max_adv_fraction: strategy.max_adv_fraction(),
    })
}
