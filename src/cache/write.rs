//! How an entry is kept, so that a process killed at any moment leaves the old one or the new one.
//!
//! With everyone else locked out:
//!
//! 1. the Parquet file under a temporary name, on the disk;
//! 2. its meta under the name `.meta.json.pending`, on the disk;
//! 3. the Parquet file gets its name;
//! 4. the meta gets its name, and the folder is on the disk;
//! 5. only then the symbol's older entries go, each Parquet file before its meta.
//!
//! Killed before 3, the old entry stands whole; between 3 and 4, the pending meta vouches for the
//! new Parquet file, and the next reader finishes the step. That holds also where the new entry has
//! the old one's name. Of two processes the last to write wins with both files, unless the other wrote
//! meanwhile what says more: an entry is put in the place of the one that it was judged against.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rayon::iter::IntoParallelRefIterator;
use rayon::iter::ParallelIterator;

use super::Cache;
use super::entry::Entry;
use super::entry::Replaces;
use super::error::CacheError;
use super::folder::Pairs;
use super::heal;
use super::key::Key;
use super::key::Part;
use super::meta::FORMAT_VERSION;
use super::meta::Meta;
use super::meta::MetaError;
use super::meta::NotYet;
use super::meta::checksum;
use super::table;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::sources::Prices;

impl Cache {
    /// Keeps one entry in place of all others of its symbol; see [`Cache::set_many`].
    ///
    /// # Errors
    /// [`CacheError`] by what failed; the symbol's old entry then still stands.
    pub fn set(&self, entry: &Entry, now: DateTime<Utc>) -> Result<Meta, CacheError> {
        let mut results = self.set_many(std::slice::from_ref(entry), now)?;
        results.pop().expect("one entry has one result")
    }

    /// Keeps many entries, each in place of all others of its symbol, and returns for each the meta that
    /// was written. What sources said not to have yet is remembered on.
    ///
    /// # Errors
    /// [`CacheError`] where nothing at all could be kept: the folder cannot be made or locked. An
    /// error within the results costs its own entry only. The bars are the caller's in any case.
    pub fn set_many(
        &self,
        entries: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Meta, CacheError>>, CacheError> {
        let mut results = Vec::with_capacity(entries.len());
        let mut rest = entries;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(distinct(rest));
            results.extend(self.set_batch(batch, now)?);
            rest = later;
        }
        Ok(results)
    }

