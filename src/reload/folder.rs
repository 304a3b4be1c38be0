//! Scripts and templates as they lie in the user's folders.
//!
//! A file is read whole or not at all: one that is too large, no text, or badly named is a
//! problem and absent from the set. Hidden files, editors' backups and subfolders are no one's
//! scripts and are passed over. Only regular files are opened: a pipe would never end.

use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::is_script_name;

/// The name of the folder of templates.
pub const TEMPLATES: &str = "templates";

/// More files than this in a folder are a mistake, such as a wrong path.
pub(super) const MAX_FILES: usize = 1_000;

/// The longest script or template, in bytes; the shipped ones are under 20 KiB.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// The most that is read of one folder, in bytes: what lies in it is held whole.
pub(super) const MAX_FOLDER_BYTES: usize = 16 << 20;

/// What is wrong with a file whose name is no script's.
pub(super) const BAD_NAME: &str = "is not a script's name; use lower-case letters, digits and `_`, at most 40 of \
                                   them, then `.rhai`";

const TEMPLATE_EXTENSIONS: [&str; 3] = ["html", "txt", "css"];

/// The folder that a script lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScriptFolder {
    Strategies,
    Scorers,
}

impl ScriptFolder {
    /// Both folders, in the order in which they are read.
    pub const ALL: [ScriptFolder; 2] = [ScriptFolder::Strategies, ScriptFolder::Scorers];

    /// Returns the folder's name below the settings' folder.
    pub fn as_str(self) -> &'static str {
        match self {
            ScriptFolder::Strategies => "strategies",
            ScriptFolder::Scorers => "scorers",
        }
    }
}

/// A script as text, not yet compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFile {
    /// The file's stem: lower-case letters, digits and `_`.
    pub name: String,
    pub kind: ScriptFolder,
    /// Without a byte order mark; line ends as in the file.
    pub text: String,
}

/// A template or style sheet as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// The file's name with its extension, as templates name each other.
    pub name: String,
    pub text: String,
}

/// Reads `strategies/*.rhai` and `scorers/*.rhai` below `root`, sorted by folder, then name.
///
/// A folder that is not there holds nothing, without a problem.
pub fn read_scripts(root: &Path) -> (Vec<ScriptFile>, Vec<Problem>) {
    let mut scripts = Vec::new();
    let mut problems = Vec::new();
    for kind in ScriptFolder::ALL {
        read_scripts_in(&root.join(kind.as_str()), kind, &mut scripts, &mut problems);
    }
    (scripts, problems)
}

/// Reads the `*.rhai` right in one folder, of whatever name, as scripts of one kind.
pub fn read_scripts_of(folder: &Path, kind: ScriptFolder) -> (Vec<ScriptFile>, Vec<Problem>) {
    let mut scripts = Vec::new();
    let mut problems = Vec::new();
    read_scripts_in(folder, kind, &mut scripts, &mut problems);
    (scripts, problems)
}

/// Reads the text of one file that the user named. What is no regular file may be, so that a
/// shell can hand over what a command prints.
///
/// # Errors
/// What is wrong with the file, as a sentence that begins behind its name.
pub fn read_file(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot be read ({error})"))?;
    whole(file)
}

fn read_scripts_in(
    folder: &Path,
    kind: ScriptFolder,
    scripts: &mut Vec<ScriptFile>,
    problems: &mut Vec<Problem>,
) {
    let mut room = MAX_FOLDER_BYTES;
    for path in list(folder, &["rhai"], ProblemKind::ScriptLoad, problems) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !is_script_name(&name) || has_loud_ending(&path) {
            problems.push(Problem::new(path.display(), ProblemKind::ScriptLoad, BAD_NAME));
            continue;
        }
        match read(&path, &mut room) {
            Ok(text) => scripts.push(ScriptFile { name, kind, text }),
            Err(message) => problems.push(Problem::new(path.display(), ProblemKind::ScriptLoad, message)),
        }
    }
}

/// Reads `templates/*.html`, `*.txt` and `*.css` below `root`, sorted by name.
///
/// A folder that is not there holds nothing, without a problem.
pub fn read_templates(root: &Path) -> (Vec<TemplateFile>, Vec<Problem>) {
    let mut templates = Vec::new();
    let mut problems = Vec::new();
    let mut room = MAX_FOLDER_BYTES;
    for path in list(&root.join(TEMPLATES), &TEMPLATE_EXTENSIONS, ProblemKind::Settings, &mut problems) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match read(&path, &mut room) {
            Ok(text) => templates.push(TemplateFile { name, text }),
            Err(message) => problems.push(Problem::new(path.display(), ProblemKind::Settings, message)),
        }
    }
    (templates, problems)
}

