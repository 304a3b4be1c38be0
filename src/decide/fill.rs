//! What a decision becomes at the next open: exits first, then entries.
//!
//! The quantity was fixed at the decision; a fill cuts it only to the cash there is. Costs
//! are the backtest's business and no part of this.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Decision, Direction, HeldPosition, PositionStatus};
use crate::domain::{AssetClass, Bar, Symbol};
use crate::domain::{Book, Order, Position};

/// What happened to one order at the open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fill {
    pub symbol: Symbol,
    pub direction: Direction,
    pub strategy: String,
    /// Units traded; 0 where nothing was.
    pub quantity: f64,
    pub outcome: FillOutcome,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FillOutcome {
    /// Traded at this price.
    Filled(f64),
    /// The open lay at or under the stop: not bought.
    OpenUnderStop(f64),
    /// No cash was left: not bought.
    NoCash,
    /// No bar on the fill's session: an entry lapses, an exit waits for the next one.
    NoBar,
}

/// Turns a decision's BUYs into pending orders, which hold their slots and cash until filled.
pub fn order(mut book: Book, decision: &Decision) -> Book {
    book.pending.extend(decision.recommendations.iter().map(|buy| Order {
        symbol: buy.symbol.clone(),
        asset_class: buy.asset_class,
        strategy: buy.strategy_name.as_str().into(),
        session: decision.session,
        quantity: buy.quantity,
        decided_price: buy.entry_price,
        stop_price: buy.stop_price,
    }));
    book
}

/// Fills a decision's exits and the book's pending orders of its asset class at the opens of
/// the next bars, one a symbol.
///
/// Stops advanced by the decision are carried into the positions that stay.
pub fn fill(book: Book, decision: &Decision, next: &BTreeMap<Symbol, Bar>) -> (Book, Vec<Fill>) {
    settle(book, decision.asset_class, &decision.held, next)
}

/// Does the same for positions as a session left them, whoever looked at them.
pub fn settle(
    mut book: Book,
    asset_class: AssetClass,
    held: &[HeldPosition],
    next: &BTreeMap<Symbol, Bar>,
) -> (Book, Vec<Fill>) {
    let places: Vec<Option<usize>> = places(&book, held);
    for (held, place) in held.iter().zip(&places) {
        if let Some(position) = place.and_then(|place| book.positions.get_mut(place)) {
            position.stop_price = held.stop_price;
            position.stop_session = held.stop_session;
        }
    }
    // By the held positions and not by the exits: two lots of one symbol differ in their entry.
    let is_sold = |(held, _): &(&HeldPosition, &Option<usize>)| held.status == PositionStatus::Sell;
    let due: Vec<usize> = held.iter().zip(&places).filter(is_sold).filter_map(|(_, place)| *place).collect();
    let sold: Vec<Position> = due.iter().map(|place| book.positions[*place].clone()).collect();
    let opens: Vec<Option<f64>> = sold.iter().map(|own| Some(next.get(&own.symbol)?.open)).collect();
    let outcomes = sell(&mut book, &due, &opens);
    let mut fills = Vec::new();
    for (sold, outcome) in sold.into_iter().zip(outcomes) {
        fills.push(Fill {
            symbol: sold.symbol,
            direction: Direction::Sell,
            strategy: sold.strategy.into(),
            quantity: if outcome == FillOutcome::NoBar { 0.0 } else { sold.quantity },
            outcome,
        });
    }
    let (due, waiting): (Vec<Order>, Vec<Order>) =
        book.pending.drain(..).partition(|order| order.asset_class == asset_class);
    book.pending = waiting;
    for order in due {
        let bar = next.get(&order.symbol);
        let (quantity, outcome) = buy(&mut book, &order, bar.map(|bar| (bar.date, bar.open)));
        fills.push(Fill {
            symbol: order.symbol,
            direction: Direction::Buy,
            strategy: order.strategy.into(),
            quantity,
            outcome,
        });
    }
    (book, fills)
}

/// Sells the positions at these places, each at its open, in their order; one without an open stays.
pub fn sell(book: &mut Book, places: &[usize], opens: &[Option<f64>]) -> Vec<FillOutcome> {
    let mut gone = vec![false; book.positions.len()];
    let mut outcomes = Vec::with_capacity(places.len());
    for (place, open) in places.iter().zip(opens) {
        outcomes.push(match open {
            // A position is sold once.
            Some(open) if !gone[*place] => {
                gone[*place] = true;
                book.cash += book.positions[*place].quantity * open;
                FillOutcome::Filled(*open)
            }
            _ => FillOutcome::NoBar,
        });
    }
    let mut gone = gone.into_iter();
    book.positions.retain(|_| !gone.next().unwrap_or_default());
    outcomes
}

