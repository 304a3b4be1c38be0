//! What sources said of splits: those that they list, and the days that they were asked about.
//!
//! A split is kept for as long as the cache is: whoever held the symbol through it is rescaled by it on
//! every later day, and bars that were not adjusted for it show it until they are. A question is kept
//! so that a warm run asks nothing, and so that a jump is cleared only by a list made late enough.
//!
//! A memory of answers, not of bars: where the file is lost, the questions are asked again.

use std::collections::BTreeSet;

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
use crate::sources::Splits;

const FILE: &str = "splits.json";
/// A question about the whole market is about a few days, and of use while these are the newest.
const MARKET_AGE: TimeDelta = TimeDelta::days(7);

/// Which splits sources list, and what they were asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownSplits {
    pub splits: Vec<ListedSplit>,
    pub answers: Vec<SplitAnswer>,
}

/// A split that a source lists; see [`Split`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedSplit {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    pub source: String,
    /// The first session at the new price.
    pub date: NaiveDate,
    /// New shares for each old one.
    pub ratio: f64,
    /// When the source was first seen to list it.
    pub learned_at: DateTime<Utc>,
    /// When the whole history was last fetched, with the split known, and the bars showed it still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refetched_at: Option<DateTime<Utc>>,
}

/// A question that a source answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitAnswer {
    pub asset_class: AssetClass,
    /// `None` for the splits of every symbol.
    pub symbol: Option<Symbol>,
    pub source: String,
    /// The first day that was asked for.
    pub from: NaiveDate,
    /// The last day that was asked for.
    pub to: NaiveDate,
    pub asked_at: DateTime<Utc>,
    /// The symbols of which a split was told that could not be read: of them it says nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<Symbol>,
}

impl ListedSplit {
    /// Returns the split as the checks of the bars take it.
    pub fn split(&self) -> Split {
        Split { symbol: self.symbol.clone(), date: self.date, ratio: self.ratio }
    }
}

impl SplitAnswer {
    fn is_about(&self, symbol: &Symbol) -> bool {
        self.symbol.as_ref().is_none_or(|own| own == symbol) && !self.unread.contains(symbol)
    }

    fn covers(&self, from: NaiveDate, to: NaiveDate) -> bool {
        self.from <= from && to <= self.to
    }

    /// Tells whether this answers all that an earlier answer did.
    fn replaces(&self, other: &SplitAnswer) -> bool {
        let is_as_wide = match (&self.symbol, &other.symbol) {
            (None, _) => true,
            (Some(own), Some(other)) => own == other,
            (Some(_), None) => false,
        };
        let is_same_source = self.asset_class == other.asset_class && self.source == other.source;
        is_as_wide && self.unread.is_empty() && is_same_source && self.covers(other.from, other.to)
    }
}

impl KnownSplits {
    /// Takes in what a source told. Of the symbols that are wanted, it knows from now on what is
    /// listed; a split that it listed before and does not any more is forgotten, unless a row that
    /// could not be read may be that split. Where such a row names no symbol, nothing counts as asked.
    pub fn learn(&mut self, answer: &SplitAnswer, told: &Splits, is_wanted: impl Fn(&Symbol) -> bool) {
        let is_listed = |known: &ListedSplit| {
            told.splits.iter().any(|split| {
                (&split.symbol, split.date, split.ratio) == (&known.symbol, known.date, known.ratio)
            })
        };
        self.splits.retain(|known| {
            let was_asked = known.asset_class == answer.asset_class
                && known.source == answer.source
                && answer.is_about(&known.symbol)
                && answer.covers(known.date, known.date);
            !was_asked || told.unread.may_concern(&known.symbol) || is_listed(known)
        });
        for split in told.splits.iter().filter(|split| is_wanted(&split.symbol)) {
            let is_known = self.splits.iter().any(|known| {
                known.asset_class == answer.asset_class
                    && known.source == answer.source
                    && known.split() == *split
            });
            if !is_known {
                self.splits.push(ListedSplit {
                    asset_class: answer.asset_class,
                    symbol: split.symbol.clone(),
                    source: answer.source.clone(),
                    date: split.date,
                    ratio: split.ratio,
                    learned_at: answer.asked_at,
                    refetched_at: None,
                });
            }
        }
        self.splits.sort_by(|a, b| (&a.symbol, a.date, &a.source).cmp(&(&b.symbol, b.date, &b.source)));
        if told.unread.nameless > 0 {
            return;
        }
        let answer = SplitAnswer { unread: told.unread.symbols.clone(), ..answer.clone() };
        self.answers.retain(|known| {
            let is_stale = known.symbol.is_none() && answer.asked_at - known.asked_at >= MARKET_AGE;
            !(is_stale || answer.replaces(known))
        });
        self.answers.push(answer);
    }

