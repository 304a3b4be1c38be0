//! Follows past BUYs session by session, each on a book of its own, by the decision's own functions.
//!
//! What was found on an earlier session is never looked at again: a rule that is edited today sells from today on,
//! as it does for what is held. A symbol is followed up to its own newest bar, so that bars that come late find
//! nothing decided without them; only after a month without any is it given up. Refuses to follow prices that do not
//! fit the bars any more: a result between two scales would be none.

use std::collections::BTreeMap;
use std::slice;

use chrono::NaiveDate;

use super::followed::{Fill, Followed, Stage};
use crate::bars::Split;
use crate::decide::{Exits, FillOutcome, HeldPosition, PositionStatus, Prepared};
use crate::decide::{exits, rescale, settle};
use crate::domain::format::price;
use crate::domain::{AssetClass, Bar, Book, Order, Position, Symbol, Words};
use crate::domain::{Problem, ProblemKind};
use crate::scripts::{Rows, Scripts};

/// So many sessions in a row without a bar, while others have theirs, and a symbol counts as delisted: longer than
/// any halt that ends well.
pub const DELISTED_AFTER: usize = 20;
/// More money than any order costs, so that none is cut for want of it.
const AMPLE: f64 = 1e15;
/// A close that was told and the bar of its session are the same number, but for a vendor's corrections.
const FITS: f64 = 1.2;
const DELISTED: &str = "delisted";

/// Follows those of the prepared asset class up to `until`, in their order; the others stay as they are.
///
/// `scripts` must be the ones that `prepared` was made with, for sessions from
/// [`Followed::oldest_session_asked`] on. Bars after `until` have no influence. A problem names what could not be
/// followed further.
pub fn follow(
    prepared: &Prepared,
    scripts: &Scripts,
    past: Vec<Followed>,
    until: NaiveDate,
) -> (Vec<Followed>, Vec<Problem>) {
    let rows = scripts.bind(&prepared.columns);
    let desk = Desk { prepared, scripts, rows: &rows, until };
    let class = prepared.columns.panel().asset_class();
    let mut problems = Vec::new();
    let follow = |mut own: Followed| {
        if own.told.asset_class == class
            && !own.is_settled()
            && let Err(why) = desk.follow(&mut own)
        {
            let message = format!("the recommendation of {} is not followed: {why}", own.told.session);
            problems.push(Problem::new(&own.told.symbol, ProblemKind::Outcome, message));
        }
        own
    };
    (past.into_iter().map(follow).collect(), problems)
}

/// What every one is followed with.
struct Desk<'a> {
    prepared: &'a Prepared,
    scripts: &'a Scripts,
    rows: &'a Rows,
    until: NaiveDate,
}

