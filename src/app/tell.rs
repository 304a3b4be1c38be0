//! Decides what was gathered, and puts the report together: the same for a run, a preview and a replay.
//!
//! Reads nothing but its inputs, so that the same inputs make the same report to the byte.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::RunOutcome;
use super::data_hash::positions_hash;
use super::fold::fold;
use super::inputs::{Inputs, PastInputs, Purpose};
use super::outcomes;
use super::outcomes::Known;
use crate::decide::Decision;
use crate::report::{Past, Report, RunRecord};
use crate::settings::SourceName;
use crate::settings::settings_hash;

/// Decides the inputs. The report's duration is the caller's to stamp.
pub(super) fn tell(inputs: Inputs) -> anyhow::Result<RunOutcome> {
    let Inputs {
        asked,
        generated_at,
        purpose,
        settings,
        positions,
        pending,
        problems,
        past,
        classes,
        version,
        before,
    } = inputs;
    let set = &version.set;
    let mut problems = problems;
    problems.extend(version.problems().cloned());
    let positions_hash = positions_hash(&positions, &pending);
    let none = BTreeMap::new();
    let (known, past) = match past {
        PastInputs::ToFollow(known) => (known, None),
        PastInputs::Told(past) => (Known::default(), Some(past)),
    };
    let before_edits = before.as_ref().unwrap_or(&none);
    let folded = fold(&settings, &set.scripts, before_edits, (&positions, &pending), &known, classes)?;
    let round = folded.round;
    problems.extend(folded.problems);
    problems.extend(round.problems);
    problems.sort();
    problems.dedup();

    let sessions: BTreeSet<NaiveDate> = folded.parts.iter().map(|part| part.session).collect();
    let mut report = Report {
        run: RunRecord {
            id: Uuid::nil(),
            session: (sessions.len() == 1).then(|| sessions.first().copied()).flatten(),
            asset_class: asked,
            demo: folded.parts.iter().any(|part| part.source == SourceName::Simulated.as_str()),
            parts: folded.parts,
            dry_run: purpose == Purpose::Preview,
            scripts: set.scripts.hashes(),
            settings_hash: settings_hash(&settings),
            positions_hash,
            duration_ms: 0,
            generated_at,
        },
        recommendations: round.recommendations,
        exits: each(&round.decisions, |decision| &decision.exits),
        filtered: each(&round.decisions, |decision| &decision.filtered),
        near_misses: each(&round.decisions, |decision| &decision.near_misses),
        decisions: round.decisions,
        pending,
        past: Past::default(),
        problems,
        reload: before.is_some().then(|| version.told(folded.changes)),
    };
    report.past = past.unwrap_or_else(|| outcomes::told(&folded.past, report.newest_session()));
    report.run.id = run_id(&report.run);
    for recommendation in report.recommendations.iter_mut().chain(&mut report.exits) {
        recommendation.generated_at = Some(generated_at);
    }
    Ok(RunOutcome {
        report,
        charts: folded.charts,
        templates: set.templates.clone(),
        scripts: set.scripts.clone(),
        outcomes: known.to_keep(&folded.past),
    })
}

/// Puts one list of every class's decision behind the other.
fn each<T: Clone>(decisions: &[Decision], list: impl Fn(&Decision) -> &Vec<T>) -> Vec<T> {
    decisions.iter().flat_map(list).cloned().collect()
}

/// Names a run by the instant and all that it decided from.
fn run_id(run: &RunRecord) -> Uuid {
    let mut name =
        format!("ts.run/{}/{}/{}", run.generated_at.to_rfc3339(), run.asset_class, run.settings_hash);
    name.push_str(&format!("/{}", run.positions_hash));
    for part in &run.parts {
        name.push_str(&format!("/{}:{}:{}", part.asset_class, part.session, part.data_hash));
    }
    for (script, hash) in &run.scripts {
        name.push_str(&format!("/{script}:{hash}"));
    }
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}
