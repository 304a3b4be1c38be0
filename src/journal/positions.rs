//! The lots that the user holds: what was bought, its stop as advanced, and how it was closed.
//!
//! Prices and quantities are as traded on their own days. A split after the entry changes nothing here: the decision
//! rescales a copy, and a sale says how many units each one bought has become. A stop never moves down, nor back to
//! an earlier session.

use std::slice;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;
use uuid::Uuid;

use super::Journal;
use super::JournalError;
use super::changes;
use super::error::Fault;
use super::values::instant;
use super::values::parsed;
use super::values::parsed_if_there;
use crate::domain::AssetClass;
use crate::domain::Position;
use crate::domain::Symbol;

/// Less than this part of a lot left over is what rounding left.
const NOTHING_LEFT: f64 = 1e-9;

/// What was bought, as traded.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLot {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    /// The strategy whose exit rule sells it.
    pub strategy: String,
    /// The session on which it was bought.
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    /// Units of the asset.
    pub quantity: f64,
    /// The stop at the entry.
    pub stop_price: f64,
}

/// A lot that is held, or was.
#[derive(Clone, Debug, PartialEq)]
pub struct Lot {
    pub id: i64,
    /// As traded, with the stop as advanced; marked at its entry.
    pub position: Position,
    /// The stop at the entry.
    pub entry_stop: f64,
    pub added_at: DateTime<Utc>,
    /// `None` while it is held.
    pub closing: Option<Closing>,
}

/// How a lot was sold.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    pub date: NaiveDate,
    /// As traded on that day.
    pub price: f64,
    /// The units that splits made of each one bought until that day; 1 without a split.
    pub split_factor: f64,
    pub reason: String,
}

/// A stop after a session, at the scale of its lot's entry.
#[derive(Clone, Debug, PartialEq)]
pub struct StopAdvance {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: String,
    pub entry_date: NaiveDate,
    /// The last session that the strategy's `stop` has seen.
    pub session: NaiveDate,
    pub stop_price: f64,
}

impl NewLot {
    /// Returns what is wrong with it, as the end of a sentence.
    fn fault(&self) -> Option<String> {
        let numbers =
            [("entry price", self.entry_price), ("quantity", self.quantity), ("stop", self.stop_price)];
        let bad = numbers.into_iter().find(|(_, number)| !(number.is_finite() && *number > 0.0));
        let lot = format!("add {} {} for {}", self.asset_class, self.symbol, self.strategy);
        if let Some((what, number)) = bad {
            return Some(format!("{lot}: its {what} is {number}; give a number over zero"));
        }
        self.strategy
            .trim()
            .is_empty()
            .then(|| format!("{lot}: it names no strategy; name the one that sells it"))
    }
}

impl Lot {
    /// Returns what was gained or lost, in the quote currency; `None` while it is held.
    pub fn pnl(&self) -> Option<f64> {
        let closing = self.closing.as_ref()?;
        let (bought, quantity) = (self.position.entry_price, self.position.quantity);
        Some((closing.price * closing.split_factor - bought) * quantity)
    }
}

impl Journal {
    /// Adds a lot that was bought.
    ///
    /// # Errors
    /// [`JournalError::Refused`] for a number that is none, or a second open lot of class, symbol and strategy.
    pub fn add_lot(&self, lot: &NewLot, now: DateTime<Utc>) -> Result<Lot, JournalError> {
        self.write(|transaction| {
            let lot = add(transaction, lot, now)?;
            changes::note_added(transaction, slice::from_ref(&lot), now)?;
            Ok(lot)
        })
    }

    /// Adds lots, all or none.
    ///
    /// # Errors
    /// As [`Journal::add_lot`], naming the first that cannot be added.
    pub fn import_lots(&self, lots: &[NewLot], now: DateTime<Utc>) -> Result<Vec<Lot>, JournalError> {
        self.write(|transaction| {
            let lots: Vec<Lot> =
                lots.iter().map(|lot| add(transaction, lot, now)).collect::<Result<_, Fault>>()?;
            changes::note_added(transaction, &lots, now)?;
            Ok(lots)
        })
    }

    /// Closes a lot, or `quantity` units of it as they are counted on the day of the sale. What is left stays open.
    /// Returns the closed lot.
    ///
    /// # Errors
    /// [`JournalError::Refused`] for a lot that is not held, more units than it has, a number that is none, or a day
    /// before its entry.
    pub fn close_lot(
        &self,
        id: i64,
        quantity: Option<f64>,
        closing: &Closing,
        now: DateTime<Utc>,
    ) -> Result<Lot, JournalError> {
        self.write(|transaction| close(transaction, id, quantity, closing, now))
    }

