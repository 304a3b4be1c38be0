//! The account that a backtest trades: the core's own book, charged for each fill, and a trade for each position.
//!
//! Positions and orders move by `settle` and `mark` alone, as those of a run do. What is added here is money: the
//! cost of a fill leaves the cash, and an order is cut to what the cash pays for with its cost. Refuses to lend.

use std::collections::BTreeMap;
use std::mem;

use chrono::NaiveDate;

use super::cost::{Paid, Rate};
use super::floor::{Floor, newest};
use super::split::carry_out;
use crate::decide::{
    Decision, Fill, FillOutcome, HeldPosition, PositionStatus, Prepared, Recommendation, Regime,
};
use crate::decide::{mark, order, settle};
use crate::domain::format::price;
use crate::domain::{AssetClass, Book, Order, Position, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::outcomes::DELISTED_AFTER;
use crate::performance::{Day, Trade};

/// How a sale is told that no rule decided.
const DELISTED: &str = "delisted";
/// How a sale is told that the end of a window made.
const WINDOW_END: &str = "window_end";
/// Tells whether a trade that ended for this reason was sold at a close, whenever orders fill.
pub fn ends_at_a_close(reason: &str) -> bool {
    [DELISTED, WINDOW_END].contains(&reason)
}

/// How a trade is told that did not end.
const OPEN: &str = "open";

/// What a session decided and the next one fills, beside the orders that the book holds.
pub(super) struct Waiting {
    pub(super) session: NaiveDate,
    /// Every position of the class, those that are sold among them.
    pub(super) held: Vec<HeldPosition>,
    /// Why each that is sold is sold.
    reasons: BTreeMap<Symbol, String>,
}

impl Waiting {
    /// Keeps what is to be filled of a decision.
    pub(super) fn of(decision: Decision) -> Self {
        let reason = |sell: Recommendation| (sell.symbol, sell.signal_type);
        let reasons = decision.exits.into_iter().map(reason).collect();
        Self { session: decision.session, held: decision.held, reasons }
    }
}

/// No symbol of a class is bought twice, so that it names its lot and its order.
type Key = (AssetClass, Symbol);

/// What an order is remembered by until it fills.
struct Ordered {
    trigger: String,
    score: f64,
    regime: Option<Regime>,
}

/// A position's trade so far, as if it were open for ever.
struct Lot {
    trade: Trade,
    entry_row: usize,
    /// The units that shown splits since the entry made of each one bought.
    split_factor: f64,
}

/// The book, and the trades that it made.
pub(super) struct Account {
    pub(super) book: Book,
    lots: BTreeMap<Key, Lot>,
    ordered: BTreeMap<Key, Ordered>,
    trades: Vec<Trade>,
    /// Money bought and sold since the last day ended.
    traded: f64,
    pub(super) filled: usize,
    /// What all fills cost.
    pub(super) paid: Paid,
}

impl Account {
    /// Opens an account that holds cash alone.
    pub(super) fn of_cash(cash: f64) -> Self {
        Self {
            book: Book::of_cash(cash),
            lots: BTreeMap::new(),
            ordered: BTreeMap::new(),
            trades: Vec::new(),
            traded: 0.0,
            filled: 0,
            paid: Paid::default(),
        }
    }

    /// Turns a decision's BUYs into orders that hold their slots and cash until they fill.
    pub(super) fn order(&mut self, decision: &Decision) {
        for buy in &decision.recommendations {
            let ordered = Ordered {
                trigger: buy.signal_type.clone(),
                score: buy.combined_score.unwrap_or_default(),
                regime: decision.market.regime,
            };
            self.ordered.insert((buy.asset_class, buy.symbol.clone()), ordered);
        }
        self.with_book(|book| (order(book, decision), ()));
    }

    /// Carries out a split that the bars of the session show.
    pub(super) fn split(
        &mut self,
        floor: &Floor<'_>,
        waiting: &mut [HeldPosition],
        symbol: &Symbol,
        ratio: f64,
    ) {
        carry_out(&mut self.book, waiting, floor.prepared, symbol, ratio);
        if let Some(lot) = self.lots.get_mut(&(floor.class(), symbol.clone())) {
            lot.split_factor *= ratio;
        }
    }

    /// Fills the sales that wait, then the orders of the class. Names what did not fill.
    pub(super) fn fill(&mut self, floor: &Floor<'_>, waiting: &Waiting) -> Vec<Problem> {
        let class = floor.class();
        let (due, others): (Vec<Order>, Vec<Order>) =
            self.book.pending.drain(..).partition(|order| order.asset_class == class);
        // Orders fill one by one below, each with its own costs.
        self.book.pending = others;
        let sold = waiting.held.iter().filter(|held| held.status == PositionStatus::Sell);
        let next = floor.bars(sold.map(|held| &held.symbol));
        let fills = self.with_book(|book| settle(book, class, &waiting.held, &next));
        let mut problems = Vec::new();
        for fill in fills {
            match fill.outcome {
                FillOutcome::Filled(at) => self.sold(floor, waiting, &fill, at),
                _ => problems.push(not_sold(floor, waiting, &fill)),
            }
        }
        problems.extend(due.into_iter().filter_map(|order| self.enter(floor, order)));
        problems
    }

    fn sold(&mut self, floor: &Floor<'_>, waiting: &Waiting, fill: &Fill, at: f64) {
        let rate = floor.rate(&fill.symbol, waiting.session, floor.session);
        let reason = waiting.reasons.get(&fill.symbol).cloned().unwrap_or_default();
        self.close(floor, &fill.symbol, (floor.session, at), fill.quantity, rate, reason);
    }

    /// Books a sale: its cost leaves the cash, and its trade is done.
    fn close(
        &mut self,
        floor: &Floor<'_>,
        symbol: &Symbol,
        (date, at): (NaiveDate, f64),
        quantity: f64,
        rate: Rate,
        reason: String,
    ) {
        let notional = quantity * at;
        let cost = rate.cost(notional);
        self.book.cash -= cost;
        self.paid += rate.paid(notional);
        self.traded += notional;
        self.filled += 1;
        let Some(Lot { mut trade, entry_row, split_factor }) =
            self.lots.remove(&(floor.class(), symbol.clone()))
        else {
            return;
        };
        trade.exit_date = date;
        trade.exit_price = at * split_factor;
        trade.exit_reason = reason;
        trade.costs += cost;
        trade.bars_held = floor.newest(symbol, date).map_or(0, |row| row - entry_row);
        trade.open = false;
        self.trades.push(trade);
    }

    /// Fills one order, cut to what the cash pays for with its cost; says why where it does not fill.
    fn enter(&mut self, floor: &Floor<'_>, mut order: Order) -> Option<Problem> {
        let ordered = self.ordered.remove(&(order.asset_class, order.symbol.clone()));
        let next = floor.bars([&order.symbol]);
        let rate = floor.rate(&order.symbol, order.session, floor.session);
        if let Some(bar) = next.get(&order.symbol) {
            order.quantity = affordable(&order, bar.open, rate, self.free_cash());
        }
        self.book.pending.push(order.clone());
        let fills = self.with_book(|book| settle(book, order.asset_class, &[], &next));
        let fill = fills.into_iter().next()?;
        let FillOutcome::Filled(at) = fill.outcome else { return Some(not_bought(&order, fill.outcome)) };
        let notional = fill.quantity * at;
        let cost = rate.cost(notional);
        // Rounding may make the last fractional unit cost a hair more than is left.
        self.book.cash = (self.book.cash - cost).max(0.0);
        self.paid += rate.paid(notional);
        self.traded += notional;
        self.filled += 1;
        let (Some(ordered), Some(entry_row)) = (ordered, floor.newest(&order.symbol, floor.session)) else {
            return None;
        };
        let trade = Trade {
            symbol: order.symbol.clone(),
            asset_class: order.asset_class,
            strategy: order.strategy.to_string(),
            trigger: ordered.trigger,
            score: ordered.score,
            decided: order.session,
            regime: ordered.regime,
            entry_date: floor.session,
            entry_price: at,
            quantity: fill.quantity,
            stop_price: order.stop_price,
            exit_date: floor.session,
            exit_price: at,
            exit_reason: OPEN.to_owned(),
            costs: cost,
            bars_held: 0,
            open: true,
        };
        self.lots.insert((order.asset_class, order.symbol), Lot { trade, entry_row, split_factor: 1.0 });
        None
    }

    /// Returns the cash that no order of another class holds: those of the filled one are taken out by now.
    fn free_cash(&self) -> f64 {
        let held: f64 = self.book.pending.iter().map(Order::notional).sum();
        (self.book.cash - held).max(0.0)
    }

    /// Sells what has had no bar for so long that it counts as delisted, at its last close. Names each with the
    /// session of that close, which is its trade's last.
    pub(super) fn sell_delisted(&mut self, floor: &Floor<'_>) -> Vec<(NaiveDate, Problem)> {
        let sessions = floor.prepared.columns.sessions();
        let until = |date: NaiveDate| sessions.partition_point(|session| *session <= date);
        let panel = floor.prepared.columns.panel();
        let mut problems = Vec::new();
        let is_traded = |own: &Position| {
            panel.position(&own.symbol).and_then(|place| panel.row(place, floor.session)).is_some()
        };
        let own = self.book.positions.iter().filter(|own| own.asset_class == floor.class());
        let silent: Vec<Position> = own.filter(|own| !is_traded(own)).cloned().collect();
        for position in silent {
            let Some(row) = floor.newest(&position.symbol, floor.session) else { continue };
            let (date, close) = (panel.dates()[row], panel.close()[row]);
            if until(floor.session) - until(date) < DELISTED_AFTER {
                continue;
            }
            self.sell_at_close(floor, &position, (date, close), DELISTED);
            let told = format!(
                "its last bar: taken for delisted, after {DELISTED_AFTER} sessions without one, and sold at this close \
                 of {}",
                price(close)
            );
            problems.push((date, Problem::new(&position.symbol, ProblemKind::Position, told)));
        }
        problems
    }

    /// Sells all that is held of the class at its newest closes, and drops its orders.
    pub(super) fn sell_all(&mut self, floor: &Floor<'_>) {
        let class = floor.class();
        let panel = floor.prepared.columns.panel();
        self.book.pending.retain(|own| own.asset_class != class);
        let own: Vec<Position> =
            self.book.positions.iter().filter(|own| own.asset_class == class).cloned().collect();
        for position in own {
            let Some(row) = floor.newest(&position.symbol, floor.session) else { continue };
            self.sell_at_close(floor, &position, (panel.dates()[row], panel.close()[row]), WINDOW_END);
        }
        self.with_book(|book| (mark(book, class, |_| None), ()));
    }

    fn sell_at_close(
        &mut self,
        floor: &Floor<'_>,
        position: &Position,
        (date, close): (NaiveDate, f64),
        reason: &str,
    ) {
        self.book.positions.retain(|own| own != position);
        self.book.cash += position.quantity * close;
        let rate = floor.rate(&position.symbol, date, date);
        self.close(floor, &position.symbol, (date, close), position.quantity, rate, reason.to_owned());
    }

    /// Marks the class at the session's closes.
    pub(super) fn mark(&mut self, floor: &Floor<'_>) {
        let panel = floor.prepared.columns.panel();
        let close = |symbol: &Symbol| {
            let row = panel.row(panel.position(symbol)?, floor.session)?;
            Some(panel.close()[row])
        };
        self.with_book(|book| (mark(book, floor.class(), close), ()));
    }

    /// Ends a day: the account as it stands.
    pub(super) fn end_day(&mut self, date: NaiveDate) -> Day {
        Day {
            date,
            equity: self.book.equity,
            invested: self.book.positions.iter().map(Position::market_value).sum(),
            traded: mem::take(&mut self.traded),
        }
    }

    /// Returns all trades by entry, the open ones marked at the newest closes up to `until`.
    pub(super) fn into_trades(
        mut self,
        classes: &[&Prepared],
        until: Option<NaiveDate>,
    ) -> (Vec<Trade>, Book) {
        for ((class, symbol), Lot { mut trade, entry_row, split_factor }) in mem::take(&mut self.lots) {
            let held =
                self.book.positions.iter().find(|own| own.asset_class == class && own.symbol == symbol);
            let panel = classes.iter().map(|own| own.columns.panel()).find(|own| own.asset_class() == class);
            if let (Some(held), Some(panel), Some(until)) = (held, panel, until) {
                trade.exit_price = held.last_close * split_factor;
                if let Some(row) = newest(panel, &symbol, until) {
                    trade.exit_date = panel.dates()[row];
                    trade.bars_held = row - entry_row;
                }
            }
            self.trades.push(trade);
        }
        let key = |own: &Trade| (own.entry_date, own.asset_class, own.symbol.clone());
        self.trades.sort_by_key(key);
        (self.trades, self.book)
    }

    fn with_book<T>(&mut self, change: impl FnOnce(Book) -> (Book, T)) -> T {
        let (book, value) = change(mem::replace(&mut self.book, Book::of_cash(0.0)));
        self.book = book;
        value
    }
}

/// The units of an order that the cash pays for, with their cost.
fn affordable(order: &Order, at: f64, rate: Rate, cash: f64) -> f64 {
    let wanted = order.quantity * at;
    if wanted + rate.cost(wanted) <= cash {
        return order.quantity;
    }
    let units = (rate.affordable(cash) / at).min(order.quantity);
    match order.asset_class {
        AssetClass::Equity => units.floor(),
        AssetClass::Crypto => units,
    }
}

fn not_sold(floor: &Floor<'_>, waiting: &Waiting, fill: &Fill) -> Problem {
    let told = format!(
        "the sale of {} that {} decided found no bar on {}: it is decided again",
        fill.strategy, waiting.session, floor.session
    );
    Problem::new(&fill.symbol, ProblemKind::NotFilled, told)
}

fn not_bought(order: &Order, outcome: FillOutcome) -> Problem {
    let why = match outcome {
        FillOutcome::OpenUnderStop(at) => {
            format!("it came at {}, at or under its stop of {}", price(at), price(order.stop_price))
        }
        FillOutcome::NoCash => "no cash was left for it".to_owned(),
        FillOutcome::NoBar | FillOutcome::Filled(_) => "it found no bar".to_owned(),
    };
    let told = format!("the order of {} of {} was not filled: {why}", order.strategy, order.session);
    Problem::new(&order.symbol, ProblemKind::NotFilled, told)
}
