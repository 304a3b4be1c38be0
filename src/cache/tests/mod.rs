//! What the tests of the cache share: bars, entries and moments.

mod crash;
mod joining;
mod keeping;
mod needs;
mod planning;
mod together;
mod upkeep;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::Cache;
use super::Cached;
use super::Entry;
use super::Replaces;
use crate::bars::Bars;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::sources::Prices;

pub(super) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("a symbol")
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an RFC 3339 instant")
}

/// The evening of Friday 2026-11-20, whose session is finished.
pub(super) fn friday_evening() -> DateTime<Utc> {
    instant("2026-11-20T22:00:00Z")
}

/// Bars of `count` equity sessions from `from` on, no two alike.
pub(super) fn bars(name: &str, from: &str, count: usize) -> Bars {
    let far = day(from) + chrono::Days::new(2 * count as u64 + 10);
    let sessions = calendar::sessions(AssetClass::Equity, day(from), far);
    let rows: Vec<Bar> = sessions.into_iter().take(count).map(bar).collect();
    assert_eq!(rows.len(), count);
    Bars::for_tests(symbol(name), &rows)
}

/// Bars of the equity sessions between two days, both included: the same bar on the same day.
pub(super) fn bars_between(name: &str, from: &str, to: &str) -> Bars {
    let sessions = calendar::sessions(AssetClass::Equity, day(from), day(to));
    Bars::for_tests(symbol(name), &sessions.into_iter().map(bar).collect::<Vec<_>>())
}

fn bar(date: NaiveDate) -> Bar {
    let number = f64::from(date.to_epoch_days() - 19_000);
    let close = 100.0 + (number * 0.37).sin() * 10.0 + number * 0.01;
    let open = close - (number * 0.91).cos();
    Bar {
        date,
        open,
        high: open.max(close) + 0.5,
        low: open.min(close) - 0.5,
        close,
        volume: 1e6 + number * 1_000.0,
    }
}

pub(super) fn entry(bars: Bars) -> Entry {
    Entry {
        asset_class: AssetClass::Equity,
        bars,
        asked_from: day("1970-01-01"),
        source: "polygon".into(),
        joined: Vec::new(),
        prices: Prices::SplitAdjusted,
        overlap_agreed_at: friday_evening(),
        notes: Vec::new(),
        held_back: None,
        replaces: Replaces::Anything,
    }
}

/// A cache in a folder that goes with the first part of the pair.
pub(super) fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(folder.path().join("cache"), 24);
    (folder, cache)
}

/// Keeps an entry and reads it back.
pub(super) fn kept(entry: &Entry, now: DateTime<Utc>) -> Cached {
    let (_folder, cache) = cache();
    cache.set(entry, now).expect("the folder is writable");
    cache.get(entry.asset_class, entry.bars.symbol(), now).0.expect("it was kept")
}

/// The names of all files under the cache's folder but the lock, sorted.
pub(super) fn files(cache: &Cache) -> Vec<String> {
    let mut names = Vec::new();
    for (prefix, folder) in [("", cache.dir().to_path_buf()), ("quarantine/", cache.dir().join("quarantine"))]
    {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let entries = entries.map(|entry| entry.expect("an entry"));
        let is_file = |entry: &std::fs::DirEntry| entry.path().is_file() && entry.file_name() != ".lock";
        names.extend(
            entries.filter(is_file).map(|entry| format!("{prefix}{}", entry.file_name().to_string_lossy())),
        );
    }
    names.sort();
    names
}
