//! The main job: load, decide each asset class, and put the report together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;
use uuid::Uuid;

use super::bars::missing_between;
use super::charts::charts;
use super::data_hash::data_hash;
use super::select::{names, select};
use super::{App, Asked, LoadedBars, Refusal, Selection, load, load_scripts, read_positions};
use crate::decide;
use crate::decide::{Decision, Recommendation};
use crate::domain::AssetClass;
use crate::domain::{Book, Position, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::filters;
use crate::report::ChartData;
use crate::report::{Part, Report, RunRecord};
use crate::scripts::Scripts;
use crate::settings::Settings;
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
    pub templates: BTreeMap<String, String>,
}

/// Runs the main job without delivering anything.
///
/// # Errors
/// A [`Refusal`] where the request cannot be carried out as asked; problems of single symbols
/// and scripts are in the report instead.
pub async fn run(app: &App, request: &RunRequest) -> anyhow::Result<RunOutcome> {
    let started = Instant::now();
    let generated_at = app.clock.now();
    let (selections, mut problems) = select(app, request.asked, request.source, request.date)?;
    let set = load_scripts(app)?;
    problems.extend(set.problems.iter().cloned());
    let positions = positions(app, request)?;
    problems.extend(unchecked(request.asked, &positions, &selections));
    let mut loaded = Vec::new();
    for selection in selections {
        let held = held_symbols(&positions, selection.asset_class);
        let bars = load(app, &selection, &held).await?;
        refuse_date_before_data(request, &selection, &bars)?;
        loaded.push((selection, bars));
    }
    let settings = app.loaded.settings.clone();
    let scripts = set.scripts.clone();
    let folded = tokio::task::spawn_blocking(move || fold(&settings, &scripts, &positions, loaded))
        .await
        .context("failed to decide")??;
    problems.extend(folded.problems);
    problems.sort();
    problems.dedup();

    let sessions: BTreeSet<NaiveDate> = folded.parts.iter().map(|part| part.session).collect();
    let mut report = Report {
        run: RunRecord {
            id: run_id(&folded.parts, &generated_at.to_rfc3339()),
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
        decisions: folded.decisions,
        recommendations: folded.recommendations,
        exits: folded.exits,
        filtered: folded.filtered,
        near_misses: folded.near_misses,
        past: Vec::new(),
        problems,
    };
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
    Ok(RunOutcome { report, charts: folded.charts, templates: set.templates })
}

/// The decisions of all classes, merged.
#[derive(Default)]
struct Folded {
    parts: Vec<Part>,
    decisions: Vec<Decision>,
    recommendations: Vec<Recommendation>,
    exits: Vec<Recommendation>,
    filtered: Vec<filters::Filtered>,
    near_misses: Vec<decide::NearMiss>,
    charts: BTreeMap<Uuid, ChartData>,
    problems: Vec<Problem>,
}

/// Decides the classes in their order over one book, so that the orders of the first hold
/// their slots and cash before the second, then ranks and cuts what all of them recommend.
fn fold(
    settings: &Settings,
    scripts: &Scripts,
    positions: &[Position],
    loaded: Vec<(Selection, LoadedBars)>,
) -> anyhow::Result<Folded> {
    let mut folded = Folded::default();
    let mut book = mark_at_last_closes(settings, positions, &loaded);
    let max = settings.signals.max_recommendations;
    for (selection, bars) in loaded {
        folded.problems.extend(bars.problems);
        let class = selection.asset_class;
        let prepared = decide::prepare(bars.market, scripts, missing_between(class))
            .with_context(|| format!("failed to prepare the {class} bars"))?;
        let (mut decision, problems) = decide::decide(&prepared, scripts, settings, &book, selection.session);
        folded.problems.extend(problems);
        decision.filtered.extend(filters::cut(&mut decision.recommendations, max, name));
        folded.charts.extend(charts(&prepared, scripts, &decision.recommendations));
        folded.charts.extend(charts(&prepared, scripts, &decision.exits));
        folded.parts.push(Part {
            asset_class: class,
            session: selection.session,
            source: bars.source,
            data_hash: data_hash(prepared.columns.panel()),
        });
        book = decide::order(book, &decision);
        folded.recommendations.extend(decision.recommendations.iter().cloned());
        folded.exits.extend(decision.exits.iter().cloned());
        folded.filtered.extend(decision.filtered.iter().cloned());
        folded.near_misses.extend(decision.near_misses.iter().cloned());
        folded.decisions.push(decision);
    }
    // Stable, so that ties keep each class's own ranking.
    folded.recommendations.sort_by(|a, b| {
        let score = |recommendation: &Recommendation| recommendation.combined_score.unwrap_or(0.0);
        score(b).total_cmp(&score(a))
    });
    folded.filtered.extend(filters::cut(&mut folded.recommendations, max, name));
    Ok(folded)
}

fn name(recommendation: &Recommendation) -> (Symbol, String) {
    (recommendation.symbol.clone(), recommendation.strategy_name.clone())
}

fn positions(app: &App, request: &RunRequest) -> Result<Vec<Position>, Refusal> {
    match request.positions.as_ref().or(app.loaded.settings.portfolio.file.as_ref()) {
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

fn held_symbols(positions: &[Position], class: AssetClass) -> BTreeSet<Symbol> {
    positions.iter().filter(|held| held.asset_class == class).map(|held| held.symbol.clone()).collect()
}

fn mark_at_last_closes(
    settings: &Settings,
    positions: &[Position],
    loaded: &[(Selection, LoadedBars)],
) -> Book {
    let mut positions = positions.to_vec();
    for position in &mut positions {
        let last_close = loaded
            .iter()
            .filter(|(selection, _)| selection.asset_class == position.asset_class)
            .flat_map(|(_, bars)| &bars.market.bars)
            .find(|bars| *bars.symbol() == position.symbol)
            .and_then(|bars| bars.get(bars.len().checked_sub(1)?));
        if let Some(bar) = last_close {
            position.last_close = bar.close;
        }
    }
    Book::of_positions(settings.risk.account_equity, positions)
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

fn run_id(parts: &[Part], generated_at: &str) -> Uuid {
    let mut name = format!("ts.run/{generated_at}");
    for part in parts {
        name.push_str(&format!("/{}:{}:{}", part.asset_class, part.session, part.data_hash));
    }
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

impl RunOutcome {
    /// Tells whether a script was broken at the start: the run is then incomplete and exits 1.
    pub fn has_broken_script(&self) -> bool {
        self.report.problems.iter().any(|problem| problem.kind == ProblemKind::ScriptLoad)
    }
}
