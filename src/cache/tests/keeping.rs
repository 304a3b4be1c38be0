//! Keeping and getting, with nothing going wrong but the disk.

use super::super::{CacheError, Note};
use super::*;
use crate::domain::AssetClass::{Crypto, Equity};
use crate::domain::ProblemKind;

#[test]
fn what_is_kept_comes_back_whole_with_its_meta() {
    let (_folder, cache) = cache();
    let entry = entry(bars_between("AAPL", "2024-01-02", "2026-11-20"));
    let key = cache.set(&entry, friday_evening()).expect("the folder is writable").key();
    assert_eq!(key.to_string(), "equity_AAPL_2024-01-02_2026-11-20");
    assert_eq!(
        files(&cache),
        ["equity_AAPL_2024-01-02_2026-11-20.meta.json", "equity_AAPL_2024-01-02_2026-11-20.parquet"]
    );
    let (cached, problems) = cache.get(Equity, &symbol("AAPL"), friday_evening());
    let cached = cached.expect("it was kept");
    assert!(problems.is_empty());
    assert_eq!(cached.bars, entry.bars);
    assert_eq!(cached.meta.key(), key);
    assert_eq!(cached.meta.cached_at, friday_evening());
    assert_eq!((cached.meta.ttl_hours, cached.meta.row_count), (24, entry.bars.len()));
    assert_eq!((cached.meta.source.as_str(), cached.meta.prices()), ("polygon", Prices::SplitAdjusted));
}

#[test]
fn the_meta_is_json_of_the_promised_fields() {
    let (_folder, cache) = cache();
    let key = cache.set(&entry(bars("AAPL", "2026-11-02", 3)), friday_evening()).expect("writable").key();
    let text = std::fs::read(cache.dir().join(format!("{key}.meta.json"))).expect("a meta");
    let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(json["cached_at"], "2026-11-20T22:00:00Z");
    assert_eq!(json["ttl_hours"], 24);
    assert_eq!(json["source"], "polygon");
    assert_eq!(json["adjusted"], true);
    assert_eq!(json["row_count"], 3);
    assert_eq!(json["format_version"], 1);
    let parquet = std::fs::read(cache.dir().join(format!("{key}.parquet"))).expect("a Parquet file");
    assert_eq!(json["checksum"], super::super::meta::checksum(&parquet));
}

#[test]
fn a_symbol_of_both_classes_has_an_entry_in_each() {
    let (_folder, cache) = cache();
    let fund = entry(bars("BTC", "2026-11-02", 3));
    let coin = Entry { asset_class: Crypto, ..entry(bars("BTC", "2026-11-02", 5)) };
    cache.set(&fund, friday_evening()).expect("writable");
    cache.set(&coin, friday_evening()).expect("writable");
    let length = |class| cache.get(class, &symbol("BTC"), friday_evening()).0.map(|cached| cached.bars.len());
    assert_eq!((length(Equity), length(Crypto)), (Some(3), Some(5)));
}

#[test]
fn a_newer_entry_takes_the_place_of_all_older_ones_of_its_symbol() {
    let (_folder, cache) = cache();
    cache.set(&entry(bars_between("AAPL", "2024-01-02", "2026-11-19")), friday_evening()).expect("writable");
    cache.set(&entry(bars_between("MSFT", "2024-01-02", "2026-11-19")), friday_evening()).expect("writable");
    cache.set(&entry(bars_between("AAPL", "2024-01-02", "2026-11-20")), friday_evening()).expect("writable");
    assert_eq!(
        files(&cache),
        [
            "equity_AAPL_2024-01-02_2026-11-20.meta.json",
            "equity_AAPL_2024-01-02_2026-11-20.parquet",
            "equity_MSFT_2024-01-02_2026-11-19.meta.json",
            "equity_MSFT_2024-01-02_2026-11-19.parquet",
        ]
    );
}

