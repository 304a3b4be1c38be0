//! Why the journal could not be opened, read or written: each names the file and what to do next.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why something could not be done with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A newer program wrote it; it is left as it is.
    #[error(
        "open the journal {}: a newer ts wrote it (version {found}, this one knows {known}); upgrade ts, or set \
         journal.path to another file", .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// A database, but another program's.
    #[error("open the journal {}: it is another program's database; set journal.path to another file", .path.display())]
    Foreign { path: PathBuf },
    #[error("open the journal {}: it is a folder; set journal.path to a file", .path.display())]
    Folder { path: PathBuf },
    /// Asked to read what is not there.
    #[error("open the journal {}: there is none yet; a `ts run` without --dry-run makes it", .path.display())]
    Missing { path: PathBuf },
    /// The file, or its folder, does not let this user write.
    #[error("write the journal {}: it is not writable; give this user the right to, or set journal.path elsewhere", .path.display())]
    Unwritable { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    /// Its write-ahead log can be read only by whoever may write in its folder.
    #[error(
        "read the journal {}: part of it lies in its write-ahead log, which cannot be read where nothing may be \
         written; give this user the right to write in the folder, or copy the journal and the files beside it", .path.display()
    )]
    Unread { path: PathBuf },
    #[error("write the journal {}: the disk is full; make room, nothing was half-written", .path.display())]
    DiskFull { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    /// Another process did not let go of it in time.
    #[error("use the journal {}: another process keeps it locked; wait, or end that process", .path.display())]
    Locked { path: PathBuf, source: Said },
    /// It is not the database that was written.
    #[error(
        "use the journal {}: it is corrupt ({what}); restore a backup over it, or run `ts run`, which sets it \
         aside and begins a new one", .path.display()
    )]
    Corrupt { path: PathBuf, what: String },
    /// Another process holds the daemon's lock.
    #[error("work on the journal {}: {} does so already; leave it the work, or end it first", .path.display(), holder(*.process))]
    Held { path: PathBuf, process: Option<u32> },
    /// The file that is locked cannot be had.
    #[error("lock {}: this file system may not support locks; set journal.path to a local disk", .path.display())]
    Lock { path: PathBuf, source: io::Error },
    /// A stored value is not what was stored.
    #[error("read {what} from the journal {}; restore a backup", .path.display())]
    Damaged { path: PathBuf, what: String },
    /// What is asked for does not fit what the journal holds, as a sentence's end.
    #[error("{0}")]
    Refused(String),
    /// A mail of the outbox is not where a step of sending begins.
    #[error("{0}; another process may have moved it on: look at `ts status`, and run again")]
    OutOfTurn(String),
    /// Anything else that the disk said.
    #[error("write {}: the file system refuses it; make sure that the folder can be made, or set journal.path elsewhere", .path.display())]
    Disk { path: PathBuf, source: io::Error },
    /// Anything else that SQLite said.
    #[error("use the journal {}", .path.display())]
    Database { path: PathBuf, source: Said },
}

/// What SQLite said, once: its own error tells it again as its cause.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Said(String);

fn holder(process: Option<u32>) -> String {
    process.map_or("another process".to_owned(), |id| format!("process {id}"))
}

impl JournalError {
    /// Sorts what SQLite said by what a person can do.
    pub(super) fn of_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let code = source.sqlite_error_code();
        let source = Said(source.to_string());
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, source },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path, source: Box::new(source) },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::Unwritable { path, source: Box::new(source) }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Corrupt { path, what: source.to_string() }
            }
            _ => Self::Database { path, source },
        }
    }

    /// Sorts what the file system said about `path`.
    pub(super) fn of_disk(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source: Box::new(source) }
            }
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => Self::Unwritable { path, source: Box::new(source) },
            _ => Self::Disk { path, source },
        }
    }
}

/// What stops a transaction: SQLite, or what it found.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// A stored value that is not what was stored.
    Damaged(String),
    Refused(String),
    OutOfTurn(String),
}

impl Fault {
    pub(super) fn of(self, path: &Path) -> JournalError {
        let path_buf = || path.to_path_buf();
        match self.damage() {
            Ok(what) => JournalError::Damaged { path: path_buf(), what },
            Err(Fault::Sqlite(source)) => JournalError::of_sqlite(path, source),
            Err(Fault::Damaged(what)) => JournalError::Damaged { path: path_buf(), what },
            Err(Fault::Refused(what)) => JournalError::Refused(what),
            Err(Fault::OutOfTurn(what)) => JournalError::OutOfTurn(what),
        }
    }

    /// Returns which stored value is not what was stored, or the fault, where it is another.
    pub(super) fn damage(self) -> Result<String, Self> {
        match self {
            Fault::Damaged(what) => Ok(what),
            // A value of another shape is damage too, whoever notices it.
            Fault::Sqlite(
                source @ (rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)),
            ) => Ok(source.to_string()),
            other => Err(other),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}
