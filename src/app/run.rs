//! The main job: gather what the asset classes are decided from, and have them decided.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;

use super::fold::oldest_session_asked;
use super::inputs::{Inputs, PastInputs, Purpose};
use super::orders;
use super::outcomes;
use super::outcomes::Known;
use super::positions::positions;
use super::select::{lines, names, select};
use super::shadow;
use super::tell::tell;
use super::{App, Asked, LiveScripts, LoadedBars, Progress};
use super::{Refusal, RunOutcome, ScriptSet, Selection, Snapshot, load};
use crate::cache::Patience;
use crate::domain::AssetClass;
use crate::domain::has_failed_script;
use crate::domain::{Position, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::journal::RunInputs;
use crate::scripts::Strategy;
use crate::settings::SourceName;

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

/// Runs the main job without delivering anything; `progress` is told the calls to vendors.
///
/// # Errors
/// A [`Refusal`] where the request cannot be carried out as asked; problems of single symbols
/// and scripts are in the report instead.
pub async fn run(app: &App, request: &RunRequest, progress: Progress<'_>) -> anyhow::Result<RunOutcome> {
    let started = Instant::now();
    let (inputs, _) = gather(app, request, None, Purpose::Preview, Vec::new(), progress).await?;
    decide(inputs, started).await
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
    let started = Instant::now();
    let (inputs, snapshot) = gather(app, request, Some(live), Purpose::Preview, Vec::new(), progress).await?;
    let outcome = decide(inputs, started).await?;
    reported(live, &snapshot, &outcome);
    Ok(outcome)
}

/// Runs the main job for the journal, with the scripts in force or, without `live`, those that lie in the
/// folders. `notes` are what the reader must know besides; the report is complete with them, and nothing may be
/// added to its problems later. Returns what it was decided from as well: give both to
/// [`super::record()`].
///
/// # Errors
/// As [`run`].
pub async fn run_recorded(
    app: &App,
    request: &RunRequest,
    live: Option<&LiveScripts>,
    notes: Vec<Problem>,
    progress: Progress<'_>,
) -> anyhow::Result<(RunOutcome, RunInputs)> {
    let started = Instant::now();
    let (inputs, snapshot) = gather(app, request, live, Purpose::Record, notes, progress).await?;
    let stored = inputs.stored();
    let outcome = decide(inputs, started).await?;
    if let Some(live) = live {
        reported(live, &snapshot, &outcome);
    }
    Ok((outcome, stored))
}

async fn decide(inputs: Inputs, started: Instant) -> anyhow::Result<RunOutcome> {
    let mut outcome =
        tokio::task::spawn_blocking(move || tell(inputs)).await.context("failed to decide")??;
    let report = &mut outcome.report;
    report.run.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(
        recommendations = report.recommendations.len(),
        exits = report.exits.len(),
        problems = report.problems.len(),
        "Decided in {} ms",
        report.run.duration_ms
    );
    Ok(outcome)
}

/// Remembers what the readers of the report know of the scripts, and logs what they are told.
fn reported(live: &LiveScripts, snapshot: &Arc<Snapshot>, outcome: &RunOutcome) {
    let report = &outcome.report;
    live.set_reported(report.run.parts.iter().map(|part| part.asset_class), snapshot);
    for changes in report.reload.iter().flat_map(|reload| &reload.changes) {
        shadow::log(changes, snapshot.generation);
    }
}

/// Gathers all that the run is decided from, and returns the snapshot that it took.
async fn gather(
    app: &App,
    request: &RunRequest,
    live: Option<&LiveScripts>,
    purpose: Purpose,
    notes: Vec<Problem>,
    progress: Progress<'_>,
) -> anyhow::Result<(Inputs, Arc<Snapshot>)> {
    let generated_at = app.clock.now();
    let in_force = live.map(LiveScripts::current);
    // Settings and scripts of one moment: an edit may have come since the caller looked.
    let app = &match &in_force {
        Some(snapshot) => App { loaded: (*snapshot.settings).clone(), ..app.clone() },
        None => app.clone(),
    };
    let (selections, mut problems) = select(app, request.asked, request.source, request.date)?;
    problems.extend(notes);
    let snapshot = match in_force {
        Some(snapshot) => snapshot,
        None => Arc::new(Snapshot::load(app)?),
    };
    let set = Arc::clone(&snapshot.set);
    let positions = positions(app, request.positions.as_deref(), request.source)?;
    let sessions = selections.iter().map(|own| (own.asset_class, own.session)).collect();
    let (mut known, told) = outcomes::known(app, request.source, &sessions);
    problems.extend(told);
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
        match load_class(app, request, &sets, (&positions, &known), selection, progress).await {
            Ok((own, told)) => {
                loaded.push(own);
                problems.extend(told);
                before.extend(earlier.map(|earlier| (class, earlier.version())));
            }
            Err(refusal) if request.asked == Asked::All => refused.push((class, refusal)),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    problems.extend(skip(refused, loaded.is_empty())?);
    let decided = loaded.iter().map(|(own, _)| (own.asset_class, own.session)).collect();
    let (pending, told) = orders::waiting(app, request.source, &decided, &positions);
    problems.extend(told);
    problems.extend(unchecked(request.asked, &positions, &loaded));
    known.past.retain(|own| loaded.iter().any(|(loaded, _)| loaded.asset_class == own.told.asset_class));
    let inputs = Inputs {
        asked: request.asked.as_str().to_owned(),
        generated_at,
        purpose,
        settings: app.loaded.settings.clone(),
        positions,
        pending,
        problems,
        past: PastInputs::ToFollow(known),
        classes: loaded.into_iter().map(|(selection, bars)| (selection.session, bars)).collect(),
        version: snapshot.version(),
        before: live.map(|_| before),
    };
    Ok((inputs, snapshot))
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
    (positions, known): (&[Position], &Known),
    selection: Selection,
    progress: Progress<'_>,
) -> Result<((Selection, LoadedBars), Vec<Problem>), Refusal> {
    let class = selection.asset_class;
    let held = held_symbols(positions, class);
    let problems = without_strategy(sets[0], class, &held)?;
    let first = known.oldest_session_asked(class).into_iter();
    let first = first.fold(oldest_session_asked(positions, class, selection.session), NaiveDate::min);
    let wanted = with_followed(held, known.symbols(class));
    let needed = sets.iter().map(|set| crate::decide::bars_needed(&set.scripts, class)).max().unwrap_or(0);
    let bars = load(app, &selection, &wanted, first, needed, progress).await?;
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
    let message = match has_failed_script(&set.problems) {
        true => format!("no strategy for {class} loaded: no entries, and only the exits of what is held run"),
        false => format!("{message}: no entries, and only the exits of what is held run"),
    };
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

/// Adds the symbols that are followed to those that are held, each with the earlier of its days.
fn with_followed(
    mut held: BTreeMap<Symbol, Option<NaiveDate>>,
    followed: BTreeMap<Symbol, NaiveDate>,
) -> BTreeMap<Symbol, Option<NaiveDate>> {
    for (symbol, told) in followed {
        let since = held.entry(symbol).or_default();
        *since = Some(since.map_or(told, |held| held.min(told)));
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
