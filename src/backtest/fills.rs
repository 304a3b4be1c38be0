//! What an account sells and buys at a fill, and what it pays for it.
//!
//! Each order fills alone, so that its cost has left the cash before the next is cut to what is left.

use std::mem;

use chrono::NaiveDate;

use super::account::{Account, Lot, Ordered, Sale};
use super::cost::Rate;
use super::floor::Floor;
use crate::decide;
use crate::decide::mark;
use crate::decide::{FillOutcome, Track};
use crate::domain::format::price;
use crate::domain::{AssetClass, Name, Order, Position};
use crate::domain::{Problem, ProblemKind};
use crate::outcomes::DELISTED_AFTER;
use crate::performance::Trade;

/// How a sale is told whose symbol had its last bar while others went on.
const DELISTED: &str = "delisted";
/// How a sale is told whose whole class has no later bar.
const DATA_END: &str = "data_end";
/// How a sale is told that the end of a window made.
const WINDOW_END: &str = "window_end";

/// Tells whether a trade that ended for this reason was sold at a close, whenever orders fill.
pub fn ends_at_a_close(reason: &str) -> bool {
    [DELISTED, DATA_END, WINDOW_END].contains(&reason)
}

impl Account {
    /// Fills the sales that wait, then the orders of the class. Names what did not fill; the sales among it are left
    /// in `sales`, since who was told to sell does so at the next bar.
    pub(super) fn fill(&mut self, floor: &Floor<'_>, sales: &mut Vec<Sale>) -> Vec<Problem> {
        let class = floor.class();
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        let mut due = Vec::with_capacity(self.ordered.len());
        for (order, ordered) in self.book.pending.drain(..).zip(self.ordered.drain(..)) {
            if order.asset_class == class {
                due.push((order, ordered));
            } else {
                others.push(order);
                kept.push(ordered);
            }
        }
        // Orders fill one by one below, each with its own costs.
        (self.book.pending, self.ordered) = (others, kept);
        let mut problems = Vec::new();
        self.sell(floor, sales, &mut problems);
        let bars = floor.bars(due.iter().map(|(_, ordered)| ordered.owner));
        for ((order, ordered), bar) in due.into_iter().zip(bars) {
            problems.extend(self.enter(floor, (order, ordered), bar));
        }
        problems
    }

    fn sell(&mut self, floor: &Floor<'_>, sales: &mut Vec<Sale>, problems: &mut Vec<Problem>) {
        let place = |sale: &Sale| self.lots.binary_search_by_key(&sale.trade, |lot| lot.trade).ok();
        // What was sold as delisted meanwhile has no place any more.
        let due: Vec<(usize, Sale)> =
            sales.drain(..).filter_map(|sale| Some((place(&sale)?, sale))).collect();
        let places: Vec<usize> = due.iter().map(|(place, _)| *place).collect();
        let bars = floor.bars(places.iter().map(|place| self.tracks[*place].owner()));
        for ((place, sale), bar) in due.into_iter().zip(&bars) {
            match *bar {
                Some(at) => self.close(floor, place, at, (sale.decided, floor.session), sale.reason),
                None => {
                    problems.push(not_sold(floor, sale.decided, &self.book.positions[place]));
                    sales.push(sale);
                }
            }
        }
        let prices: Vec<Option<f64>> = bars.iter().map(|bar| bar.map(|(_, at)| at)).collect();
        decide::sell(&mut self.book, &places, &prices);
        let gone: Vec<usize> =
            places.into_iter().zip(prices).filter_map(|(place, price)| price.map(|_| place)).collect();
        self.forget(&gone);
    }

    /// Forgets the positions at these places, which have left the book.
    fn forget(&mut self, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        let mut is_gone = vec![false; self.lots.len()];
        places.iter().for_each(|place| is_gone[*place] = true);
        let mut gone = is_gone.iter();
        self.lots.retain(|_| !gone.next().copied().unwrap_or_default());
        let mut gone = is_gone.iter();
        self.tracks.retain(|_| !gone.next().copied().unwrap_or_default());
    }

