//! What an edit of the scripts changes on a session: both versions asked about the same bars.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;
use tracing::info;

use super::bars::missing_between;
use super::inputs::Version;
use super::select::select;
use super::{App, Asked, Snapshot, load};
use crate::decide;
use crate::decide::{MarketBars, Prepared};
use crate::report::{Changes, difference};
use crate::scripts::Scripts;
use crate::settings::SourceName;
use crate::signals;
use crate::signals::{Signal, SignalDiff};

/// Compares two snapshots on the latest session of each class that can be loaded, and logs what
/// changes. A class that cannot be loaded is passed over: its next report says why.
///
/// # Errors
/// A [`super::Refusal`] where no class can be loaded as asked.
pub async fn shadow(
    app: &App,
    asked: Asked,
    source: Option<SourceName>,
    before: &Snapshot,
    after: &Snapshot,
) -> anyhow::Result<Vec<Changes>> {
    let (selections, _) = select(app, asked, source, None)?;
    let mut all = Vec::new();
    for selection in selections {
        let class = selection.asset_class;
        let needed = |snapshot: &Snapshot| decide::bars_needed(&snapshot.set.scripts, class);
        let bars = load(
            app,
            &selection,
            &BTreeMap::new(),
            selection.session,
            needed(before).max(needed(after)),
            &|_, _| (),
        )
        .await?;
        let session = selection.session;
        let sets = [Arc::clone(&before.set), Arc::clone(&after.set)];
        let compare = move || -> anyhow::Result<SignalDiff> {
            let earlier = scan(bars.market.clone(), &sets[0].scripts, session)?;
            Ok(signals::compare(&earlier, &scan(bars.market, &sets[1].scripts, session)?))
        };
        let diff = tokio::task::spawn_blocking(compare).await.context("failed to compare")??;
        let changes = Changes { asset_class: class, session, against: before.generation, diff };
        log(&changes, after.generation);
        all.push(changes);
    }
    Ok(all)
}

/// Compares what earlier scripts say on a session with what was prepared for the scripts in force.
pub(super) fn changes(
    market: MarketBars,
    before: &Version,
    (prepared, scripts): (&Prepared, &Scripts),
    session: NaiveDate,
) -> anyhow::Result<Changes> {
    let asset_class = market.asset_class;
    let earlier = scan(market, &before.set.scripts, session)?;
    let diff = signals::compare(&earlier, &said(prepared, scripts, session));
    Ok(Changes { asset_class, session, against: before.generation, diff })
}

/// Logs what an edit changes.
pub(super) fn log(changes: &Changes, generation: u64) {
    let Changes { asset_class, session, against, diff } = changes;
    info!(
        gained = diff.gained.len(),
        lost = diff.lost.len(),
        moved = diff.moved.len(),
        "Generation {generation} against {against} on {session}, {asset_class}: {}",
        words(diff)
    );
}

/// Names the signals that differ, the first few of each kind.
fn words(diff: &SignalDiff) -> String {
    const NAMED: usize = 8;
    let name = |signal: &Signal| format!("{} ({})", signal.symbol, signal.strategy);
    let list = |what: &str, names: Vec<String>| {
        let rest = names.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let named: Vec<String> = names.into_iter().take(NAMED).collect();
        (!named.is_empty()).then(|| format!("{what} {}{more}", named.join(", ")))
    };
    let moved =
        diff.moved.iter().map(|own| format!("{} {}", name(&own.after), difference(&own.before, &own.after)));
    let parts = [
        list("gained", diff.gained.iter().map(name).collect()),
        list("lost", diff.lost.iter().map(name).collect()),
        list("moved", moved.collect()),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() { "no raw signal gained, lost or moved".to_owned() } else { said.join("; ") }
}

fn scan(market: MarketBars, scripts: &Scripts, session: NaiveDate) -> anyhow::Result<Vec<Signal>> {
    let class = market.asset_class;
    let prepared = decide::prepare_since(market, scripts, session, missing_between(class))
        .with_context(|| format!("failed to prepare the {class} bars"))?;
    Ok(said(&prepared, scripts, session))
}

fn said(prepared: &Prepared, scripts: &Scripts, session: NaiveDate) -> Vec<Signal> {
    let scans = signals::scan_sessions(&prepared.columns, scripts, &[session], &[], |_| ());
    scans.into_iter().flat_map(|scan| scan.signals).collect()
}
