//! How newly fetched bars are joined to a cached history, or why they must not be.
//!
//! A split rescales every earlier price, and a vendor may correct a bar, so bars are joined only
//! where they are seen to be of the same series: five bars are fetched again, and must agree. A day
//! that the whole market was asked for has no such overlap; there the list of splits answers.
//!
//! Pure: what to do about a disagreement is a verdict for the caller.

use std::fmt;

use chrono::Months;
use chrono::NaiveDate;
use chrono::TimeDelta;

use super::entry::Cached;
use super::entry::sessions_after;
use crate::bars::Bars;
use crate::bars::Split;
use crate::bars::check;
use crate::domain::Bar;
use crate::sources::Prices;

/// How many cached bars are fetched again with a tail.
pub const OVERLAP: usize = 5;

/// How far two prices of one source may differ, as a fraction: only by the rounding of arithmetic.
/// A source tells a price as decimal text, and text and Parquet keep every digit of it, so one cent
/// on a price of 1,000 (1e-5) is a correction.
const SAME_SOURCE: f64 = 1e-6;
/// How far two closes of different sources may differ, as a fraction: they disagree by a cent or two
/// on which trade was the last. The smallest splits in practice, stock dividends of 1 %, move a
/// price ten times as far.
const OTHER_SOURCE: f64 = 1e-3;

/// How many years back vendors' plans reach: a history that begins there begins later every day.
const PLAN_YEARS: [u32; 3] = [2, 5, 10];
/// How near to a plan's edge a first bar must be for the edge to be the reason.
const EDGE: TimeDelta = TimeDelta::days(7);

/// Newly fetched, checked bars and where they come from.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    pub bars: &'a Bars,
    pub source: &'a str,
    pub prices: Prices,
}

/// What becomes of a history when fresh bars meet it.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The history with fresh bars that agreed with its last ones; [`Cached::joined`] makes the entry
    /// of it.
    Joined(Bars),
    /// The history with days appended, nothing of it seen again; [`Cached::filled`] makes the entry.
    Filled(Bars),
    /// The history is of the past: all of it must be fetched again, from the fresh bars' source.
    Refetch(Disagreement),
    /// The fresh bars cannot continue the history and their source cannot replace it: keep it, and
    /// ask the next source.
    Refused(Disagreement),
}

/// Why fresh bars are not joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Disagreement {
    /// The source gave no bars.
    Nothing,
    /// Fewer bars overlap than it takes to believe that the series is the same.
    Overlap { bars: usize, needed: usize },
    /// A price differs.
    Price { date: NaiveDate, cached: f64, fresh: f64 },
    /// A cached bar is no longer told.
    Vanished(NaiveDate),
    /// The symbol was split since.
    Split { date: NaiveDate, ratio: f64 },
    /// Sessions between the history and the fresh bars were not asked for.
    Unasked(NaiveDate),
    /// The bars of another source, without an overlap.
    OtherSource { cached: String },
    /// A whole history begins later than the held one, and not where a plan would cut it.
    Begins { cached: NaiveDate, fresh: NaiveDate },
    /// A whole history ends before the held one, of which nothing was found wrong.
    Ends { cached: NaiveDate, fresh: NaiveDate },
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disagreement::Nothing => f.write_str("the source gave no bars"),
            Disagreement::Overlap { bars, needed } => {
                write!(f, "{bars} of the {needed} cached bars that were asked for again came")
            }
            Disagreement::Price { date, cached, fresh } => {
                write!(f, "a price of {date} was {cached} and is {fresh} now")
            }
            Disagreement::Vanished(date) => write!(f, "the bar of {date} is no longer told"),
            Disagreement::Split { date, ratio } => write!(f, "split {ratio} for 1 on {date}"),
            Disagreement::Unasked(date) => write!(f, "the session {date} was not asked for"),
            Disagreement::OtherSource { cached } => write!(f, "the history is from {cached}"),
            Disagreement::Begins { cached, fresh } => {
                write!(f, "the whole history begins on {fresh} now, and on {cached} before")
            }
            Disagreement::Ends { cached, fresh } => {
                write!(f, "the whole history ends on {fresh} now, and on {cached} before")
            }
        }
    }
}

/// Joins a tail that overlaps the history's last five bars.
///
/// Of one source, all four prices must agree, and the fresh bars replace the cached ones of their
/// days: volumes are often corrected, and a bar that came late is filled in. Of another source, the
/// closes must agree, and only bars after the history are taken. A raw tail needs five overlapping
/// bars to join an adjusted history; others need as many as the history has, up to five.
///
/// `splits` are those known since the history was fetched, of any symbol; empty where nobody asked.
/// They matter to a raw tail of an adjusted history, whose overlap agrees although a split falls
/// after it.
pub fn join(history: &Cached, fresh: Fresh<'_>, splits: &[Split]) -> Verdict {
    let cached = &history.bars;
    let is_same_source = history.meta.source == fresh.source;
    let is_raw_to_adjusted = fresh.prices == Prices::Raw && history.meta.prices() == Prices::SplitAdjusted;
    let disagreement = |what| verdict(is_raw_to_adjusted, what);

    let (Some(first), Some(last)) = (fresh.bars.dates().first(), cached.dates().last()) else {
        return Verdict::Refused(Disagreement::Nothing);
    };
    let overlap_start = cached.dates().partition_point(|date| date < first);
    let needed = if is_raw_to_adjusted { OVERLAP } else { OVERLAP.min(cached.len()) };
    let mut agreeing = 0;
    for index in overlap_start..cached.len() {
        let Some(old) = cached.get(index) else { break };
        let Ok(at) = fresh.bars.dates().binary_search(&old.date) else {
            return disagreement(Disagreement::Vanished(old.date));
        };
        let Some(new) = fresh.bars.get(at) else { break };
        let difference = if is_same_source { price_change(&old, &new) } else { close_change(&old, &new) };
        if let Some(difference) = difference {
            return disagreement(difference);
        }
        agreeing += 1;
    }
    if agreeing < needed {
        return disagreement(Disagreement::Overlap { bars: agreeing, needed });
    }
    if is_raw_to_adjusted && let Some(split) = split_since(history, fresh.bars, splits) {
        return disagreement(split);
    }
    let joined = if is_same_source {
        stack(cached, |bar| bar.date < *first, fresh.bars, |_| true)
    } else {
        stack(cached, |_| true, fresh.bars, |bar| bar.date > *last)
    };
    Verdict::Joined(joined)
}