#[test]
fn many_entries_are_kept_and_got_at_once_and_the_last_of_one_symbol_wins() {
    let (_folder, cache) = cache();
    let names: Vec<String> = (0..40).map(|number| format!("S{number}")).collect();
    let mut entries: Vec<Entry> = names.iter().map(|name| entry(bars(name, "2026-10-01", 20))).collect();
    entries.push(entry(bars("S0", "2026-10-01", 21)));
    entries.push(entry(bars("S0", "2026-10-01", 22)));
    let results = cache.set_many(&entries, friday_evening()).expect("writable");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 42);
    let symbols: Vec<Symbol> = names.iter().map(|name| symbol(name)).chain([symbol("GONE")]).collect();
    let (found, problems) = cache.get_many(Equity, &symbols, friday_evening());
    assert_eq!((found.len(), problems.len()), (40, 0));
    assert_eq!(found[&symbol("S0")].bars.len(), 22);
    assert_eq!(files(&cache).len(), 80);
}

#[test]
fn a_folder_that_does_not_exist_is_an_empty_cache() {
    let (_folder, cache) = cache();
    assert_eq!(cache.get(Equity, &symbol("AAPL"), friday_evening()), (None, Vec::new()));
    assert!(!cache.dir().exists());
}

#[test]
fn an_entry_never_answers_for_a_finished_session_that_it_lacks() {
    let cached = kept(&entry(bars_between("AAPL", "2026-11-02", "2026-11-20")), friday_evening());
    let check = |last_finished, expected: &[&str]| {
        let expected: Vec<NaiveDate> = expected.iter().map(|text| day(text)).collect();
        assert_eq!(cached.missing(day(last_finished)), expected, "{last_finished}");
    };
    check("2026-11-19", &[]);
    check("2026-11-20", &[]);
    // A weekend lacks nothing; Thanksgiving is none.
    check("2026-11-22", &[]);
    check("2026-11-23", &["2026-11-23"]);
    check("2026-11-27", &["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"]);
}

#[test]
fn an_entry_is_valid_while_it_lacks_nothing_and_is_fresh() {
    let (_folder, cache) = cache();
    let aapl = symbol("AAPL");
    assert!(!cache.is_valid(Equity, &aapl, day("2026-11-20"), friday_evening()));
    cache.set(&entry(bars_between("AAPL", "2026-11-02", "2026-11-20")), friday_evening()).expect("writable");
    let valid = |last: &str, now: &str| cache.is_valid(Equity, &aapl, day(last), instant(now));
    assert!(valid("2026-11-20", "2026-11-20T22:00:00Z"));
    assert!(valid("2026-11-20", "2026-11-21T21:59:59Z"));
    assert!(!valid("2026-11-20", "2026-11-21T22:00:00Z"));
    assert!(!valid("2026-11-23", "2026-11-21T21:00:00Z"));
    let impatient = Cache::new(cache.dir(), 1);
    assert!(!impatient.is_valid(Equity, &aapl, day("2026-11-20"), instant("2026-11-20T23:00:00Z")));
}

#[test]
fn not_there_yet_is_kept_beside_the_bars_until_it_is_old_or_answered() {
    let (_folder, cache) = cache();
    let aapl = symbol("AAPL");
    cache.set(&entry(bars_between("AAPL", "2026-11-02", "2026-11-19")), friday_evening()).expect("writable");
    let note = |source: &str, now| {
        let symbols = [aapl.clone(), symbol("GONE")];
        cache.note_not_yet(Equity, &symbols, source, day("2026-11-20"), instant(now)).expect("writable");
    };
    let sources = || -> Vec<String> {
        let (cached, problems) = cache.get(Equity, &aapl, friday_evening());
        assert!(problems.is_empty());
        cached.expect("kept").meta.not_yet.into_iter().map(|note| note.source).collect()
    };
    note("polygon", "2026-11-20T22:00:00Z");
    note("alpha_vantage", "2026-11-20T22:01:00Z");
    note("alpha_vantage", "2026-11-20T22:02:00Z");
    assert_eq!(sources(), ["polygon", "alpha_vantage"]);
    // A tail without the session leaves the notes; ten minutes end the first of them.
    let same = entry(bars_between("AAPL", "2026-11-02", "2026-11-19"));
    cache.set(&same, instant("2026-11-20T22:11:00Z")).expect("writable");
    assert_eq!(sources(), ["alpha_vantage"]);
    let answered = entry(bars_between("AAPL", "2026-11-02", "2026-11-20"));
    cache.set(&answered, instant("2026-11-20T22:11:30Z")).expect("writable");
    assert_eq!(sources(), [] as [&str; 0]);
    assert_eq!(files(&cache).len(), 2);
}

