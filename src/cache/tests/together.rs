//! Two processes at one cache: threads with handles of their own, and a child that is killed.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;

use super::super::CacheError;
use super::*;
use crate::domain::AssetClass::Equity;

/// Names the folder whose lock the child takes; without it the child's test has nothing to do.
const CHILD: &str = "TS_TEST_CACHE_CHILD";

#[test]
fn readers_between_two_writers_always_see_one_whole_entry() {
    let (_folder, cache) = cache();
    let versions: Vec<Entry> = (1..=2_u8)
        .map(|number| {
            let rows: Vec<Bar> = bars_between("AAPL", "2026-11-02", "2026-11-20")
                .iter()
                .map(|bar| Bar { volume: f64::from(number), ..bar })
                .collect();
            entry(Bars::for_tests(symbol("AAPL"), &rows))
        })
        .collect();
    // One writer keeps the name, the other also changes it.
    let shorter = entry(bars_between("AAPL", "2026-11-02", "2026-11-19"));
    cache.set(&shorter, friday_evening()).expect("writable");
    let sequences = [vec![&versions[0], &versions[1]], vec![&shorter, &versions[1]]];
    std::thread::scope(|scope| {
        for sequence in &sequences {
            let own = cache.clone();
            scope.spawn(move || {
                for turn in 0..40 {
                    own.set(sequence[turn % 2], friday_evening()).expect("writable");
                }
            });
        }
        for _ in 0..2 {
            let own = cache.clone();
            let known = [&versions[0].bars, &versions[1].bars, &shorter.bars];
            scope.spawn(move || {
                for _ in 0..80 {
                    let (cached, problems) = own.get(Equity, &symbol("AAPL"), friday_evening());
                    assert_eq!(problems, []);
                    let bars = cached.expect("an entry stands at all times").bars;
                    assert!(known.contains(&&bars), "a mixture of entries");
                }
            });
        }
    });
    assert_eq!(files(&cache).len(), 2);
}

#[test]
fn an_entry_takes_the_place_of_the_one_that_it_was_judged_against_and_of_no_newer_one() {
    let between = |from, to| entry(bars_between("AAPL", from, to));
    let old = between("2026-11-02", "2026-11-18");
    for (theirs, at, is_kept) in [
        // Another process reached further, began earlier, or asked later.
        (between("2026-11-02", "2026-11-20"), friday_evening(), true),
        (between("2026-10-01", "2026-11-19"), friday_evening(), true),
        (between("2026-11-03", "2026-11-19"), instant("2026-11-20T22:01:00Z"), true),
        // It says no more than this one does.
        (between("2026-11-03", "2026-11-19"), friday_evening(), false),
    ] {
        let (_folder, cache) = cache();
        cache.set(&old, friday_evening()).expect("writable");
        let judged = cache.get(Equity, &symbol("AAPL"), friday_evening()).0.expect("kept");
        cache.set(&theirs, at).expect("writable");
        let ours = judged.filled(bars_between("AAPL", "2026-11-02", "2026-11-19"));
        let written = cache.set(&ours, friday_evening());
        assert_eq!(matches!(written, Err(CacheError::Overtaken { .. })), is_kept, "{written:?}");
        let held = cache.get(Equity, &symbol("AAPL"), friday_evening()).0.expect("kept").bars;
        assert_eq!(held, if is_kept { theirs.bars } else { ours.bars });
    }
}

#[test]
fn what_is_known_to_be_wrong_gives_way() {
    let (_folder, cache) = cache();
    let theirs = entry(bars_between("AAPL", "2026-11-02", "2026-11-20"));
    let checksum = cache.set(&theirs, friday_evening()).expect("writable").checksum;
    let ours =
        Entry { replaces: Replaces::Nothing, ..entry(bars_between("AAPL", "2026-11-02", "2026-11-19")) };
    assert!(cache.set(&ours, friday_evening()).is_err());
    cache.note_outdated(Equity, &symbol("AAPL"), &checksum, "a price differs").expect("writable");
    cache.set(&ours, friday_evening()).expect("it is known to be wrong");
}

/// Not a test of its own: the process that the next one starts and kills.
#[test]
fn child_that_holds_the_lock() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let cache = Cache::new(folder, 24);
    let _lock = cache.folder.lock_exclusive().expect("lockable");
    println!("\nlocked");
    loop {
        std::thread::park();
    }
}

#[test]
fn a_lock_dies_with_its_process() {
    let (_folder, cache) = cache();
    cache.set(&entry(bars("AAPL", "2026-11-02", 3)), friday_evening()).expect("writable");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "cache::tests::together::child_that_holds_the_lock", "--nocapture"])
        .env(CHILD, cache.dir())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    assert!(output.lines().map_while(Result::ok).any(|line| line.ends_with("locked")));
    let busy = std::fs::File::open(cache.dir().join(".lock")).expect("the lock's file");
    assert!(busy.try_lock_shared().is_err(), "the child does not hold the lock");
    child.kill().expect("killed");
    child.wait().expect("gone");
    cache.set(&entry(bars("AAPL", "2026-11-02", 4)), friday_evening()).expect("the lock is free");
    let (cached, problems) = cache.get(Equity, &symbol("AAPL"), friday_evening());
    assert_eq!((cached.map(|cached| cached.bars.len()), problems), (Some(4), Vec::new()));
}
