//! Everything that a user's folders hold, read together and at rest.
//!
//! An editor may save while the folders are read. What two readings in a row agree on is taken;
//! where they never agree, a problem says so, and whoever reloads keeps what it has.

use std::collections::BTreeSet;
use std::path::Path;

use super::folder::ScriptFile;
use super::folder::ScriptFolder;
use super::folder::TEMPLATES;
use super::folder::TemplateFile;
use super::folder::read_scripts;
use super::folder::read_templates;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// How often the folders are read before they are called restless.
const MAX_READINGS: usize = 6;

/// The scripts and templates below one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    pub scripts: Vec<ScriptFile>,
    pub templates: Vec<TemplateFile>,
    /// Which of the folders are there, be it as something that is no folder.
    pub folders: BTreeSet<&'static str>,
    pub problems: Vec<Problem>,
}

impl Texts {
    /// Reads until two readings in a row are the same, a few times at most.
    pub fn read(root: &Path) -> Self {
        Self::settle(root, || Self::read_once(root))
    }

    fn settle(root: &Path, mut read: impl FnMut() -> Self) -> Self {
        let mut texts = read();
        for _ in 1..MAX_READINGS {
            let again = read();
            if again == texts {
                return texts;
            }
            texts = again;
        }
        let message = "the files kept changing while they were read; run again when they are at rest";
        texts.problems.push(Problem::new(root.display(), ProblemKind::ScriptLoad, message));
        texts
    }

    fn read_once(root: &Path) -> Self {
        let names = ScriptFolder::ALL.map(ScriptFolder::as_str).into_iter().chain([TEMPLATES]);
        // A link to nothing is there: whoever made it did not mean the built-in set.
        let folders = names.filter(|name| root.join(name).symlink_metadata().is_ok()).collect();
        let (scripts, mut problems) = read_scripts(root);
        let (templates, of_templates) = read_templates(root);
        problems.extend(of_templates);
        Self { scripts, templates, folders, problems }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str) -> Texts {
        let script =
            ScriptFile { name: name.to_owned(), kind: ScriptFolder::Strategies, text: String::new() };
        Texts { scripts: vec![script], templates: Vec::new(), folders: BTreeSet::new(), problems: Vec::new() }
    }

    /// Settles over readings of one script each, by its name; the last is read for ever.
    fn check(readings: &[&str], expected: &str, problems: usize) {
        let mut left = readings.iter();
        let mut last = "";
        let settled = Texts::settle(Path::new("root"), || {
            last = left.next().copied().unwrap_or(last);
            texts(last)
        });
        assert_eq!((settled.scripts[0].name.as_str(), settled.problems.len()), (expected, problems));
    }

    #[test]
    fn what_two_readings_agree_on_is_taken() {
        check(&["a"], "a", 0);
        check(&["a", "b"], "b", 0);
        check(&["a", "b", "a", "c"], "c", 0);
    }

    #[test]
    fn files_that_never_rest_are_told() {
        check(&["a", "b", "a", "b", "a", "b", "a", "b"], "b", 1);
    }

    #[test]
    fn the_folders_that_are_there_are_known() {
        let root = tempfile::tempdir().expect("a temporary folder");
        assert!(Texts::read(root.path()).folders.is_empty());
        std::fs::create_dir(root.path().join("scorers")).expect("a folder in it");
        std::fs::write(root.path().join("strategies"), "").expect("a file in it");
        assert_eq!(Texts::read(root.path()).folders, BTreeSet::from(["scorers", "strategies"]));
    }
}
