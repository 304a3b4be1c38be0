//! Orders that wait for their open while another class is decided: what the last mail of that class recommends to buy.
//!
//! Each class is a job and a mail of its own, and slots, cash and exposure are shared by both. What was recommended
//! is taken for ordered until its open, as a backtest takes it. The order of decisions is the backtest's own: by date,
//! and equities first within it.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::App;
use crate::calendar;
use crate::decide::Recommendation;
use crate::domain::{AssetClass, Order, Position};
use crate::domain::{Problem, ProblemKind};
use crate::journal::{Journal, JournalError};
use crate::settings::SourceName;

/// Returns the orders of the classes that are not decided in a run of these sessions. On the simulated market the
/// journal's real recommendations have no place. What is held already is filled and waits no longer.
pub(super) fn waiting(
    app: &App,
    source: Option<SourceName>,
    sessions: &BTreeMap<AssetClass, NaiveDate>,
    positions: &[Position],
) -> (Vec<Order>, Vec<Problem>) {
    if source == Some(SourceName::Simulated) {
        return (Vec::new(), Vec::new());
    }
    let mut orders = Vec::new();
    for (class, session) in AssetClass::ALL.into_iter().filter_map(|class| decided_before(class, sessions)) {
        let path = &app.loaded.settings.journal.path;
        match Journal::open_to_read(path).and_then(|journal| journal.newest_buys(class, session)) {
            Ok(buys) => orders.extend(buys.iter().map(order)),
            Err(JournalError::Missing { .. }) => {}
            Err(error) => {
                let message = format!("failed to {error}; so the {class} orders that wait are not counted");
                return (Vec::new(), vec![Problem::new(class, ProblemKind::Journal, message)]);
            }
        }
    }
    orders.retain(|order| !positions.iter().any(|held| is_of(held, order)));
    (orders, Vec::new())
}

/// Returns the newest session of a class that is decided before the run, where its orders fill after the run's
/// decision; `None` for a class of the run itself.
fn decided_before(
    class: AssetClass,
    sessions: &BTreeMap<AssetClass, NaiveDate>,
) -> Option<(AssetClass, NaiveDate)> {
    if sessions.contains_key(&class) {
        return None;
    }
    let (own, session) = sessions.iter().max_by_key(|(own, session)| (**session, **own))?;
    let is_on_the_same_day = class < *own && calendar::is_session(class, *session);
    let before = if is_on_the_same_day { *session } else { calendar::previous_session(class, *session) };
    let fill = calendar::open_instant(class, calendar::next_session(class, before));
    (fill > calendar::close_instant(*own, *session)).then_some((class, before))
}

fn is_of(held: &Position, order: &Order) -> bool {
    (held.asset_class, &held.symbol, &held.strategy) == (order.asset_class, &order.symbol, &order.strategy)
}

fn order(buy: &Recommendation) -> Order {
    Order {
        symbol: buy.symbol.clone(),
        asset_class: buy.asset_class,
        strategy: buy.strategy_name.as_str().into(),
        session: buy.session,
        quantity: buy.quantity,
        decided_price: buy.entry_price,
        stop_price: buy.stop_price,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// A run of one class on a session; whose orders of which session wait meanwhile.
    fn check(own: AssetClass, session: &str, other: AssetClass, expected: Option<&str>) {
        let sessions = BTreeMap::from([(own, day(session))]);
        let found = decided_before(other, &sessions);
        assert_eq!(found, expected.map(|text| (other, day(text))), "{own} {session}");
    }

    #[test]
    fn equity_orders_wait_over_the_weekend_and_crypto_orders_fill_at_once() {
        use AssetClass::{Crypto, Equity};
        // Friday to Monday, and Thanksgiving.
        for (session, expected) in [
            ("2026-11-20", "2026-11-20"),
            ("2026-11-21", "2026-11-20"),
            ("2026-11-22", "2026-11-20"),
            ("2026-11-23", "2026-11-23"),
            ("2026-11-26", "2026-11-25"),
        ] {
            check(Crypto, session, Equity, Some(expected));
        }
        check(Equity, "2026-11-20", Crypto, None);
        check(Equity, "2026-11-23", Crypto, None);
        check(Equity, "2026-11-20", Equity, None);
        let both = BTreeMap::from([(Equity, day("2026-11-20")), (Crypto, day("2026-11-21"))]);
        assert_eq!(decided_before(Equity, &both), None, "it is decided in the run itself");
    }
}