/// Buys what is ordered at the open of its next bar, cut to the cash there is, into the last place of the book. Returns
/// the units that were bought, too.
pub fn buy(book: &mut Book, order: &Order, bar: Option<(NaiveDate, f64)>) -> (f64, FillOutcome) {
    match bar {
        None => (0.0, FillOutcome::NoBar),
        Some((_, open)) if open <= order.stop_price => (0.0, FillOutcome::OpenUnderStop(open)),
        Some((date, open)) => match affordable(order, open, book.cash) {
            quantity if quantity > 0.0 => {
                // Rounding may make the last fractional unit cost a hair more than is left.
                book.cash = (book.cash - quantity * open).max(0.0);
                book.positions.push(opened(order, quantity, (date, open)));
                (quantity, FillOutcome::Filled(open))
            }
            _ => (0.0, FillOutcome::NoCash),
        },
    }
}

/// Marks the positions of an asset class at new closes and reckons equity anew; `close` is asked for each with its
/// place in the book, and one without keeps its last.
pub fn mark(book: &mut Book, asset_class: AssetClass, close: impl Fn(usize, &Position) -> Option<f64>) {
    for (place, position) in book.positions.iter_mut().enumerate() {
        if position.asset_class == asset_class
            && let Some(close) = close(place, position)
        {
            position.last_close = close;
        }
    }
    book.equity = book.cash + book.positions.iter().map(Position::market_value).sum::<f64>();
}

/// The place of each of them in the book; of lots that are alike each has its own.
fn places(book: &Book, held: &[HeldPosition]) -> Vec<Option<usize>> {
    if held.is_empty() {
        return Vec::new();
    }
    // Nearly always a symbol has one lot.
    let first: FxHashMap<&Symbol, usize> =
        book.positions.iter().enumerate().rev().map(|(place, own)| (&own.symbol, place)).collect();
    let mut is_taken = vec![false; book.positions.len()];
    let place = |held: &HeldPosition| {
        let first = first.get(&held.symbol).copied()?;
        let mut places = first..book.positions.len();
        let place = places.find(|place| !is_taken[*place] && held.is_of(&book.positions[*place]))?;
        is_taken[place] = true;
        Some(place)
    };
    held.iter().map(place).collect()
}

fn affordable(order: &Order, open: f64, cash: f64) -> f64 {
    let units = (cash / open).max(0.0).min(order.quantity);
    match order.asset_class {
        AssetClass::Equity => units.floor(),
        AssetClass::Crypto => units,
    }
}

