//! How a journal is opened: made, brought up to this program's version, refused, or set aside.
//!
//! Nothing is written before it is known whose file it is. Every page is read by the process that delivers, once; the
//! others look at the header. A corrupt journal is renamed, never deleted and never written to.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

use super::error::JournalError;
use super::lock::DaemonLock;
use super::lock::beside;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// One file a migration, in order: after the first so many, `user_version` is that number.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_journal.sql"),
    include_str!("../../migrations/0002_outbox.sql"),
    include_str!("../../migrations/0003_reveals.sql"),
    include_str!("../../migrations/0004_changes.sql"),
    include_str!("../../migrations/0005_alerts.sql"),
];
/// Ours, as the first migration writes it.
const APPLICATION_ID: i64 = 0x7473_6A31;
/// How long a writer waits for another; a run's own transaction takes a fraction of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the journal for writing; one whose header is corrupt is set aside and told.
pub(super) fn open(
    path: &Path,
    now: DateTime<Utc>,
    patience: Duration,
) -> Result<(Connection, Vec<Problem>), JournalError> {
    let emptied = emptied(path);
    match open_ours(path, patience) {
        Ok(connection) => return Ok((connection, emptied)),
        Err(JournalError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    let lock = DaemonLock::take(path)?;
    match open_ours(path, patience) {
        // Another process has just begun a new one.
        Ok(connection) => Ok((connection, Vec::new())),
        Err(JournalError::Corrupt { what, .. }) => set_aside(path, now, patience, &what, &lock),
        Err(error) => Err(error),
    }
}

/// Opens the journal for a change of what is held: one that is corrupt is left where it lies. A lot that is added to a
/// new one beside it would read as all that is held.
pub(super) fn open_to_change(
    path: &Path,
    patience: Duration,
) -> Result<(Connection, Vec<Problem>), JournalError> {
    let emptied = emptied(path);
    Ok((open_ours(path, patience)?, emptied))
}

/// Opens the journal for the one process that delivers, which alone reads every page of it.
pub(super) fn open_to_send(
    path: &Path,
    now: DateTime<Utc>,
    patience: Duration,
) -> Result<(Connection, DaemonLock, Vec<Problem>), JournalError> {
    let emptied = emptied(path);
    match open_ours(path, patience) {
        Ok(_) | Err(JournalError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    let lock = DaemonLock::take(path)?;
    // Opened anew: until the lock was had, another process may have set aside what was opened.
    let whole = open_ours(path, patience).and_then(|connection| {
        check(&connection, path)?;
        Ok(connection)
    });
    match whole {
        Ok(connection) => Ok((connection, lock, emptied)),
        Err(JournalError::Corrupt { what, .. }) => {
            let (connection, problems) = set_aside(path, now, patience, &what, &lock)?;
            Ok((connection, lock, problems))
        }
        Err(error) => Err(error),
    }
}

/// Opens a journal that is there, for reading alone.
pub(super) fn open_to_read(path: &Path, patience: Duration) -> Result<Connection, JournalError> {
    if path.is_dir() {
        return Err(JournalError::Folder { path: path.to_path_buf() });
    }
    if !path.exists() {
        return Err(JournalError::Missing { path: path.to_path_buf() });
    }
    let fault = |error| JournalError::of_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).map_err(fault).and_then(|connection| {
        connection.busy_timeout(patience).map_err(fault)?;
        Ok((version(&connection, path)?, connection))
    });
    let (version, connection) = match opened {
        Err(JournalError::Unwritable { .. }) => as_it_lies(path)?,
        opened => opened?,
    };
    match version {
        // Made and not yet filled: nothing is in it.
        0 => Err(JournalError::Missing { path: path.to_path_buf() }),
        found if found < MIGRATIONS.len() as i64 => {
            drop(connection);
            drop(open_ours(path, patience)?);
            open_to_read(path, patience)
        }
        _ => Ok(connection),
    }
}

/// Opens a journal where nothing may be written beside it, as a read-only folder or disk: to read a write-ahead log
/// SQLite writes an index of it, so this is for a journal without one. Nobody else writes it then.
pub(super) fn as_it_lies(path: &Path) -> Result<(i64, Connection), JournalError> {
    let unread = || JournalError::Unread { path: path.to_path_buf() };
    if holds_something(&beside(path, "-wal")) {
        return Err(unread());
    }
    let fault = |error| JournalError::of_sqlite(path, error);
    let name = path.to_str().ok_or_else(unread)?;
    let escaped = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags).map_err(fault)?;
    Ok((version(&connection, path)?, connection))
}

fn holds_something(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() > 0)
}

/// Says that a journal was emptied: its file holds nothing, and a process has sent from it before. A file that was
/// only made for it is as good as none.
fn emptied(path: &Path) -> Vec<Problem> {
    let is_empty = path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0);
    if !is_empty || !beside(path, ".lock").exists() {
        return Vec::new();
    }
    let message = "it was empty, so it is begun anew: the positions, mails and runs that were in it are not known any \
                   more; end ts and restore a backup over it";
    vec![Problem::new(path.display(), ProblemKind::Journal, message)]
}

