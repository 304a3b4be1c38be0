//! How long it takes to read a large market back from the cache: 10,000 symbols of 520 bars, one
//! file each. The aim is under 3 s on two cores.
//!
//! Filling the cache waits on the disk for every file, so it is timed once and printed.

use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use ts::bars::check;
use ts::cache::Cache;
use ts::cache::Entry;
use ts::calendar;
use ts::domain::AssetClass;
use ts::domain::Bar;
use ts::domain::Symbol;
use ts::sources::Prices;

const SYMBOLS: usize = 10_000;
const BARS: usize = 520;

fn reading(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(folder.path(), 24);
    let now: DateTime<Utc> = "2026-11-20T22:00:00Z".parse().expect("an instant");
    let from = NaiveDate::from_ymd_opt(2024, 1, 2).expect("a date");
    let to = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date");
    let mut sessions = calendar::sessions(AssetClass::Equity, from, to);
    sessions.truncate(BARS);

    let symbols: Vec<Symbol> =
        (0..SYMBOLS).map(|number| Symbol::new(&format!("S{number}")).expect("a symbol")).collect();
    let entries: Vec<Entry> = symbols.iter().map(|symbol| entry(symbol, &sessions)).collect();
    let begin = Instant::now();
    let results = cache.set_many(&entries, now).expect("the folder is writable");
    assert!(results.iter().all(Result::is_ok), "an entry was not kept");
    let bytes: u64 = cache.list(now).expect("readable").iter().filter_map(|one| one.bytes).sum();
    eprintln!("kept {SYMBOLS} entries in {:.1?}, {} bytes each", begin.elapsed(), bytes / SYMBOLS as u64);

    let mut group = criterion.benchmark_group("cache");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("get_many/10000x520", |bencher| {
        bencher.iter(|| {
            let (found, problems) = cache.get_many(AssetClass::Equity, &symbols, now);
            assert!(found.len() == SYMBOLS && problems.is_empty(), "an entry was not read");
            found
        });
    });
    group.finish();
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
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