fn opened(order: &Order, quantity: f64, (date, open): (NaiveDate, f64)) -> Position {
    Position {
        symbol: order.symbol.clone(),
        asset_class: order.asset_class,
        strategy: order.strategy.clone(),
        entry_date: date,
        entry_price: open,
        quantity,
        stop_price: order.stop_price,
        stop_session: order.session,
        last_close: open,
        split_factor: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{Case, opens, position};
    use crate::signals::fixtures::{ALWAYS, day, flat, scripts, series, symbol};

    fn told(fills: &[Fill]) -> Vec<(&str, f64, FillOutcome)> {
        fills.iter().map(|fill| (fill.symbol.as_str(), fill.quantity, fill.outcome)).collect()
    }

    /// A decision that buys 93 of B at 80 (stop 72), and sells what is held of A.
    fn case() -> Case {
        let closes: Vec<f64> = (0..30).map(|n| if n < 29 { 100.0 } else { 131.0 }).collect();
        let bars = vec![series("A", 0, &closes), flat("B", 80.0)];
        Case::new(scripts(&[("always", ALWAYS)]), bars).holding(vec![position("A", "always", 80.0)])
    }

    fn run(case: &Case, cash: f64, next: &[(&str, f64)]) -> (Book, Vec<Fill>) {
        let (decision, _) = case.decide(29);
        assert_eq!((decision.exits.len(), decision.recommendations.len()), (1, 1));
        let mut book = order(case.book.clone(), &decision);
        book.cash = cash;
        fill(book, &decision, &opens(30, next))
    }

    #[test]
    fn exits_pay_for_entries_at_the_same_open() {
        let (book, fills) = run(&case(), 0.0, &[("A", 130.0), ("B", 81.0)]);
        // 1,300 buy 16 of the 93 ordered.
        let expected = [("A", 10.0, FillOutcome::Filled(130.0)), ("B", 16.0, FillOutcome::Filled(81.0))];
        assert_eq!(told(&fills), expected);
        assert_eq!(book.cash, 4.0);
        assert_eq!(book.pending, []);
        let expected = Position {
            entry_date: day(30),
            entry_price: 81.0,
            quantity: 16.0,
            stop_price: 72.0,
            stop_session: day(29),
            last_close: 81.0,
            ..position("B", "always", 72.0)
        };
        assert_eq!(book.positions.len(), 1);
        assert!((book.positions[0].stop_price - 72.0).abs() < 1e-9);
        assert_eq!(Position { stop_price: 72.0, ..book.positions[0].clone() }, expected);
    }

    #[test]
    fn an_open_at_or_under_the_stop_is_not_bought() {
        let stop = case().decide(29).0.recommendations[0].stop_price;
        for (open, outcome) in [
            (stop, FillOutcome::OpenUnderStop(stop)),
            (70.0, FillOutcome::OpenUnderStop(70.0)),
            (stop + 0.01, FillOutcome::Filled(stop + 0.01)),
        ] {
            let (book, fills) = run(&case(), 90_000.0, &[("A", 130.0), ("B", open)]);
            assert_eq!(fills[1].outcome, outcome);
            assert_eq!(book.positions.is_empty(), outcome != FillOutcome::Filled(open));
        }
    }

    #[test]
    fn without_a_bar_an_entry_lapses_and_an_exit_waits() {
        let (book, fills) = run(&case(), 500.0, &[]);
        assert_eq!(told(&fills), [("A", 0.0, FillOutcome::NoBar), ("B", 0.0, FillOutcome::NoBar)]);
        assert_eq!((book.cash, book.positions.len(), book.pending.len()), (500.0, 1, 0));
    }

    #[test]
    fn without_cash_nothing_is_bought() {
        let (book, fills) = run(&case(), 50.0, &[("B", 81.0)]);
        assert_eq!(told(&fills)[1], ("B", 0.0, FillOutcome::NoCash));
        assert_eq!(book.cash, 50.0);
    }

    #[test]
    fn the_ordered_quantity_is_never_exceeded_however_low_the_open() {
        let (_, fills) = run(&case(), 90_000.0, &[("A", 130.0), ("B", 73.0)]);
        assert_eq!(fills[1].quantity, 93.0);
    }

    #[test]
    fn fractions_of_a_coin_spend_all_the_cash_and_never_more() {
        for cash in [1.0 / 3.0, 0.1, 77.7, 1e-9, 123_456.789] {
            for open in [3.0, 0.07, 81.3, 1e5 / 7.0] {
                let coin = Order {
                    symbol: symbol("C"),
                    asset_class: AssetClass::Crypto,
                    strategy: "always".into(),
                    session: day(29),
                    quantity: 1e12,
                    decided_price: open,
                    stop_price: 0.01,
                };
                let mut decision = case().decide(29).0;
                decision.asset_class = AssetClass::Crypto;
                decision.held.clear();
                let mut book = Book::of_cash(cash);
                book.pending.push(coin);
                let (book, _) = fill(book, &decision, &opens(30, &[("C", open)]));
                assert!((0.0..=cash * 1e-12).contains(&book.cash), "{cash} {open}: {}", book.cash);
            }
        }
    }

    #[test]
    fn orders_of_the_other_class_keep_waiting() {
        let mut case = case();
        let coin = Order {
            symbol: symbol("B"),
            asset_class: AssetClass::Crypto,
            strategy: "coins".into(),
            session: day(29),
            quantity: 1.0,
            decided_price: 10.0,
            stop_price: 5.0,
        };
        case.book.pending.push(coin.clone());
        let (book, _) = run(&case, 90_000.0, &[("A", 130.0), ("B", 81.0)]);
        assert_eq!(book.pending, [coin]);
    }

    #[test]
    fn of_two_lots_only_the_sold_one_leaves() {
        let rules = ALWAYS.replace("row.close > 130.0", "position.bars_held < 20");
        let older = position("A", "rule", 80.0);
        let newer = Position { entry_date: day(20), quantity: 3.0, ..older.clone() };
        let case = Case::new(scripts(&[("rule", &rules)]), vec![flat("A", 100.0)])
            .holding(vec![older.clone(), newer]);
        let (decision, _) = case.decide(29);
        let (book, fills) = fill(case.book.clone(), &decision, &opens(30, &[("A", 100.0)]));
        assert_eq!(told(&fills), [("A", 3.0, FillOutcome::Filled(100.0))]);
        assert_eq!(book.positions, [Position { stop_session: day(29), ..older }]);
        assert_eq!(book.cash, 98_700.0 + 300.0);
    }

    #[test]
    fn two_lots_that_are_alike_are_both_sold() {
        let lot = position("A", "always", 80.0);
        let case = case().holding(vec![lot.clone(), lot]);
        let (decision, _) = case.decide(29);
        let (book, fills) = fill(case.book.clone(), &decision, &opens(30, &[("A", 130.0)]));
        assert_eq!(told(&fills), [("A", 10.0, FillOutcome::Filled(130.0)); 2]);
        assert_eq!((book.positions, book.cash), (vec![], 98_000.0 + 2_600.0));
    }

    #[test]
    fn a_mark_moves_its_class_alone_and_keeps_the_last_close_it_has() {
        let coin = Position { asset_class: AssetClass::Crypto, ..position("A", "coins", 80.0) };
        let mut book =
            Book::of_positions(10_000.0, vec![position("A", "x", 80.0), coin, position("B", "x", 80.0)]);
        assert_eq!(book.cash, 7_000.0);
        mark(&mut book, AssetClass::Equity, |place, _| (place == 0).then_some(110.0));
        let closes: Vec<f64> = book.positions.iter().map(|own| own.last_close).collect();
        assert_eq!((closes, book.equity), (vec![110.0, 100.0, 100.0], 10_100.0));
    }
}