    /// Books a sale of the position at a place, filled in a row's bar: its cost leaves the cash, and its trade is done.
    fn close(
        &mut self,
        floor: &Floor<'_>,
        place: usize,
        (row, at): (usize, f64),
        (decided, filled): (NaiveDate, NaiveDate),
        reason: Name,
    ) {
        let Position { symbol, quantity, .. } = &self.book.positions[place];
        let rate = floor.rate(symbol, decided, filled);
        let notional = quantity * at;
        let cost = rate.cost(notional);
        self.book.cash -= cost;
        self.paid += rate.paid(notional);
        self.traded += notional;
        self.filled += 1;
        let Lot { trade, entry_row, split_factor } = self.lots[place];
        let trade = &mut self.trades[trade];
        trade.exit_date = filled;
        trade.exit_price = at * split_factor;
        trade.exit_reason = reason;
        trade.costs += cost;
        trade.bars_held = row - entry_row;
        trade.open = false;
    }

    /// Fills one order, cut to what the cash pays for with its cost; says why where it does not fill.
    fn enter(
        &mut self,
        floor: &Floor<'_>,
        (mut order, ordered): (Order, Ordered),
        bar: Option<(usize, f64)>,
    ) -> Option<Problem> {
        let rate = floor.rate(&order.symbol, order.session, floor.session);
        let ordered_quantity = order.quantity;
        if let Some((_, at)) = bar {
            order.quantity = affordable(&order, at, rate, self.free_cash());
        }
        let price = bar.map(|(_, at)| (floor.session, at));
        let (quantity, outcome) = decide::buy(&mut self.book, &order, price);
        let (Some((entry_row, _)), FillOutcome::Filled(at)) = (bar, outcome) else {
            return Some(not_bought(&order, outcome));
        };
        let notional = quantity * at;
        let cost = rate.cost(notional);
        // Rounding may make the last fractional unit cost a hair more than is left.
        self.book.cash = (self.book.cash - cost).max(0.0);
        self.paid += rate.paid(notional);
        self.traded += notional;
        self.filled += 1;
        self.cut += usize::from(quantity < ordered_quantity);
        let bought = &self.book.positions[self.book.positions.len() - 1];
        self.tracks.push(Track::bought(bought, floor.prepared, floor.scripts, entry_row));
        self.lots.push(Lot { trade: self.trades.len(), entry_row, split_factor: 1.0 });
        self.trades.push(Trade {
            symbol: order.symbol,
            asset_class: order.asset_class,
            strategy: order.strategy,
            trigger: ordered.trigger,
            score: ordered.score,
            decided: order.session,
            regime: ordered.regime,
            entry_date: floor.session,
            entry_price: at,
            quantity,
            stop_price: order.stop_price,
            exit_date: floor.session,
            exit_price: at,
            exit_reason: self.open.clone(),
            costs: cost,
            bars_held: 0,
            open: true,
        });
        None
    }

    /// Returns the cash that no order of another class holds: those of the filled one are taken out by now.
    fn free_cash(&self) -> f64 {
        let held: f64 = self.book.pending.iter().map(Order::notional).sum();
        (self.book.cash - held).max(0.0)
    }

    /// Sells what has had no bar for so long that it counts as delisted, at its last close. Names each with the
    /// session of that close, which is its trade's last. What trades again up to the end of the walk was halted and is
    /// kept: sold at the close before, it would be spared what it reopens at.
    pub(super) fn sell_delisted(
        &mut self,
        floor: &Floor<'_>,
        end: Option<NaiveDate>,
    ) -> Vec<(NaiveDate, Problem)> {
        // What was bought is of the universe, and on most sessions none of that is silent.
        if floor.prepared.stale_on(floor.session).is_empty() {
            return Vec::new();
        }
        let sessions = floor.prepared.columns.sessions();
        let until = |date: NaiveDate| sessions.partition_point(|session| *session <= date);
        let panel = floor.prepared.columns.panel();
        let today = floor.today();
        let is_silent = |place: &usize| {
            let own = &self.book.positions[*place];
            own.asset_class == floor.class() && self.tracks[*place].close(today).is_none()
        };
        let silent: Vec<usize> = (0..self.book.positions.len()).filter(is_silent).collect();
        let (mut problems, mut sold) = (Vec::new(), Vec::new());
        for place in silent {
            let symbol = self.book.positions[place].symbol.clone();
            let Some(row) = floor.newest(&symbol, floor.session) else { continue };
            let (date, close) = (panel.dates()[row], panel.close()[row]);
            let later = panel.dates()[row + 1..panel.rows(panel.owner(row)).end].first();
            let is_halted = later.is_some_and(|later| end.is_none_or(|end| *later <= end));
            if is_halted || until(floor.session) - until(date) < DELISTED_AFTER {
                continue;
            }
            sold.push((place, row));
            let told = format!(
                "its last bar: taken for delisted, after {DELISTED_AFTER} sessions without one, and sold at this close \
                 of {}",
                price(close)
            );
            problems.push((date, Problem::new(&symbol, ProblemKind::Position, told)));
        }
        self.sell_at_closes(floor, &sold, DELISTED);
        problems
    }

