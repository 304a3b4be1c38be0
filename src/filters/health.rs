//! Withholds a BUY from bars that cannot be trusted: an unexplained jump, or a hole.

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, _kept: &Kept, context: &Context<'_>) -> Option<String> {
    let row = candidate.signal.row;
    if let Some(jump) = context.health.suspect(row) {
        return Some(format!("suspect bars: {jump}; check for a split before buying"));
    }
    let gap = context.health.gap(row)?;
    Some(format!("unhealthy bars: {gap}; no BUY until 20 sessions after the gap"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bars;
    use crate::bars::check as check_bars;
    use crate::domain::Bar;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::{day, series};

    fn check(bars: Bars, expected: Option<&str>) {
        let last = bars.len() - 1;
        let desk = Desk::with(vec![bars]);
        let mut candidate = desk.candidate("X", 7.0);
        candidate.signal.row = last;
        assert_eq!(reject(&candidate, &Kept::default(), &desk.context()).as_deref(), expected);
    }

    fn halved_after(bars: usize) -> Bars {
        let closes: Vec<f64> = (0..30).map(|n| if n < bars { 100.0 } else { 50.0 }).collect();
        series("X", 0, &closes)
    }

    #[test]
    fn a_jump_withholds_the_buy_for_five_sessions() {
        let told = "suspect bars: the close of 2024-01-26 is 0.50 times the one before; \
                    check for a split before buying";
        check(halved_after(25), Some(told));
        check(halved_after(24), None);
    }

    #[test]
    fn a_gap_withholds_the_buy_and_names_its_ends() {
        let whole = series("X", 0, &[100.0; 30]);
        let is_there = |bar: &Bar| !whole.dates()[15..17].contains(&bar.date);
        let (bars, _) = check_bars(whole.symbol().clone(), whole.iter().filter(is_there).collect(), day(29));
        let told = "unhealthy bars: 2 sessions without a bar between 2024-01-15 and 2024-01-18; \
                    no BUY until 20 sessions after the gap";
        check(bars, Some(told));
        check(whole, None);
    }
}
