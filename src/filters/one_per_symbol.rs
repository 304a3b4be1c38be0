//! Keeps one BUY a symbol: the best score; the other strategies' are named.

use crate::domain::format::fixed;

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, kept: &Kept, context: &Context<'_>) -> Option<String> {
    let better = kept.of(&candidate.signal.symbol)?;
    Some(context.words.say(|| reason(candidate, better)))
}

fn reason(candidate: &Candidate, better: &Candidate) -> String {
    let (name, symbol) = (&better.signal.strategy, &candidate.signal.symbol);
    let (best, own) = (better.combined_score, candidate.combined_score);
    if best == own {
        return format!("{name} scores {symbol} alike, {}, and its name comes first", fixed(own, 1));
    }
    // Enough decimals to tell the two apart.
    let decimals = (1..4).find(|digits| fixed(best, *digits) != fixed(own, *digits)).unwrap_or(4);
    format!(
        "{name} has the better score for {symbol}: {} over {}",
        fixed(best, decimals),
        fixed(own, decimals)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    #[test]
    fn the_better_strategy_is_named() {
        let desk = Desk::new();
        let kept: Kept = [desk.candidate("Y", 9.0), desk.candidate("X", 8.0)].into_iter().collect();
        let mut second = desk.candidate("X", 7.0);
        second.signal.strategy = "other".into();
        let told = reject(&second, &kept, &desk.context());
        assert_eq!(told.as_deref(), Some("always has the better score for X: 8.0 over 7.0"));
        let other: Kept = [desk.candidate("Y", 9.0)].into_iter().collect();
        assert_eq!(reject(&second, &other, &desk.context()), None);
    }

    #[test]
    fn scores_that_read_alike_are_told_apart() {
        let desk = Desk::new();
        let told = |best: f64, own: f64| {
            let better = [desk.candidate("X", best)].into_iter().collect();
            reject(&desk.candidate("X", own), &better, &desk.context())
        };
        assert_eq!(
            told(10.0, 10.0).as_deref(),
            Some("always scores X alike, 10.0, and its name comes first")
        );
        assert_eq!(told(7.04, 7.01).as_deref(), Some("always has the better score for X: 7.04 over 7.01"));
    }
}
