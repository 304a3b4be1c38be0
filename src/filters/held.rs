//! Never buys what any strategy already holds, has ordered, or sells on this session.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, _kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let signal = &candidate.signal;
    if context.sold.contains(&signal.symbol) {
        return Some(format!("{} is sold on this session; no re-entry on the same one", signal.symbol));
    }
    let book = context.book;
    let holder = book
        .positions
        .iter()
        .find(|held| held.asset_class == signal.asset_class && held.symbol == signal.symbol)
        .map(|held| format!("already held by {} since {}", held.strategy, held.entry_date));
    let order = || {
        book.pending
            .iter()
            .find(|order| order.asset_class == signal.asset_class && order.symbol == signal.symbol)
            .map(|order| format!("already ordered by {} on {}", order.strategy, order.session))
    };
    holder.or_else(order)
}
