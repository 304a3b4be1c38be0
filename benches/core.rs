//! What the core costs, from bars in memory to decisions: features, the whole `decide`, the raw
//! signals of ten years, and one row of a script.
//!
//! `benches/run` runs this and `pandas_reference.py` in turn and prints one table.

mod market;

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use market::market;
use market::missing_between;
use market::newest;
use market::shipped_scripts;
use ts::bars::Panel;
use ts::decide::MarketBars;
use ts::decide::decide;
use ts::decide::explain;
use ts::decide::near_misses;
use ts::decide::prepare;
use ts::decide::prepare_since;
use ts::domain::AssetClass;
use ts::domain::Book;
use ts::features::Columns;
use ts::scripts::Budget;
use ts::scripts::Rule;
use ts::scripts::Scripts;
use ts::settings::Settings;
use ts::signals::scan_sessions;

/// About two years: what a live run needs, the longest window and the warm-up included.
const LIVE: usize = 520;
/// Ten years.
const LONG: usize = 2_520;

fn features(criterion: &mut Criterion) {
    let scripts = shipped_scripts(&Settings::defaults());
    let wanted = scripts.features(AssetClass::Equity);
    let mut group = criterion.benchmark_group("features");
    for symbols in [1_000, 10_000] {
        let MarketBars { asset_class, bars, universe, benchmark, .. } = market(symbols, LIVE);
        let panel = Panel::stack(asset_class, bars).expect("every symbol is there once");
        group.throughput(Throughput::Elements(panel.len() as u64));
        group.bench_function(id(symbols, LIVE), |bencher| {
            let compute = |panel| Columns::compute(panel, &universe, benchmark.as_ref(), &wanted);
            bencher.iter_batched(|| panel.clone(), compute, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// The newest session from bars in memory: what a live run does between loading and reporting.
fn whole_decide(criterion: &mut Criterion) {
    let settings = Settings::defaults();
    let scripts = shipped_scripts(&settings);
    let book = Book::of_cash(settings.risk.account_equity);
    let mut group = criterion.benchmark_group("decide");
    for symbols in [1_000, 10_000] {
        let market = market(symbols, LIVE);
        let session = newest(&market);
        group.bench_function(id(symbols, LIVE), |bencher| {
            let run = |market| {
                let prepared =
                    prepare_since(market, &scripts, session, missing_between).expect("the bars fit a panel");
                let decision = decide(&prepared, &scripts, &settings, &book, session);
                (prepared, decision)
            };
            bencher.iter_batched(|| market.clone(), run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// What the words of a report cost: the near misses of a session, and one symbol explained.
fn words(criterion: &mut Criterion) {
    let settings = Settings::defaults();
    let scripts = shipped_scripts(&settings);
    let book = Book::of_cash(settings.risk.account_equity);
    let mut group = criterion.benchmark_group("words");
    let market = market(1_000, LIVE);
    let session = newest(&market);
    let prepared = prepare_since(market, &scripts, session, missing_between).expect("the bars fit a panel");
    let (decision, _) = decide(&prepared, &scripts, &settings, &book, session);
    group.bench_function(BenchmarkId::new("near misses", "1,000 symbols"), |bencher| {
        bencher.iter(|| black_box(near_misses(&prepared, &scripts, &book, &decision)));
    });
    let symbol = prepared.columns.panel().symbols()[0].clone();
    group.bench_function(BenchmarkId::new("explain", "1,000 symbols"), |bencher| {
        bencher.iter(|| black_box(explain(&prepared, &scripts, &settings, &book, session, &symbol, &[])));
    });
    let rows = scripts.bind(&prepared.columns);
    let row = prepared.columns.rows_on(session)[0];
    let strategy = scripts.strategy("equity_momentum").expect("it is shipped");
    group.bench_function("one trace", |bencher| {
        bencher.iter(|| black_box(strategy.trace(Rule::Entry, &rows, row)));
    });
    group.finish();
}

/// What `ts signals` does between loading and printing.
fn signals(criterion: &mut Criterion) {
    let scripts = shipped_scripts(&Settings::defaults());
    let mut group = criterion.benchmark_group("signals");
    for symbols in [100, 1_000] {
        let market = market(symbols, LONG);
        let found = Cell::new(None);
        group.bench_function(id(symbols, LONG), |bencher| {
            let run = |market| found.set(Some(count_signals(market, &scripts)));
            bencher.iter_batched(|| market.clone(), run, BatchSize::PerIteration);
        });
        // The reference must find as many.
        if let Some(found) = found.get() {
            println!("signals of {symbols} x {LONG}: {found}");
        }
    }
    group.finish();
}

fn count_signals(market: MarketBars, scripts: &Scripts) -> usize {
    let prepared = prepare(market, scripts, missing_between).expect("the bars fit a panel");
    let columns = &prepared.columns;
    let scans = scan_sessions(columns, scripts, columns.sessions(), &[], |_| {});
    scans.iter().map(|scan| scan.signals.len()).sum()
}

/// Each rule of `equity_momentum` on every stock of one session, on one thread.
fn script_rows(criterion: &mut Criterion) {
    const SYMBOLS: usize = 1_000;
    let scripts = shipped_scripts(&Settings::defaults());
    let market = market(SYMBOLS, LIVE);
    let session = newest(&market);
    let prepared = prepare(market, &scripts, missing_between).expect("the bars fit a panel");
    let strategy = scripts.strategy("equity_momentum").expect("it is shipped");
    let rows = scripts.bind(&prepared.columns);
    let index = prepared.columns.rows_on(session);
    let mut group = criterion.benchmark_group("script_row");
    group.throughput(Throughput::Elements(index.len() as u64));
    println!("script rows: {}", index.len());
    group.bench_function("eligible", |bencher| {
        bencher.iter(|| strategy.eligible(&rows, black_box(index), &mut Budget::for_rows(index.len())));
    });
    group.bench_function("entry", |bencher| {
        bencher.iter(|| strategy.entry(&rows, black_box(index), &mut Budget::for_rows(index.len())));
    });
    group.finish();
}

fn id(symbols: usize, sessions: usize) -> BenchmarkId {
    BenchmarkId::from_parameter(format!("{symbols}x{sessions}"))
}

/// Ten samples, the least that criterion takes: the slow ones take seconds each.
fn few_samples() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .without_plots()
}

criterion_group! {
    name = core;
    config = few_samples();
    targets = features, whole_decide, words, signals, script_rows
}
criterion_main!(core);
