//! How long it takes to keep bars and to read them back: one symbol's, and a large market's of 10,000
//! symbols, one file each, 520 bars a symbol. The aim is to read the market back in under 3 s on two
//! cores.
//!
//! Keeping waits on the disk for every file, and shows the disk more than the program: the whole market
//! is kept once and that is printed, what is repeated is a thousand of it.
//!
//! `BENCH_CACHE` names a folder in which the files are left, so that `parquet_reference.py` reads the very
//! same ones; `BENCH_SYMBOLS` makes a smaller market.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use criterion::Criterion;
use criterion::SamplingMode;
use criterion::criterion_group;
use criterion::criterion_main;
use ts::bars::check;
use ts::cache::Cache;
use ts::cache::Entry;
use ts::cache::Replaces;
use ts::calendar;
use ts::domain::AssetClass;
use ts::domain::Bar;
use ts::domain::Symbol;
use ts::sources::Prices;

const SYMBOLS: usize = 10_000;
const BARS: usize = 520;
/// The most that is kept again and again.
const KEPT_AGAIN: usize = 1_000;

fn keeping_and_reading(criterion: &mut Criterion) {
    let count = std::env::var("BENCH_SYMBOLS").ok().and_then(|text| text.parse().ok()).unwrap_or(SYMBOLS);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = std::env::var("BENCH_CACHE").map_or_else(|_| temporary.path().to_owned(), PathBuf::from);
    let now: DateTime<Utc> = "2026-11-20T22:00:00Z".parse().expect("an instant");
    let from = NaiveDate::from_ymd_opt(2024, 1, 2).expect("a date");
    let to = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date");
    let mut sessions = calendar::sessions(AssetClass::Equity, from, to);
    sessions.truncate(BARS);
    let symbols: Vec<Symbol> =
        (0..count).map(|number| Symbol::new(&format!("S{number}")).expect("a symbol")).collect();
    let entries: Vec<Entry> = symbols.iter().map(|symbol| entry(symbol, &sessions)).collect();

    let alone = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(alone.path(), 24);
    let id = format!("1x{BARS}");
    let mut group = criterion.benchmark_group("cache_set");
    group.sample_size(30);
    group.bench_function(&id, |bencher| {
        bencher.iter(|| cache.set(&entries[0], now).expect("the folder is writable"));
    });
    group.finish();
    let mut group = criterion.benchmark_group("cache_get");
    group.bench_function(&id, |bencher| {
        bencher.iter(|| {
            let (found, problems) = cache.get(AssetClass::Equity, &symbols[0], now);
            assert!(found.is_some() && problems.is_empty(), "the entry was not read");
            found
        });
    });
    group.finish();

    let cache = Cache::new(&folder, 24);
    let keep = |entries: &[Entry]| {
        let results = cache.set_many(entries, now).expect("the folder is writable");
        assert!(results.iter().all(Result::is_ok), "an entry was not kept");
    };
    let begin = Instant::now();
    keep(&entries);
    println!("kept cache_set_many_cold/{count}x{BARS} in {} ms", begin.elapsed().as_millis());
    let again = &entries[..count.min(KEPT_AGAIN)];
    let mut group = criterion.benchmark_group("cache_set_many");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(1));
    group.bench_function(format!("{}x{BARS}", again.len()), |bencher| bencher.iter(|| keep(again)));
    group.finish();
    let bytes: u64 = cache.list(now).expect("readable").iter().filter_map(|one| one.bytes).sum();
    eprintln!("{} bytes an entry", bytes / count as u64);

    let id = format!("{count}x{BARS}");
    let mut group = criterion.benchmark_group("cache_get_many");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(20));
    let mut closes = 0.0;
    group.bench_function(&id, |bencher| {
        bencher.iter(|| {
            let (found, problems) = cache.get_many(AssetClass::Equity, &symbols, now);
            assert!(found.len() == count && problems.is_empty(), "an entry was not read");
            closes = found.values().map(|one| one.bars.iter().map(|bar| bar.close).sum::<f64>()).sum();
            found
        });
    });
    group.finish();
    println!("closes: {closes:.2}");
}

/// A walk in whole cents, as vendors tell prices.
fn entry(symbol: &Symbol, sessions: &[NaiveDate]) -> Entry {
    let mut state = symbol.as_str().bytes().fold(7_u64, |hash, byte| hash * 31 + u64::from(byte));
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let mut price = 100.0;
    let rows = sessions.iter().map(|date| {
        let open = cents(price);
        price *= 0.98 + 0.0402 * draw();
        let close = cents(price);
        Bar {
            date: *date,
            open,
            high: cents(open.max(close) * (1.0 + 0.01 * draw())),
            low: cents(open.min(close) * (1.0 - 0.01 * draw())),
            close,
            volume: (1e6 * (0.5 + draw())).round(),
        }
    });
    let (bars, problems) = check(symbol.clone(), rows.collect(), *sessions.last().expect("sessions"));
    assert!(problems.is_empty(), "{problems:?}");
    Entry {
        asset_class: AssetClass::Equity,
        bars,
        asked_from: sessions[0],
        source: "bench".to_owned(),
        joined: Vec::new(),
        prices: Prices::SplitAdjusted,
        overlap_agreed_at: DateTime::UNIX_EPOCH,
        notes: Vec::new(),
        held_back: None,
        replaces: Replaces::Anything,
    }
}

criterion_group!(benches, keeping_and_reading);
criterion_main!(benches);
