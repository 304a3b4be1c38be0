//! What a decision becomes at the next open: exits first, then entries.
//!
//! The quantity was fixed at the decision; a fill cuts it only to the cash there is. Costs
//! are the backtest's business and no part of this.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Decision, Direction};
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
    /// No bar on the fill's session: an entry lapses, an exit waits.
    NoBar,
}

/// Turns a decision's BUYs into pending orders, which hold their slots and cash until filled.
pub fn order(mut book: Book, decision: &Decision) -> Book {
    book.pending.extend(decision.recommendations.iter().map(|buy| Order {
        symbol: buy.symbol.clone(),
        asset_class: buy.asset_class,
        strategy: buy.strategy_name.clone(),
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
pub fn fill(mut book: Book, decision: &Decision, next: &BTreeMap<Symbol, Bar>) -> (Book, Vec<Fill>) {
    let mut fills = Vec::new();
    advance_stops(&mut book, decision);
    for exit in &decision.exits {
        let held = book.positions.iter().position(|position| {
            position.asset_class == decision.asset_class
                && position.symbol == exit.symbol
                && position.strategy == exit.strategy_name
        });
        let Some(held) = held else { continue };
        let outcome = match next.get(&exit.symbol) {
            None => FillOutcome::NoBar,
            Some(bar) => {
                let sold = book.positions.remove(held);
                book.cash += sold.quantity * bar.open;
                FillOutcome::Filled(bar.open)
            }
        };
        fills.push(Fill {
            symbol: exit.symbol.clone(),
            direction: Direction::Sell,
            strategy: exit.strategy_name.clone(),
            quantity: exit.quantity,
            outcome,
        });
    }
    let (due, waiting): (Vec<Order>, Vec<Order>) =
        book.pending.drain(..).partition(|order| order.asset_class == decision.asset_class);
    book.pending = waiting;
    for order in due {
        let (quantity, outcome) = match next.get(&order.symbol) {
            None => (0.0, FillOutcome::NoBar),
            Some(bar) if bar.open <= order.stop_price => (0.0, FillOutcome::OpenUnderStop(bar.open)),
            Some(bar) => match affordable(&order, bar.open, book.cash) {
                quantity if quantity > 0.0 => {
                    book.cash -= quantity * bar.open;
                    book.positions.push(opened(&order, quantity, bar));
                    (quantity, FillOutcome::Filled(bar.open))
                }
                _ => (0.0, FillOutcome::NoCash),
            },
        };
        fills.push(Fill {
            symbol: order.symbol,
            direction: Direction::Buy,
            strategy: order.strategy,
            quantity,
            outcome,
        });
    }
    (book, fills)
}

/// Marks the positions of an asset class at new closes and reckons equity anew; a symbol
/// without a close keeps its last one.
pub fn mark(mut book: Book, asset_class: AssetClass, closes: &BTreeMap<Symbol, f64>) -> Book {
    for position in book.positions.iter_mut().filter(|position| position.asset_class == asset_class) {
        if let Some(close) = closes.get(&position.symbol) {
            position.last_close = *close;
        }
    }
    book.equity = book.cash + book.positions.iter().map(Position::market_value).sum::<f64>();
    book
}

fn advance_stops(book: &mut Book, decision: &Decision) {
    for held in &decision.held {
        let own = book.positions.iter_mut().find(|position| {
            position.asset_class == held.asset_class
                && position.symbol == held.symbol
                && position.strategy == held.strategy
                && position.entry_date == held.entry_date
        });
        if let (Some(position), Some(_)) = (own, held.close) {
            position.stop_price = held.stop_price;
            position.stop_session = decision.session;
        }
    }
}

fn affordable(order: &Order, open: f64, cash: f64) -> f64 {
    let units = (cash / open).max(0.0).min(order.quantity);
    match order.asset_class {
        AssetClass::Equity => units.floor(),
        AssetClass::Crypto => units,
    }
}

fn opened(order: &Order, quantity: f64, bar: &Bar) -> Position {
    Position {
        symbol: order.symbol.clone(),
        asset_class: order.asset_class,
        strategy: order.strategy.clone(),
        entry_date: bar.date,
        entry_price: bar.open,
        quantity,
        stop_price: order.stop_price,
        stop_session: order.session,
        last_close: bar.open,
    }
}