/// Opens, or makes, a journal that is ours.
fn open_ours(path: &Path, patience: Duration) -> Result<Connection, JournalError> {
    if path.is_dir() {
        return Err(JournalError::Folder { path: path.to_path_buf() });
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| JournalError::of_disk(folder, error))?;
    }
    // SQLite would delete the log of an empty database.
    if path.metadata().is_ok_and(|file| file.len() == 0) && holds_something(&beside(path, "-wal")) {
        let what = "it is empty, and its write-ahead log is not".to_owned();
        return Err(JournalError::Corrupt { path: path.to_path_buf(), what });
    }
    let fault = |error| JournalError::of_sqlite(path, error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection.busy_timeout(patience).map_err(fault)?;
    version(&connection, path)?;
    prepare(&mut connection, patience).map_err(fault)?;
    Ok(connection)
}

/// Sets what a connection needs and brings the tables up to this program's version.
pub(super) fn prepare(connection: &mut Connection, patience: Duration) -> rusqlite::Result<()> {
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    // One in memory has a mode of its own.
    if mode != "wal" && mode != "memory" {
        to_wal(connection, patience)?;
    }
    // A mail that was marked sent must be so after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    if user_version(connection)? < MIGRATIONS.len() as i64 {
        // Another process may be doing the same: whoever comes second finds it done.
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        let done = usize::try_from(user_version(&transaction)?).unwrap_or(MIGRATIONS.len());
        for (number, migration) in MIGRATIONS.iter().enumerate().skip(done) {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", number as i64 + 1)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Changes a new file to write-ahead logging. SQLite does not wait where two processes do so at once.
fn to_wal(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut left = patience;
    loop {
        let changed = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        let is_busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        if left.is_zero() || !changed.as_ref().is_err_and(is_busy) {
            return changed;
        }
        std::thread::sleep(PAUSE);
        left = left.saturating_sub(PAUSE);
    }
}

/// Returns the version of a journal, 0 of an empty one.
fn version(connection: &Connection, path: &Path) -> Result<i64, JournalError> {
    let fault = |error| JournalError::of_sqlite(path, error);
    // Of one moment: another process may be making it.
    let moment = connection.unchecked_transaction().map_err(fault)?;
    let found = user_version(&moment).map_err(fault)?;
    let application: i64 =
        moment.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fault)?;
    let tables: i64 =
        moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fault)?;
    moment.commit().map_err(fault)?;
    let is_empty = found == 0 && application == 0 && tables == 0;
    if !is_empty && application != APPLICATION_ID {
        return Err(JournalError::Foreign { path: path.to_path_buf() });
    }
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(JournalError::Newer { path: path.to_path_buf(), found, known });
    }
    Ok(found)
}

fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Reads every page: damage must be met here, not in the middle of a delivery.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| JournalError::of_sqlite(path, error))?;
    if found == "ok" {
        return Ok(());
    }
    Err(JournalError::Corrupt { path: path.to_path_buf(), what: found.replace('\n', " ") })
}

/// Renames a corrupt journal and makes a new one, while nobody else works on it.
fn set_aside(
    path: &Path,
    now: DateTime<Utc>,
    patience: Duration,
    what: &str,
    _lock: &DaemonLock,
) -> Result<(Connection, Vec<Problem>), JournalError> {
    let aside = free_name(path, now);
    // The log first: left beside a new database, it would be played into it.
    for suffix in ["-wal", "-shm", ""] {
        let from = beside(path, suffix);
        match fs::rename(&from, beside(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(JournalError::of_disk(&from, error));
            }
            _ => {}
        }
    }
    sync_folder(path)?;
    let connection = open_ours(path, patience)?;
    let message = format!(
        "it was corrupt ({what}), so it is set aside as {} and a new one is begun: the positions, mails and runs \
         in it are not known any more; end ts and restore a backup over {}",
        aside.display(),
        path.display()
    );
    Ok((connection, vec![Problem::new(path.display(), ProblemKind::Journal, message)]))
}

/// Returns what was set aside of a journal, the oldest first, as long as it lies beside it.
pub fn lying_aside(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let begin = format!("{}.corrupt-", name.to_string_lossy());
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_aside = |own: &PathBuf| {
        let name = own.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&begin) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let mut found: Vec<PathBuf> = entries.filter(is_aside).collect();
    found.sort();
    found
}

/// A name for what is set aside that no earlier one has.
fn free_name(path: &Path, now: DateTime<Utc>) -> PathBuf {
    let stem = format!(".corrupt-{}", now.format("%Y%m%dT%H%M%SZ"));
    let first = beside(path, &stem);
    if !first.exists() {
        return first;
    }
    let others = (2..).map(|number| beside(path, &format!("{stem}-{number}")));
    others.into_iter().find(|other| !other.exists()).unwrap_or(first)
}

/// Waits until the names in the journal's folder are on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    // Elsewhere a folder cannot be opened, and its names are written through.
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| JournalError::of_disk(folder, error))
}
