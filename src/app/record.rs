//! What the journal is told of a finished run.
//!
//! Maps the outcome to rows, and decides nothing. The run, its recommendations, its stops and the mails that tell of
//! it become one transaction.

use chrono::{DateTime, Utc};

use super::RunOutcome;
use crate::decide::HeldPosition;
use crate::domain::{Position, ProblemKind};
use crate::journal::{Delivery, Journal, Recorded, Rendered};
use crate::journal::{RunEntry, RunInputs, ScriptEntry, StopAdvance};
use crate::report;
use crate::report::Charts;
use crate::scripts::Scripts;

/// Renders what a run says, as the journal keeps it: text, a page that shows its charts by itself, and JSON. What
/// failed in edited templates is added to the report's problems.
///
/// # Errors
/// A built-in template that fails, or a number that JSON has no form for.
pub fn render(outcome: &mut RunOutcome) -> anyhow::Result<Rendered> {
    let RunOutcome { report, charts, templates, .. } = outcome;
    let (html, mut failed) = report::html(report, charts, Charts::Inline, templates)?;
    let (text, of_text) = report::text(report, templates)?;
    failed.extend(of_text);
    report.problems.extend(failed);
    Ok(Rendered { subject: report.subject(), text, html, json: report::json(report)? })
}

/// Records a run of [`super::run_recorded`] whole, and queues the mails that tell of it.
///
/// `rendered` is what [`render`] made of the outcome. The report's `past` may have been filled since the run; it is
/// kept with the inputs. Without a `delivery` the run belongs to no job and nothing is queued. Blocks.
///
/// # Errors
/// What the journal says; nothing of the run is in it then.
pub fn record(
    journal: &Journal,
    outcome: &RunOutcome,
    inputs: RunInputs,
    rendered: Rendered,
    delivery: Option<&Delivery>,
    now: DateTime<Utc>,
) -> anyhow::Result<Recorded> {
    let recorded = journal.record(&entry(outcome, inputs, rendered), delivery, now)?;
    // Not of the same transaction: lost in a crash, it is found again by the next run.
    if let Recorded::New { .. } = recorded {
        journal.put_outcomes(&outcome.outcomes)?;
    }
    Ok(recorded)
}

/// Maps a run to what the journal holds of it.
fn entry(outcome: &RunOutcome, mut inputs: RunInputs, rendered: Rendered) -> RunEntry {
    let report = &outcome.report;
    inputs.past.clone_from(&report.past);
    // Deciding again tells the past as it was told, and follows nothing.
    let of_past = report.problems.iter().filter(|problem| problem.kind == ProblemKind::Outcome);
    inputs.problems.extend(of_past.cloned());
    let undecided = report
        .decisions
        .iter()
        .filter_map(|decision| Some((decision.asset_class, decision.no_decision.clone()?)))
        .collect();
    let held = report.decisions.iter().flat_map(|decision| &decision.held);
    RunEntry {
        run: report.run.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state: outcome.state(),
        undecided,
        scripts: scripts(&outcome.scripts),
        problems: report.problems.clone(),
        recommendations: report.recommendations.iter().chain(&report.exits).cloned().collect(),
        stops: held.filter_map(|held| stop(held, &inputs.positions)).collect(),
        rendered,
        inputs,
    }
}

fn scripts(scripts: &Scripts) -> Vec<ScriptEntry> {
    let strategies = scripts.strategies().iter().map(|own| ScriptEntry {
        name: own.name().to_owned(),
        hash: own.hash().to_owned(),
        constants: own.constants().clone(),
    });
    let scorers = scripts.scorers().iter().map(|own| ScriptEntry {
        name: own.name().to_owned(),
        hash: own.hash().to_owned(),
        constants: own.all_constants().numbers().clone(),
    });
    strategies.chain(scorers).collect()
}

/// Brings the stop of a held position, which the decision may have rescaled by splits, back to the scale of its
/// entry.
fn stop(held: &HeldPosition, positions: &[Position]) -> Option<StopAdvance> {
    let traded = positions.iter().find(|own| {
        own.asset_class == held.asset_class
            && own.symbol == held.symbol
            && own.strategy == held.strategy
            && own.entry_date == held.entry_date
    })?;
    let split_factor = held.quantity / traded.quantity;
    Some(StopAdvance {
        symbol: held.symbol.clone(),
        asset_class: held.asset_class,
        strategy: held.strategy.to_string(),
        entry_date: held.entry_date,
        session: held.stop_session,
        stop_price: held.stop_price * split_factor,
    })
}

#[cfg(test)]
mod tests;
