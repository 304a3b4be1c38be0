//! The main job: load, decide each asset class, and put the report together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;
use uuid::Uuid;

use super::fold::fold;
use super::select::{names, select};
use super::shadow;
use super::{App, Asked, LiveScripts, LoadedBars, Refusal, Selection, Snapshot, load, read_positions};
use crate::decide;
use crate::decide::Decision;
use crate::domain::AssetClass;
use crate::domain::{Position, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::report::ChartData;
use crate::report::{Report, RunRecord, Templates};
use crate::settings::SourceName;
use crate::settings::settings_hash;

/// What to decide.
#[derive(Clone, Debug)]
pub struct RunRequest {
    pub asked: Asked,
    /// The session, or the last finished one.
    pub date: Option<NaiveDate>,
    /// A source instead of the settings' own.
    pub source: Option<SourceName>,
    /// A positions file instead of the settings' own.
    pub positions: Option<PathBuf>,
}

/// A finished run, ready to be rendered.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    pub report: Report,
    pub charts: BTreeMap<Uuid, ChartData>,
    pub templates: Templates,
}

/// Runs the main job without delivering anything.
///
/// # Errors
/// A [`Refusal`] where the request cannot be carried out as asked; problems of single symbols
/// and scripts are in the report instead.
pub async fn run(app: &App, request: &RunRequest) -> anyhow::Result<RunOutcome> {
    decide_and_tell(app, request, None).await
}

/// Does the same with the scripts in force: those that are current when it begins, whatever is
/// edited meanwhile. The report says which they are, and what edits since the report before
/// change on the session.
///
/// # Errors
/// As [`run`].
pub async fn run_live(app: &App, request: &RunRequest, live: &LiveScripts) -> anyhow::Result<RunOutcome> {
    decide_and_tell(app, request, Some(live)).await
}

async fn decide_and_tell(
    app: &App,
    request: &RunRequest,
    live: Option<&LiveScripts>,
) -> anyhow::Result<RunOutcome> {
    let started = Instant::now();
    let generated_at = app.clock.now();
    let (selections, mut problems) = select(app, request.asked, request.source, request.date)?;
    let snapshot = match live {
        Some(live) => live.current(),
        None => Arc::new(Snapshot::load(app)?),
    };
    problems.extend(snapshot.problems().cloned());
    let set = Arc::clone(&snapshot.set);
    let positions = positions(app, request.positions.as_ref())?;
    problems.extend(unchecked(request.asked, &positions, &selections));
    let mut before = BTreeMap::new();
    let mut loaded = Vec::new();
    for selection in selections {
        let held = held_symbols(&positions, selection.asset_class);
        let mut needed = decide::bars_needed(&set.scripts, selection.asset_class);
        let reported = live.and_then(|live| live.reported(selection.asset_class));
        if let Some(earlier) = reported.filter(|earlier| earlier.generation != snapshot.generation) {
            needed = needed.max(decide::bars_needed(&earlier.set.scripts, selection.asset_class));
            before.insert(selection.asset_class, earlier);
        }
        let bars = load(app, &selection, &held, needed).await?;
        refuse_date_before_data(request, &selection, &bars)?;
        loaded.push((selection, bars));
    }
    let settings = app.loaded.settings.clone();
    let scripts = set.scripts.clone();
    let folded = tokio::task::spawn_blocking(move || fold(&settings, &scripts, &before, &positions, loaded))
        .await
        .context("failed to decide")??;
    problems.extend(folded.problems);
    problems.sort();
    problems.dedup();

    let sessions: BTreeSet<NaiveDate> = folded.parts.iter().map(|part| part.session).collect();
    let mut report = Report {
        run: RunRecord {
            id: Uuid::nil(),
            session: (sessions.len() == 1).then(|| sessions.first().copied()).flatten(),
            asset_class: request.asked.as_str().to_owned(),
            demo: folded.parts.iter().any(|part| part.source == SourceName::Simulated.as_str()),
            parts: folded.parts,
            dry_run: true,
            scripts: set.scripts.hashes(),
            settings_hash: settings_hash(&app.loaded.settings),
            duration_ms: 0,
            generated_at,
        },
        recommendations: folded.recommendations,
        exits: each(&folded.decisions, |decision| &decision.exits),
        filtered: each(&folded.decisions, |decision| &decision.filtered),
        near_misses: each(&folded.decisions, |decision| &decision.near_misses),
        decisions: folded.decisions,
        past: Vec::new(),
        problems,
        reload: None,
    };
    if let Some(live) = live {
        live.set_reported(report.run.parts.iter().map(|part| part.asset_class), &snapshot);
        for changes in &folded.changes {
            shadow::log(changes, snapshot.generation);
        }
        report.reload = Some(snapshot.told(folded.changes));
    }
    report.run.id = run_id(&report.run);
    for recommendation in report.recommendations.iter_mut().chain(&mut report.exits) {
        recommendation.generated_at = Some(generated_at);
    }
    report.run.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(
        recommendations = report.recommendations.len(),
        exits = report.exits.len(),
        problems = report.problems.len(),
        "Decided in {} ms",
        report.run.duration_ms
    );
    Ok(RunOutcome { report, charts: folded.charts, templates: set.templates.clone() })
}

