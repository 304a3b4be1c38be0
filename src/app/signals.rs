//! Every raw signal over a span: what a strategy said before anything was filtered.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::NaiveDate;

use super::bars::missing_between;
use super::select::select;
use super::{App, Asked, Progress, Refusal, ScriptSet, Span, load, load_scripts};
use crate::decide;
use crate::domain::AssetClass;
use crate::domain::format::count;
use crate::domain::said_once;
use crate::domain::{Problem, ProblemKind};
use crate::scripts::{Scripts, Strategy};
use crate::settings::SourceName;
use crate::signals;
use crate::signals::{Scan, Signal};

/// The signals of a span, by session, then by strategy, then by symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalTable {
    pub signals: Vec<Signal>,
    /// The components' names over all scorers used, in the order of first use.
    pub components: Vec<String>,
    pub problems: Vec<Problem>,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    /// Whether the bars are of the simulated market.
    pub demo: bool,
}

/// Scans every session of the span in the asked classes. Both ends are clamped to the bars that
/// are held; all bars before it are loaded as warm-up.
///
/// `fetching` is told the calls to vendors, `scanning` the sessions done, from any thread.
///
/// # Errors
/// A [`Refusal`] for an unknown strategy, or a class that cannot be loaded as asked.
pub async fn signals(
    app: &App,
    asked: Asked,
    source: Option<SourceName>,
    span: Span,
    only: &[String],
    fetching: Progress<'_>,
    scanning: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<SignalTable> {
    let set = load_scripts(app)?;
    known_strategies(&set, only)?;
    let asked = narrowed(asked, &set.scripts, only)?;
    let (selections, mut problems) = select(app, asked, source, None)?;
    problems.extend(set.problems);
    let mut table = SignalTable {
        signals: Vec::new(),
        components: Vec::new(),
        problems: Vec::new(),
        notes: disabled(&set.scripts, only),
        demo: selections.iter().any(|selection| selection.sources.contains(&SourceName::Simulated)),
    };
    let scanning = std::sync::Arc::new(scanning);
    for selection in selections {
        let class = selection.asset_class;
        let needed = decide::bars_needed(&set.scripts, class);
        let first = span.from().unwrap_or(selection.session);
        let bars = load(app, &selection, &BTreeMap::new(), first, needed, fetching).await?;
        problems.extend(bars.problems.iter().cloned());
        let Some(held) = bars.span() else { continue };
        table.notes.extend(span.notes(class.as_str(), held));
        let (scripts, only, scanning) =
            (set.scripts.clone(), only.to_vec(), std::sync::Arc::clone(&scanning));
        let (scans, doubts) = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let prepared = decide::prepare(bars.market, &scripts, missing_between(class))?;
            let scans = scan_span(&prepared, &scripts, span, &only, scanning.as_ref());
            Ok((scans, doubts(&prepared, span)))
        })
        .await
        .context("failed to scan")?
        .with_context(|| format!("failed to prepare the {class} bars"))?;
        table.notes.extend(doubts);
        let (mut not_ready, mut told) = (BTreeSet::new(), Vec::new());
        for scan in scans {
            for note in &scan.not_ready {
                // The first session on which a symbol is not ready says most: one note is enough.
                if not_ready.insert((note.symbol.clone(), note.strategy.clone())) {
                    told.push(note.problem());
                }
            }
            problems.extend(scan.problems);
            table.signals.extend(scan.signals);
        }
        let whose = |(text, subjects): (&str, Vec<&str>)| format!("{}: {text}", subjects.join(", "));
        table.notes.extend(said_once(&told).into_iter().map(whose));
    }
    // Stable, so that within a session the classes keep their order.
    table.signals.sort_by_key(|signal| signal.session);
    for part in table.signals.iter().flat_map(|signal| &signal.components) {
        if !table.components.iter().any(|name| **name == *part.name) {
            table.components.push(part.name.to_string());
        }
    }
    problems.sort();
    problems.dedup();
    table.problems = problems;
    Ok(table)
}

