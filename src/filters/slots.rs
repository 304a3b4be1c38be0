//! Caps the number of positions (`risk.max_positions`), over both asset classes.

use super::taken::Taken;
use super::{Candidate, Context, Kept};

pub(super) fn reject(_candidate: &Candidate, kept: &Kept, context: &Context<'_>) -> Option<String> {
    let taken =
        Taken { held: context.book.count(), ordered: context.book.pending().len(), outranking: kept.len() };
    let max = context.settings.risk.max_positions;
    let reason = || format!("no slot is left (risk.max_positions {max}): {taken}");
    (taken.count() >= max).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    #[test]
    fn positions_orders_and_picks_each_take_a_slot() {
        let mut desk = Desk::new();
        desk.settings.risk.max_positions = 3;
        desk.hold("HELD", 1.0);
        desk.order("SENT", 1.0);
        let kept = [desk.candidate("KEPT", 9.0)].into_iter().collect();
        let candidate = desk.candidate("X", 7.0);
        assert_eq!(reject(&candidate, &Kept::default(), &desk.context()), None);
        let told = reject(&candidate, &kept, &desk.context());
        assert_eq!(
            told.as_deref(),
            Some("no slot is left (risk.max_positions 3): 1 held, 1 ordered, 1 ranked better")
        );
    }
}
