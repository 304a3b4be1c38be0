//! The plain sentences beside a recommendation: only numbers that the decision rests on.

use std::collections::BTreeSet;

use super::{HeldPosition, Prepared};
use crate::domain::Position;
use crate::domain::format::{fixed, percent, price, signed_percent};
use crate::features::Feature;
use crate::filters::Candidate;
use crate::scripts::Scripts;
use crate::scripts::{Function, Rule};

/// Says why a candidate is bought: what its entry rule read, how it scored, what is risked.
pub(super) fn of_entry(prepared: &Prepared, scripts: &Scripts, candidate: &Candidate) -> String {
    let signal = &candidate.signal;
    let mut features: BTreeSet<&Feature> = BTreeSet::new();
    let strategy = scripts.strategy(&signal.strategy);
    for rule in [Rule::Eligible, Rule::Entry] {
        let function = strategy.and_then(|strategy| strategy.function(rule));
        features.extend(function.into_iter().flat_map(Function::reads).map(|read| &read.feature));
    }
    let seen: Vec<String> = features
        .into_iter()
        .filter(|feature| feature.as_str() != "close")
        .filter_map(|feature| {
            Some(format!("{feature} {}", price(prepared.columns.value(feature, signal.row)?)))
        })
        .collect();
    let parts: Vec<String> = signal
        .components
        .iter()
        .map(|part| format!("{} {} × {}", part.name, fixed(part.score, 1), part.weight))
        .collect();
    let seen = if seen.is_empty() { String::new() } else { format!(" ({})", seen.join(", ")) };
    let size = &candidate.size;
    let cap = size.cap.map(|cap| format!(", held down by {cap},")).unwrap_or_default();
    format!(
        "{} closed at {} and triggered {} of {}{seen}. Score {} = {}. \
         Stop {} ({} below), target {}; {} of equity{cap} risks {}.",
        signal.symbol,
        price(signal.close),
        signal.trigger,
        signal.strategy,
        fixed(signal.score, 1),
        parts.join(" + "),
        price(signal.stop),
        percent((signal.close - signal.stop) / signal.close, 1),
        price(signal.target),
        percent(size.fraction, 1),
        percent(size.risk, 2),
    )
}

/// Says why a position is sold.
pub(super) fn of_exit(position: &Position, held: &HeldPosition, reason: &str, close: f64) -> String {
    let result = held.pnl_pct.map(|result| format!("; {} since the entry", signed_percent(result, 1)));
    format!(
        "{} closed at {}: {reason} of {}. Bought at {} on {}, stop {}{}.",
        position.symbol,
        price(close),
        position.strategy,
        price(position.entry_price),
        position.entry_date,
        price(held.stop_price),
        result.unwrap_or_default(),
    )
}

/// Says how far a close stands above a stop.
pub(super) fn above_stop(close: f64, stop_price: f64) -> String {
    format!("{} above its stop", percent(close / stop_price - 1.0, 1))
}
