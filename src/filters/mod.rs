//! What stands between a raw signal and a recommendation: quality first, then the portfolio.
//!
//! Every filter is one file and one line in a list below, and every rejection carries its
//! reason. Only `max_position` shrinks a size; everything else rejects. A filter never asks
//! for anything that its [`Context`] does not hold.

mod candidate;
mod capacity;
mod correlation;
mod exposure;
mod health;
mod held;
mod kept;
mod minimum_conviction;
mod one_per_symbol;
mod quantity;
mod remaining;
mod sector;
mod slots;
mod taken;

#[cfg(test)]
mod fixtures;

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::NaiveDate;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::bars::Health;
use crate::domain::Name;
use crate::domain::Symbol;
use crate::domain::Words;
use crate::features::Columns;
use crate::settings::Settings;

pub use candidate::{Candidate, Size};
pub use correlation::Moves;
use kept::{Candidates, Kept};
pub use remaining::Remaining;

/// A signal that was not recommended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filtered {
    pub symbol: Symbol,
    pub strategy: Name,
    /// The name of the filter that rejected it.
    #[serde(skip)]
    pub filter: &'static str,
    /// A sentence that names the rule and its numbers.
    pub reason: String,
}

/// What the filters may look at.
#[derive(Debug)]
pub struct Context<'a> {
    pub settings: &'a Settings,
    pub columns: &'a Columns,
    pub health: &'a Health,
    pub session: NaiveDate,
    pub book: Remaining<'a>,
    /// The symbols that this session's exits sell.
    pub sold: &'a FxHashSet<Symbol>,
    /// Whether rejections say why.
    pub words: Words,
    /// What is reckoned once for all candidates, which are of one asset class; empty at first.
    pub moves: Moves,
    /// What is held and ordered, of both classes, in the account's currency.
    pub invested: OnceCell<f64>,
    /// The symbols that are held or ordered of the class.
    pub taken: OnceCell<FxHashSet<&'a Symbol>>,
}

/// Judges one candidate, given the better ones that were kept before it: a reason to reject
/// it, or `None`.
type Filter = fn(&Candidate, &Kept, &Context<'_>) -> Option<String>;

/// A filter under the name that explanations give it.
type Named = (&'static str, Filter);

/// Each of these passes over all candidates before the next one begins.
const QUALITY: &[Named] = &[
    ("minimum_conviction", minimum_conviction::reject),
    ("one_per_symbol", one_per_symbol::reject),
    (HELD, held::reject),
    ("health", health::reject),
];

/// All of these judge a candidate before the next one down the ranking is looked at.
const PORTFOLIO: &[Named] = &[
    ("sector", sector::reject),
    (CORRELATION, correlation::reject),
    ("slots", slots::reject),
    ("exposure", exposure::reject),
    ("quantity", quantity::reject),
    ("capacity", capacity::reject),
];

const CORRELATION: &str = "correlation";

/// The name of the filter that never buys what is held, ordered or sold on the session.
pub const HELD: &str = "held";

/// The name of the cut to the best few, which follows all filters.
pub const CUT: &str = "max_recommendations";

/// Is told of each candidate that a filter judges: the filter's name, and the reason to reject it
/// where there is one.
pub type Watch<'a> = dyn FnMut(&Candidate, &'static str, Option<&str>) + 'a;

/// Returns the names of all filters, in the order in which they judge; the cut is not among them.
pub fn names() -> impl Iterator<Item = &'static str> {
    QUALITY.iter().chain(PORTFOLIO).map(|(name, _)| *name)
}

/// Ranks the candidates and sorts them into the kept, the best first, and the rejected, in
/// the order of their rejection.
pub fn select(candidates: Vec<Candidate>, context: &Context<'_>) -> (Vec<Candidate>, Vec<Filtered>) {
    select_watched(candidates, context, &mut |_, _, _| ())
}

/// Does the same, and tells `watch` every verdict as it falls.
pub fn select_watched(
    candidates: Vec<Candidate>,
    context: &Context<'_>,
    watch: &mut Watch<'_>,
) -> (Vec<Candidate>, Vec<Filtered>) {
    let mut filtered = Vec::new();
    let mut candidates: Candidates = candidates.into_iter().map(Box::new).collect();
    candidates.sort_by(|a, b| Candidate::rank(a, b));
    for filter in QUALITY {
        candidates = pass(candidates, &[*filter], context, &mut filtered, watch);
    }
    let kept = pass(candidates, PORTFOLIO, context, &mut filtered, watch);
    (kept.into_iter().map(|candidate| *candidate).collect(), filtered)
}

/// Cuts a ranked list to the best `room`, which the settings' `max_recommendations` leave; the
/// rest is filtered.
///
/// Apart from [`select`], because the backtest does without it unless asked.
pub fn cut<T>(ranked: &mut Vec<T>, room: usize, name: impl Fn(&T) -> (Symbol, String)) -> Vec<Filtered> {
    let tail = ranked.split_off(room.min(ranked.len()));
    let reject = |item: &T| {
        let (symbol, strategy) = name(item);
        let reason = "outranked: signals.max_recommendations allows no more".to_owned();
        Filtered { symbol, strategy: strategy.into(), filter: CUT, reason }
    };
    tail.iter().map(reject).collect()
}

