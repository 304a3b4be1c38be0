//! A desk for the tests of the filters: settings, bars and a book that a test may change, and
//! candidates to lay on it.

use std::cell::OnceCell;

use chrono::NaiveDate;
use rustc_hash::FxHashSet;

use super::{Candidate, Context, Moves, Remaining};
use crate::bars::{Bars, Health};
use crate::domain::{AssetClass, Symbol, Words};
use crate::domain::{Book, Order, Position};
use crate::features::Columns;
use crate::settings::Settings;
use crate::signals::fixtures;
use crate::signals::fixtures::{ALWAYS, day, every_day, flat, signal, symbol};

/// What a [`Context`] borrows from. The account is worth 100,000 and all cash.
pub(super) struct Desk {
    pub settings: Settings,
    pub columns: Columns,
    pub health: Health,
    pub session: NaiveDate,
    pub book: Book,
    pub sold: FxHashSet<Symbol>,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(vec![flat("X", 100.0)])
    }

    /// A desk on day 29 with these bars.
    pub fn with(series: Vec<Bars>) -> Self {
        let scripts = fixtures::scripts(&[("always", ALWAYS)]);
        let columns = fixtures::columns(AssetClass::Equity, series, &scripts);
        Self {
            settings: Settings::defaults(),
            health: Health::new(columns.panel(), every_day, &[]),
            columns,
            session: day(29),
            book: Book::of_cash(100_000.0),
            sold: FxHashSet::default(),
        }
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            settings: &self.settings,
            columns: &self.columns,
            health: &self.health,
            session: self.session,
            book: Remaining::of(&self.book, []),
            sold: &self.sold,
            words: Words::Told,
            moves: Moves::default(),
            invested: OnceCell::new(),
            taken: OnceCell::new(),
        }
    }

    /// A candidate at 100 with a stop at 90: 7.5 % of equity, 75 shares.
    pub fn candidate(&self, name: &str, score: f64) -> Candidate {
        Candidate::new(signal(name, score), &self.settings, self.book.equity).expect("a weighted score")
    }

    /// Buys shares at 100 out of the book's cash.
    pub fn hold(&mut self, name: &str, quantity: f64) {
        self.book.cash -= quantity * 100.0;
        self.book.positions.push(Position {
            symbol: symbol(name),
            asset_class: AssetClass::Equity,
            strategy: "always".into(),
            entry_date: day(3),
            entry_price: 100.0,
            quantity,
            stop_price: 90.0,
            stop_session: day(2),
            last_close: 100.0,
            split_factor: 1.0,
        });
    }

    /// Orders shares at 100.
    pub fn order(&mut self, name: &str, quantity: f64) {
        self.book.pending.push(Order {
            symbol: symbol(name),
            asset_class: AssetClass::Equity,
            strategy: "always".into(),
            session: day(28),
            quantity,
            decided_price: 100.0,
            stop_price: 90.0,
        });
    }
}