/// Puts one list of every class's decision behind the other.
fn each<T: Clone>(decisions: &[Decision], list: impl Fn(&Decision) -> &Vec<T>) -> Vec<T> {
    decisions.iter().flat_map(list).cloned().collect()
}

/// Reads the positions from the file that was named, or the settings' own.
pub(super) fn positions(app: &App, named: Option<&PathBuf>) -> Result<Vec<Position>, Refusal> {
    match named.or(app.loaded.settings.portfolio.file.as_ref()) {
        Some(path) => read_positions(path),
        None => Ok(Vec::new()),
    }
}

/// Names the positions whose asset class is left out of a run of all classes: nobody looks at
/// their stops.
fn unchecked(asked: Asked, positions: &[Position], selections: &[Selection]) -> Vec<Problem> {
    if asked != Asked::All {
        return Vec::new();
    }
    let is_decided = |class: AssetClass| selections.iter().any(|selection| selection.asset_class == class);
    let left_out = positions.iter().filter(|held| !is_decided(held.asset_class));
    let named = left_out.map(|held| {
        let (date, class) = (held.entry_date, held.asset_class);
        let message = format!("held since {date}: {class} is not decided, so its stop was not checked");
        Problem::new(&held.symbol, ProblemKind::Position, message)
    });
    named.collect()
}

pub(super) fn held_symbols(positions: &[Position], class: AssetClass) -> BTreeSet<Symbol> {
    positions.iter().filter(|held| held.asset_class == class).map(|held| held.symbol.clone()).collect()
}

fn refuse_date_before_data(
    request: &RunRequest,
    selection: &Selection,
    bars: &LoadedBars,
) -> Result<(), Refusal> {
    match (request.date, bars.span()) {
        (Some(date), None) => Err(Refusal::Usage(format!(
            "{} has no {} bar on {date} or before it; choose a later --date",
            names(&selection.sources),
            selection.asset_class
        ))),
        _ => Ok(()),
    }
}

/// Tells whether a script did not load, or failed while it ran.
pub fn has_failed_script(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| matches!(problem.kind, ProblemKind::ScriptLoad | ProblemKind::ScriptRun))
}

/// Names a run by the instant and all that it decided from.
fn run_id(run: &RunRecord) -> Uuid {
    let mut name =
        format!("ts.run/{}/{}/{}", run.generated_at.to_rfc3339(), run.asset_class, run.settings_hash);
    for part in &run.parts {
        name.push_str(&format!("/{}:{}:{}", part.asset_class, part.session, part.data_hash));
    }
    for (script, hash) in &run.scripts {
        name.push_str(&format!("/{script}:{hash}"));
    }
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

impl RunOutcome {
    /// Tells whether the run says less than it was asked: a script did not load or failed, or no
    /// asset class could be decided.
    pub fn is_incomplete(&self) -> bool {
        let mut decisions = self.report.decisions.iter();
        has_failed_script(&self.report.problems) || decisions.all(|decision| decision.no_decision.is_some())
    }
}
