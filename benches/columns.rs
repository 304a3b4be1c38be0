//! What a row of a rule costs in columns, against the interpreter: `eligible` and `entry` of every
//! shipped strategy for stocks, on one thread.
//!
//! Three shapes: a session of 1,000 symbols, prepared for it alone as a run does; the sixteen sessions up to it of a
//! market prepared whole, symbol by symbol, as a backtest asks about them; and a block of five rows, which must not cost
//! more than the interpreter takes for it.

mod market;

use std::hint::black_box;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use market::market;
use market::missing_between;
use market::newest;
use market::shipped_scripts;
use ts::decide::prepare;
use ts::decide::prepare_since;
use ts::domain::AssetClass;
use ts::scripts::Budget;
use ts::scripts::Engine;
use ts::settings::Settings;

const SYMBOLS: usize = 1_000;
const SESSIONS: usize = 520;

fn rows_of_rules(criterion: &mut Criterion) {
    let scripts = shipped_scripts(&Settings::defaults());
    let market = market(SYMBOLS, SESSIONS);
    let session = newest(&market);
    let prepared = prepare(market.clone(), &scripts, missing_between).expect("the bars fit a panel");
    let of_run = prepare_since(market, &scripts, session, missing_between).expect("the bars fit a panel");
    let all = prepared.columns.rows_on(session);
    let stretch: Vec<u32> = all.iter().flat_map(|newest| newest - 15..=*newest).collect();
    for (prepared, index) in [(&of_run, all), (&prepared, &stretch), (&prepared, &all[..5])] {
        let mut group = criterion.benchmark_group(format!("{} rows", index.len()));
        group.throughput(Throughput::Elements(index.len() as u64));
        for engine in [Engine::Columns, Engine::Interpreter] {
            let scripts = scripts.evaluated_by(engine);
            let rows = scripts.bind(&prepared.columns);
            let budget = || Budget::for_rows(index.len());
            for strategy in scripts.strategies().iter().filter(|own| own.asset_class() == AssetClass::Equity)
            {
                group.bench_function(
                    BenchmarkId::new(format!("{} eligible", strategy.name()), engine),
                    |bencher| {
                        bencher.iter(|| strategy.eligible(&rows, black_box(index), &mut budget()));
                    },
                );
                group.bench_function(
                    BenchmarkId::new(format!("{} entry", strategy.name()), engine),
                    |bencher| {
                        bencher.iter(|| strategy.entry(&rows, black_box(index), &mut budget()));
                    },
                );
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = columns;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .without_plots();
    targets = rows_of_rules
}
criterion_main!(columns);
