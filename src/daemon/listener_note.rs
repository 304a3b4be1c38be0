//! Why `/health` is not answered, written down for `ts status`: a small file beside the journal.
//!
//! It is about one process: of another than the one that works now it says nothing. What cannot be written or read is
//! done without, as the log has it too.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::status::Sender;

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    process: u32,
    why: String,
}

/// Reads why the daemon of a journal answers no monitor; `None` where it does, or has ended. `sender` is who works on
/// the journal now, where that is known.
pub fn listener_note(journal: &Path, sender: Option<Sender>) -> Option<String> {
    let note: Note = serde_json::from_slice(&fs::read(place(journal)).ok()?).ok()?;
    let is_over = sender.is_some_and(|sender| !sender.may_be(Some(note.process)));
    (!is_over).then_some(note.why)
}

/// Writes it for this process, or takes away what was there. Blocks.
pub(super) fn write(journal: &Path, why: Option<&str>) {
    let path = place(journal);
    let Some(why) = why else {
        drop(fs::remove_file(&path));
        return;
    };
    let note = Note { process: std::process::id(), why: why.to_owned() };
    let pending = path.with_extension("new-listener");
    drop(
        fs::write(&pending, serde_json::to_vec_pretty(&note).unwrap_or_default())
            .and_then(|()| fs::rename(&pending, &path)),
    );
}

/// `data/ts.db` has `data/ts.db.listener`.
fn place(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".listener");
    journal.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_holds_for_the_process_that_wrote_it_and_until_it_is_taken_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = folder.path().join("ts.db");
        let own = Sender::Process(Some(std::process::id()));
        assert_eq!(listener_note(&journal, Some(own)), None);
        write(&journal, Some("port 1 in use"));
        for (sender, expected) in [
            (Some(own), Some("port 1 in use")),
            (Some(Sender::Process(Some(std::process::id() + 1))), None),
            (Some(Sender::Nobody), None),
            (None, Some("port 1 in use")),
        ] {
            assert_eq!(listener_note(&journal, sender).as_deref(), expected, "{sender:?}");
        }
        write(&journal, None);
        assert_eq!(listener_note(&journal, Some(own)), None);
    }
}