fn pass(
    candidates: Candidates,
    filters: &[Named],
    context: &Context<'_>,
    filtered: &mut Vec<Filtered>,
    watch: &mut Watch<'_>,
) -> Candidates {
    let mut kept = Kept::default();
    for candidate in candidates {
        let mut judged = |(name, filter): &Named| {
            let reason = filter(&candidate, &kept, context);
            watch(&candidate, name, reason.as_deref());
            Some((*name, reason?))
        };
        // Each judges by itself, so that where none is named the dear one may come last.
        let is_dear = |own: &&Named| context.words == Words::LeftOut && own.0 == CORRELATION;
        let cheap = filters.iter().filter(|own| !is_dear(own)).find_map(&mut judged);
        let rejected = cheap.or_else(|| filters.iter().filter(is_dear).find_map(&mut judged));
        match rejected {
            Some((filter, reason)) => filtered.push(Filtered {
                symbol: candidate.signal.symbol.clone(),
                strategy: Arc::clone(&candidate.signal.strategy).into(),
                filter,
                reason,
            }),
            None => kept.push(candidate),
        }
    }
    kept.into_candidates()
}

#[cfg(test)]
mod tests {
    use super::fixtures::Desk;
    use super::*;

    fn judged(desk: &Desk, candidates: Vec<Candidate>) -> (Vec<String>, Vec<String>) {
        let (kept, filtered) = select(candidates, &desk.context());
        let kept = kept.iter().map(|own| own.signal.symbol.to_string()).collect();
        let filtered = filtered.iter().map(|own| format!("{}: {}", own.symbol, own.reason)).collect();
        (kept, filtered)
    }

    #[test]
    fn quality_is_judged_stage_by_stage() {
        let mut desk = Desk::new();
        desk.hold("HELD", 1.0);
        let mut twice = desk.candidate("HELD", 7.0);
        twice.signal.strategy = "other".into();
        let weak = desk.candidate("WEAK", 5.0);
        let (kept, filtered) =
            judged(&desk, vec![weak, twice, desk.candidate("GOOD", 6.5), desk.candidate("HELD", 9.0)]);
        assert_eq!(kept, ["GOOD"]);
        // The weak one goes first although it ranks last: its filter stands first.
        assert_eq!(
            filtered,
            [
                "WEAK: conviction LOW (score 5.0) is under MEDIUM (signals.min_conviction)",
                "HELD: always has the better score for HELD: 9.0 over 7.0",
                "HELD: already held by always since 2024-01-04",
            ]
        );
    }

    #[test]
    fn a_rejected_candidate_takes_no_slot_from_the_next() {
        let mut desk = Desk::new();
        desk.settings.risk.max_positions = 2;
        let mut thin = desk.candidate("THIN", 9.5);
        thin.signal.adv20 = Some(1.0);
        let (kept, filtered) = judged(
            &desk,
            vec![desk.candidate("C", 7.0), desk.candidate("B", 8.0), thin, desk.candidate("A", 9.0)],
        );
        assert_eq!(kept, ["A", "B"]);
        assert!(filtered[0].starts_with("THIN: an order of 7,500"), "{filtered:?}");
        assert_eq!(filtered[1], "C: no slot is left (risk.max_positions 2): 2 ranked better");
    }

    #[test]
    fn exposure_fills_up_down_the_ranking() {
        let mut desk = Desk::new();
        desk.hold("HELD", 700.0);
        let (kept, filtered) = judged(&desk, vec![desk.candidate("B", 7.0), desk.candidate("A", 9.0)]);
        assert_eq!(kept, ["A"]);
        assert_eq!(filtered, ["B: exposure would be 85.0% of equity, over 80.0% (risk.max_exposure)"]);
    }

    #[test]
    fn without_words_a_rejection_is_counted_for_the_first_filter_too() {
        let mut desk = Desk::new();
        desk.hold("HELD", 790.0);
        desk.settings.risk.max_positions = 1;
        let filter = |words: Words| {
            let context = Context { words, ..desk.context() };
            let (kept, filtered) = select(vec![desk.candidate("A", 9.0)], &context);
            assert!(kept.is_empty());
            filtered[0].filter
        };
        // The exposure would be too large as well.
        assert_eq!([Words::Told, Words::LeftOut].map(filter), ["slots", "slots"]);
    }

    #[test]
    fn the_cut_keeps_the_best_and_names_the_rest() {
        let name = |text: &&str| (crate::signals::fixtures::symbol(text), "always".to_owned());
        let mut ranked = vec!["A", "B", "C"];
        let filtered = cut(&mut ranked, 2, name);
        assert_eq!(ranked, ["A", "B"]);
        let told: Vec<_> = filtered.iter().map(|own| (own.symbol.as_str(), own.reason.as_str())).collect();
        assert_eq!(told, [("C", "outranked: signals.max_recommendations allows no more")]);
        assert_eq!(cut(&mut ranked, 5, name), []);
        assert_eq!(ranked, ["A", "B"]);
    }
}
