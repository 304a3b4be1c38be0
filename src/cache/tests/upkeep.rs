//! Listing, verifying and clearing.

use std::fs;

use super::super::{Absent, Cleared, Health, ListedSplit, SplitAnswer, Which};
use super::*;
use crate::domain::AssetClass::{Crypto, Equity};

fn filled() -> (tempfile::TempDir, Cache) {
    let (folder, cache) = cache();
    let gapped = bars_between("AAPL", "2026-11-02", "2026-11-20");
    let rows: Vec<Bar> = gapped.iter().filter(|bar| bar.date != day("2026-11-10")).collect();
    let coin = Entry { asset_class: Crypto, ..entry(bars("BTC", "2026-11-19", 1)) };
    let entries = [entry(bars("MSFT", "2026-11-02", 3)), entry(Bars::for_tests(symbol("AAPL"), &rows)), coin];
    let results = cache.set_many(&entries, friday_evening()).expect("writable");
    assert!(results.iter().all(Result::is_ok));
    (folder, cache)
}

#[test]
fn the_list_is_sorted_and_says_what_the_metas_say() {
    let (_folder, cache) = filled();
    let listed = cache.list(instant("2026-11-21T22:00:00Z")).expect("readable");
    let names: Vec<String> = listed.iter().map(|one| one.key.to_string()).collect();
    assert_eq!(
        names,
        [
            "equity_AAPL_2026-11-02_2026-11-20",
            "equity_MSFT_2026-11-02_2026-11-04",
            "crypto_BTC_2026-11-19_2026-11-19",
        ]
    );
    assert_eq!(listed[1].meta.as_ref().map(|meta| meta.row_count), Some(3));
    assert!(listed.iter().all(|one| one.is_expired && one.bytes > Some(500)));
    let (_folder, empty) = super::cache();
    assert_eq!(empty.list(friday_evening()).expect("no folder"), []);
}

#[test]
fn verifying_names_gaps_and_corruption_and_moves_nothing() {
    let (_folder, cache) = filled();
    let whole = |gaps: &[&str]| Health::Whole { gaps: gaps.iter().map(|text| day(text)).collect() };
    let health = || -> Vec<Health> {
        cache.verify().expect("readable").into_iter().map(|(_, health)| health).collect()
    };
    assert_eq!(health(), [whole(&["2026-11-10"]), whole(&[]), whole(&[])]);
    let meta = cache.dir().join("equity_MSFT_2026-11-02_2026-11-04.meta.json");
    let json = fs::read_to_string(&meta).expect("readable");
    fs::write(&meta, json.replace("\"row_count\": 3", "\"row_count\": 4")).expect("writable");
    fs::write(cache.dir().join("crypto_BTC_2026-11-19_2026-11-19.parquet"), "PAR1").expect("writable");
    let before = files(&cache);
    let found = health();
    assert_eq!(found[0], whole(&["2026-11-10"]));
    assert!(matches!(&found[1], Health::Corrupt(what) if what.contains("its name and meta")), "{found:?}");
    assert!(matches!(&found[2], Health::Corrupt(what) if what.contains("checksum")), "{found:?}");
    fs::write(&meta, r#"{"format_version": 9}"#).expect("writable");
    assert_eq!(health()[1], Health::Newer { format_version: 9 });
    assert_eq!(files(&cache), before);
}

#[test]
fn clearing_takes_one_symbol_one_entry_or_all() {
    let (_folder, cache) = filled();
    let clear = |which: Which| cache.clear(&which).expect("writable");
    assert_eq!(clear(Which::Symbol(Crypto, symbol("MSFT"))), Cleared { entries: 0, absent: 0 });
    assert_eq!(clear(Which::Symbol(Equity, symbol("MSFT"))), Cleared { entries: 1, absent: 0 });
    assert_eq!(
        clear(Which::Entry("crypto_BTC_2026-11-19_2026-11-19".parse().expect("a key"))),
        Cleared { entries: 1, absent: 0 }
    );
    assert_eq!(files(&cache).len(), 2);
    fs::create_dir(cache.dir().join("quarantine")).expect("writable");
    fs::write(cache.dir().join("quarantine/x"), "").expect("writable");
    fs::write(cache.dir().join("mine"), "").expect("writable");
    assert_eq!(clear(Which::All), Cleared { entries: 1, absent: 0 });
    assert_eq!(files(&cache), ["mine"]);
    let (_folder, empty) = super::cache();
    assert_eq!(empty.clear(&Which::All).expect("no folder"), Cleared { entries: 0, absent: 0 });
    assert!(!empty.dir().exists());
}

fn absent(name: &str, source: &str, asked_at: &str) -> Absent {
    Absent {
        asset_class: Equity,
        symbol: symbol(name),
        source: source.to_owned(),
        asked_at: instant(asked_at),
        from: day("2024-01-02"),
        session: day("2024-01-05"),
    }
}

#[test]
fn what_a_source_does_not_have_is_believed_for_the_ttl_and_forgotten_when_cleared() {
    let (_folder, cache) = cache();
    let now = friday_evening();
    let first =
        [absent("NONE", "polygon", "2026-11-19T22:30:00Z"), absent("OLD", "x", "2026-11-19T22:00:00Z")];
    cache.note_absent(&first, instant("2026-11-19T22:30:00Z")).expect("writable");
    let again = absent("NONE", "polygon", "2026-11-20T21:00:00Z");
    let other = absent("GONE", "polygon", "2026-11-20T21:00:00Z");
    assert_eq!(cache.absent(now), first[..1]);
    cache.note_absent(&[again.clone(), other.clone()], now).expect("writable");
    assert_eq!(cache.absent(now), [other.clone(), again]);
    assert_eq!(cache.absent(instant("2026-11-20T20:00:00Z")), [], "from the future");
    assert_eq!(cache.list(now).expect("readable"), [], "it is no entry");
    let cleared = cache.clear(&Which::Symbol(Equity, symbol("NONE"))).expect("writable");
    assert_eq!((cleared, cache.absent(now)), (Cleared { entries: 0, absent: 1 }, vec![other]));
    // A file that is not what it should be is no memory at all.
    fs::write(cache.dir().join("absent.json"), "[{").expect("writable");
    assert_eq!(cache.absent(now), []);
}

#[test]
fn what_was_listed_is_replaced_by_a_later_answer_and_forgotten_when_cleared() {
    let (_folder, cache) = cache();
    let answer = |name: &str, splits: Vec<ListedSplit>| SplitAnswer {
        asset_class: Equity,
        symbol: symbol(name),
        source: "polygon".to_owned(),
        from: day("2026-11-13"),
        to: day("2026-11-27"),
        asked_at: friday_evening(),
        splits,
        refetched: false,
    };
    let listed = answer("AAPL", vec![ListedSplit { date: day("2026-11-20"), ratio: 4.0 }]);
    cache.note_splits(&[answer("AAPL", Vec::new()), answer("MSFT", Vec::new())]).expect("writable");
    cache.note_splits(std::slice::from_ref(&listed)).expect("writable");
    assert_eq!(cache.split_answers(Equity), [listed, answer("MSFT", Vec::new())]);
    assert_eq!(cache.split_answers(Crypto), []);
    cache.clear(&Which::Symbol(Equity, symbol("AAPL"))).expect("writable");
    assert_eq!(cache.split_answers(Equity), [answer("MSFT", Vec::new())]);
    cache.clear(&Which::All).expect("writable");
    assert_eq!(cache.split_answers(Equity), []);
}
