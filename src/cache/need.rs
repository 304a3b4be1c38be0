//! What one symbol needs from a source, given what is cached of it.
//!
//! Pure. A finished session that the entry lacks is always a need; only that the same source was
//! asked for it within ten minutes puts it off.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::entry::sessions_after;
use super::meta::Meta;
use crate::calendar;
use crate::domain::AssetClass;
use crate::sources::Limits;
use crate::sources::Prices;

/// What is asked of which source, the same for all symbols of a class.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub asset_class: AssetClass,
    /// The first day that is wanted.
    pub from: NaiveDate,
    /// The last finished session, or an earlier one that is decided again.
    pub last_finished: NaiveDate,
    pub source: &'a str,
    pub prices: Prices,
    pub limits: Limits,
    /// The settings' hours after which the newest bars are asked for again.
    pub ttl_hours: u32,
    pub patience: Patience,
    pub now: DateTime<Utc>,
}

/// Whether a source's recent "not there yet" is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For ten minutes.
    Kept,
    /// Not at all: the scheduler's own retry asks anyway.
    Ignored,
}

/// What is held of a symbol; [`super::Cached::holding`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub meta: Meta,
    /// The session of the fifth last bar, or of the first: where a tail begins.
    pub overlap_from: NaiveDate,
}

/// What a symbol needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The entry answers for everything.
    Nothing,
    /// The source said within ten minutes that it has no newer bar; what is held is used.
    Wait,
    /// The sessions after the entry's last bar, oldest first, with an overlap. Without one, the entry
    /// has expired and its newest bars are to be seen again.
    Tail { missing: Vec<NaiveDate> },
    /// The whole history.
    Whole,
}

/// Says what a symbol needs from the source that is asked.
///
/// A raw source is never asked for the whole of what an adjusted one told before: it may only
/// continue it.
pub fn need(holding: Option<&Holding>, ask: &Ask<'_>) -> Need {
    let Some(Holding { meta, .. }) = holding else { return Need::Whole };
    let may_replace = ask.prices == Prices::SplitAdjusted || meta.prices() == Prices::Raw;
    let is_all_there_is = meta.source == ask.source
        && meta.held_back.as_ref().is_some_and(|held_back| held_back.is_believed(ask.now));
    let lacks_beginning = calendar_first(ask) < meta.asked_from && !is_all_there_is;
    if lacks_beginning && may_replace {
        return Need::Whole;
    }
    // Bars that are known to be wrong hold nothing that a raw source could only continue.
    if meta.outdated.is_some() {
        return Need::Whole;
    }
    let missing = sessions_after(ask.asset_class, meta.end, ask.last_finished);
    if missing.is_empty() && !meta.is_expired(ask.ttl_hours, ask.now) {
        return Need::Nothing;
    }
    let said_not_yet = meta.not_yet.iter().any(|note| {
        note.source == ask.source && note.session >= ask.last_finished && note.is_recent(ask.now)
    });
    if !missing.is_empty() && said_not_yet && ask.patience == Patience::Kept {
        return Need::Wait;
    }
    // What another source told in its stead is replaced by its own word: volumes and opens differ.
    let is_patched = !meta.joined.is_empty() && ask.source == meta.source;
    // Prices as traded hide a split that the adjusted tail would never show.
    let is_raw = ask.prices == Prices::SplitAdjusted && meta.prices() == Prices::Raw;
    if is_patched || is_raw {
        return Need::Whole;
    }
    Need::Tail { missing }
}

/// Returns the first session that is wanted: a day before it without one lacks nothing.
fn calendar_first(ask: &Ask<'_>) -> NaiveDate {
    if calendar::is_session(ask.asset_class, ask.from) {
        return ask.from;
    }
    calendar::next_session(ask.asset_class, ask.from)
}
