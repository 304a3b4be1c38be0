//! Caps the invested part of equity (`risk.max_exposure`), over both asset classes.

use crate::domain::{Order, Position};

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let book = context.book;
    let held: f64 = book.positions.iter().map(Position::market_value).sum();
    let ordered: f64 = book.pending.iter().map(Order::notional).sum();
    let picked: f64 = kept.iter().map(|other| other.size.notional).sum();
    let exposure = (held + ordered + picked + candidate.size.notional) / book.equity;
    let max = context.settings.risk.max_exposure;
    (exposure > max).then(|| {
        let (exposure, max) = (exposure * 100.0, max * 100.0);
        format!("exposure would be {exposure:.1} % of equity, over {max:.1} % (risk.max_exposure)")
    })
}