/// Appends bars of days that the whole market was asked for.
///
/// `days` are the sessions that were answered, whether or not the symbol traded on them: they must
/// begin right after the history, or a session would be skipped that nobody asked for. A split of the
/// symbol on or after the history's last day makes the history one of the past; its own last day
/// counts, since that split may have been listed after the bar was fetched.
pub fn fill(history: &Cached, days: &[NaiveDate], fresh: Fresh<'_>, splits: &[Split]) -> Verdict {
    let is_raw_to_adjusted = fresh.prices == Prices::Raw && history.meta.prices() == Prices::SplitAdjusted;
    let disagreement = |what| verdict(is_raw_to_adjusted, what);

    if let Some(split) = split_since(history, fresh.bars, splits) {
        return disagreement(split);
    }
    let is_same_series = history.meta.source == fresh.source && !is_raw_to_adjusted;
    if !is_same_series {
        return disagreement(Disagreement::OtherSource { cached: history.meta.source.clone() });
    }
    let last_day = days.iter().max().copied().unwrap_or(history.meta.end);
    let unasked = sessions_after(history.meta.asset_class, history.meta.end, last_day)
        .into_iter()
        .find(|session| !days.contains(session));
    if let Some(session) = unasked {
        return Verdict::Refused(Disagreement::Unasked(session));
    }
    let is_new = |bar: &Bar| bar.date > history.meta.end && days.contains(&bar.date);
    Verdict::Filled(stack(&history.bars, |_| true, fresh.bars, is_new))
}

/// Tells whether a whole history that is to replace `history` looks cut short: it begins later, and
/// not at the edge of a plan, as reckoned from `today`, or it ends earlier although nothing that is
/// held was found wrong. Years that are lost so would not come back, since nobody asks again for what
/// was asked for.
pub fn cut_short(history: &Cached, fresh: &Bars, today: NaiveDate) -> Option<Disagreement> {
    let (cached, fresh) = (history.bars.dates(), fresh.dates());
    let (cached_first, fresh_first) = (*cached.first()?, *fresh.first()?);
    let (cached_last, fresh_last) = (*cached.last()?, *fresh.last()?);
    let is_at_edge = PLAN_YEARS.into_iter().any(|years| {
        let edge = today.checked_sub_months(Months::new(12 * years));
        edge.is_some_and(|edge| (fresh_first - edge).abs() <= EDGE)
    });
    if fresh_first > cached_first && !is_at_edge {
        return Some(Disagreement::Begins { cached: cached_first, fresh: fresh_first });
    }
    let is_sound = history.meta.outdated.is_none();
    (is_sound && fresh_last < cached_last)
        .then_some(Disagreement::Ends { cached: cached_last, fresh: fresh_last })
}

fn verdict(is_raw_to_adjusted: bool, what: Disagreement) -> Verdict {
    if is_raw_to_adjusted { Verdict::Refused(what) } else { Verdict::Refetch(what) }
}

fn price_change(old: &Bar, new: &Bar) -> Option<Disagreement> {
    let pairs = [(old.open, new.open), (old.high, new.high), (old.low, new.low), (old.close, new.close)];
    let (cached, fresh) = pairs.into_iter().find(|(cached, fresh)| differ(*cached, *fresh, SAME_SOURCE))?;
    Some(Disagreement::Price { date: old.date, cached, fresh })
}

fn close_change(old: &Bar, new: &Bar) -> Option<Disagreement> {
    let (cached, fresh) = (old.close, new.close);
    differ(cached, fresh, OTHER_SOURCE).then_some(Disagreement::Price { date: old.date, cached, fresh })
}

fn differ(cached: f64, fresh: f64, tolerance: f64) -> bool {
    (fresh / cached - 1.0).abs() > tolerance
}

/// Finds a split of the symbol on or after the history's last day.
fn split_since(history: &Cached, fresh: &Bars, splits: &[Split]) -> Option<Disagreement> {
    let is_own = |split: &&Split| split.symbol == *fresh.symbol() && split.date >= history.meta.end;
    let split = splits.iter().find(is_own)?;
    Some(Disagreement::Split { date: split.date, ratio: split.ratio })
}

/// Stacks bars that are all checked already; the check cannot drop one.
fn stack(old: &Bars, keep: impl Fn(&Bar) -> bool, new: &Bars, take: impl Fn(&Bar) -> bool) -> Bars {
    let rows: Vec<Bar> = old.iter().filter(keep).chain(new.iter().filter(take)).collect();
    let last = rows.iter().map(|bar| bar.date).max().unwrap_or(NaiveDate::MIN);
    check(old.symbol().clone(), rows, last).0
}
