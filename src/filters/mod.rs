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
mod minimum_conviction;
mod one_per_symbol;
mod sector;
mod slots;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use crate::bars::Health;
use crate::domain::Book;
use crate::domain::Symbol;
use crate::features::Columns;
use crate::settings::Settings;

pub use candidate::{Candidate, Size};

/// A signal that was not recommended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filtered {
    pub symbol: Symbol,
    pub strategy: String,
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
    /// The book after this session's exits: their slots and cash are free again.
    pub book: &'a Book,
    /// The symbols that this session's exits sell.
    pub sold: &'a BTreeSet<Symbol>,
}

/// Judges one candidate, given the better ones that were kept before it: a reason to reject
/// it, or `None`.
type Filter = fn(&Candidate, kept: &[Candidate], &Context<'_>) -> Option<String>;

/// Each of these passes over all candidates before the next one begins.
const QUALITY: &[Filter] =
    &[minimum_conviction::reject, one_per_symbol::reject, held::reject, health::reject];

/// All of these judge a candidate before the next one down the ranking is looked at.
const PORTFOLIO: &[Filter] =
    &[sector::reject, correlation::reject, slots::reject, exposure::reject, capacity::reject];

/// Ranks the candidates and sorts them into the kept, the best first, and the rejected, in
/// the order of their rejection.
pub fn select(mut candidates: Vec<Candidate>, context: &Context<'_>) -> (Vec<Candidate>, Vec<Filtered>) {
    let mut filtered = Vec::new();
    candidates.sort_by(Candidate::rank);
    for filter in QUALITY {
        candidates = pass(candidates, &[*filter], context, &mut filtered);
    }
    let kept = pass(candidates, PORTFOLIO, context, &mut filtered);
    (kept, filtered)
}

/// Cuts a ranked list to the settings' `max_recommendations`; the rest is filtered.
///
/// Apart from [`select`], because the backtest does without it unless asked.
pub fn cut<T>(ranked: &mut Vec<T>, max: usize, name: impl Fn(&T) -> (Symbol, String)) -> Vec<Filtered> {
    let tail = ranked.split_off(max.min(ranked.len()));
    let reject = |item: &T| {
        let (symbol, strategy) = name(item);
        let reason = format!("ranked below the best {max} (signals.max_recommendations)");
        Filtered { symbol, strategy, reason }
    };
    tail.iter().map(reject).collect()
}

fn pass(
    candidates: Vec<Candidate>,
    filters: &[Filter],
    context: &Context<'_>,
    filtered: &mut Vec<Filtered>,
) -> Vec<Candidate> {
    let mut kept = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match filters.iter().find_map(|filter| filter(&candidate, &kept, context)) {
            Some(reason) => filtered.push(Filtered {
                symbol: candidate.signal.symbol.clone(),
                strategy: candidate.signal.strategy.to_string(),
                reason,
            }),
            None => kept.push(candidate),
        }
    }
    kept
}