pub(super) fn scan_span(
    prepared: &decide::Prepared,
    scripts: &Scripts,
    span: Span,
    only: &[String],
    progress: &(impl Fn(usize, usize) + Sync),
) -> Vec<Scan> {
    let columns = &prepared.columns;
    let sessions: Vec<NaiveDate> =
        columns.sessions().iter().copied().filter(|session| span.contains(*session)).collect();
    signals::scan_sessions(columns, scripts, &sessions, only, |done| progress(done, sessions.len()))
}

/// Names the jumps and gaps on which a run would buy nothing: the raw signals stand all the same.
fn doubts(prepared: &decide::Prepared, span: Span) -> BTreeSet<String> {
    let (columns, health) = (&prepared.columns, &prepared.health);
    let panel = columns.panel();
    let mut told = BTreeSet::new();
    for session in columns.sessions().iter().filter(|session| span.contains(**session)) {
        for row in columns.tradable_on(*session).map(|row| row as usize) {
            let symbol = &panel.symbols()[panel.owner(row)];
            if let Some(jump) = health.suspect(row) {
                told.insert(format!("{symbol}: {jump}: a run buys none of it for five sessions"));
            }
            if let Some(gap) = health.gap(row) {
                told.insert(format!("{symbol}: {gap}: a run buys none of it for 20 sessions"));
            }
        }
    }
    told
}

/// Leaves out the classes that none of the named strategies trades.
pub(super) fn narrowed(asked: Asked, scripts: &Scripts, only: &[String]) -> Result<Asked, Refusal> {
    let traded: BTreeSet<AssetClass> =
        only.iter().filter_map(|name| scripts.strategy(name)).map(Strategy::asset_class).collect();
    let mut classes = traded.iter().copied();
    match (asked, classes.next(), classes.next()) {
        (Asked::All, Some(only), None) => Ok(Asked::ByName(only)),
        (Asked::ByName(class), Some(_), _) if !traded.contains(&class) => {
            Err(Refusal::Usage(format!("{} trades no {class}; leave --asset-class out", only.join(", "))))
        }
        _ => Ok(asked),
    }
}

/// Says of each named strategy that it makes no entries.
fn disabled(scripts: &Scripts, only: &[String]) -> Vec<String> {
    let named = only.iter().filter_map(|name| scripts.strategy(name)).filter(|own| !own.is_enabled());
    named
        .map(|own| format!("{} is disabled: a run makes no entries from these signals", own.name()))
        .collect()
}

/// Refuses a name that no strategy has; one whose script did not load is refused with the reason.
pub(super) fn known_strategies(set: &ScriptSet, only: &[String]) -> Result<(), Refusal> {
    let scripts = &set.scripts;
    let Some(unknown) = only.iter().find(|name| scripts.strategy(name).is_none()) else {
        return Ok(());
    };
    if let Some(why) = not_loaded(set, |name| name == unknown) {
        return Err(Refusal::Configuration(why));
    }
    let names: Vec<&str> = scripts.strategies().iter().map(Strategy::name).collect();
    let there =
        if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
    Err(Refusal::Usage(format!("no strategy `{unknown}`; {there}")))
}

/// Says why the first of some scripts did not load, and how many more did not; `None` where all of them did.
pub(super) fn not_loaded(set: &ScriptSet, is_asked: impl Fn(&str) -> bool) -> Option<String> {
    let is_failed = |own: &&Problem| own.kind == ProblemKind::ScriptLoad && is_asked(&own.symbol);
    let mut failed = set.problems.iter().filter(is_failed);
    let first = failed.next()?;
    let more = match failed.count() {
        0 => String::new(),
        more => format!(" (and {})", count(more, "more error")),
    };
    Some(format!("{} did not load: {}{more}", first.symbol, first.message))
}