impl Desk<'_> {
    fn follow(&self, own: &mut Followed) -> Result<(), String> {
        let columns = &self.prepared.columns;
        let newest = self.newest_bar(&own.told.symbol);
        let after = |date: NaiveDate, until: NaiveDate| {
            let sessions = columns.sessions();
            let from = sessions.partition_point(|session| *session <= date);
            &sessions[from..sessions.partition_point(|session| *session <= until).max(from)]
        };
        let to_come = newest.map(|newest| after(own.last_session, newest)).unwrap_or_default();
        if !to_come.is_empty() {
            if !columns.is_kept(own.oldest_session_asked()) {
                return Err(format!("no features were prepared for {}", own.oldest_session_asked()));
            }
            self.refuse_other_scale(own)?;
        }
        for session in to_come {
            self.step(own, *session);
            if own.is_settled() {
                return Ok(());
            }
        }
        let seen = newest.map_or(own.last_session, |newest| newest.max(own.last_session));
        if after(seen, self.until).len() >= DELISTED_AFTER {
            give_up(own);
        }
        Ok(())
    }

    /// The date of a symbol's last bar up to the end.
    fn newest_bar(&self, symbol: &Symbol) -> Option<NaiveDate> {
        let panel = self.prepared.columns.panel();
        let dates = &panel.dates()[panel.rows(panel.position(symbol)?)];
        dates[..dates.partition_point(|date| *date <= self.until)].last().copied()
    }

    /// Compares what was told with the bar of its session: a split that no list names leaves them apart.
    fn refuse_other_scale(&self, own: &Followed) -> Result<(), String> {
        let panel = self.prepared.columns.panel();
        let session = own.told.session;
        let row = panel.position(&own.told.symbol).and_then(|place| panel.row(place, session));
        let Some(close) = row.map(|row| panel.close()[row]) else { return Ok(()) };
        let told = own.told.close / self.factor(own, session);
        // Bars that still show a split are at the old price before it.
        let fits = |told: f64| (1.0 / FITS..=FITS).contains(&(told / close));
        if fits(told) || fits(own.told.close) {
            return Ok(());
        }
        Err(format!(
            "it was told at a close of {}, and the bar of that session says {}: a split that no list names",
            price(own.told.close),
            price(close)
        ))
    }

    fn step(&self, own: &mut Followed, session: NaiveDate) {
        let bar = self.bar(&own.told.symbol, session);
        let factor = self.factor(own, session);
        let next: BTreeMap<Symbol, Bar> = bar.map(|bar| (own.told.symbol.clone(), bar)).into_iter().collect();
        if own.stage == Stage::Waiting {
            self.enter(own, session, factor, &next);
        } else if let Some(reason) = own.exit_reason.take() {
            self.leave(own, session, factor, reason, &next);
        }
        own.last_session = session;
        if own.is_open()
            && let Some(bar) = bar
        {
            self.look(own, bar, factor);
        }
    }

    /// Fills the order at the session's open, or not.
    fn enter(&self, own: &mut Followed, session: NaiveDate, factor: f64, next: &BTreeMap<Symbol, Bar>) {
        let told = &own.told;
        let mut quantity = told.quantity * factor;
        if factor != 1.0 && told.asset_class == AssetClass::Equity {
            // Part of a share is no order, and the result does not depend on their number.
            quantity = quantity.ceil();
        }
        let mut book = Book::of_cash(AMPLE);
        book.pending.push(Order {
            symbol: told.symbol.clone(),
            asset_class: told.asset_class,
            strategy: told.strategy.as_str().into(),
            session: told.session,
            quantity,
            decided_price: told.close / factor,
            stop_price: told.stop_price / factor,
        });
        let (book, fills) = settle(book, told.asset_class, &[], next);
        let outcome = fills.first().map_or(FillOutcome::NoBar, |fill| fill.outcome);
        own.stage = match (outcome, book.positions.first()) {
            (FillOutcome::Filled(open), Some(position)) => {
                own.entry = Some(Fill { session, price: open * factor });
                own.stop_session = position.stop_session;
                Stage::Open
            }
            (FillOutcome::OpenUnderStop(open), _) => {
                let (open, stop) = (price(open * factor), price(told.stop_price));
                Stage::NotFilled(format!("it opened at {open}, at or under its stop of {stop}"))
            }
            _ => Stage::NotFilled(no_bar(session)),
        };
    }

    /// Fills the sale that the session before decided at this one's open; without a bar it is decided again.
    fn leave(
        &self,
        own: &mut Followed,
        session: NaiveDate,
        factor: f64,
        reason: String,
        next: &BTreeMap<Symbol, Bar>,
    ) {
        let position = self.position(own, own.last_session);
        let book = Book::of_positions(AMPLE, vec![position]);
        let mut held = self.exits(&book, own.last_session).held;
        // Whatever a rule says that was edited since: the sale was told.
        held.iter_mut().for_each(|held| held.status = PositionStatus::Sell);
        let (_, fills) = settle(book, own.told.asset_class, &held, next);
        // Without a bar it waits: who was told to sell does so at the next one.
        own.exit_reason = Some(reason);
        if let Some(FillOutcome::Filled(open)) = fills.first().map(|fill| fill.outcome) {
            own.exit = Some(Fill { session, price: open * factor });
            own.unchecked = None;
            own.stage = Stage::Closed;
        }
    }

    /// Looks at a bar since the fill: what it touched, and what stop and exit rule make of its close.
    fn look(&self, own: &mut Followed, bar: Bar, factor: f64) {
        let session = bar.date;
        // The stop that stood while the bar was traded is the one of the session before.
        if own.stop_touched.is_none() && bar.low <= own.stop_price / factor {
            own.stop_touched = Some(session);
        }
        let reaches = |target: f64| bar.high >= target / factor;
        if own.target_touched.is_none() && own.told.target_price.is_some_and(reaches) {
            own.target_touched = Some(session);
        }
        own.last_close = Some(bar.close * factor);
        let book = Book::of_positions(AMPLE, vec![self.position(own, session)]);
        let Exits { held, sells, .. } = self.exits(&book, session);
        let Some(held) = held.into_iter().next() else { return };
        own.stop_price = own.stop_price.max(held.stop_price * factor);
        own.stop_session = held.stop_session;
        own.bars_held = held.bars_held;
        own.exit_reason = sells.into_iter().next().map(|sell| sell.signal_type);
        own.stage = match self.scripts.strategy(&own.told.strategy) {
            Some(_) => Stage::Open,
            None => Stage::StrategyGone,
        };
        let HeldPosition { status, note, .. } = held;
        own.unchecked = (status == PositionStatus::Unchecked).then_some(note);
    }

    fn exits(&self, book: &Book, session: NaiveDate) -> Exits {
        exits(self.prepared, self.scripts, self.rows, book, session, Words::LeftOut)
    }

    fn bar(&self, symbol: &Symbol, session: NaiveDate) -> Option<Bar> {
        let panel = self.prepared.columns.panel();
        let row = panel.row(panel.position(symbol)?, session)?;
        Some(Bar {
            date: session,
            open: panel.open()[row],
            high: panel.high()[row],
            low: panel.low()[row],
            close: panel.close()[row],
            volume: panel.volume()[row],
        })
    }

    /// The open position at the scale of a session's bars; before the fill, what was told.
    fn position(&self, own: &Followed, session: NaiveDate) -> Position {
        let factor = self.factor(own, session);
        let entry = own.entry.unwrap_or(Fill { session: own.told.session, price: own.told.close });
        Position {
            entry_price: entry.price / factor,
            entry_date: entry.session,
            quantity: own.told.quantity * factor,
            stop_price: own.stop_price / factor,
            stop_session: own.stop_session,
            last_close: own.last_close.unwrap_or(entry.price) / factor,
            split_factor: factor,
            ..as_told(own)
        }
    }

    /// The units of each one told that the bars of the session count in.
    fn factor(&self, own: &Followed, session: NaiveDate) -> f64 {
        let told = &own.told;
        let is_since = |split: &Split| split.symbol == told.symbol && split.date > told.session;
        if !self.prepared.splits.iter().any(is_since) {
            return 1.0;
        }
        let rescaled = rescale(slice::from_ref(&as_told(own)), self.prepared, session);
        rescaled.first().map_or(1.0, |position| position.split_factor)
    }
}

/// The recommendation as a position bought at the close that decided it: the price that a split is seen by.
fn as_told(own: &Followed) -> Position {
    let told = &own.told;
    Position {
        symbol: told.symbol.clone(),
        asset_class: told.asset_class,
        strategy: told.strategy.as_str().into(),
        entry_date: told.session,
        entry_price: told.close,
        quantity: told.quantity,
        stop_price: told.stop_price,
        stop_session: told.session,
        last_close: told.close,
        split_factor: 1.0,
    }
}

/// Settles one whose symbol has no bars any more.
fn give_up(own: &mut Followed) {
    own.exit = match own.last_close {
        Some(close) if own.is_open() => {
            own.stage = Stage::Delisted;
            own.exit_reason = Some(DELISTED.to_owned());
            Some(Fill { session: own.last_session, price: close })
        }
        _ => {
            own.stage = Stage::NotFilled(format!("no bar came after {}", own.told.session));
            None
        }
    };
    own.unchecked = None;
}

fn no_bar(session: NaiveDate) -> String {
    format!("it had no bar on {session}")
}
