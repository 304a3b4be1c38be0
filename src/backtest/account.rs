//! The account that a backtest trades: the core's own book, charged for each fill, and a trade for each position.
//!
//! Positions and orders move by `sell`, `buy` and `mark` of the core alone, as those of a run do. What is added here is
//! money: the cost of a fill leaves the cash, and an order is cut to what the cash pays for with its cost. Refuses to
//! lend.

use std::mem;

use chrono::NaiveDate;

use super::cost::Paid;
use super::floor::{Floor, newest};
use super::split::carry_out;
use crate::bars::OnDay;
use crate::decide::mark;
use crate::decide::{Choice, Prepared, Regime, Track};
use crate::domain::{Book, Name, Order, Position, Symbol};
use crate::filters::Candidate;
use crate::performance::{Day, Trade};

/// How a trade is told that did not end.
const OPEN: &str = "open";

/// A position that is to be sold at its symbol's next bar, by its trade, and why. An entry waits as an order of the
/// book.
pub(super) struct Sale {
    pub(super) trade: usize,
    pub(super) reason: Name,
    /// The session that decided it.
    pub(super) decided: NaiveDate,
}

/// What an order is remembered by until it fills.
pub(super) struct Ordered {
    /// The symbol's place in the panel.
    pub(super) owner: Option<usize>,
    pub(super) trigger: Name,
    pub(super) score: f64,
    pub(super) regime: Option<Regime>,
}

/// What is known of a position beside the book: the trade that it will have been.
pub(super) struct Lot {
    /// The place of its trade. The newer position has the higher one.
    pub(super) trade: usize,
    pub(super) entry_row: usize,
    /// The units that shown splits since the entry made of each one bought.
    pub(super) split_factor: f64,
}

/// The book, and the trades that it made.
pub(super) struct Account {
    pub(super) book: Book,
    /// One for each position of the book, at its place.
    pub(super) lots: Vec<Lot>,
    /// Likewise.
    pub(super) tracks: Vec<Track>,
    /// One for each order of the book, at its place.
    pub(super) ordered: Vec<Ordered>,
    /// By entry. One whose position is held is as it was on the entry's day.
    pub(super) trades: Vec<Trade>,
    /// How each of them is told until it ends.
    pub(super) open: Name,
    /// Money bought and sold since the last day ended.
    pub(super) traded: f64,
    pub(super) filled: usize,
    /// Orders that the cash did not pay for whole.
    pub(super) cut: usize,
    /// What all fills cost.
    pub(super) paid: Paid,
}

impl Account {
    /// Opens an account that holds cash alone.
    pub(super) fn of_cash(cash: f64) -> Self {
        Self {
            book: Book::of_cash(cash),
            lots: Vec::new(),
            tracks: Vec::new(),
            ordered: Vec::new(),
            trades: Vec::new(),
            open: OPEN.into(),
            traded: 0.0,
            filled: 0,
            cut: 0,
            paid: Paid::default(),
        }
    }

    /// Returns the book, and the tracks of its positions at their places.
    pub(super) fn tracked(&mut self) -> (&Book, &mut [Track]) {
        (&self.book, &mut self.tracks)
    }

    /// Carries out what a session decided: raises the stops, and turns the BUYs into orders that hold their slots and
    /// cash until they fill. Returns the sales, which wait for the next session.
    pub(super) fn order(&mut self, floor: &Floor<'_>, choice: Choice) -> Vec<Sale> {
        let (session, panel) = (floor.session, floor.prepared.columns.panel());
        let mut sales = Vec::new();
        for check in choice.checks {
            let position = &mut self.book.positions[check.place];
            (position.stop_price, position.stop_session) = (check.stop_price, check.stop_session);
            if let Some(reason) = check.sell {
                sales.push((check.place, reason));
            }
        }
        // Several at one open are sold by their names, and no symbol is held twice.
        sales.sort_by_key(|(place, _)| self.tracks[*place].owner());
        let sale = |(place, reason): (usize, Name)| {
            let trade = self.lots[place].trade;
            Sale { trade, reason, decided: session }
        };
        let sales = sales.into_iter().map(sale).collect();
        self.ordered.reserve(choice.buys.len());
        self.book.pending.reserve(choice.buys.len());
        for Candidate { signal, combined_score, size, .. } in choice.buys {
            self.ordered.push(Ordered {
                owner: panel.position(&signal.symbol),
                trigger: signal.trigger.into(),
                score: combined_score,
                regime: choice.regime,
            });
            self.book.pending.push(Order {
                symbol: signal.symbol,
                asset_class: signal.asset_class,
                strategy: signal.strategy.into(),
                session,
                quantity: size.quantity,
                decided_price: signal.close,
                stop_price: signal.stop,
            });
        }
        sales
    }

    /// Carries out a split that the bars of the session show.
    pub(super) fn split(&mut self, floor: &Floor<'_>, symbol: &Symbol, ratio: f64) {
        carry_out(&mut self.book, floor.class(), symbol, ratio);
        for (place, own) in self.book.positions.iter().enumerate() {
            if own.asset_class == floor.class() && own.symbol == *symbol {
                self.lots[place].split_factor *= ratio;
                self.tracks[place] = floor.track(own);
            }
        }
    }

    /// Marks the class at the session's closes.
    pub(super) fn mark(&mut self, today: OnDay<'_>) {
        mark(&mut self.book, today.panel().asset_class(), |place, _| self.tracks[place].close(today));
    }

    /// Ends a day: the account as it stands.
    pub(super) fn end_day(&mut self, date: NaiveDate) -> Day {
        Day {
            date,
            equity: self.book.equity,
            // A sum of nothing is −0.
            invested: self.book.positions.iter().map(Position::market_value).sum::<f64>() + 0.0,
            traded: mem::take(&mut self.traded),
        }
    }

    /// Returns all trades by entry, the open ones marked at the newest closes up to `until`.
    pub(super) fn into_trades(
        mut self,
        classes: &[&Prepared],
        until: Option<NaiveDate>,
    ) -> (Vec<Trade>, Book) {
        for (held, lot) in self.book.positions.iter().zip(&self.lots) {
            let trade = &mut self.trades[lot.trade];
            let panels = classes.iter().map(|own| own.columns.panel());
            let panel = panels.into_iter().find(|own| own.asset_class() == held.asset_class);
            if let (Some(panel), Some(until)) = (panel, until) {
                trade.exit_price = held.last_close * lot.split_factor;
                if let Some(row) = newest(panel, &held.symbol, until) {
                    trade.exit_date = panel.dates()[row];
                    trade.bars_held = row - lot.entry_row;
                }
            }
        }
        let key = |own: &Trade| (own.entry_date, own.asset_class, own.symbol.clone());
        self.trades.sort_by_cached_key(key);
        (self.trades, self.book)
    }
}
