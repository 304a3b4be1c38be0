//! What is held: cash, positions with their stops, and orders that wait for the next open.
//!
//! The book is a plain value that `decide` reads and `fill` returns anew. It keeps nothing
//! that the bars can tell (bars held, highest close), so the two cannot disagree.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{AssetClass, Name, Symbol};

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

/// The numbers of a trade that a split changes, of a position or of an open recommendation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    pub entry_price: f64,
    pub stop_price: f64,
    pub target_price: Option<f64>,
    pub quantity: f64,
}

impl Terms {
    /// Returns the same trade after splits that made `factor` units of each: what it cost, risks and
    /// may gain stays.
    pub fn rescaled(self, factor: f64) -> Self {
        Self {
            entry_price: self.entry_price / factor,
            stop_price: self.stop_price / factor,
            target_price: self.target_price.map(|price| price / factor),
            quantity: self.quantity * factor,
        }
    }
}

/// One holding. Prices and quantity are as traded, until they are rescaled for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    /// The strategy whose exit rule sells it.
    pub strategy: Name,
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
    /// The units that splits since the entry made of each one bought; 1 where prices and quantity
    /// are as traded.
    pub split_factor: f64,
}

impl Position {
    /// Returns the value at the last close, in the quote currency.
    pub fn market_value(&self) -> f64 {
        self.quantity * self.last_close
    }

    /// Returns what splits that made `factor` units of each leave of the position.
    pub fn rescaled(&self, factor: f64) -> Self {
        let terms = self.terms().rescaled(factor);
        Self {
            entry_price: terms.entry_price,
            stop_price: terms.stop_price,
            quantity: terms.quantity,
            last_close: self.last_close / factor,
            split_factor: self.split_factor * factor,
            ..self.clone()
        }
    }

    /// Returns the numbers that were traded, before any split.
    pub fn as_traded(&self) -> Terms {
        self.terms().rescaled(self.split_factor.recip())
    }

    fn terms(&self) -> Terms {
        Terms {
            entry_price: self.entry_price,
            stop_price: self.stop_price,
            target_price: None,
            quantity: self.quantity,
        }
    }
}

/// An entry that fills at the next open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: Name,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_leaves_the_money_of_a_trade_as_it_was() {
        let traded =
            Terms { entry_price: 410.2, stop_price: 380.0, target_price: Some(470.0), quantity: 10.0 };
        for factor in [4.0, 0.1, 1.5] {
            let now = traded.rescaled(factor);
            for (before, after) in [
                (traded.entry_price, now.entry_price),
                (traded.stop_price, now.stop_price),
                (470.0, now.target_price.expect("it had one")),
            ] {
                assert!((before * traded.quantity - after * now.quantity).abs() < 1e-9, "{factor}: {now:?}");
            }
        }
        assert_eq!(traded.rescaled(4.0).quantity, 40.0);
    }
}
