//! The last reload, written down for `ts status`: a small file beside the journal.
//!
//! It is about a process and not part of what was decided, so it is no table. What cannot be written or read
//! is done without.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::status::ReloadStatus;

/// Reads what the last daemon of a journal wrote; `None` where there is nothing, or nothing that is read.
pub fn reload_note(journal: &Path) -> Option<ReloadStatus> {
    serde_json::from_slice(&fs::read(place(journal)).ok()?).ok()
}

/// Writes it whole, or leaves what was there. Blocks.
pub(super) fn write(journal: &Path, reload: &ReloadStatus) {
    let path = place(journal);
    let pending = path.with_extension("new");
    // Whoever asks for the status is told of a missing one.
    let _ = fs::write(&pending, serde_json::to_vec_pretty(reload).unwrap_or_default())
        .and_then(|()| fs::rename(&pending, &path));
}

/// `data/ts.db` has `data/ts.db.reload`.
fn place(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".reload");
    journal.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_garbled_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = folder.path().join("ts.db");
        assert_eq!(reload_note(&journal), None);
        let reload = ReloadStatus {
            generation: 3,
            at: "2026-11-20T21:30:00Z".parse().expect("an instant"),
            failures: vec!["strategies/a.rhai:1:1: it is empty".to_owned()],
            process: Some(17),
        };
        write(&journal, &reload);
        assert_eq!(reload_note(&journal), Some(reload));
        fs::write(place(&journal), "{").expect("a new file");
        assert_eq!(reload_note(&journal), None);
    }
}