    /// Remembers that a symbol's whole history was fetched with these splits known.
    pub fn set_refetched(&mut self, symbol: &Symbol, source: &str, at: DateTime<Utc>) {
        let own = self.splits.iter_mut().filter(|known| known.symbol == *symbol && known.source == source);
        own.for_each(|known| known.refetched_at = Some(at));
    }

    /// Returns when a source last listed a symbol's splits of all these days, both ends included.
    pub fn asked(
        &self,
        source: &str,
        symbol: &Symbol,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Option<DateTime<Utc>> {
        let is_meant = |answer: &&SplitAnswer| {
            answer.source == source && answer.is_about(symbol) && answer.covers(from, to)
        };
        self.answers.iter().filter(is_meant).map(|answer| answer.asked_at).max()
    }

    /// Returns the splits of a symbol that a source lists, oldest first.
    pub fn of<'a>(&'a self, source: &'a str, symbol: &'a Symbol) -> impl Iterator<Item = &'a ListedSplit> {
        self.splits.iter().filter(move |known| known.source == source && known.symbol == *symbol)
    }
}

impl Cache {
    /// Tells whether an answer of that moment is within the settings' TTL. A moment in the future tells
    /// of a clock that was set back, and is not.
    pub fn is_recent(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let age = now - at;
        TimeDelta::zero() <= age && age < TimeDelta::hours(self.ttl_hours.into())
    }

    /// Returns what is known of the splits of one asset class.
    pub fn known_splits(&self, class: AssetClass) -> KnownSplits {
        let mut known: KnownSplits = self.folder.read_json(FILE).unwrap_or_default();
        known.splits.retain(|one| one.asset_class == class);
        known.answers.retain(|one| one.asset_class == class);
        known
    }

    /// Changes what is known of splits, with every other process locked out.
    ///
    /// # Errors
    /// [`CacheError`] where it could not be written: the sources will be asked again.
    pub fn change_splits(&self, change: impl FnOnce(&mut KnownSplits)) -> Result<(), CacheError> {
        let _lock = self.folder.lock_exclusive()?;
        let mut known: KnownSplits = self.folder.read_json(FILE).unwrap_or_default();
        change(&mut known);
        self.folder.write_json(FILE, &known)
    }

    /// Forgets the splits of symbols that are meant, and every answer that was about them: those about
    /// the whole market too. The folder must be locked.
    pub(super) fn forget_splits(
        &self,
        is_meant: impl Fn(AssetClass, &Symbol) -> bool,
    ) -> Result<(), CacheError> {
        let Some(mut known) = self.folder.read_json::<KnownSplits>(FILE) else { return Ok(()) };
        let before = known.clone();
        known.splits.retain(|one| !is_meant(one.asset_class, &one.symbol));
        let is_kept =
            |one: &SplitAnswer| one.symbol.as_ref().is_some_and(|symbol| !is_meant(one.asset_class, symbol));
        known.answers.retain(is_kept);
        if known == before { Ok(()) } else { self.folder.write_json(FILE, &known) }
    }
}