/// Tells whether a file's name is one that a user edits and the program reads.
pub(super) fn is_read(path: &Path) -> bool {
    // Test cases lie beside their scripts, in TOML.
    has_extension(path, &["rhai", "toml"]) || has_extension(path, &TEMPLATE_EXTENSIONS)
}

/// Tells whether a script's file ends in anything but small letters: messages, cases and settings
/// would name a file that is not there.
pub(super) fn has_loud_ending(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension != "rhai" && extension.eq_ignore_ascii_case("rhai"))
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    // In any case: `MINE.RHAI` is told as badly named rather than passed over.
    !name.starts_with('.') && extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Returns the files of a folder with one of the extensions, sorted by name.
pub(super) fn list(
    folder: &Path,
    extensions: &[&str],
    kind: ProblemKind,
    problems: &mut Vec<Problem>,
) -> Vec<PathBuf> {
    let mut refuse = |message: String| problems.push(Problem::new(folder.display(), kind, message));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.symlink_metadata().is_err() => {
            return Vec::new();
        }
        Err(error) => {
            refuse(format!("cannot be read as a folder ({error}); mend or remove it"));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if has_extension(&entry.path(), extensions) => files.push(entry.path()),
            Ok(_) => {}
            Err(error) => refuse(format!("could not be listed to its end ({error}); check the disk")),
        }
    }
    files.sort();
    if files.len() > MAX_FILES {
        refuse(format!(
            "holds {} files; only the first {MAX_FILES} by name are read, remove the others",
            files.len()
        ));
        files.truncate(MAX_FILES);
    }
    files
}

/// Reads one file as text, and takes its length from the `room` that is left.
pub(super) fn read(path: &Path, room: &mut usize) -> Result<String, String> {
    let unreadable = |error: io::Error| match error.kind() {
        // An editor that saves by renaming takes the file away for a moment; a link that leads
        // nowhere stays.
        io::ErrorKind::NotFound if path.symlink_metadata().is_ok() => {
            "is a link to nothing; mend or remove it".to_owned()
        }
        io::ErrorKind::NotFound => "went away while it was read; run again".to_owned(),
        _ => format!("cannot be read ({error}); check its permissions"),
    };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is not a regular file; rename or remove it".to_owned());
    }
    let text = whole(fs::File::open(path).map_err(unreadable)?)?;
    let Some(left) = room.checked_sub(text.len()) else {
        return Err("is left out: the folder holds more than 16 MiB; split or clear it".to_owned());
    };
    *room = left;
    Ok(text)
}

