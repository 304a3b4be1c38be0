//! Never buys what any strategy already holds, has ordered, or sells on this session.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, _kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let signal = &candidate.signal;
    if context.sold.contains(&signal.symbol) {
        let reason = || format!("{} is sold on this session; no re-entry on the same one", signal.symbol);
        return Some(context.words.say(reason));
    }
    let book = context.book;
    let holder = book
        .positions
        .iter()
        .find(|held| held.asset_class == signal.asset_class && held.symbol == signal.symbol)
        .map(|held| {
            context.words.say(|| format!("already held by {} since {}", held.strategy, held.entry_date))
        });
    let order = || {
        book.pending
            .iter()
            .find(|order| order.asset_class == signal.asset_class && order.symbol == signal.symbol)
            .map(|order| {
                context.words.say(|| format!("already ordered by {} on {}", order.strategy, order.session))
            })
    };
    holder.or_else(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssetClass;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::symbol;

    fn check(change: impl Fn(&mut Desk), expected: Option<&str>) {
        let mut desk = Desk::new();
        change(&mut desk);
        let told = reject(&desk.candidate("X", 7.0), &[], &desk.context());
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn what_is_held_or_ordered_or_sold_today_is_not_bought() {
        check(|desk| desk.hold("X", 1.0), Some("already held by always since 2024-01-04"));
        check(|desk| desk.order("X", 1.0), Some("already ordered by always on 2024-01-29"));
        check(
            |desk| desk.sold = [symbol("X")].into(),
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
