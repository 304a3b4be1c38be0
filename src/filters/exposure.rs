//! Caps the invested part of equity (`risk.max_exposure`), over both asset classes.

use crate::domain::format::percent;
use crate::domain::{Order, Position};

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, kept: &Kept, context: &Context<'_>) -> Option<String> {
    let book = &context.book;
    let taken = *context.invested.get_or_init(|| {
        let held: f64 = book.positions().map(Position::market_value).sum();
        let ordered: f64 = book.pending().iter().map(Order::notional).sum();
        held + ordered
    });
    let exposure = (taken + kept.notional() + candidate.size.notional) / book.equity();
    let max = context.settings.risk.max_exposure;
    let reason = || {
        let (exposure, max) = (percent(exposure, 1), percent(max, 1));
        format!("exposure would be {exposure} of equity, over {max} (risk.max_exposure)")
    };
    (exposure > max).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    /// 7.5 % more, beside so many shares of 100 held and ordered in an account of 100,000.
    fn check(held: f64, ordered: f64, kept: usize, expected: Option<&str>) {
        let mut desk = Desk::new();
        desk.hold("H", held);
        desk.order("O", ordered);
        let kept: Kept = (0..kept).map(|n| desk.candidate(&format!("K{n}"), 9.0)).collect();
        let told = reject(&desk.candidate("X", 7.0), &kept, &desk.context());
        assert_eq!(told.as_deref(), expected, "{held} {ordered}");
    }

    #[test]
    fn what_is_held_ordered_and_picked_counts() {
        check(725.0, 0.0, 0, None);
        check(400.0, 325.0, 0, None);
        check(400.0, 250.0, 1, None);
        let told = Some("exposure would be 80.1% of equity, over 80.0% (risk.max_exposure)");
        check(726.0, 0.0, 0, told);
        check(400.0, 326.0, 0, told);
        check(400.0, 251.0, 1, told);
    }
}
