//! Listing, verifying and clearing.

use std::fs;

use super::super::{Absent, Cleared, Health, KnownSplits, SplitAnswer, Which};
use super::*;
use crate::bars::Split;
use crate::domain::AssetClass::{Crypto, Equity};
use crate::sources::{Splits, Unread};

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

/// An answer on the splits of a fortnight, at an instant; with `None`, on those of every symbol.
fn answer(name: Option<&str>, asked_at: &str) -> SplitAnswer {
    SplitAnswer {
        asset_class: Equity,
        symbol: name.map(symbol),
        source: "polygon".to_owned(),
        from: day("2026-11-13"),
        to: day("2026-11-27"),
        asked_at: instant(asked_at),
        unread: Default::default(),
    }
}

fn told(listed: &[(&str, &str)]) -> Splits {
    let split = |(name, date): &(&str, &str)| Split { symbol: symbol(name), date: day(date), ratio: 4.0 };
    Splits { splits: listed.iter().map(split).collect(), ..Splits::default() }
}

const FIRST: &str = "2026-11-20T22:00:00Z";
const LATER: &str = "2026-11-21T22:00:00Z";

fn dates(known: &KnownSplits, name: &str) -> Vec<String> {
    known.of("polygon", &symbol(name)).map(|known| known.date.to_string()).collect()
}

#[test]
fn a_split_is_known_until_a_later_answer_is_without_it() {
    let mut known = KnownSplits::default();
    known.learn(&answer(None, FIRST), &told(&[("AAPL", "2026-11-20"), ("X", "2026-11-20")]), |own| {
        *own == symbol("AAPL")
    });
    assert_eq!((dates(&known, "AAPL"), dates(&known, "X")), (vec!["2026-11-20".to_owned()], vec![]));
    // Told again, it was learned when it was first told.
    known.learn(&answer(Some("AAPL"), LATER), &told(&[("AAPL", "2026-11-20")]), |_| true);
    assert_eq!((known.splits.len(), known.splits[0].learned_at), (1, instant(FIRST)));
    // Of other days, of another symbol and where a row could not be read, nothing was said of it.
    let elsewhere = SplitAnswer { from: day("2026-11-21"), ..answer(Some("AAPL"), LATER) };
    known.learn(&elsewhere, &told(&[]), |_| true);
    known.learn(&answer(Some("MSFT"), LATER), &told(&[]), |_| true);
    let unread = Unread { symbols: [symbol("AAPL")].into(), nameless: 0 };
    known.learn(&answer(None, LATER), &Splits { unread, ..told(&[]) }, |_| true);
    assert_eq!(dates(&known, "AAPL").len(), 1);
    known.learn(&answer(Some("AAPL"), LATER), &told(&[("AAPL", "2026-11-19")]), |_| true);
    assert_eq!(dates(&known, "AAPL"), ["2026-11-19"]);
}

#[test]
fn a_question_is_remembered_with_its_newest_answer() {
    let asked = |known: &KnownSplits, name: &str| {
        known.asked("polygon", &symbol(name), day("2026-11-13"), day("2026-11-20"))
    };
    let mut known = KnownSplits::default();
    known.learn(&answer(Some("AAPL"), FIRST), &told(&[]), |_| true);
    assert_eq!((asked(&known, "AAPL"), asked(&known, "MSFT")), (Some(instant(FIRST)), None));
    assert_eq!(known.asked("elsewhere", &symbol("AAPL"), day("2026-11-13"), day("2026-11-13")), None);
    assert_eq!(known.asked("polygon", &symbol("AAPL"), day("2026-11-12"), day("2026-11-13")), None);
    // The whole market's answers for each symbol, for as long as its days are the newest.
    known.learn(&answer(None, LATER), &told(&[]), |_| true);
    assert_eq!((asked(&known, "AAPL"), asked(&known, "MSFT")), (Some(instant(LATER)), Some(instant(LATER))));
    assert_eq!(known.answers.len(), 1, "the wider one is the only one");
    known.learn(&answer(Some("AAPL"), "2026-11-28T22:00:00Z"), &told(&[]), |_| true);
    assert_eq!(asked(&known, "MSFT"), None);
    // A row that cannot be read leaves its own symbol unanswered, one without a name all of them.
    let mut known = KnownSplits::default();
    let unread = |symbols: &[&str], nameless| Splits {
        unread: Unread { symbols: symbols.iter().map(|name| symbol(name)).collect(), nameless },
        ..told(&[])
    };
    known.learn(&answer(None, FIRST), &unread(&[], 1), |_| true);
    assert_eq!(asked(&known, "MSFT"), None);
    known.learn(&answer(None, FIRST), &unread(&["AAPL"], 0), |_| true);
    assert_eq!((asked(&known, "AAPL"), asked(&known, "MSFT")), (None, Some(instant(FIRST))));
}

#[test]
fn what_is_known_of_splits_is_kept_by_class_and_forgotten_when_cleared() {
    let (_folder, cache) = cache();
    let both = |known: &mut KnownSplits| {
        known.learn(&answer(None, FIRST), &told(&[("AAPL", "2026-11-20"), ("MSFT", "2026-11-19")]), |_| true);
        known.learn(&answer(Some("MSFT"), FIRST), &told(&[("MSFT", "2026-11-19")]), |_| true);
        known.set_refetched(&symbol("MSFT"), "polygon", instant(LATER));
    };
    cache.change_splits(both).expect("writable");
    let known = cache.known_splits(Equity);
    assert_eq!(known.splits[1].refetched_at, Some(instant(LATER)));
    assert_eq!(cache.known_splits(Crypto), KnownSplits::default());
    cache.clear(&Which::Symbol(Equity, symbol("AAPL"))).expect("writable");
    let left = cache.known_splits(Equity);
    assert_eq!((dates(&left, "AAPL").len(), dates(&left, "MSFT").len()), (0, 1));
    assert_eq!(left.asked("polygon", &symbol("AAPL"), day("2026-11-20"), day("2026-11-20")), None);
    // A file of another form is no memory at all.
    fs::write(cache.dir().join("splits.json"), "[]").expect("writable");
    assert_eq!(cache.known_splits(Equity), KnownSplits::default());
    cache.change_splits(both).expect("writable");
    cache.clear(&Which::All).expect("writable");
    assert_eq!(cache.known_splits(Equity), KnownSplits::default());
}
