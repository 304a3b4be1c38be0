//! What was decided, sent and held, in one SQLite file: runs with their inputs, recommendations and what became of
//! them, positions with their stops, and the outbox of mails.
//!
//! What must be whole is one transaction: a run, its recommendations, the stops that it advanced and the mails that
//! tell of it are all there after a crash, or none is. Any number of processes may use one journal; one at a time
//! delivers, under [`DaemonLock`].
//!
//! Refuses to ask the time (`now` is an argument), to send, and to hold a secret. Everything here blocks: call it
//! where that is allowed.

mod alerts;
mod backup;
mod blobs;
mod changes;
mod chunks;
mod error;
mod inputs;
mod lock;
mod mail;
mod open;
mod outbox;
mod outcomes;
mod positions;
mod recommendations;
mod reveals;
mod run_entry;
mod runs;
mod sending;
mod sessions;
mod values;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

use crate::domain::Problem;
use error::Fault;

pub use alerts::{AlertRow, AlertState, AlertTry};
pub use changes::Undone;
pub use error::JournalError;
pub use inputs::{ClassInputs, RunInputs, ScriptInputs};
pub use lock::DaemonLock;
pub use mail::{Delivery, Lateness, Mail, MailFrom, MailState, Outgoing, Queued, Taken};
pub use open::lying_aside;
pub use outcomes::{Outcome, OutcomeState};
pub use positions::{Closing, Lot, NewLot, StopAdvance};
pub use recommendations::RecommendationRow;
pub use reveals::Reveal;
pub use run_entry::{Recorded, Rendered, RunEntry, RunRow, RunState, ScriptEntry, Stored, StoredRun};
pub use sessions::{Alert, JobSession, SessionRow, SessionState};

/// An open journal. Share it between threads by reference; each call is a transaction of its own.
#[derive(Debug)]
pub struct Journal {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal at `path`, making it and its folder where they are not there.
    ///
    /// One whose header is corrupt is renamed to `<path>.corrupt-<now>`, a new one is begun, and the problem says so.
    ///
    /// # Errors
    /// A folder, another program's database or one of a newer `ts`; a place that cannot be written; one that another
    /// process keeps locked; a corrupt one that another process is working on.
    pub fn open(path: &Path, now: DateTime<Utc>) -> Result<(Self, Vec<Problem>), JournalError> {
        let (connection, problems) = open::open(path, now, open::PATIENCE)?;
        Ok((Self::of(connection, path), problems))
    }

    /// Opens the journal as [`Journal::open`] does, for a change of what is held; a corrupt one is refused and left as
    /// it is.
    ///
    /// # Errors
    /// As [`Journal::open`], and [`JournalError::Corrupt`].
    pub fn open_to_change(path: &Path) -> Result<(Self, Vec<Problem>), JournalError> {
        let (connection, problems) = open::open_to_change(path, open::PATIENCE)?;
        Ok((Self::of(connection, path), problems))
    }

    /// Opens the journal as [`Journal::open`] does, takes the lock of the one process that delivers, and reads every
    /// page: damage anywhere sets the journal aside.
    ///
    /// # Errors
    /// As [`Journal::open`], and [`JournalError::Held`] where another process has the lock.
    pub fn open_to_send(
        path: &Path,
        now: DateTime<Utc>,
    ) -> Result<(Self, DaemonLock, Vec<Problem>), JournalError> {
        let (connection, lock, problems) = open::open_to_send(path, now, open::PATIENCE)?;
        Ok((Self::of(connection, path), lock, problems))
    }

    /// Opens a journal for reading alone: makes nothing, mends nothing, sets nothing aside. One of an older version is
    /// brought up to this one first.
    ///
    /// # Errors
    /// As [`Journal::open`], and [`JournalError::Missing`] where there is none.
    pub fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        Ok(Self::of(open::open_to_read(path, open::PATIENCE)?, path))
    }

    /// Opens an empty journal that is gone with its value.
    ///
    /// # Errors
    /// A system without memory.
    pub fn in_memory() -> Result<Self, JournalError> {
        let path = Path::new(":memory:");
        let fault = |error| JournalError::of_sqlite(path, error);
        let mut connection = Connection::open_in_memory().map_err(fault)?;
        open::prepare(&mut connection, open::PATIENCE).map_err(fault)?;
        Ok(Self::of(connection, path))
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock of the one process that delivers, without waiting.
    ///
    /// # Errors
    /// [`JournalError::Held`] says which process has it.
    pub fn lock_daemon(&self) -> Result<DaemonLock, JournalError> {
        DaemonLock::take(&self.path)
    }

    fn of(connection: Connection, path: &Path) -> Self {
        Self { connection: Mutex::new(connection), path: path.to_path_buf() }
    }

    /// Reads in one transaction, so that what is read fits together.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, JournalError> {
        self.transact(TransactionBehavior::Deferred, |transaction| work(transaction))
    }

    /// Writes in one transaction: all of `work`, or nothing where it fails.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, JournalError> {
        self.transact(TransactionBehavior::Immediate, work)
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, JournalError> {
        // A panic elsewhere rolled its transaction back, so the connection is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = |error: rusqlite::Error| JournalError::of_sqlite(&self.path, error);
        let transaction = Transaction::new(&mut connection, behavior).map_err(fault)?;
        let done = work(&transaction).map_err(|fault| fault.of(&self.path))?;
        transaction.commit().map_err(fault)?;
        Ok(done)
    }
}
