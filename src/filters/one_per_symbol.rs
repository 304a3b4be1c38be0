//! Keeps one BUY a symbol: the best score; the other strategies' are named.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], _context: &Context<'_>) -> Option<String> {
    let better = kept.iter().find(|other| other.signal.symbol == candidate.signal.symbol)?;
    Some(format!(
        "{} has the better score for {}: {:.1} over {:.1}",
        better.signal.strategy, candidate.signal.symbol, better.combined_score, candidate.combined_score
    ))
}
