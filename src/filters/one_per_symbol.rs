//! Keeps one BUY a symbol: the best score; the other strategies' are named.

use crate::domain::format::fixed;

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], _context: &Context<'_>) -> Option<String> {
    let better = kept.iter().find(|other| other.signal.symbol == candidate.signal.symbol)?;
    Some(format!(
        "{} has the better score for {}: {} over {}",
        better.signal.strategy,
        candidate.signal.symbol,
        fixed(better.combined_score, 1),
        fixed(candidate.combined_score, 1)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    #[test]
    fn the_better_strategy_is_named() {
        let desk = Desk::new();
        let kept = [desk.candidate("Y", 9.0), desk.candidate("X", 8.0)];
        let mut second = desk.candidate("X", 7.0);
        second.signal.strategy = "other".into();
        let told = reject(&second, &kept, &desk.context());
        assert_eq!(told.as_deref(), Some("always has the better score for X: 8.0 over 7.0"));
        assert_eq!(reject(&second, &kept[..1], &desk.context()), None);
    }
}