    /// Sells all that is held of the class at its newest closes, as what ended with a window.
    pub(super) fn sell_all(&mut self, floor: &Floor<'_>) {
        self.leave(floor, WINDOW_END);
    }

    /// Does the same with a class that has had no bar of any symbol for as long as one symbol may be halted.
    pub(super) fn end_class(&mut self, floor: &Floor<'_>) {
        self.leave(floor, DATA_END);
    }

    /// Lets the orders of a class lapse that find no bar, and names them.
    pub(super) fn lapse(&mut self, class: AssetClass) -> Vec<Problem> {
        let dropped = self.drop_orders(class);
        dropped.iter().map(|order| not_bought(order, FillOutcome::NoBar)).collect()
    }

    /// Drops the orders of a class whose window ends, and names them.
    pub(super) fn end_orders(&mut self, class: AssetClass) -> Vec<Problem> {
        let dropped = self.drop_orders(class);
        dropped.iter().map(|order| not_filled(order, "its window ended before")).collect()
    }

    fn drop_orders(&mut self, class: AssetClass) -> Vec<Order> {
        let mut is_dropped = self.book.pending.iter().map(|own| own.asset_class == class);
        self.ordered.retain(|_| !is_dropped.next().unwrap_or_default());
        let pending = mem::take(&mut self.book.pending);
        let (dropped, kept) = pending.into_iter().partition(|own| own.asset_class == class);
        self.book.pending = kept;
        dropped
    }

    fn leave(&mut self, floor: &Floor<'_>, reason: &str) {
        let class = floor.class();
        let at_close = |(place, own): (usize, &Position)| {
            let row = floor.newest(&own.symbol, floor.session).filter(|_| own.asset_class == class)?;
            Some((place, row))
        };
        let sold: Vec<_> = self.book.positions.iter().enumerate().filter_map(at_close).collect();
        self.sell_at_closes(floor, &sold, reason);
        mark(&mut self.book, class, |_, _| None);
    }

    /// Sells the positions at these places at the closes of these rows.
    fn sell_at_closes(&mut self, floor: &Floor<'_>, sold: &[(usize, usize)], reason: &str) {
        if sold.is_empty() {
            return;
        }
        let panel = floor.prepared.columns.panel();
        let places: Vec<usize> = sold.iter().map(|(place, _)| *place).collect();
        let closes: Vec<Option<f64>> = sold.iter().map(|(_, row)| Some(panel.close()[*row])).collect();
        for (place, row) in sold {
            let (date, close) = (panel.dates()[*row], panel.close()[*row]);
            self.close(floor, *place, (*row, close), (date, date), reason.into());
        }
        decide::sell(&mut self.book, &places, &closes);
        self.forget(&places);
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

fn not_sold(floor: &Floor<'_>, decided: NaiveDate, position: &Position) -> Problem {
    let told = format!(
        "the sale of {} that {decided} decided found no bar on {}: it waits for the next one",
        position.strategy, floor.session
    );
    Problem::new(&position.symbol, ProblemKind::NotFilled, told)
}

fn not_bought(order: &Order, outcome: FillOutcome) -> Problem {
    let why = match outcome {
        FillOutcome::OpenUnderStop(at) => {
            format!("it came at {}, at or under its stop of {}", price(at), price(order.stop_price))
        }
        FillOutcome::NoCash => "no cash was left for it".to_owned(),
        FillOutcome::NoBar | FillOutcome::Filled(_) => "it found no bar".to_owned(),
    };
    not_filled(order, &why)
}

fn not_filled(order: &Order, why: &str) -> Problem {
    let told = format!("the order of {} of {} was not filled: {why}", order.strategy, order.session);
    Problem::new(&order.symbol, ProblemKind::NotFilled, told)
}
