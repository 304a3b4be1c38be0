//! What goes into the cache, and what comes out of it.

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::Utc;

use super::Holding;
use super::key::Key;
use super::merge::OVERLAP;
use super::meta::Meta;
use super::meta::{HeldBack, Note};
use crate::bars::Bars;
use crate::calendar;
use crate::domain::AssetClass;
use crate::sources::Prices;

/// The most notes that are kept of an entry, the newest of them.
const MOST_NOTES: usize = 8;

/// Which entry another one was judged against and may take the place of. What another process has put
/// there in between is replaced only where it says no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Whatever stands there.
    Anything,
    /// Nothing was held.
    Nothing,
    /// The entry with this checksum.
    Entry(String),
}

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
    /// When the source last told bars again that were held already, or the whole history.
    pub overlap_agreed_at: DateTime<Utc>,
    /// What is to be told of the bars for as long as they are held.
    pub notes: Vec<Note>,
    /// The source's word that it has nothing before the first bar.
    pub held_back: Option<HeldBack>,
    pub replaces: Replaces,
}

impl Entry {
    /// Adds what was said of newly joined bars; what was said before stays, and is said once.
    pub fn noting(mut self, notes: impl IntoIterator<Item = Note>) -> Self {
        for note in notes {
            self.notes.retain(|known| *known != note);
            self.notes.push(note);
        }
        self.notes.drain(..self.notes.len().saturating_sub(MOST_NOTES));
        self
    }

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

    /// Makes the entry that takes this one's place after bars of `source` with an overlap were joined
    /// to it. Only the history's own source shows by it that all four prices still hold.
    pub fn joined(&self, bars: Bars, source: &str, now: DateTime<Utc>) -> Entry {
        let is_own = self.meta.source == source;
        let mut entry = self.filled(bars);
        if is_own {
            entry.overlap_agreed_at = now;
        } else if !entry.joined.iter().any(|known| known == source) {
            entry.joined.push(source.to_owned());
        }
        entry
    }

    /// Makes the entry that takes this one's place after days without an overlap were appended.
    pub fn filled(&self, bars: Bars) -> Entry {
        let meta = &self.meta;
        Entry {
            asset_class: meta.asset_class,
            bars,
            asked_from: meta.asked_from,
            source: meta.source.clone(),
            joined: meta.joined.clone(),
            prices: meta.prices(),
            overlap_agreed_at: meta.overlap_agreed_at,
            notes: meta.notes.clone(),
            held_back: meta.held_back.clone(),
            replaces: Replaces::Entry(meta.checksum.clone()),
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
