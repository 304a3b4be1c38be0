//! The main job: load, decide each asset class, and put the report together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;
use uuid::Uuid;

use super::data_hash::positions_hash;
use super::fold::{fold, oldest_session_asked};
use super::select::{lines, names, select};
use super::shadow;
use super::{App, Asked, LiveScripts, LoadedBars, Progress};
use super::{Refusal, ScriptSet, Selection, Snapshot, load, read_positions};
use crate::cache::Patience;
use crate::decide;
use crate::decide::Decision;
use crate::domain::AssetClass;
use crate::domain::{Position, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::report::ChartData;
use crate::report::{Report, RunRecord, Templates};
use crate::scripts::Strategy;
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
    /// Whether a vendor's "not there yet" of minutes ago is believed: the scheduler's own retry asks
    /// anyway.
    pub patience: Patience,
}

/// A finished run, ready to be rendered.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    pub report: Report,
    pub charts: BTreeMap<Uuid, ChartData>,
    pub templates: Templates,
}

/// Runs the main job without delivering anything; `progress` is told the calls to vendors.
///
/// # Errors
/// A [`Refusal`] where the request cannot be carried out as asked; problems of single symbols
/// and scripts are in the report instead.
pub async fn run(app: &App, request: &RunRequest, progress: Progress<'_>) -> anyhow::Result<RunOutcome> {
    decide_and_tell(app, request, None, progress).await
}

/// Does the same with the scripts in force: those that are current when it begins, whatever is
/// edited meanwhile. The report says which they are, and what edits since the report before
/// change on the session.
///
/// # Errors
/// As [`run`].
pub async fn run_live(
    app: &App,
    request: &RunRequest,
    live: &LiveScripts,
    progress: Progress<'_>,
) -> anyhow::Result<RunOutcome> {
    decide_and_tell(app, request, Some(live), progress).await
}

