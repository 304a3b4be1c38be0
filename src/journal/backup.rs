//! A copy of the journal while others write to it, by SQLite's own backup.

use std::fs;
use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::Journal;
use super::JournalError;
use super::lock::beside;
use super::open;

impl Journal {
    /// Writes a whole copy to `to`, as the journal is at one moment. Writers are not kept waiting. Overwrites
    /// nothing, and leaves nothing half-written.
    ///
    /// # Errors
    /// [`JournalError::Refused`] where `to` is there; a place that cannot be written; a journal that is corrupt.
    pub fn backup(&self, to: &Path) -> Result<(), JournalError> {
        if to.exists() {
            return Err(JournalError::Refused(format!(
                "back up to {}: it is there already; name a new file",
                to.display()
            )));
        }
        let draft = beside(to, ".part");
        let copied = self.copy(&draft).and_then(|()| {
            let synced = File::open(&draft).and_then(|file| file.sync_all());
            synced.and_then(|()| fs::rename(&draft, to)).map_err(|error| JournalError::of_disk(to, error))?;
            open::sync_folder(to)
        });
        if copied.is_err() {
            // The failure to copy is what is told.
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(beside(&draft, suffix));
            }
        }
        copied
    }

    fn copy(&self, draft: &Path) -> Result<(), JournalError> {
        // A draft that a killed backup left is nobody's.
        match fs::remove_file(draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(JournalError::of_disk(draft, error));
            }
            _ => {}
        }
        let fault = |error| JournalError::of_sqlite(draft, error);
        // A connection of its own: other threads go on with this one's.
        let from = open::open_to_read(&self.path, open::PATIENCE)?;
        let mut copy = Connection::open(draft).map_err(fault)?;
        // In one step: it reads one moment, and in WAL mode keeps no writer waiting.
        Backup::new(&from, &mut copy).and_then(|backup| backup.step(-1)).map_err(fault)?;
        open::check(&copy, draft)?;
        // The copy is one file, whatever mode its readers choose.
        copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(fault)?;
        copy.close().map_err(|(_, error)| fault(error))
    }
}
