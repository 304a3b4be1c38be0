//! Why the cache could not keep an entry. The bars themselves are never lost by it: whoever asked
//! to keep them still has them.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why something could not be written to the cache, or cleared from it.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// No space is left in the folder, or the user's share of it, or of one file, is used up.
    #[error("keep bars in {}: the disk is full; make room, or set cache.dir to another disk", .folder.display())]
    DiskFull { folder: PathBuf, source: io::Error },
    /// The folder does not let this user write.
    #[error("write {}: it is not writable; give this user the right to, or set cache.dir elsewhere", .path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    /// The lock of the folder cannot be had, so that a second process might write at the same time.
    #[error("lock {}: this file system may not support locks; set cache.dir to a local disk", .path.display())]
    Lock { path: PathBuf, source: io::Error },
    /// Anything else that the disk said.
    #[error("write {} in the cache; make sure that its folder can be made, or set cache.dir elsewhere", .path.display())]
    Disk { path: PathBuf, source: io::Error },
    /// A newer program wrote an entry of the symbol: it is left alone.
    #[error("replace {file}: format {version} was written by a newer ts; upgrade, or run `ts cache clear`")]
    NewerFormat { file: String, version: u64 },
    /// An entry holds at least one bar: its name is made from the first and the last.
    #[error("keep {symbol} in the cache: it has no bars")]
    NoBars { symbol: String },
    /// Another process put an entry there that this one was not judged against, and that says more.
    #[error("replace the bars of {symbol}: another process wrote newer ones meanwhile, which stay")]
    Overtaken { symbol: String },
    /// The bars cannot be written as Parquet.
    #[error("write the bars of {symbol} as Parquet: {what}")]
    Encode { symbol: String, what: String },
}

impl CacheError {
    /// Sorts what the disk said about `path`.
    pub(super) fn disk(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                let folder = path.parent().unwrap_or(&path).to_path_buf();
                CacheError::DiskFull { folder, source }
            }
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory => CacheError::Unwritable { path, source },
            _ => CacheError::Disk { path, source },
        }
    }

    /// Tells whether the next entry will meet it too, so that it is told once and not for every symbol.
    pub fn is_of_folder(&self) -> bool {
        matches!(self, CacheError::DiskFull { .. } | CacheError::Unwritable { .. } | CacheError::Lock { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_said_is_sorted_by_what_a_person_can_do() {
        let sorted =
            |kind: io::ErrorKind| CacheError::disk(Path::new("x"), io::Error::from(kind)).to_string();
        assert!(sorted(io::ErrorKind::StorageFull).contains("the disk is full"));
        assert!(sorted(io::ErrorKind::QuotaExceeded).contains("the disk is full"));
        assert!(sorted(io::ErrorKind::FileTooLarge).contains("the disk is full"));
        assert!(sorted(io::ErrorKind::ReadOnlyFilesystem).contains("not writable"));
        assert!(sorted(io::ErrorKind::PermissionDenied).contains("not writable"));
        assert!(sorted(io::ErrorKind::BrokenPipe).contains("set cache.dir elsewhere"));
    }
}