    /// Keeps entries of distinct symbols, side by side up to the moment when files get their names.
    fn set_batch(
        &self,
        entries: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Meta, CacheError>>, CacheError> {
        let _lock = self.folder.lock_exclusive()?;
        let symbols = entries.iter().map(|entry| (entry.asset_class, entry.bars.symbol().clone()));
        let listing = self.folder.list_of(&symbols.collect());
        let listing = listing.map_err(|error| CacheError::disk(self.dir(), error))?;
        let none = Pairs::new();
        let of =
            |entry: &Entry| listing.get(&(entry.asset_class, entry.bars.symbol().clone())).unwrap_or(&none);
        let written: Vec<Result<Meta, CacheError>> =
            entries.par_iter().map(|entry| self.write_aside(entry, of(entry), now)).collect();
        let named: Vec<Result<Meta, CacheError>> = written
            .into_iter()
            .map(|meta| {
                let meta = meta?;
                let key = meta.key();
                self.folder.rename(&key, Part::ParquetTemporary, Part::Parquet)?;
                self.folder.rename(&key, Part::PendingMeta, Part::Meta)?;
                Ok(meta)
            })
            .collect();
        self.folder.sync()?;
        for (entry, meta) in entries.iter().zip(&named) {
            let Ok(meta) = meta else { continue };
            let key = meta.key();
            of(entry).keys().filter(|old| **old != key).for_each(|old| heal::remove_entry(&self.folder, old));
        }
        Ok(named)
    }

    /// Writes both files of an entry under names that no reader takes for an entry.
    fn write_aside(&self, entry: &Entry, old: &Pairs, now: DateTime<Utc>) -> Result<Meta, CacheError> {
        let symbol = || entry.bars.symbol().to_string();
        let key = entry.key().ok_or_else(|| CacheError::NoBars { symbol: symbol() })?;
        if self.is_overtaken(entry, &key, old, now) {
            return Err(CacheError::Overtaken { symbol: symbol() });
        }
        let not_yet = self.not_yet(old, key.end, now)?;
        let parquet = table::encode(&entry.bars)
            .map_err(|error| CacheError::Encode { symbol: symbol(), what: error.to_string() })?;
        let meta = Meta {
            format_version: FORMAT_VERSION,
            asset_class: entry.asset_class,
            symbol: entry.bars.symbol().clone(),
            start: key.start,
            end: key.end,
            asked_from: entry.asked_from.min(key.start),
            cached_at: now,
            ttl_hours: self.ttl_hours,
            source: entry.source.clone(),
            joined: entry.joined.clone(),
            adjusted: entry.prices == Prices::SplitAdjusted,
            row_count: entry.bars.len(),
            checksum: checksum(&parquet),
            not_yet,
            overlap_agreed_at: entry.overlap_agreed_at,
            outdated: None,
            notes: entry.notes.clone(),
            held_back: entry.held_back.clone(),
        };
        self.folder.write(&key, Part::ParquetTemporary, &parquet)?;
        self.folder.write(&key, Part::PendingMeta, &meta.to_json()).inspect_err(|_| {
            // The failure to write is what is told; the next reader sweeps what stays.
            let _ = self.folder.remove(&key, Part::ParquetTemporary);
        })?;
        Ok(meta)
    }

    /// Tells whether an entry stands there that `entry` was not judged against and that says more: more
    /// days, or the vendor's word of a later moment.
    fn is_overtaken(&self, entry: &Entry, key: &Key, old: &Pairs, now: DateTime<Utc>) -> bool {
        let judged = match &entry.replaces {
            Replaces::Anything => return false,
            Replaces::Nothing => None,
            Replaces::Entry(checksum) => Some(checksum),
        };
        old.keys().filter_map(|known| self.meta(known)?.ok()).any(|meta| {
            let is_another = Some(&meta.checksum) != judged && meta.outdated.is_none();
            is_another && (meta.end > key.end || meta.start < key.start || meta.cached_at > now)
        })
    }

    /// Collects what the symbol's entries remember of sessions after `end`, and refuses to replace
    /// what a newer program wrote.
    fn not_yet(&self, old: &Pairs, end: NaiveDate, now: DateTime<Utc>) -> Result<Vec<NotYet>, CacheError> {
        let mut notes = Vec::new();
        for key in old.keys() {
            match self.meta(key) {
                Some(Ok(meta)) => notes.extend(meta.not_yet),
                Some(Err(MetaError::Newer(version))) => {
                    return Err(CacheError::NewerFormat { file: key.file(Part::Meta), version });
                }
                // Whatever it was, a whole entry takes its place.
                Some(Err(MetaError::Broken(_))) | None => {}
            }
        }
        notes.retain(|note| note.session > end && note.is_recent(now));
        Ok(notes)
    }

    /// Reads the meta under a key, or `None` where there is none.
    fn meta(&self, key: &Key) -> Option<Result<Meta, MetaError>> {
        let json = std::fs::read(self.folder.path(key, Part::Meta)).ok()?;
        Some(Meta::parse(&json))
    }

    /// Remembers that `source` did not have `session` yet, for each of `symbols` that has an entry.
    /// The bars are not touched.
    ///
    /// # Errors
    /// [`CacheError`] where it could not be written: the source will be asked sooner.
    pub fn note_not_yet(
        &self,
        class: AssetClass,
        symbols: &[Symbol],
        source: &str,
        session: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<(), CacheError> {
        self.change_metas(class, symbols, |meta| {
            meta.not_yet.retain(|note| note.is_recent(now) && note.source != source);
            meta.not_yet.push(NotYet { source: source.to_owned(), session, asked_at: now });
        })
    }

    /// Remembers that what is held of a symbol is wrong, and why, until it is replaced. `checksum` is
    /// that of the bars that were judged: those that another process has put there since are not.
    ///
    /// # Errors
    /// [`CacheError`] where it could not be written: the next run must find out again.
    pub fn note_outdated(
        &self,
        class: AssetClass,
        symbol: &Symbol,
        checksum: &str,
        why: &str,
    ) -> Result<(), CacheError> {
        self.change_metas(class, std::slice::from_ref(symbol), |meta| {
            if meta.checksum == checksum {
                meta.outdated = Some(why.to_owned());
            }
        })
    }

    fn change_metas(
        &self,
        class: AssetClass,
        symbols: &[Symbol],
        change: impl Fn(&mut Meta),
    ) -> Result<(), CacheError> {
        let _lock = self.folder.lock_exclusive()?;
        let wanted = symbols.iter().map(|symbol| (class, symbol.clone())).collect();
        let listing = self.folder.list_of(&wanted).map_err(|error| CacheError::disk(self.dir(), error))?;
        for key in listing.values().flat_map(Pairs::keys) {
            // A meta that cannot be read is for `get` to judge.
            let Some(Ok(mut meta)) = self.meta(key) else { continue };
            if meta.key() != *key {
                continue;
            }
            change(&mut meta);
            self.folder.write(key, Part::MetaTemporary, &meta.to_json())?;
            self.folder.rename(key, Part::MetaTemporary, Part::Meta)?;
        }
        self.folder.sync()
    }
}

/// Counts the entries before the first whose symbol has come already.
fn distinct(entries: &[Entry]) -> usize {
    let mut seen = BTreeSet::new();
    let seen_before = entries.iter().position(|entry| !seen.insert((entry.asset_class, entry.bars.symbol())));
    seen_before.unwrap_or(entries.len())
}
