//! What the watched files hold, as hashes by path.
//!
//! A SHA-256 of the contents decides whether anything changed, never a date or a length: a file
//! that was touched, or written again as it was, is the same. Bounded like the reading itself: a
//! folder's files are told up to the number that is read, a large file by its length.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use super::folder::MAX_BYTES;
use super::folder::MAX_FILES;
use super::folder::is_read;

/// Contents by path. A file that is too large to be read is known by its length.
pub(super) type Contents = BTreeMap<PathBuf, [u8; 32]>;

/// Hashes the files right in the watched folders, and the watched files.
pub(super) fn contents(watched: &[PathBuf]) -> Contents {
    let mut contents = Contents::new();
    for path in watched {
        let Ok(entries) = fs::read_dir(path) else {
            contents.extend(fingerprint(path).map(|hash| (path.clone(), hash)));
            continue;
        };
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| is_read(file)).collect();
        files.sort();
        let mut of_extension: BTreeMap<String, usize> = BTreeMap::new();
        for file in files {
            let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            let number = of_extension.entry(extension).or_default();
            *number += 1;
            if *number <= MAX_FILES {
                contents.extend(fingerprint(&file).map(|hash| (file, hash)));
            }
        }
    }
    contents
}

/// Returns the hash of a file's contents; `None` for what is not there or no regular file.
fn fingerprint(path: &Path) -> Option<[u8; 32]> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    let is_text = about.len() <= MAX_BYTES;
    // Refused files are told apart from empty ones: permissions may be what changed.
    let read = || fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    match is_text.then(read) {
        Some(Ok(_)) => hash.update(&bytes),
        Some(Err(error)) => hash.update(format!("unreadable {:?}", error.kind())),
        None => hash.update(format!("large {}", about.len())),
    }
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_thousands_is_told_as_far_as_it_is_read() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for number in 0..MAX_FILES + 5 {
            fs::write(root.path().join(format!("s{number:05}.rhai")), "").expect("a file in it");
        }
        fs::write(root.path().join("z.test.toml"), "").expect("a file in it");
        let contents = contents(&[root.path().to_owned()]);
        assert_eq!(contents.len(), MAX_FILES + 1, "the scripts that are read, and the test cases");
    }

    #[test]
    fn a_large_file_is_told_by_its_length() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("a.rhai");
        let hash = |length: usize| {
            fs::write(&path, vec![b' '; length]).expect("a file in it");
            fingerprint(&path)
        };
        let limit = usize::try_from(MAX_BYTES).expect("a mebibyte");
        assert!(hash(limit + 1).is_some() && hash(limit + 1) == hash(limit + 1));
        assert_ne!(hash(limit + 1), hash(limit + 2));
    }
}
