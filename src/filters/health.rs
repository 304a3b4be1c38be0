//! Withholds a BUY from bars that cannot be trusted: an unexplained jump, or a hole.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, _kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let row = candidate.signal.row;
    if let Some(jump) = context.health.suspect(row) {
        return Some(format!("suspect bars: {jump}; check for a split before buying"));
    }
    let gap = context.health.gap(row)?;
    Some(format!("unhealthy bars: {gap}; no BUY until 20 sessions after the gap"))
}
