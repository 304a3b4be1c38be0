//! Never buys what any strategy already holds, has ordered, or sells on this session.

use super::Remaining;
use super::{Candidate, Context, Kept};
use crate::domain::{AssetClass, Symbol};

pub(super) fn reject(candidate: &Candidate, _kept: &Kept, context: &Context<'_>) -> Option<String> {
    let signal = &candidate.signal;
    if context.sold.contains(&signal.symbol) {
        let reason = || format!("{} is sold on this session; no re-entry on the same one", signal.symbol);
        return Some(context.words.say(reason));
    }
    let (book, class) = (&context.book, signal.asset_class);
    let taken = context.taken.get_or_init(|| book.held(class).chain(book.ordered(class)).collect());
    taken.contains(&signal.symbol).then(|| context.words.say(|| reason(candidate, book)))
}

fn reason(candidate: &Candidate, book: &Remaining<'_>) -> String {
    let signal = &candidate.signal;
    let is_own = |class: AssetClass, symbol: &Symbol| class == signal.asset_class && *symbol == signal.symbol;
    let held = book.positions().find(|own| is_own(own.asset_class, &own.symbol));
    let ordered = book.pending().iter().find(|own| is_own(own.asset_class, &own.symbol));
    match (held, ordered) {
        (Some(held), _) => format!("already held by {} since {}", held.strategy, held.entry_date),
        (None, Some(order)) => format!("already ordered by {} on {}", order.strategy, order.session),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::symbol;

    fn check(change: impl Fn(&mut Desk), expected: Option<&str>) {
        let mut desk = Desk::new();
        change(&mut desk);
        let told = reject(&desk.candidate("X", 7.0), &Kept::default(), &desk.context());
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn what_is_held_or_ordered_or_sold_today_is_not_bought() {
        check(|desk| desk.hold("X", 1.0), Some("already held by always since 2024-01-04"));
        check(|desk| desk.order("X", 1.0), Some("already ordered by always on 2024-01-29"));
        check(
            |desk| desk.sold = [symbol("X")].into_iter().collect(),
            Some("X is sold on this session; no re-entry on the same one"),
        );
    }

    #[test]
    fn other_symbols_and_the_other_class_do_not_count() {
        check(|desk| desk.hold("Y", 1.0), None);
        check(
            |desk| {
                desk.hold("X", 1.0);
                desk.book.positions[0].asset_class = AssetClass::Crypto;
            },
            None,
        );
    }
}
