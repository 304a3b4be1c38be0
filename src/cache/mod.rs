//! Fetched bars kept on disk, one entry a symbol: a Parquet file and the `.meta.json` that vouches
//! for it.
//!
//! What is read is either whole or not served: a corrupt or half-written entry is moved to
//! `quarantine/`, told as a problem, and fetched again. An entry answers only for the sessions that
//! it holds; [`Plan`] says what must be asked for beyond them, [`merge`] how the answer is joined.
//!
//! Refuses to ask the time (`now` is an argument), to fetch, and to touch an entry that a newer
//! program wrote. Reading and writing block and use rayon: call them where that is allowed.
//!
//! Everything here that writes holds an OS lock on the folder, which dies with its process, and
//! reading holds it shared, so that no reader sees one file of an entry without the other.

mod absent;
mod entry;
mod error;
mod folder;
mod heal;
mod key;
mod known_splits;
pub mod merge;
mod meta;
mod need;
mod plan;
mod plan_table;
mod table;
mod upkeep;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rayon::iter::IntoParallelRefIterator;
use rayon::iter::ParallelIterator;

use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;
use folder::Folder;
use folder::Pairs;
use heal::Hands;

pub use absent::Absent;
pub use entry::{Cached, Entry, Replaces};
pub use error::CacheError;
pub use key::{InvalidKey, Key};
pub use known_splits::{KnownSplits, ListedSplit, SplitAnswer};
pub use meta::{HeldBack, Meta, NotYet, Note};
pub use need::{Ask, Holding, Need, Patience, need};
pub use plan::{Fetch, Plan, SplitCheck};
pub use table::encode as parquet;
pub use upkeep::{Cleared, Health, Listed, Which};

/// A folder of cached bars. Made without touching the disk; the folder comes with the first entry.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: Folder,
    ttl_hours: u32,
}

impl Cache {
    /// Names the folder, and the hours after which the newest bars of an entry are asked for again.
    pub fn new(dir: impl Into<PathBuf>, ttl_hours: u32) -> Self {
        Self { folder: Folder::new(dir.into()), ttl_hours }
    }

    /// Returns the folder.
    pub fn dir(&self) -> &Path {
        self.folder.dir()
    }

    /// Returns the hours after which the newest bars of an entry are asked for again.
    pub fn ttl_hours(&self) -> u32 {
        self.ttl_hours
    }

    /// Reads one symbol's entry, mending first what a killed process left; see [`Cache::get_many`].
    pub fn get(
        &self,
        class: AssetClass,
        symbol: &Symbol,
        now: DateTime<Utc>,
    ) -> (Option<Cached>, Vec<Problem>) {
        let (mut found, problems) = self.get_many(class, std::slice::from_ref(symbol), now);
        (found.remove(symbol), problems)
    }

    /// Reads the entries of many symbols; one that has none is not in the answer.
    ///
    /// What is corrupt or half-written is moved to `quarantine/` and told in a problem, as is what a
    /// newer program wrote, which stays where it is.
    pub fn get_many(
        &self,
        class: AssetClass,
        symbols: &[Symbol],
        now: DateTime<Utc>,
    ) -> (BTreeMap<Symbol, Cached>, Vec<Problem>) {
        let shared = self.folder.lock_shared();
        let wanted = symbols.iter().map(|symbol| (class, symbol.clone())).collect();
        let listing = match self.folder.list_of(&wanted) {
            Ok(listing) => listing,
            Err(error) => {
                let what = format!("the cache {} could not be read: {error}", self.dir().display());
                return (BTreeMap::new(), vec![Problem::new("", ProblemKind::Cache, what)]);
            }
        };
        let read = |symbol: &Symbol| {
            let pairs = listing.get(&(class, symbol.clone()))?;
            Some((symbol.clone(), self.read_clean(pairs)))
        };
        let answers: Vec<(Symbol, Option<Cached>)> = symbols.par_iter().filter_map(read).collect();
        drop(shared);

        let mut found = BTreeMap::new();
        let mut doubtful = Vec::new();
        for (symbol, answer) in answers {
            match answer {
                Some(cached) => drop(found.insert(symbol, cached)),
                None => doubtful.push(symbol),
            }
        }
        let problems = self.mend(class, doubtful, now, &mut found);
        (found, problems)
    }

    /// Tells whether a symbol's entry answers for every finished session and is not expired: whether
    /// a run needs no call for it. Looks from the entry's own first day on.
    pub fn is_valid(
        &self,
        class: AssetClass,
        symbol: &Symbol,
        last_finished: NaiveDate,
        now: DateTime<Utc>,
    ) -> bool {
        let (cached, _) = self.get(class, symbol, now);
        cached.is_some_and(|cached| {
            cached.missing(last_finished).is_empty() && !cached.meta.is_expired(self.ttl_hours, now)
        })
    }

    /// Reads a symbol that has exactly one entry of two whole files; `None` for any other state.
    fn read_clean(&self, pairs: &Pairs) -> Option<Cached> {
        let mut entries = pairs.iter();
        let (Some((key, parts)), None) = (entries.next(), entries.next()) else { return None };
        if !parts.are_a_clean_pair() {
            return None;
        }
        heal::read(&self.folder, key).ok()
    }

    /// Mends the symbols whose files are in doubt, with everyone else locked out.
    fn mend(
        &self,
        class: AssetClass,
        doubtful: Vec<Symbol>,
        now: DateTime<Utc>,
        found: &mut BTreeMap<Symbol, Cached>,
    ) -> Vec<Problem> {
        if doubtful.is_empty() {
            return Vec::new();
        }
        // A folder that cannot be locked for writing is read as it is, and nothing in it is moved.
        let lock = self.folder.lock_exclusive().ok();
        let hands = if lock.is_some() { Hands::Free } else { Hands::Tied };
        // Another process may have mended or replaced an entry in between: look again.
        let wanted = doubtful.iter().map(|symbol| (class, symbol.clone())).collect();
        let Ok(listing) = self.folder.list_of(&wanted) else { return Vec::new() };
        let mut problems = Vec::new();
        for symbol in doubtful {
            let Some(pairs) = listing.get(&(class, symbol.clone())) else { continue };
            let (cached, told) = heal::heal(&self.folder, pairs, hands, now);
            problems.extend(told);
            if let Some(cached) = cached {
                found.insert(symbol, cached);
            }
        }
        problems
    }
}
