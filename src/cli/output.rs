//! Where a command's result goes: a file that appears whole, or stdout; and its remarks, to stderr.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use crate::domain::Problem;
use crate::domain::said_once;

/// Writes text to `file`, or to stdout without one.
///
/// # Errors
/// What the file system or a closed pipe says.
pub(super) fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => write_file(path, text),
        None => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            if !text.ends_with('\n') {
                stdout.write_all(b"\n")?;
            }
            stdout.flush()?;
            Ok(())
        }
    }
}

/// Writes a line to stderr, for a person beside the result. Nobody may be reading: a closed stderr
/// must not cost the result, as `eprintln!` would by its panic.
pub(super) fn remark(line: impl Display) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

/// What a command says beside its result, in the same words whatever the command.
pub(super) struct Remarks<'a> {
    pub(super) notes: &'a [String],
    pub(super) problems: &'a [Problem],
    /// The bars are of the simulated market.
    pub(super) demo: bool,
}

impl Remarks<'_> {
    /// Writes a line each to stderr.
    pub(super) fn write(&self) {
        for note in self.notes {
            remark(format_args!("note: {note}"));
        }
        for (text, subjects) in said_once(self.problems) {
            let subjects: Vec<&str> = subjects.into_iter().filter(|subject| !subject.is_empty()).collect();
            let whose =
                if subjects.is_empty() { String::new() } else { format!("{}: ", subjects.join(", ")) };
            remark(format_args!("problem: {whose}{text}"));
        }
        if self.demo {
            remark("DEMO: the bars are simulated, not real prices");
        }
    }
}

/// Writes a text as [`write_bytes`] does.
pub(super) fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file by way of a temporary one beside it, so that a reader never sees half of it.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("failed to write {}", path.display());
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("failed to make the folder {}", folder.display()))
            .with_context(failed)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = Path::new(&part);
    let written = std::fs::write(part, bytes).and_then(|()| std::fs::rename(part, path));
    if written.is_err() {
        drop(std::fs::remove_file(part));
    }
    written.with_context(failed)
}
