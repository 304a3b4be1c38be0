//! What lies in a folder of scripts, looks like one, and is not read.
//!
//! Hidden files and editors' backups are meant to be passed over and are not told.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Endings that editors and people give to what is no longer a script.
const BACKUPS: [&str; 8] = ["bak", "backup", "old", "orig", "rej", "save", "swp", "tmp"];

/// Endings of what has its place beside scripts, and is no script.
const READ: [&str; 8] = ["rhai", "toml", "md", "csv", "parquet", "json", "html", "css"];
/// How a line begins that only a script has.
const MARKS: [&str; 3] = ["fn eligible", "fn entry", "const WEIGHTS"];
/// A longer file is none that a person wrote.
const MAX_BYTES: u64 = 64 * 1024;

/// Why something that looks like a script is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassedOver {
    /// A folder with scripts in it: only the files right in `strategies/` and `scorers/` are read.
    Folder,
    /// A file with another ending than `.rhai`, or with one behind it.
    Ending,
}

/// Returns what a reader of the folder passes over although it looks like a script, by path.
///
/// A folder that is not there, or cannot be read, has nothing of the kind.
pub fn passed_over(folder: &Path) -> Vec<(PathBuf, PassedOver)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            let is_script =
                |path: PathBuf| path.extension().is_some_and(|own| own.eq_ignore_ascii_case("rhai"));
            if fs::read_dir(&path).into_iter().flatten().flatten().any(|own| is_script(own.path())) {
                found.push((path, PassedOver::Folder));
            }
            continue;
        }
        let ending = name.split_once(".rhai.").map(|(_, ending)| ending);
        let is_backup = |ending: &str| ending.ends_with('~') || BACKUPS.contains(&ending);
        let is_passed_over = match ending {
            Some(ending) => !is_backup(ending),
            None => is_other_text(&name) && reads_like_a_script(&path),
        };
        if is_passed_over {
            found.push((path, PassedOver::Ending));
        }
    }
    found.sort();
    found
}

/// Tells whether a name's ending is none that has a place beside scripts.
fn is_other_text(name: &str) -> bool {
    let ending = Path::new(name).extension().unwrap_or_default().to_string_lossy();
    !name.ends_with(['~', '#']) && !READ.contains(&&*ending) && !BACKUPS.contains(&&*ending)
}

/// Tells whether a file has a line that only scripts have.
fn reads_like_a_script(path: &Path) -> bool {
    let is_small = fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= MAX_BYTES);
    let text = if is_small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    text.lines().any(|line| MARKS.iter().any(|mark| line.starts_with(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_script_is_told_and_a_backup_is_not() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["sub", "empty", ".git", "..data"] {
            fs::create_dir(root.path().join(folder)).expect("a folder in it");
        }
        let files = [
            "a.rhai",
            "a.rhai~",
            "a.rhai.bak",
            "a.rhai.orig",
            "a.rhai.1~",
            ".a.rhai.swp",
            "good2.rhai.txt",
            "sub/other.rhai",
            "empty/notes.txt",
            ".git/x.rhai",
            "..data/a.rhai",
            "a.test.toml",
        ];
        for name in files {
            fs::write(root.path().join(name), "").expect("a file in it");
        }
        for name in ["mine", "mine.rahi", "notes.md", "mine~"] {
            fs::write(root.path().join(name), "// mine\nfn eligible(row) { true }\n").expect("a file in it");
        }
        fs::write(root.path().join("LICENSE"), "as it is\n").expect("a file in it");
        let told: Vec<(String, PassedOver)> = passed_over(root.path())
            .into_iter()
            .map(|(path, why)| (path.strip_prefix(root.path()).unwrap_or(&path).display().to_string(), why))
            .collect();
        let expected = [
            ("good2.rhai.txt", PassedOver::Ending),
            ("mine", PassedOver::Ending),
            ("mine.rahi", PassedOver::Ending),
            ("sub", PassedOver::Folder),
        ];
        assert_eq!(told, expected.map(|(path, why)| (path.to_owned(), why)));
        assert_eq!(passed_over(&root.path().join("gone")), []);
    }
}
