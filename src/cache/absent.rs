//! Which symbols a source does not have, remembered so that a wrong ticker costs no call a run.
//!
//! A memory of questions, not of bars: where the file is lost, the questions are asked again.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use super::Cache;
use super::error::CacheError;
use crate::domain::AssetClass;
use crate::domain::Symbol;

const FILE: &str = "absent.json";

/// A source had no bar of a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    pub source: String,
    pub asked_at: DateTime<Utc>,
    /// The first day that the source was asked for.
    pub from: NaiveDate,
    /// The last one: of a later session it has said nothing.
    pub session: NaiveDate,
}

impl Absent {
    /// Tells whether the answer is still believed: for the TTL, and not where the clock was set back.
    pub fn is_believed(&self, ttl_hours: u32, now: DateTime<Utc>) -> bool {
        let age = now - self.asked_at;
        TimeDelta::zero() <= age && age < TimeDelta::hours(ttl_hours.into())
    }

    fn is_about(&self, other: &Absent) -> bool {
        (self.asset_class, &self.symbol, &self.source) == (other.asset_class, &other.symbol, &other.source)
    }
}

impl Cache {
    /// Returns what sources do not have, as far as it is believed, by class, symbol and source.
    pub fn absent(&self, now: DateTime<Utc>) -> Vec<Absent> {
        let mut all: Vec<Absent> = self.folder.read_json(FILE).unwrap_or_default();
        all.retain(|one| one.is_believed(self.ttl_hours, now));
        all
    }

    /// Remembers what a source does not have; what is no longer believed is forgotten.
    ///
    /// # Errors
    /// [`CacheError`] where it could not be written: the source will be asked again.
    pub fn note_absent(&self, found: &[Absent], now: DateTime<Utc>) -> Result<(), CacheError> {
        let _lock = self.folder.lock_exclusive()?;
        let mut all = self.absent(now);
        all.retain(|known| !found.iter().any(|new| new.is_about(known)));
        all.extend_from_slice(found);
        all.sort_by(|a, b| (a.asset_class, &a.symbol, &a.source).cmp(&(b.asset_class, &b.symbol, &b.source)));
        self.folder.write_json(FILE, &all)
    }

    /// Forgets those that `is_meant`, and returns how many they were. The folder must be locked.
    pub(super) fn forget_absent(&self, is_meant: impl Fn(&Absent) -> bool) -> Result<usize, CacheError> {
        let all: Vec<Absent> = self.folder.read_json(FILE).unwrap_or_default();
        let kept: Vec<&Absent> = all.iter().filter(|one| !is_meant(one)).collect();
        if kept.len() < all.len() {
            self.folder.write_json(FILE, &kept)?;
        }
        Ok(all.len() - kept.len())
    }
}
