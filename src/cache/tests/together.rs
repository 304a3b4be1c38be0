//! Two processes at one cache: threads with handles of their own, and a child that is killed.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;

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
