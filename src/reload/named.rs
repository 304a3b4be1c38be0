//! Scripts by the names that a person gives: files, folders of scripts, or a folder that holds
//! `strategies/` and `scorers/`.
//!
//! Read as the settings' own folders are; nothing is looked for below them.

use std::path::Path;
use std::path::PathBuf;

use super::folder::BAD_NAME;
use super::folder::MAX_FOLDER_BYTES;
use super::folder::ScriptFolder;
use super::folder::has_loud_ending;
use super::folder::list;
use super::folder::read;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// A script that was named, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedScript {
    /// The file's stem, which may be no legal name.
    pub name: String,
    pub path: PathBuf,
    pub text: String,
}

/// Reads the scripts that `paths` name, in their order, each file once; a folder's by name.
///
/// A folder without a script is no problem here. A path that does not exist is one.
pub fn read_named(paths: &[PathBuf]) -> (Vec<NamedScript>, Vec<Problem>) {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let kind = ProblemKind::ScriptLoad;
        files.extend(list(path, &["rhai"], kind, &mut problems));
        for folder in ScriptFolder::ALL {
            files.extend(list(&path.join(folder.as_str()), &["rhai"], kind, &mut problems));
        }
    }
    let mut scripts: Vec<NamedScript> = Vec::new();
    let mut room = MAX_FOLDER_BYTES;
    for path in files {
        if scripts.iter().any(|read| read.path == path) {
            continue;
        }
        let mut refuse =
            |message: &str| problems.push(Problem::new(path.display(), ProblemKind::ScriptLoad, message));
        if path.symlink_metadata().is_err() {
            refuse("is not there; look at its spelling");
            continue;
        }
        if has_loud_ending(&path) {
            refuse(BAD_NAME);
            continue;
        }
        match read(&path, &mut room) {
            Ok(text) => scripts.push(NamedScript { name: stem(&path), path, text }),
            Err(message) => refuse(&message),
        }
    }
    (scripts, problems)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_and_folders_are_read_in_order_and_once() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for name in
            ["strategies/b.rhai", "strategies/a.rhai", "scorers/c.rhai", "d.rhai", "strategies/notes.txt"]
        {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder below the root")).expect("a folder in it");
            fs::write(path, name).expect("a file in it");
        }
        let named = |names: &[&str]| -> (Vec<String>, Vec<String>) {
            let paths: Vec<PathBuf> = names.iter().map(|name| root.path().join(name)).collect();
            let (scripts, problems) = read_named(&paths);
            let read = scripts.into_iter().map(|script| script.name).collect();
            (read, problems.into_iter().map(|problem| problem.message).collect())
        };
        assert_eq!(named(&[""]).0, ["d", "a", "b", "c"]);
        assert_eq!(named(&["strategies", "strategies/a.rhai", "scorers/c.rhai"]).0, ["a", "b", "c"]);
        fs::write(root.path().join("strategies/ends.RHAI"), "").expect("a file in it");
        assert_eq!(named(&["strategies"]), (vec!["a".to_owned(), "b".to_owned()], vec![BAD_NAME.to_owned()]));
        assert_eq!(named(&["gone.rhai"]), (vec![], vec!["is not there; look at its spelling".to_owned()]));
    }
}
