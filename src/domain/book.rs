//! What is held: cash, positions with their stops, and orders that wait for the next open.
//!
//! The book is a plain value that `decide` reads and `fill` returns anew. It keeps nothing
//! that the bars can tell (bars held, highest close), so the two cannot disagree.

use chrono::NaiveDate;

use super::{AssetClass, Symbol};

/// Cash, positions and pending orders, shared by both asset classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Uninvested money, in the account's currency.
    pub cash: f64,
    /// Cash plus positions at their last known closes, in the account's currency.
    pub equity: f64,
    pub positions: Vec<Position>,
    /// Entries decided but not yet filled: each holds its slot and its cash.
    pub pending: Vec<Order>,
}

/// One holding. Prices and quantity are as traded.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    /// The strategy whose exit rule sells it.
    pub strategy: String,
    /// The session on which the entry filled.
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    /// Units of the asset; fractional for crypto.
    pub quantity: f64,
    /// Never moves down.
    pub stop_price: f64,
    /// The last session whose bar has been shown to the strategy's `stop`.
    pub stop_session: NaiveDate,
    /// The last close seen, by which exposure and equity are reckoned.
    pub last_close: f64,
}

impl Position {
    /// Returns the value at the last close, in the quote currency.
    pub fn market_value(&self) -> f64 {
        self.quantity * self.last_close
    }
}

/// An entry that fills at the next open.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: String,
    /// The session that decided it.
    pub session: NaiveDate,
    /// Units of the asset, fixed at the decision.
    pub quantity: f64,
    /// The decision's close, by which cash and exposure are held until the fill.
    pub decided_price: f64,
    pub stop_price: f64,
}

impl Order {
    /// Returns the money the order is expected to take.
    pub fn notional(&self) -> f64 {
        self.quantity * self.decided_price
    }
}

impl Book {
    /// Makes a book that holds cash alone.
    pub fn of_cash(cash: f64) -> Self {
        Self { cash, equity: cash, positions: Vec::new(), pending: Vec::new() }
    }

    /// Makes the book of an account worth `equity` that holds `positions`; the rest is cash.
    pub fn of_positions(equity: f64, positions: Vec<Position>) -> Self {
        let invested: f64 = positions.iter().map(Position::market_value).sum();
        Self { cash: equity - invested, equity, positions, pending: Vec::new() }
    }
}