async fn decide_and_tell(
    app: &App,
    request: &RunRequest,
    live: Option<&LiveScripts>,
    progress: Progress<'_>,
) -> anyhow::Result<RunOutcome> {
    let started = Instant::now();
    let generated_at = app.clock.now();
    let in_force = live.map(LiveScripts::current);
    // Settings and scripts of one moment: an edit may have come since the caller looked.
    let app = &match &in_force {
        Some(snapshot) => App { loaded: (*snapshot.settings).clone(), ..app.clone() },
        None => app.clone(),
    };
    let (selections, mut problems) = select(app, request.asked, request.source, request.date)?;
    let snapshot = match in_force {
        Some(snapshot) => snapshot,
        None => Arc::new(Snapshot::load(app)?),
    };
    problems.extend(snapshot.problems().cloned());
    let set = Arc::clone(&snapshot.set);
    let positions = positions(app, request.positions.as_ref())?;
    let mut before = BTreeMap::new();
    let mut loaded = Vec::new();
    let mut refused = Vec::new();
    for mut selection in selections {
        selection.patience = request.patience;
        let class = selection.asset_class;
        let reported = live.and_then(|live| live.reported(class));
        let earlier = reported.filter(|earlier| earlier.generation != snapshot.generation);
        let sets: Vec<&ScriptSet> =
            std::iter::once(&*set).chain(earlier.as_ref().map(|earlier| &*earlier.set)).collect();
        match load_class(app, request, &sets, &positions, selection, progress).await {
            Ok((own, told)) => {
                loaded.push(own);
                problems.extend(told);
                before.extend(earlier.map(|earlier| (class, earlier)));
            }
            Err(refusal) if request.asked == Asked::All => refused.push((class, refusal)),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    problems.extend(skip(refused, loaded.is_empty())?);
    problems.extend(unchecked(request.asked, &positions, &loaded));
    let positions_hash = positions_hash(&positions);
    let settings = app.loaded.settings.clone();
    let scripts = set.scripts.clone();
    let folded = tokio::task::spawn_blocking(move || fold(&settings, &scripts, &before, &positions, loaded))
        .await
        .context("failed to decide")??;
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
            asset_class: request.asked.as_str().to_owned(),
            demo: folded.parts.iter().any(|part| part.source == SourceName::Simulated.as_str()),
            parts: folded.parts,
            dry_run: true,
            scripts: set.scripts.hashes(),
            settings_hash: settings_hash(&app.loaded.settings),
            positions_hash,
            duration_ms: 0,
            generated_at,
        },
        recommendations: round.recommendations,
        exits: each(&round.decisions, |decision| &decision.exits),
        filtered: each(&round.decisions, |decision| &decision.filtered),
        near_misses: each(&round.decisions, |decision| &decision.near_misses),
        decisions: round.decisions,
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

/// Loads one class for the scripts in force, the first of `sets`, and those that they are compared
/// with; with what the reader should know of it.
///
/// # Errors
/// A class of which nothing can be decided: its folder of files is not there, all its bars begin
/// after the asked date, or no strategy makes entries in it and nothing is held.
async fn load_class(
    app: &App,
    request: &RunRequest,
    sets: &[&ScriptSet],
    positions: &[Position],
    selection: Selection,
    progress: Progress<'_>,
) -> Result<((Selection, LoadedBars), Vec<Problem>), Refusal> {
    let class = selection.asset_class;
    let held = held_symbols(positions, class);
    let problems = without_strategy(sets[0], class, &held)?;
    let first = oldest_session_asked(positions, class, selection.session);
    let needed = sets.iter().map(|set| decide::bars_needed(&set.scripts, class)).max().unwrap_or(0);
    let bars = load(app, &selection, &held, first, needed, progress).await?;
    refuse_date_before_data(request, &selection, &bars)?;
    Ok(((selection, bars), problems))
}

/// Says that no strategy makes entries in a class.
///
/// # Errors
/// Where nothing is held in it either and no script is broken, there is nothing to decide.
fn without_strategy(
    set: &ScriptSet,
    class: AssetClass,
    held: &BTreeMap<Symbol, Option<NaiveDate>>,
) -> Result<Vec<Problem>, Refusal> {
    let makes_entries = |own: &Strategy| own.asset_class() == class && own.is_enabled();
    if set.scripts.strategies().iter().any(makes_entries) {
        return Ok(Vec::new());
    }
    let message = format!("no enabled strategy for {class}");
    // A broken script may be the one: its class is not known.
    if held.is_empty() && !has_failed_script(&set.problems) {
        return Err(Refusal::Configuration(format!(
            "{message}, and nothing is held in it; enable one, or set universe.{class} = []"
        )));
    }
    let message = format!("{message}: no entries, and only the exits of what is held run");
    Ok(vec![Problem::new(class, ProblemKind::Settings, message)])
}

/// Turns the refusals of single classes into notes for the reader; where no other class is left, they
/// are the answer.
fn skip(refused: Vec<(AssetClass, Refusal)>, is_none_left: bool) -> Result<Vec<Problem>, Refusal> {
    let note = |(class, refusal): &(AssetClass, Refusal)| {
        Problem::new(class, ProblemKind::Skipped, format!("skipped: {refusal}"))
    };
    let notes: Vec<Problem> = refused.iter().map(note).collect();
    match refused.into_iter().last() {
        Some((_, Refusal::Usage(_))) if is_none_left => Err(Refusal::Usage(lines(&notes))),
        Some((_, Refusal::Configuration(_))) if is_none_left => Err(Refusal::Configuration(lines(&notes))),
        _ => Ok(notes),
    }
}

/// Names the positions whose asset class is left out of a run of all classes: nobody looks at
/// their stops.
fn unchecked(asked: Asked, positions: &[Position], loaded: &[(Selection, LoadedBars)]) -> Vec<Problem> {
    if asked != Asked::All {
        return Vec::new();
    }
    let is_decided = |class: AssetClass| loaded.iter().any(|(selection, _)| selection.asset_class == class);
    let left_out = positions.iter().filter(|held| !is_decided(held.asset_class));
    let named = left_out.map(|held| {
        let (date, class) = (held.entry_date, held.asset_class);
        let message = format!("held since {date}: {class} is not decided, so its stop was not checked");
        Problem::new(&held.symbol, ProblemKind::Position, message)
    });
    named.collect()
}

/// Returns what is held of a class, each with its first entry.
pub(super) fn held_symbols(positions: &[Position], class: AssetClass) -> BTreeMap<Symbol, Option<NaiveDate>> {
    let mut held: BTreeMap<Symbol, Option<NaiveDate>> = BTreeMap::new();
    for own in positions.iter().filter(|own| own.asset_class == class) {
        let since = held.entry(own.symbol.clone()).or_default();
        *since = Some(since.map_or(own.entry_date, |first| first.min(own.entry_date)));
    }
    held
}

/// Refuses a date before all bars, where the bars are known to begin later. Where none came at all,
/// the report says why.
fn refuse_date_before_data(
    request: &RunRequest,
    selection: &Selection,
    bars: &LoadedBars,
) -> Result<(), Refusal> {
    match (request.date, bars.span()) {
        (Some(date), None) if bars.begins_later => Err(Refusal::Usage(format!(
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
    name.push_str(&format!("/{}", run.positions_hash));
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
