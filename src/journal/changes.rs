//! What a person told of lots, in order, and how the last of it is taken back: a slip of the keyboard must not stay.
//!
//! Only the last change can be taken back, then the one before it: so what is restored is what was there, and no lot
//! is pulled from under a later sale. Stops that runs advanced meanwhile stay with a lot that is held again.

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use super::Journal;
use super::JournalError;
use super::positions;
use super::positions::Lot;
use super::values::instant;
use super::values::one_of;
use super::values::parsed;

/// A change that was taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Undone {
    /// These are held no longer: one that was added, or those of one import.
    Added { lots: Vec<Lot>, told_at: DateTime<Utc> },
    /// What was sold, and the lot that is held again with it.
    Closed { sold: Box<Lot>, held: Box<Lot>, told_at: DateTime<Utc> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Added,
    Closed,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Added, Self::Closed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Closed => "closed",
        }
    }
}

/// One row: what was done with one lot.
struct Change {
    told: i64,
    told_at: DateTime<Utc>,
    kind: Kind,
    position: i64,
    /// Of a part that was closed: the lot that the rest stayed in, and its units before.
    part_of: Option<(i64, f64)>,
}

impl Journal {
    /// Takes back the last change of what is held that was told by hand: a lot, an import, or a sale. `None` where
    /// none is known any more.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn undo_change(&self) -> Result<Option<Undone>, JournalError> {
        self.write(|transaction| Ok(undo(transaction)?))
    }
}

/// Notes lots that were added together.
pub(super) fn note_added(connection: &Connection, lots: &[Lot], now: DateTime<Utc>) -> rusqlite::Result<()> {
    let told = next(connection)?;
    lots.iter().try_for_each(|lot| note(connection, told, Kind::Added, lot.id, None, now))
}

/// Notes that a lot was closed, `before` being what was held then: the same lot, or the one that it is a part of.
pub(super) fn note_closed(
    connection: &Connection,
    closed: i64,
    before: &Lot,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let part_of = (closed != before.id).then_some((before.id, before.position.quantity));
    note(connection, next(connection)?, Kind::Closed, closed, part_of, now)
}

fn next(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(told), 0) + 1 FROM portfolio_changes", [], |row| row.get(0))
}

fn note(
    connection: &Connection,
    told: i64,
    kind: Kind,
    position: i64,
    part_of: Option<(i64, f64)>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO portfolio_changes (told, told_at, kind, position, part_of, units_before)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            told,
            instant(now),
            kind.as_str(),
            position,
            part_of.map(|(lot, _)| lot),
            part_of.map(|(_, units)| units)
        ],
    )?;
    Ok(())
}

fn undo(connection: &Connection) -> rusqlite::Result<Option<Undone>> {
    let sql =
        "SELECT * FROM portfolio_changes WHERE told = (SELECT max(told) FROM portfolio_changes) ORDER BY id";
    let changes: Vec<Change> =
        connection.prepare(sql)?.query_map([], change)?.collect::<rusqlite::Result<_>>()?;
    let Some(last) = changes.first() else { return Ok(None) };
    let lots: Vec<Lot> = changes
        .iter()
        .map(|own| positions::find(connection, own.position))
        .collect::<rusqlite::Result<_>>()?;
    connection.execute("DELETE FROM portfolio_changes WHERE told = ?1", [last.told])?;
    let told_at = last.told_at;
    if last.kind == Kind::Added {
        for lot in &lots {
            connection.execute("DELETE FROM positions WHERE id = ?1", [lot.id])?;
        }
        return Ok(Some(Undone::Added { lots, told_at }));
    }
    let held = Box::new(reopen(connection, last)?);
    Ok(lots.into_iter().next().map(|sold| Undone::Closed { sold: Box::new(sold), held, told_at }))
}

/// Holds what was closed again, and returns the lot that has it.
fn reopen(connection: &Connection, change: &Change) -> rusqlite::Result<Lot> {
    let held = match change.part_of {
        Some((lot, units)) => {
            connection.execute("DELETE FROM positions WHERE id = ?1", [change.position])?;
            // As it was to the last digit, which a sum of the parts may not be.
            connection.execute("UPDATE positions SET quantity = ?2 WHERE id = ?1", params![lot, units])?;
            lot
        }
        None => {
            let sql = "UPDATE positions SET closed_date = NULL, closed_price = NULL, closed_factor = NULL,
                           closed_reason = NULL, closed_at = NULL WHERE id = ?1";
            connection.execute(sql, [change.position])?;
            change.position
        }
    };
    positions::find(connection, held)
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let part_of: Option<i64> = row.get("part_of")?;
    let units: Option<f64> = row.get("units_before")?;
    Ok(Change {
        told: row.get("told")?,
        told_at: parsed(row, "told_at")?,
        kind: one_of(row, "kind", &Kind::ALL, Kind::as_str)?,
        position: row.get("position")?,
        part_of: part_of.zip(units),
    })
}
