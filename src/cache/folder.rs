//! The folder of the cache: what stands in it, who may write to it, and how a file gets in whole.
//!
//! Knows names and bytes, nothing of what a file says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CacheError;
use super::key::Key;
use super::key::Part;
use crate::domain::AssetClass;
use crate::domain::Symbol;

const LOCK: &str = ".lock";
const QUARANTINE: &str = "quarantine";

/// The files that stand under one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(Vec<Part>);

impl Parts {
    pub(super) fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    /// Tells whether both files of an entry stand here and nothing that a killed writer left.
    pub(super) fn are_a_clean_pair(&self) -> bool {
        self.0.len() == 2 && self.has(Part::Parquet) && self.has(Part::Meta)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Part> + '_ {
        self.0.iter().copied()
    }
}

/// The files of one symbol, by key.
pub(super) type Pairs = BTreeMap<Key, Parts>;
/// The files of a folder, by symbol.
pub(super) type Listing = BTreeMap<(AssetClass, Symbol), Pairs>;

/// A lock on the folder, held until it is dropped or its process ends, however that happens.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Where the entries stand.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    dir: PathBuf,
}

impl Folder {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn path(&self, key: &Key, part: Part) -> PathBuf {
        self.dir.join(key.file(part))
    }

    /// Lists the entries. A folder that does not exist is empty, as is one that cannot: there is nothing in
    /// it, and whoever writes to it is told. A file that is no entry's is not seen.
    pub(super) fn list(&self) -> io::Result<Listing> {
        self.list_where(|_| true)
    }

    fn list_where(&self, is_wanted: impl Fn(&str) -> bool) -> io::Result<Listing> {
        let mut listing = Listing::new();
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(listing);
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_str().filter(|name| is_wanted(name));
            let Some((key, part)) = name.and_then(Key::of_file) else { continue };
            let pairs = listing.entry((key.asset_class, key.symbol.clone())).or_default();
            pairs.entry(key).or_default().0.push(part);
        }
        Ok(listing)
    }

    /// Lists the entries of a few symbols: the other names are only looked at, not read.
    pub(super) fn list_of(&self, wanted: &BTreeSet<(AssetClass, Symbol)>) -> io::Result<Listing> {
        let beginnings: BTreeSet<String> =
            wanted.iter().map(|(class, symbol)| format!("{class}_{symbol}_")).collect();
        // The class and the symbol end with the second `_`; a symbol holds none.
        let is_wanted = |name: &str| {
            let end = name.match_indices('_').nth(1).map(|(at, _)| at + 1);
            end.is_some_and(|end| beginnings.contains(&name[..end]))
        };
        self.list_where(is_wanted)
    }

    /// Reads a small file of the cache's own; `None` where it is not there or not what it should be.
    pub(super) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.dir.join(name)).ok()?).ok()
    }

    /// Writes such a file in one step. The folder must be locked.
    pub(super) fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), CacheError> {
        let (path, draft) = (self.dir.join(name), self.dir.join(format!("{name}.tmp")));
        let written = serde_json::to_vec_pretty(value).map_err(io::Error::from).and_then(|bytes| {
            let mut file = File::create(&draft)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        });
        written.map_err(|error| CacheError::disk(&path, error))
    }

    /// Makes the folder and waits until no other process reads or writes in it.
    pub(super) fn lock_exclusive(&self) -> Result<Lock, CacheError> {
        fs::create_dir_all(&self.dir).map_err(|error| CacheError::disk(&self.dir, error))?;
        let path = self.dir.join(LOCK);
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|error| CacheError::disk(&path, error))?;
        match file.lock() {
            Ok(()) => Ok(Lock(file)),
            Err(source) => Err(CacheError::Lock { path, source }),
        }
    }

    /// Waits until no other process writes. `None` where there is nothing to lock: without the lock's
    /// file nobody has written yet, and where locks do not work, nobody can.
    pub(super) fn lock_shared(&self) -> Option<Lock> {
        let file = File::open(self.dir.join(LOCK)).ok()?;
        file.lock_shared().ok()?;
        Some(Lock(file))
    }

    /// Writes a file and waits until it is on the disk. What could not be written whole is removed.
    pub(super) fn write(&self, key: &Key, part: Part, bytes: &[u8]) -> Result<(), CacheError> {
        let path = self.path(key, part);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| {
            // The failure to write is what is told.
            let _ = fs::remove_file(&path);
            CacheError::disk(&path, error)
        })
    }

    /// Gives a file its final name, in one step.
    pub(super) fn rename(&self, key: &Key, from: Part, to: Part) -> Result<(), CacheError> {
        let path = self.path(key, to);
        fs::rename(self.path(key, from), &path).map_err(|error| CacheError::disk(&path, error))
    }

    /// Waits until the names in the folder are on the disk.
    pub(super) fn sync(&self) -> Result<(), CacheError> {
        // Elsewhere a folder cannot be opened, and its names are written through.
        if !cfg!(unix) {
            return Ok(());
        }
        let synced = File::open(&self.dir).and_then(|folder| folder.sync_all());
        synced.map_err(|error| CacheError::disk(&self.dir, error))
    }

    /// Removes a file; one that is not there is as good.
    pub(super) fn remove(&self, key: &Key, part: Part) -> Result<(), CacheError> {
        let path = self.path(key, part);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::disk(&path, error)),
            _ => Ok(()),
        }
    }

    /// Moves a file out of the way, under a name that says when.
    pub(super) fn quarantine(&self, key: &Key, part: Part, now: DateTime<Utc>) -> Result<(), CacheError> {
        let folder = self.dir.join(QUARANTINE);
        fs::create_dir_all(&folder).map_err(|error| CacheError::disk(&folder, error))?;
        let path = folder.join(format!("{}-{}", now.format("%Y%m%dT%H%M%SZ"), key.file(part)));
        fs::rename(self.path(key, part), &path).map_err(|error| CacheError::disk(&path, error))
    }

    /// Removes what was quarantined.
    pub(super) fn empty_quarantine(&self) -> Result<(), CacheError> {
        let folder = self.dir.join(QUARANTINE);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::disk(&folder, error)),
            _ => Ok(()),
        }
    }
}
