//! Looking after the folder: what stands in it, whether it is sound, and clearing it.
//!
//! Listing and verifying change nothing; a corrupt entry is moved away when it is next asked for.

use std::fs;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::Cache;
use super::error::CacheError;
use super::folder::Listing;
use super::folder::Parts;
use super::heal;
use super::heal::Fault;
use super::key::Key;
use super::key::Part;
use super::meta::Meta;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;

/// One entry as its name and meta tell of it, its bars unread.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub key: Key,
    /// `None` where it cannot be read.
    pub meta: Option<Meta>,
    /// Of the Parquet file; `None` where there is none.
    pub bytes: Option<u64>,
    pub is_expired: bool,
}

/// How an entry is, all of it read.
#[derive(Clone, Debug, PartialEq)]
pub enum Health {
    /// Both files agree; sessions between its first and last bar without a bar, oldest first.
    Whole { gaps: Vec<NaiveDate> },
    /// A newer program wrote it.
    Newer { format_version: u64 },
    /// What is wrong, as the end of a sentence. It is never served.
    Corrupt(String),
    /// The disk did not give it.
    Unreadable(String),
}

/// What is to be cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every entry, and what was quarantined.
    All,
    /// What is held of one symbol, and what is known of sources that lack it.
    Symbol(AssetClass, Symbol),
    Entry(Key),
}

/// What was cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    pub entries: usize,
    /// Answers of sources that a symbol is not there.
    pub absent: usize,
}

impl Cache {
    /// Lists the entries by class and symbol, at the cost of one small file each.
    ///
    /// # Errors
    /// [`CacheError`] where the folder cannot be read; one that does not exist is empty.
    pub fn list(&self, now: DateTime<Utc>) -> Result<Vec<Listed>, CacheError> {
        let _shared = self.folder.lock_shared();
        let listing = self.folder.list().map_err(|error| CacheError::disk(self.dir(), error))?;
        let listed = |key: Key| {
            let json = fs::read(self.folder.path(&key, Part::Meta)).ok();
            let meta = json.and_then(|json| Meta::parse(&json).ok());
            let bytes = fs::metadata(self.folder.path(&key, Part::Parquet)).ok().map(|file| file.len());
            let is_expired = meta.as_ref().is_some_and(|meta| meta.is_expired(self.ttl_hours, now));
            Listed { key, meta, bytes, is_expired }
        };
        Ok(entries(listing).map(|(key, _)| listed(key)).collect())
    }

    /// Reads every entry whole and says how each is, moving nothing.
    ///
    /// # Errors
    /// As [`Cache::list`].
    pub fn verify(&self) -> Result<Vec<(Key, Health)>, CacheError> {
        let _shared = self.folder.lock_shared();
        let listing = self.folder.list().map_err(|error| CacheError::disk(self.dir(), error))?;
        let health = |key: &Key| match heal::read(&self.folder, key) {
            Ok(cached) => Health::Whole { gaps: gaps(key, cached.bars.dates()) },
            Err(Fault::Newer(format_version)) => Health::Newer { format_version },
            Err(Fault::Corrupt(what)) => Health::Corrupt(what),
            Err(Fault::Unreadable(error)) => Health::Unreadable(error.to_string()),
        };
        Ok(entries(listing).map(|(key, _)| (key.clone(), health(&key))).collect())
    }

    /// Removes entries, those of a newer program too: whoever clears has said so.
    ///
    /// # Errors
    /// [`CacheError`] where one cannot be removed; those before it are gone.
    pub fn clear(&self, which: &Which) -> Result<Cleared, CacheError> {
        if !self.dir().exists() {
            return Ok(Cleared { entries: 0, absent: 0 });
        }
        let _lock = self.folder.lock_exclusive()?;
        let listing = self.folder.list().map_err(|error| CacheError::disk(self.dir(), error))?;
        let is_meant = |key: &Key| match which {
            Which::All => true,
            Which::Symbol(class, symbol) => key.asset_class == *class && key.symbol == *symbol,
            Which::Entry(meant) => key == meant,
        };
        let is_asked_of = |asset_class: AssetClass, asked: &Symbol| match which {
            Which::All => true,
            Which::Symbol(class, symbol) => asset_class == *class && *asked == *symbol,
            Which::Entry(_) => false,
        };
        let absent = self.forget_absent(|one| is_asked_of(one.asset_class, &one.symbol))?;
        match which {
            Which::Entry(_) => {}
            Which::All | Which::Symbol(..) => self.forget_splits(is_asked_of)?,
        }
        let mut cleared = Cleared { entries: 0, absent };
        for (key, parts) in entries(listing).filter(|(key, _)| is_meant(key)) {
            // The Parquet file comes first, so that a removal cut short leaves no bars without a meta.
            let mut parts: Vec<Part> = parts.iter().collect();
            parts.sort();
            parts.into_iter().try_for_each(|part| self.folder.remove(&key, part))?;
            cleared.entries += 1;
        }
        if *which == Which::All {
            self.folder.empty_quarantine()?;
        }
        self.folder.sync()?;
        Ok(cleared)
    }
}

fn entries(listing: Listing) -> impl Iterator<Item = (Key, Parts)> {
    listing.into_values().flatten()
}

fn gaps(key: &Key, dates: &[NaiveDate]) -> Vec<NaiveDate> {
    let sessions = calendar::sessions(key.asset_class, key.start, key.end);
    sessions.into_iter().filter(|session| dates.binary_search(session).is_err()).collect()
}
