//! The lock of the one process that delivers: an OS lock on `<journal>.lock`, which dies with its holder.
//!
//! The holder's process id stands in the file, for whoever is refused; the lock is what counts, so a number
//! that a killed process left refuses nobody.

use std::fs::File;
use std::fs::TryLockError;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::error::JournalError;

/// Held until it is dropped or its process ends, however that happens.
#[derive(Debug)]
pub struct DaemonLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl DaemonLock {
    /// Takes the lock of the journal at `journal` without waiting.
    pub(super) fn take(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|error| JournalError::of_disk(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who it is matters less than that there is one.
                let read = file.read_to_string(&mut text);
                let process = read.ok().and_then(|_| text.trim().parse().ok());
                return Err(JournalError::Held { path: journal.to_path_buf(), process });
            }
            Err(TryLockError::Error(source)) => return Err(JournalError::Lock { path, source }),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.flush());
        written.map_err(|error| JournalError::of_disk(&path, error))?;
        Ok(Self(file))
    }
}

/// Returns the file beside the journal that is called as it is, and `suffix`.
pub(super) fn beside(journal: &Path, suffix: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it_and_gets_it_after_the_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = folder.path().join("ts.db");
        let first = DaemonLock::take(&journal).expect("nobody holds it");
        let refused = DaemonLock::take(&journal).expect_err("it is held").to_string();
        assert!(refused.contains(&format!("process {} does so already", std::process::id())), "{refused}");
        drop(first);
        DaemonLock::take(&journal).expect("it was let go");
    }

    #[test]
    fn the_number_that_a_dead_process_left_refuses_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = folder.path().join("ts.db");
        std::fs::write(beside(&journal, ".lock"), "4194303999\n").expect("a file");
        let _lock = DaemonLock::take(&journal).expect("nobody holds it");
        let told = std::fs::read_to_string(beside(&journal, ".lock")).expect("a file");
        assert_eq!(told, format!("{}\n", std::process::id()));
    }
}
