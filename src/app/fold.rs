//! Decides the asset classes of a run one after the other, over one book.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;
use uuid::Uuid;

use super::bars::missing_between;
use super::charts::charts;
use super::data_hash::data_hash;
use super::shadow;
use super::{LoadedBars, Selection, Snapshot};
use crate::decide;
use crate::decide::{Decision, Prepared, Recommendation};
use crate::domain::{AssetClass, Book, Position, Problem, Symbol};
use crate::filters;
use crate::report::{Changes, ChartData, Part};
use crate::scripts::Scripts;
use crate::settings::Settings;

/// The decisions of all classes, and what they recommend together.
pub(super) struct Folded {
    pub(super) parts: Vec<Part>,
    pub(super) decisions: Vec<Decision>,
    /// Of all classes, ranked and cut to the settings' most.
    pub(super) recommendations: Vec<Recommendation>,
    pub(super) charts: BTreeMap<Uuid, ChartData>,
    /// What the scripts say differently from `before`, by class.
    pub(super) changes: Vec<Changes>,
    pub(super) problems: Vec<Problem>,
}

/// One class, ready to be decided.
struct Ready {
    session: NaiveDate,
    prepared: Prepared,
}

/// Decides the classes in their order, so that the orders of the first hold their slots and cash
/// before the second, then ranks and cuts what all of them recommend.
///
/// What the last cut drops must not have kept anything else out: the classes are then decided
/// again without it, until nothing more is dropped.
///
/// Of the classes in `before`, it also tells what `scripts` change against that snapshot.
pub(super) fn fold(
    settings: &Settings,
    scripts: &Scripts,
    before: &BTreeMap<AssetClass, Arc<Snapshot>>,
    positions: &[Position],
    loaded: Vec<(Selection, LoadedBars)>,
) -> anyhow::Result<Folded> {
    let book = mark_at_last_closes(settings, positions, &loaded);
    let mut parts = Vec::new();
    let mut problems = Vec::new();
    let mut classes = Vec::new();
    let mut changes = Vec::new();
    for (selection, bars) in loaded {
        problems.extend(bars.problems);
        let (class, session) = (selection.asset_class, selection.session);
        let since = oldest_session_asked(positions, class, session);
        let earlier = before.get(&class).map(|snapshot| (snapshot, bars.market.clone()));
        let prepared = decide::prepare_since(bars.market, scripts, since, missing_between(class))
            .with_context(|| format!("failed to prepare the {class} bars"))?;
        if let Some((snapshot, market)) = earlier {
            changes.push(shadow::changes(market, snapshot, (&prepared, scripts), session)?);
        }
        let data_hash = data_hash(prepared.columns.panel());
        parts.push(Part { asset_class: class, session, source: bars.source, data_hash });
        classes.push(Ready { session, prepared });
    }
    let mut dropped = BTreeSet::new();
    loop {
        let round = decide_all(settings, scripts, &book, &classes, &dropped);
        let kept: BTreeSet<Uuid> = round.recommendations.iter().map(|own| own.id).collect();
        let ordered = round.decisions.iter().flat_map(|decision| &decision.recommendations);
        let before = dropped.len();
        dropped.extend(ordered.map(|own| own.id).filter(|id| !kept.contains(id)));
        if dropped.len() > before {
            continue;
        }
        problems.extend(round.problems);
        let mut drawn = BTreeMap::new();
        for (class, decision) in classes.iter().zip(&round.decisions) {
            drawn.extend(charts(&class.prepared, scripts, &decision.recommendations));
            drawn.extend(charts(&class.prepared, scripts, &decision.exits));
        }
        let Round { mut decisions, recommendations, .. } = round;
        for (class, decision) in classes.iter().zip(&mut decisions) {
            decision.near_misses = decide::near_misses(&class.prepared, scripts, &book, decision);
        }
        return Ok(Folded { parts, decisions, recommendations, charts: drawn, changes, problems });
    }
}

/// The session itself, or the oldest one on which a held stop has yet to be replayed.
pub(super) fn oldest_session_asked(
    positions: &[Position],
    class: AssetClass,
    session: NaiveDate,
) -> NaiveDate {
    let held = positions.iter().filter(|held| held.asset_class == class);
    held.map(|held| held.stop_session).fold(session, NaiveDate::min)
}

/// Every class decided once.
struct Round {
    decisions: Vec<Decision>,
    recommendations: Vec<Recommendation>,
    problems: Vec<Problem>,
}

fn decide_all(
    settings: &Settings,
    scripts: &Scripts,
    book: &Book,
    classes: &[Ready],
    dropped: &BTreeSet<Uuid>,
) -> Round {
    let max = settings.signals.max_recommendations;
    let mut book = book.clone();
    let mut round = Round { decisions: Vec::new(), recommendations: Vec::new(), problems: Vec::new() };
    for class in classes {
        let (mut decision, problems) =
            decide::decide(&class.prepared, scripts, settings, &book, class.session);
        round.problems.extend(problems);
        // Best first, so that what an earlier round dropped stands at the end.
        decision.recommendations.sort_by_key(|own| dropped.contains(&own.id));
        let left = decision.recommendations.iter().filter(|own| !dropped.contains(&own.id)).count();
        decision.filtered.extend(filters::cut(&mut decision.recommendations, left.min(max), name));
        book = decide::order(book, &decision);
        round.recommendations.extend(decision.recommendations.iter().cloned());
        round.decisions.push(decision);
    }
    round.recommendations.sort_by(Recommendation::rank);
    round.recommendations.truncate(max);
    round
}

fn name(recommendation: &Recommendation) -> (Symbol, String) {
    (recommendation.symbol.clone(), recommendation.strategy_name.clone())
}

pub(super) fn mark_at_last_closes(
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