    /// Returns the lots that are held, by class, symbol and strategy.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn open_lots(&self) -> Result<Vec<Lot>, JournalError> {
        self.lots_where("closed_date IS NULL ORDER BY asset_class DESC, symbol, strategy")
    }

    /// Returns every lot, those that are held first, then the closed ones from the newest on.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn lots(&self) -> Result<Vec<Lot>, JournalError> {
        self.lots_where(
            "1 ORDER BY closed_date IS NOT NULL, closed_date DESC, asset_class DESC, symbol, strategy, id",
        )
    }

    /// Returns the positions that are held; `None` where no lot was ever added, so that another place may say.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn positions(&self) -> Result<Option<Vec<Position>>, JournalError> {
        let lots = self.lots()?;
        let held = lots.iter().filter(|lot| lot.closing.is_none()).map(|lot| lot.position.clone());
        Ok((!lots.is_empty()).then(|| held.collect()))
    }

    /// Returns the stop of a lot after each session that advanced it, oldest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn stops(&self, lot: i64) -> Result<Vec<(NaiveDate, f64)>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT session, stop_price FROM position_stops WHERE position = ?1 ORDER BY session";
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map([lot], |row| Ok((parsed(row, "session")?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn lots_where(&self, chosen: &str) -> Result<Vec<Lot>, JournalError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT * FROM positions WHERE {chosen}"))?;
            let rows = select.query_map([], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Carries the stops of a decided session into the open lots that they belong to. One that the journal does not
/// hold is passed over: it is kept elsewhere.
pub(super) fn advance(connection: &Connection, stops: &[StopAdvance], run: Uuid) -> rusqlite::Result<()> {
    for stop in stops {
        let sql = "UPDATE positions SET stop_price = max(stop_price, :stop), stop_session = :session
                   WHERE asset_class = :class AND symbol = :symbol AND strategy = :strategy
                       AND entry_date = :entry AND closed_date IS NULL AND stop_session < :session
                   RETURNING id, stop_price";
        let values = named_params! {
            ":stop": stop.stop_price,
            ":session": stop.session.to_string(),
            ":class": stop.asset_class.as_str(),
            ":symbol": stop.symbol.as_str(),
            ":strategy": stop.strategy,
            ":entry": stop.entry_date.to_string(),
        };
        let advanced = connection.query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((lot, price)): Option<(i64, f64)> = advanced else { continue };
        connection.execute(
            "INSERT INTO position_stops (position, session, stop_price, run) VALUES (?1, ?2, ?3, ?4)",
            params![lot, stop.session.to_string(), price, run.to_string()],
        )?;
    }
    Ok(())
}

fn add(connection: &Connection, lot: &NewLot, now: DateTime<Utc>) -> Result<Lot, Fault> {
    if let Some(fault) = lot.fault() {
        return Err(Fault::Refused(fault));
    }
    let held = "SELECT entry_date FROM positions
                WHERE asset_class = ?1 AND symbol = ?2 AND strategy = ?3 AND closed_date IS NULL";
    let named = params![lot.asset_class.as_str(), lot.symbol.as_str(), lot.strategy];
    if let Some(since) = connection.query_row(held, named, |row| row.get::<_, String>(0)).optional()? {
        return Err(Fault::Refused(format!(
            "add {} {} for {}: it is held since {since}, and a strategy holds one lot of a symbol; close that one \
             first, or add both together as one",
            lot.asset_class, lot.symbol, lot.strategy
        )));
    }
    // The entry session's own close is the first that the rule sees.
    let before = lot.entry_date.pred_opt().unwrap_or(lot.entry_date);
    let sql =
        "INSERT INTO positions (symbol, asset_class, strategy, entry_date, entry_price, quantity, entry_stop,
                   stop_price, stop_session, added_at)
               VALUES (:symbol, :class, :strategy, :entry, :price, :quantity, :stop, :stop, :before, :now)
               RETURNING *";
    let values = named_params! {
        ":symbol": lot.symbol.as_str(),
        ":class": lot.asset_class.as_str(),
        ":strategy": lot.strategy,
        ":entry": lot.entry_date.to_string(),
        ":price": lot.entry_price,
        ":quantity": lot.quantity,
        ":stop": lot.stop_price,
        ":before": before.to_string(),
        ":now": instant(now),
    };
    Ok(connection.query_row(sql, values, row)?)
}

fn close(
    connection: &Connection,
    id: i64,
    quantity: Option<f64>,
    closing: &Closing,
    now: DateTime<Utc>,
) -> Result<Lot, Fault> {
    let held = connection.query_row("SELECT * FROM positions WHERE id = ?1", [id], row).optional()?;
    let Some(held) = held.filter(|lot| lot.closing.is_none()) else {
        return Err(Fault::Refused(format!(
            "close lot {id}: no such lot is held; `ts portfolio list` shows them"
        )));
    };
    let position = &held.position;
    let refuse = |why: String| Err(Fault::Refused(format!("close {}: {why}", position.symbol)));
    for (what, number) in [("price", closing.price), ("split factor", closing.split_factor)] {
        if !(number.is_finite() && number > 0.0) {
            return refuse(format!("its {what} is {number}; give a number over zero"));
        }
    }
    if closing.date < position.entry_date {
        return refuse(format!("{} lies before its entry on {}", closing.date, position.entry_date));
    }
    let sold = quantity.map_or(position.quantity, |units| units / closing.split_factor);
    let left = position.quantity - sold;
    if !(sold.is_finite() && sold > 0.0) || left < -NOTHING_LEFT * position.quantity {
        let there = position.quantity * closing.split_factor;
        return refuse(format!("{} units of {there} cannot be sold", quantity.unwrap_or(there)));
    }
    let is_whole = left <= NOTHING_LEFT * position.quantity;
    let sold = if is_whole { position.quantity } else { sold };
    let closed = if is_whole { id } else { split_off(connection, id, sold, left)? };
    let sql = "UPDATE positions SET closed_date = :date, closed_price = :price, closed_factor = :factor,
                   closed_reason = :reason, closed_at = :now
               WHERE id = :id RETURNING *";
    let values = named_params! {
        ":id": closed,
        ":date": closing.date.to_string(),
        ":price": closing.price,
        ":factor": closing.split_factor,
        ":reason": closing.reason,
        ":now": instant(now),
    };
    let sale = connection.query_row(sql, values, row)?;
    changes::note_closed(connection, closed, &held, now)?;
    Ok(sale)
}

/// Makes two lots of one, and returns the one of `sold` units; the other keeps its id. The new one gets its day of
/// sale at once, as two open lots cannot stand side by side.
fn split_off(connection: &Connection, id: i64, sold: f64, left: f64) -> rusqlite::Result<i64> {
    connection.execute("UPDATE positions SET quantity = ?2 WHERE id = ?1", params![id, left])?;
    let sql =
        "INSERT INTO positions (symbol, asset_class, strategy, entry_date, entry_price, quantity, entry_stop,
                   stop_price, stop_session, added_at, closed_date, closed_price, closed_factor)
               SELECT symbol, asset_class, strategy, entry_date, entry_price, ?2, entry_stop, stop_price,
                   stop_session, added_at, entry_date, entry_price, 1 FROM positions WHERE id = ?1
               RETURNING id";
    connection.query_row(sql, params![id, sold], |row| row.get(0))
}

/// Returns a lot that is there.
pub(super) fn find(connection: &Connection, id: i64) -> rusqlite::Result<Lot> {
    connection.query_row("SELECT * FROM positions WHERE id = ?1", [id], row)
}

fn row(row: &Row<'_>) -> rusqlite::Result<Lot> {
    let entry_price = row.get("entry_price")?;
    let closing = match parsed_if_there(row, "closed_date")? {
        None => None,
        Some(date) => Some(Closing {
            date,
            price: row.get("closed_price")?,
            split_factor: row.get("closed_factor")?,
            reason: row.get::<_, Option<String>>("closed_reason")?.unwrap_or_default(),
        }),
    };
    let position = Position {
        symbol: parsed(row, "symbol")?,
        asset_class: parsed(row, "asset_class")?,
        strategy: row.get::<_, String>("strategy")?.into(),
        entry_date: parsed(row, "entry_date")?,
        entry_price,
        quantity: row.get("quantity")?,
        stop_price: row.get("stop_price")?,
        stop_session: parsed(row, "stop_session")?,
        last_close: entry_price,
        split_factor: 1.0,
    };
    Ok(Lot {
        id: row.get("id")?,
        position,
        entry_stop: row.get("entry_stop")?,
        added_at: parsed(row, "added_at")?,
        closing,
    })
}
