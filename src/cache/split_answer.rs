//! What sources answered when they were asked whether a jump of the price was a split, remembered so
//! that a warm run asks nothing.
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
use crate::bars::Split;
use crate::domain::AssetClass;
use crate::domain::Symbol;

const FILE: &str = "splits.json";

/// The splits of one symbol that a source listed over some days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitAnswer {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    pub source: String,
    /// The first day that was asked for.
    pub from: NaiveDate,
    /// The last day that was asked for.
    pub to: NaiveDate,
    pub asked_at: DateTime<Utc>,
    pub splits: Vec<ListedSplit>,
    /// Whether the whole history was fetched again because of them.
    pub refetched: bool,
}

/// A split within an answer; see [`Split`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedSplit {
    pub date: NaiveDate,
    pub ratio: f64,
}

impl SplitAnswer {
    /// Returns the splits as the checks of the bars take them.
    pub fn splits(&self) -> impl Iterator<Item = Split> + '_ {
        self.splits.iter().map(|own| Split { symbol: self.symbol.clone(), date: own.date, ratio: own.ratio })
    }

    /// Tells whether a day was asked for.
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.from <= date && date <= self.to
    }

    /// Tells whether the source need not be asked again: a split may be listed days late.
    pub fn is_recent(&self, ttl_hours: u32, now: DateTime<Utc>) -> bool {
        let age = now - self.asked_at;
        TimeDelta::zero() <= age && age < TimeDelta::hours(ttl_hours.into())
    }

    fn is_about(&self, other: &SplitAnswer) -> bool {
        (self.asset_class, &self.symbol, &self.source, self.from, self.to)
            == (other.asset_class, &other.symbol, &other.source, other.from, other.to)
    }
}

impl Cache {
    /// Returns the answers on one asset class.
    pub fn split_answers(&self, class: AssetClass) -> Vec<SplitAnswer> {
        let mut all: Vec<SplitAnswer> = self.folder.read_json(FILE).unwrap_or_default();
        all.retain(|answer| answer.asset_class == class);
        all
    }

    /// Remembers answers in place of earlier ones to the same question.
    ///
    /// # Errors
    /// [`CacheError`] where it could not be written: the source will be asked again.
    pub fn note_splits(&self, answers: &[SplitAnswer]) -> Result<(), CacheError> {
        let _lock = self.folder.lock_exclusive()?;
        let mut all: Vec<SplitAnswer> = self.folder.read_json(FILE).unwrap_or_default();
        all.retain(|known| !answers.iter().any(|new| new.is_about(known)));
        all.extend_from_slice(answers);
        all.sort_by(|a, b| (a.asset_class, &a.symbol, a.from).cmp(&(b.asset_class, &b.symbol, b.from)));
        self.folder.write_json(FILE, &all)
    }

    /// Forgets the answers on symbols that are meant. The folder must be locked.
    pub(super) fn forget_splits(&self, is_meant: impl Fn(&SplitAnswer) -> bool) -> Result<(), CacheError> {
        let all: Vec<SplitAnswer> = self.folder.read_json(FILE).unwrap_or_default();
        let kept: Vec<&SplitAnswer> = all.iter().filter(|one| !is_meant(one)).collect();
        if kept.len() < all.len() {
            self.folder.write_json(FILE, &kept)?;
        }
        Ok(())
    }
}
