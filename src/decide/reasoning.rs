//! The plain sentences beside a recommendation: only numbers that the decision rests on.

use super::HeldPosition;
use super::reasons;
use crate::domain::Position;
use crate::domain::format::{fixed, percent, price, signed_percent};
use crate::filters::Candidate;
use crate::scripts::{Rows, Rule, Scripts};

/// Says why a candidate is bought: the conditions that held, how it scored, what is risked.
pub(super) fn of_entry(scripts: &Scripts, rows: &Rows, candidate: &Candidate) -> String {
    let signal = &candidate.signal;
    let row = signal.row as u32;
    let strategy = scripts.strategy(&signal.strategy);
    let told = [Rule::Eligible, Rule::Entry].map(|rule| strategy?.trace(rule, rows, row)?.ok());
    let seen = match told {
        [Some(eligible), Some(entry)] => {
            let mut words = reasons::held(&eligible);
            words.extend(
                reasons::held(&entry).into_iter().filter(|word| !words.contains(word)).collect::<Vec<_>>(),
            );
            words
        }
        // What cannot be explained is not explained.
        _ => Vec::new(),
    };
    let seen = if seen.is_empty() { String::new() } else { format!(": {}", seen.join(", ")) };
    let parts: Vec<String> = signal
        .components
        .iter()
        .map(|part| format!("{} {} × {}", part.name, fixed(part.score, 1), part.weight))
        .collect();
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

/// Says why a position is sold; `since` are the conditions that held, where the strategy's own
/// rule gave the reason.
pub(super) fn of_exit(
    position: &Position,
    held: &HeldPosition,
    reason: &str,
    since: &[String],
    close: f64,
) -> String {
    let result = held.pnl_pct.map(|result| format!("; {} since the entry", signed_percent(result, 1)));
    let since = if since.is_empty() { String::new() } else { format!(" ({})", since.join(", ")) };
    format!(
        "{} closed at {}: {reason} of {}{since}. Bought at {} on {}, stop {}{}.",
        position.symbol,
        price(close),
        position.strategy,
        price(position.entry_price),
        position.entry_date,
        price(held.stop_price),
        result.unwrap_or_default(),
    )
}

/// Says how far a stop stands below a close: of the close, as every other distance.
pub(super) fn stop_below(close: f64, stop_price: f64) -> String {
    format!("stop {} below the close", percent((close - stop_price) / close, 1))
}
