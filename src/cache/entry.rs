//! What goes into the cache, and what comes out of it.

use chrono::Days;
use chrono::NaiveDate;

use super::Holding;
use super::key::Key;
use super::merge::OVERLAP;
use super::meta::Meta;
use crate::bars::Bars;
use crate::calendar;
use crate::domain::AssetClass;
use crate::sources::Prices;

/// Bars to keep, with what must be remembered of their coming.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub asset_class: AssetClass,
    pub bars: Bars,
    /// The first day that the source was asked for, at or before the first bar.
    pub asked_from: NaiveDate,
    /// The source of the history.
    pub source: String,
    /// Other sources whose newer bars were joined to it.
    pub joined: Vec<String>,
    pub prices: Prices,
}

impl Entry {
    /// Returns the key under which the bars would stand, or `None` without a bar.
    pub fn key(&self) -> Option<Key> {
        let dates = self.bars.dates();
        Some(Key {
            asset_class: self.asset_class,
            symbol: self.bars.symbol().clone(),
            start: *dates.first()?,
            end: *dates.last()?,
        })
    }
}

/// The bars of an entry, whole and checked, with its meta.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// Every bar of the entry: a run on an earlier session cuts them by [`Bars::up_to`], and must
    /// never store what it cut.
    pub bars: Bars,
    pub meta: Meta,
}

impl Cached {
    /// Returns the finished sessions for which the entry does not answer, oldest first: those after
    /// its last bar. A session without a bar between two others was asked for and has none.
    pub fn missing(&self, last_finished: NaiveDate) -> Vec<NaiveDate> {
        sessions_after(self.meta.asset_class, self.meta.end, last_finished)
    }

    /// Returns what a plan must know of the entry.
    pub fn holding(&self) -> Holding {
        let dates = self.bars.dates();
        let overlap_from = dates[dates.len().saturating_sub(OVERLAP)];
        Holding { meta: self.meta.clone(), overlap_from }
    }

    /// Makes the entry that takes this one's place after bars of `source` were joined to it.
    pub fn joined(&self, bars: Bars, source: &str) -> Entry {
        let mut joined = self.meta.joined.clone();
        let is_known = self.meta.source == source || joined.iter().any(|known| known == source);
        if !is_known {
            joined.push(source.to_owned());
        }
        Entry {
            asset_class: self.meta.asset_class,
            bars,
            asked_from: self.meta.asked_from,
            source: self.meta.source.clone(),
            joined,
            prices: self.meta.prices(),
        }
    }
}

/// Returns the sessions after `end` up to and including `last_finished`.
pub(super) fn sessions_after(class: AssetClass, end: NaiveDate, last_finished: NaiveDate) -> Vec<NaiveDate> {
    match end.checked_add_days(Days::new(1)) {
        Some(next) => calendar::sessions(class, next, last_finished),
        None => Vec::new(),
    }
}
