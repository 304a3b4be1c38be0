//! Refuses an order too small to make: the risk allows no whole share.

use crate::domain::format::price;

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, _kept: &Kept, context: &Context<'_>) -> Option<String> {
    let close = candidate.signal.close;
    let by = candidate.size.cap.map_or("the risk".to_owned(), |cap| format!("risk.{cap}"));
    let reason = || format!("the size that {by} allows is no whole share at {}", price(close));
    (candidate.size.quantity <= 0.0).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;

    #[test]
    fn an_order_of_no_share_is_refused() {
        let desk = Desk::new();
        let mut candidate = desk.candidate("X", 7.0);
        assert_eq!(reject(&candidate, &Kept::default(), &desk.context()), None);
        candidate.size.quantity = 0.0;
        candidate.signal.close = 9_000.0;
        assert_eq!(
            reject(&candidate, &Kept::default(), &desk.context()).as_deref(),
            Some("the size that the risk allows is no whole share at 9,000.00")
        );
    }
}
