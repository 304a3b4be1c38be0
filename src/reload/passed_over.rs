//! What lies in a folder of scripts, looks like one, and is not read.
//!
//! Hidden files and editors' backups are meant to be passed over and are not told.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Endings that editors and people give to what is no longer a script.
const BACKUPS: [&str; 8] = ["bak", "backup", "old", "orig", "rej", "save", "swp", "tmp"];

/// Why something that looks like a script is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassedOver {
    /// A folder with scripts in it: only the files right in `strategies/` and `scorers/` are read.
    Folder,
    /// A file with another ending behind `.rhai`.
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
        if ending.is_some_and(|ending| !ending.ends_with('~') && !BACKUPS.contains(&ending)) {
            found.push((path, PassedOver::Ending));
        }
    }
    found.sort();
    found
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
        let told: Vec<(String, PassedOver)> = passed_over(root.path())
            .into_iter()
            .map(|(path, why)| (path.strip_prefix(root.path()).unwrap_or(&path).display().to_string(), why))
            .collect();
        let expected =
            [("good2.rhai.txt".to_owned(), PassedOver::Ending), ("sub".to_owned(), PassedOver::Folder)];
        assert_eq!(told, expected);
        assert_eq!(passed_over(&root.path().join("gone")), []);
    }
}
