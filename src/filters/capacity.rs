//! Refuses an order too large for the symbol's trading (`MAX_ADV_FRACTION` of its 20-session dollar volume).

use crate::domain::format::{fixed, percent};

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, _kept: &Kept, context: &Context<'_>) -> Option<String> {
    let (signal, size) = (&candidate.signal, &candidate.size);
    let Some(adv20) = signal.adv20 else {
        return Some("20-session dollar volume is unknown: fewer than 20 bars".to_owned());
    };
    let limit = signal.max_adv_fraction * adv20;
    let reason = || {
        format!(
            "an order of {} is over {} of the 20-session dollar volume {} (MAX_ADV_FRACTION)",
            fixed(size.notional, 0),
            percent(signal.max_adv_fraction, 2),
            fixed(adv20, 0)
        )
    };
    (size.notional > limit).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    fn check(change: impl Fn(&mut Candidate), expected: Option<&str>) {
        let desk = Desk::new();
        let mut candidate = desk.candidate("X", 7.0);
        change(&mut candidate);
        assert_eq!(reject(&candidate, &Kept::default(), &desk.context()).as_deref(), expected);
    }

    #[test]
    fn an_order_may_be_its_part_of_the_volume_and_no_more() {
        check(|own| own.signal.adv20 = Some(1_500_000.0), None);
        let told =
            "an order of 7,500 is over 0.50% of the 20-session dollar volume 1,499,000 (MAX_ADV_FRACTION)";
        check(|own| own.signal.adv20 = Some(1_499_000.0), Some(told));
    }

    #[test]
    fn an_unknown_volume_is_no_capacity() {
        check(|own| own.signal.adv20 = None, Some("20-session dollar volume is unknown: fewer than 20 bars"));
    }
}
