//! Decides the asset classes of a run, and keeps what the report needs of their bars.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::NaiveDate;
use uuid::Uuid;

use super::LoadedBars;
use super::bars::missing_between;
use super::charts::charts;
use super::data_hash::data_hash;
use super::inputs::Version;
use super::outcomes::Known;
use super::shadow;
use crate::decide;
use crate::decide::{Ready, Round};
use crate::domain::{AssetClass, Order, Position, Problem};
use crate::outcomes;
use crate::outcomes::Followed;
use crate::report::{Changes, ChartData, Part};
use crate::scripts::Scripts;
use crate::settings::Settings;

/// The decisions of all classes, with the bars' part in the report.
pub(super) struct Folded {
    pub(super) parts: Vec<Part>,
    pub(super) round: Round,
    pub(super) charts: BTreeMap<Uuid, ChartData>,
    /// What the scripts say differently from `before`, by class.
    pub(super) changes: Vec<Changes>,
    /// Past recommendations, followed to each class's session.
    pub(super) past: Vec<Followed>,
    /// Of the bars and of what is followed; those of the decisions are in the round.
    pub(super) problems: Vec<Problem>,
}

/// Prepares every class and decides them together, each on its session.
///
/// Of the classes in `before`, it also tells what `scripts` change against that version.
pub(super) fn fold(
    settings: &Settings,
    scripts: &Scripts,
    before: &BTreeMap<AssetClass, Version>,
    (positions, pending): (&[Position], &[Order]),
    known: &Known,
    loaded: Vec<(NaiveDate, LoadedBars)>,
) -> anyhow::Result<Folded> {
    let mut parts = Vec::new();
    let mut problems = Vec::new();
    let mut classes = Vec::new();
    let mut changes = Vec::new();
    for (session, bars) in loaded {
        problems.extend(bars.problems);
        let class = bars.market.asset_class;
        let since = known.oldest_session_asked(class).into_iter();
        let since = since.fold(oldest_session_asked(positions, class, session), NaiveDate::min);
        let earlier = before.get(&class).map(|version| (version, bars.market.clone()));
        let prepared = decide::prepare_since(bars.market, scripts, since, missing_between(class))
            .with_context(|| format!("failed to prepare the {class} bars"))?;
        if let Some((version, market)) = earlier {
            changes.push(shadow::changes(market, version, (&prepared, scripts), session)?);
        }
        let data_hash = data_hash(prepared.columns.panel());
        parts.push(Part { asset_class: class, session, source: bars.source, data_hash });
        classes.push(Ready { session, prepared });
    }
    let mut book = decide::book_of(settings.risk.account_equity, positions, &classes);
    book.pending = pending.to_vec();
    let mut round = decide::decide_round(&classes, scripts, settings, &book);
    let mut drawn = BTreeMap::new();
    for (class, decision) in classes.iter().zip(&round.decisions) {
        drawn.extend(charts(&class.prepared, scripts, &decision.recommendations));
        drawn.extend(charts(&class.prepared, scripts, &decision.exits));
    }
    for (class, decision) in classes.iter().zip(&mut round.decisions) {
        decision.near_misses = decide::near_misses(&class.prepared, scripts, &book, decision);
    }
    let mut past = known.past.clone();
    for Ready { prepared, session } in &classes {
        let (followed, told) = outcomes::follow(prepared, scripts, past, *session);
        past = followed;
        problems.extend(told);
    }
    Ok(Folded { parts, round, charts: drawn, changes, past, problems })
}

/// Returns the session itself, or the oldest one on which a held stop has yet to be replayed.
pub(super) fn oldest_session_asked(
    positions: &[Position],
    class: AssetClass,
    session: NaiveDate,
) -> NaiveDate {
    let held = positions.iter().filter(|held| held.asset_class == class);
    held.map(|held| held.stop_session).fold(session, NaiveDate::min)
}