fn whole(file: fs::File) -> Result<String, String> {
    let mut bytes = Vec::new();
    // One byte over the limit is enough to know, however much the file grew since.
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read ({error})"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is over 1 MiB; split it".to_owned());
    }
    text(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        format!("is not UTF-8 at byte {}; save it as UTF-8", error.utf8_error().valid_up_to())
    })?;
    if let Some(offset) = text.find('\0') {
        return Err(format!("has a NUL at byte {offset}; save it as plain text"));
    }
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes files below a fresh folder and reads the scripts: their names, and what is said.
    fn scripts(files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder below the root")).expect("a folder in it");
            fs::write(path, bytes).expect("a file in it");
        }
        let (scripts, problems) = read_scripts(root.path());
        let place = format!("{}/", root.path().display());
        let said = problems.iter().map(|problem| problem.to_string().replace(&place, ""));
        (scripts.iter().map(|s| format!("{}/{}", s.kind.as_str(), s.name)).collect(), said.collect())
    }

    fn check_bad(name: &str, bytes: &[u8], expected: &str) {
        let (read, said) = scripts(&[(name, bytes), ("strategies/good.rhai", b"")]);
        assert_eq!(read, ["strategies/good"]);
        assert_eq!(said, [format!("{name}: {expected}")]);
    }

    #[test]
    fn missing_folders_hold_nothing_without_a_problem() {
        assert_eq!(scripts(&[]), (vec![], vec![]));
    }

    #[test]
    fn both_folders_are_read_in_order_and_may_share_a_name() {
        let (read, said) =
            scripts(&[("scorers/a.rhai", b""), ("strategies/b.rhai", b""), ("strategies/a.rhai", b"")]);
        assert_eq!(read, ["strategies/a", "strategies/b", "scorers/a"]);
        assert_eq!(said, [""; 0]);
    }

    #[test]
    fn backups_hidden_files_and_other_kinds_are_passed_over() {
        let names =
            [".x.rhai.swp", ".#x.rhai", "x.rhai~", "#x.rhai#", "x.rhai.bak", "x.test.toml", "4913", ".rhai"];
        for name in names {
            assert_eq!(scripts(&[(&format!("strategies/{name}"), b"\xff")]), (vec![], vec![]), "{name}");
        }
    }

    #[test]
    fn a_bad_file_costs_itself_only() {
        let name = "is not a script's name; use lower-case letters, digits and `_`, at most 40 of them, \
                    then `.rhai`";
        check_bad(&format!("strategies/{}.rhai", "x".repeat(41)), b"", name);
        check_bad("strategies/Bad-Name.rhai", b"", name);
        check_bad("strategies/a.test.rhai", b"", name);
        check_bad("strategies/x.rhai", b"ab\xff", "is not UTF-8 at byte 2; save it as UTF-8");
        check_bad("strategies/x.rhai", b"abc\0", "has a NUL at byte 3; save it as plain text");
        check_bad("strategies/x.rhai", &vec![b' '; (1 << 20) + 1], "is over 1 MiB; split it");
        check_bad("scorers/LOUD.RHAI", b"", name);
        check_bad("strategies/ends.RHAI", b"", name);
    }

    #[test]
    fn a_file_of_the_full_size_is_read() {
        assert_eq!(scripts(&[("strategies/x.rhai", &vec![b' '; 1 << 20])]).0, ["strategies/x"]);
    }

    #[test]
    fn what_is_no_file_or_no_folder_is_told() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(root.path().join("strategies/x.rhai")).expect("a folder in it");
        fs::write(root.path().join("scorers"), "").expect("a file in it");
        let (scripts, problems) = read_scripts(root.path());
        assert_eq!(scripts, []);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].message.starts_with("is not a regular file"), "{problems:?}");
        assert!(problems[1].message.starts_with("cannot be read as a folder"), "{problems:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_told() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("strategies")).expect("a folder in it");
        std::os::unix::fs::symlink("gone", root.path().join("strategies/x.rhai")).expect("a link in it");
        let (_, problems) = read_scripts(root.path());
        assert_eq!(problems[0].message, "is a link to nothing; mend or remove it");
    }

    #[test]
    fn too_many_files_are_cut_by_name() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("strategies")).expect("a folder in it");
        for i in 0..=MAX_FILES {
            fs::write(root.path().join(format!("strategies/s{i:05}.rhai")), "").expect("a file in it");
        }
        let (scripts, problems) = read_scripts(root.path());
        assert_eq!((scripts.len(), scripts[999].name.as_str(), problems.len()), (1_000, "s00999", 1));
    }

    #[test]
    fn a_folder_is_read_up_to_its_room() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("strategies")).expect("a folder in it");
        for number in 10..28 {
            let path = root.path().join(format!("strategies/s{number}.rhai"));
            fs::write(path, vec![b' '; 1 << 20]).expect("a file in it");
        }
        let (scripts, problems) = read_scripts(root.path());
        assert_eq!((scripts.len(), problems.len()), (16, 2));
        assert!(problems[0].to_string().contains("s26.rhai: is left out: the folder holds more than 16 MiB"));
    }

    #[test]
    fn a_file_that_goes_away_while_it_is_read_is_told() {
        let missing = read(Path::new("no/such/file.rhai"), &mut 100);
        assert_eq!(missing, Err("went away while it was read; run again".to_owned()));
    }

    #[test]
    fn a_byte_order_mark_goes_and_windows_line_ends_stay() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join(TEMPLATES)).expect("a folder in it");
        fs::write(root.path().join("templates/styles.css"), "\u{feff}a\r\nb").expect("a file in it");
        fs::write(root.path().join("templates/notes.md"), "x").expect("a file in it");
        let (templates, problems) = read_templates(root.path());
        assert_eq!(problems, []);
        assert_eq!(templates.len(), 1);
        assert_eq!((templates[0].name.as_str(), templates[0].text.as_str()), ("styles.css", "a\r\nb"));
    }
}
