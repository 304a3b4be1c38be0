//! Caps the positions in one sector (`[sectors]`, `risk.max_per_sector`).
//!
//! A symbol without a sector is never capped.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let sectors = &context.settings.sectors;
    let sector = sectors.get(&candidate.signal.symbol)?;
    let held = context.book.positions.iter().map(|position| &position.symbol);
    let ordered = context.book.pending.iter().map(|order| &order.symbol);
    let picked = kept.iter().map(|other| &other.signal.symbol);
    let count =
        held.chain(ordered).chain(picked).filter(|symbol| sectors.get(symbol) == Some(sector)).count();
    let max = context.settings.risk.max_per_sector;
    (count >= max)
        .then(|| format!("{count} positions in sector {sector} already (risk.max_per_sector {max})"))
}
