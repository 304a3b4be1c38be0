//! Every raw signal over a span: what a strategy said before anything was filtered.

use std::collections::BTreeSet;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::bars::missing_between;
use super::select::select;
use super::{App, Asked, Refusal, Span, load, load_scripts};
use crate::decide;
use crate::domain::Problem;
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
/// `progress` is told the sessions done, from any thread.
///
/// # Errors
/// A [`Refusal`] for an unknown strategy, or a class that cannot be loaded as asked.
pub async fn signals(
    app: &App,
    asked: Asked,
    source: Option<SourceName>,
    span: Span,
    only: &[String],
    progress: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<SignalTable> {
    let (selections, mut problems) = select(app, asked, source, None)?;
    let set = load_scripts(app)?;
    problems.extend(set.problems);
    known_strategies(&set.scripts, only)?;
    let mut table = SignalTable {
        signals: Vec::new(),
        components: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
        demo: selections.iter().any(|selection| selection.sources.contains(&SourceName::Simulated)),
    };
    let progress = std::sync::Arc::new(progress);
    for selection in selections {
        let class = selection.asset_class;
        let needed = decide::bars_needed(&set.scripts, class);
        let bars = load(app, &selection, &BTreeSet::new(), needed).await?;
        problems.extend(bars.problems.iter().cloned());
        let Some(held) = bars.span() else { continue };
        table.notes.extend(span.notes(class.as_str(), held));
        let (scripts, only, progress) =
            (set.scripts.clone(), only.to_vec(), std::sync::Arc::clone(&progress));
        let scans = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<Scan>> {
            let prepared = decide::prepare(bars.market, &scripts, missing_between(class))?;
            Ok(scan_span(&prepared, &scripts, span, &only, progress.as_ref()))
        })
        .await
        .context("failed to scan")?
        .with_context(|| format!("failed to prepare the {class} bars"))?;
        let mut not_ready = BTreeSet::new();
        for scan in scans {
            for note in &scan.not_ready {
                // The first session on which a symbol is not ready says most: one note is enough.
                if not_ready.insert((note.symbol.clone(), note.strategy.clone())) {
                    table.notes.push(note.problem().to_string());
                }
            }
            problems.extend(scan.problems);
            table.signals.extend(scan.signals);
        }
    }
    // Stable, so that within a session the classes keep their order.
    table.signals.sort_by_key(|signal| signal.session);
    for part in table.signals.iter().flat_map(|signal| &signal.components) {
        if !table.components.contains(&part.name) {
            table.components.push(part.name.clone());
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

pub(super) fn known_strategies(scripts: &Scripts, only: &[String]) -> Result<(), Refusal> {
    let Some(unknown) = only.iter().find(|name| scripts.strategy(name).is_none()) else {
        return Ok(());
    };
    let names: Vec<&str> = scripts.strategies().iter().map(Strategy::name).collect();
    Err(Refusal::Usage(format!("no strategy `{unknown}`; there are {}", names.join(", "))))
}