#[test]
fn what_is_written_is_what_is_returned() {
    let (_folder, cache) = cache();
    let meta = cache.set(&entry(bars("AAPL", "2026-11-02", 3)), friday_evening()).expect("writable");
    let (cached, _) = cache.get(Equity, &symbol("AAPL"), friday_evening());
    assert_eq!(Some(meta), cached.map(|cached| cached.meta));
}

#[test]
fn bars_are_known_to_be_wrong_until_they_are_replaced() {
    let (_folder, cache) = cache();
    let aapl = symbol("AAPL");
    let outdated = |name: &str| {
        cache.get(Equity, &symbol(name), friday_evening()).0.and_then(|cached| cached.meta.outdated)
    };
    for name in ["AAPL", "AAP"] {
        cache.set(&entry(bars(name, "2026-11-02", 3)), friday_evening()).expect("writable");
    }
    let judged = cache.get(Equity, &aapl, friday_evening()).0.expect("kept").meta.checksum;
    // What another process has put there since was not judged.
    cache.note_outdated(Equity, &aapl, "another entry's", "a price differs").expect("writable");
    assert_eq!(outdated("AAPL"), None);
    cache.note_outdated(Equity, &aapl, &judged, "a price differs").expect("writable");
    assert_eq!((outdated("AAPL").as_deref(), outdated("AAP")), (Some("a price differs"), None));
    cache.set(&entry(bars("AAPL", "2026-11-02", 3)), friday_evening()).expect("writable");
    assert_eq!(outdated("AAPL"), None);
}

#[test]
fn notes_stay_with_the_bars_and_are_said_once() {
    let note = |number: usize| Note { kind: ProblemKind::Source, message: number.to_string() };
    let kept = kept(&entry(bars("AAPL", "2026-11-02", 3)).noting([note(1), note(2)]), friday_evening());
    let again = kept.filled(kept.bars.clone()).noting([note(3), note(1)]);
    assert_eq!(again.notes, [note(2), note(3), note(1)]);
    let many = again.noting((10..30).map(note));
    assert_eq!(many.notes, (22..30).map(note).collect::<Vec<_>>(), "the newest of them");
}

#[test]
fn a_folder_that_cannot_be_made_is_a_typed_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let cache = Cache::new(folder.path().join("file/cache"), 24);
    let refused = cache.set(&entry(bars("AAPL", "2026-11-02", 3)), friday_evening());
    assert!(matches!(refused, Err(CacheError::Unwritable { .. })), "{refused:?}");
}

#[test]
fn an_entry_without_bars_is_refused() {
    let (_folder, cache) = cache();
    let refused = cache.set(&entry(Bars::for_tests(symbol("X"), &[])), friday_evening());
    assert!(matches!(refused, Err(CacheError::NoBars { .. })), "{refused:?}");
    assert_eq!(files(&cache), [] as [&str; 0]);
}

#[test]
fn a_write_that_fails_leaves_the_old_entry_and_costs_no_other() {
    let (_folder, cache) = cache();
    let old = entry(bars_between("AAPL", "2026-11-02", "2026-11-19"));
    let new = entry(bars_between("AAPL", "2026-11-02", "2026-11-20"));
    let other = entry(bars_between("MSFT", "2026-11-02", "2026-11-20"));
    cache.set(&old, friday_evening()).expect("writable");
    // A folder stands where a file must be made: the disk refuses it as it does when it is full.
    for blocked in [".parquet.tmp", ".meta.json.pending"] {
        let key = new.key().expect("bars");
        let obstacle = cache.dir().join(format!("{key}{blocked}"));
        std::fs::create_dir(&obstacle).expect("a folder");
        let results = cache.set_many(&[new.clone(), other.clone()], friday_evening()).expect("lockable");
        assert!(results[0].is_err() && results[1].is_ok(), "{results:?}");
        let (cached, _) = cache.get(Equity, &symbol("AAPL"), friday_evening());
        assert_eq!(cached.map(|cached| cached.bars), Some(old.bars.clone()), "{blocked}");
        std::fs::remove_dir(&obstacle).expect("nothing was put into it");
    }
    cache.set(&new, friday_evening()).expect("writable again");
    let (cached, problems) = cache.get(Equity, &symbol("AAPL"), friday_evening());
    assert_eq!((cached.map(|cached| cached.bars), problems), (Some(new.bars), Vec::new()));
}
