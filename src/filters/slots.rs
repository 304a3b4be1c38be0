//! Caps the number of positions (`risk.max_positions`), over both asset classes.

use super::{Candidate, Context};

pub(super) fn reject(_candidate: &Candidate, kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let taken = context.book.positions.len() + context.book.pending.len() + kept.len();
    let max = context.settings.risk.max_positions;
    (taken >= max).then(|| format!("all {max} slots are taken (risk.max_positions)"))
}
