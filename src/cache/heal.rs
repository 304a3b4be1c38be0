//! Which files of a symbol are a whole entry, and what becomes of the others.
//!
//! A writer may be killed between any two of its steps (see `write`). Each state that this leaves
//! has one answer: a new Parquet file whose own meta is still pending is rolled forward, an entry
//! that a newer one replaced is removed, anything else that is not whole is quarantined and told.

use std::cmp::Reverse;
use std::fs;
use std::io;

use chrono::DateTime;
use chrono::Utc;

use super::entry::Cached;
use super::folder::Folder;
use super::folder::Pairs;
use super::folder::Parts;
use super::key::Key;
use super::key::Part;
use super::meta::Meta;
use super::meta::MetaError;
use super::meta::checksum;
use super::table;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// Why an entry is not served.
#[derive(Debug)]
pub(super) enum Fault {
    /// A newer program wrote it.
    Newer(u64),
    /// The two files do not make an entry; the text ends a sentence.
    Corrupt(String),
    /// The disk does not give it; it may be whole.
    Unreadable(io::Error),
}

/// Whether files may be moved: only with the folder locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hands {
    Free,
    Tied,
}

/// Reads an entry and believes it only if everything in it agrees.
pub(super) fn read(folder: &Folder, key: &Key) -> Result<Cached, Fault> {
    read_with(folder, key, Part::Meta)
}

fn read_with(folder: &Folder, key: &Key, meta_part: Part) -> Result<Cached, Fault> {
    let json = bytes(folder, key, meta_part)?;
    let meta = Meta::parse(&json).map_err(|error| match error {
        MetaError::Newer(version) => Fault::Newer(version),
        MetaError::Broken(what) => Fault::Corrupt(format!("its meta cannot be read: {what}")),
    })?;
    let parquet = bytes(folder, key, Part::Parquet)?;
    if checksum(&parquet) != meta.checksum {
        return Err(Fault::Corrupt("the checksum of the Parquet file is not the one in its meta".into()));
    }
    if meta.key() != *key {
        return Err(Fault::Corrupt(format!("its meta is that of {}", meta.key())));
    }
    let bars = table::decode(&key.symbol, &parquet).map_err(Fault::Corrupt)?;
    let span = (bars.dates().first(), bars.dates().last());
    if span != (Some(&key.start), Some(&key.end)) || bars.len() != meta.row_count {
        return Err(Fault::Corrupt("its bars are not those that its name and meta tell of".into()));
    }
    Ok(Cached { bars, meta })
}

fn bytes(folder: &Folder, key: &Key, part: Part) -> Result<Vec<u8>, Fault> {
    fs::read(folder.path(key, part)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Fault::Corrupt(format!("{} is missing", key.file(part))),
        _ => Fault::Unreadable(error),
    })
}

/// Sorts out all files of one symbol and returns its entry, where one is whole.
pub(super) fn heal(
    folder: &Folder,
    pairs: &Pairs,
    hands: Hands,
    now: DateTime<Utc>,
) -> (Option<Cached>, Vec<Problem>) {
    let mut whole = Vec::new();
    let mut faulty = Vec::new();
    for (key, parts) in pairs {
        match settle(folder, key, parts, hands) {
            Ok(cached) => whole.push((key, cached)),
            Err(fault) => faulty.push((key, parts, fault)),
        }
    }
    // The last one written wins; the others are what it replaced.
    whole.sort_by_key(|(key, cached)| Reverse((cached.meta.cached_at, key.end)));
    let mut whole = whole.into_iter();
    let best = whole.next();
    for (key, _) in whole.filter(|_| hands == Hands::Free) {
        remove_entry(folder, key);
    }
    let problems = faulty
        .into_iter()
        .filter_map(|(key, parts, fault)| {
            // An entry is removed Parquet file first: a meta alone beside a whole entry is the rest of one.
            let is_removed = best.is_some() && !parts.has(Part::Parquet);
            if is_removed && matches!(fault, Fault::Corrupt(_)) {
                if hands == Hands::Free {
                    remove_entry(folder, key);
                }
                return None;
            }
            Some(tell(folder, key, parts, fault, hands, now))
        })
        .collect();
    (best.map(|(_, cached)| cached), problems)
}

/// Brings the files under one key to rest: finishes what a killed writer began, sweeps what it left.
fn settle(folder: &Folder, key: &Key, parts: &Parts, hands: Hands) -> Result<Cached, Fault> {
    let read_now = read(folder, key);
    let result = match read_now {
        // The Parquet file is the new one, and its meta did not get its name.
        Err(Fault::Corrupt(what)) if parts.has(Part::PendingMeta) => {
            match read_with(folder, key, Part::PendingMeta) {
                Ok(cached) => {
                    if hands == Hands::Free {
                        // Where this fails, the next reader comes the same way.
                        let _ = folder.rename(key, Part::PendingMeta, Part::Meta);
                    }
                    Ok(cached)
                }
                Err(Fault::Newer(version)) => Err(Fault::Newer(version)),
                Err(_) => Err(Fault::Corrupt(what)),
            }
        }
        other => other,
    };
    if hands == Hands::Free && result.is_ok() {
        sweep(folder, key);
    }
    result
}

fn sweep(folder: &Folder, key: &Key) {
    for part in [Part::ParquetTemporary, Part::MetaTemporary, Part::PendingMeta] {
        // What stays is swept another time; it is never read.
        let _ = folder.remove(key, part);
    }
}

/// Removes an entry that another has replaced: the Parquet file first, so that what is left of a
/// removal cut short is not taken for lost bars.
pub(super) fn remove_entry(folder: &Folder, key: &Key) {
    // What stays is found by the next reader, who removes it.
    let _ = folder.remove(key, Part::Parquet);
    let _ = folder.remove(key, Part::Meta);
    sweep(folder, key);
}

/// Moves what cannot be served out of the way, and says so.
fn tell(
    folder: &Folder,
    key: &Key,
    parts: &Parts,
    fault: Fault,
    hands: Hands,
    now: DateTime<Utc>,
) -> Problem {
    let message = match fault {
        Fault::Newer(version) => format!(
            "the cache entry {key} has format {version}, which a newer ts wrote; it was left alone: \
             upgrade, or run `ts cache clear`"
        ),
        Fault::Unreadable(error) => format!("the cache entry {key} could not be read: {error}"),
        Fault::Corrupt(what) if hands == Hands::Tied => {
            format!("the cache entry {key} is corrupt ({what}) and was not used; the folder is not writable")
        }
        Fault::Corrupt(what) => {
            let moved = parts.iter().try_for_each(|part| folder.quarantine(key, part, now));
            let after = match moved {
                Ok(()) => "it was moved to quarantine/ and is fetched again".to_owned(),
                Err(error) => format!("it was not used, and could not be moved away: failed to {error}"),
            };
            format!("the cache entry {key} is corrupt ({what}); {after}")
        }
    };
    Problem::new(&key.symbol, ProblemKind::Cache, message)
}
