//! The rule of the peers over ten years: what it signals, and what is traded by it, from bars in memory.
//!
//! `peers.py` gives the same rule and the same bars to other programs. `BENCH_SYMBOLS=10000` adds a market of that size.

mod market;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use market::market;
use market::missing_between;
use market::newest;
use market::shipped_scripts;
use ts::backtest::Rules;
use ts::backtest::backtest;
use ts::decide::prepare;
use ts::domain::Words;
use ts::scripts::Options;
use ts::scripts::ScriptSource;
use ts::scripts::Scripts;
use ts::settings::FillTime;
use ts::settings::Settings;
use ts::signals::scan_sessions;

/// Ten years.
const SESSIONS: usize = 2_520;

/// Breakouts of 20 sessions above the mean of 50, sold under it. The stop lies where the mean is always under the close
/// first.
const RULE: &str = r#"const META = #{ asset_class: "equity", scorer: "alike" };
const STOP_ATR_MULT = 15.0;
const MAX_ADV_FRACTION = 1.0;
fn eligible(row) { row.close > row.ma50 }
fn entry(row) { if row.close > row.highest_close_20d { return "breakout"; } }
fn exit(row, position) { if row.close < row.ma50 { return "under_mean"; } }
"#;
const SCORER: &str = "const WEIGHTS = #{ same: 1.0 };\nfn same(row, signal) { 10.0 }\n";

fn scripts() -> Scripts {
    let source = |name: &str, path: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let sources =
        [source("breakout", "strategies/breakout.rhai", RULE), source("alike", "scorers/alike.rhai", SCORER)];
    let options =
        Options { default_scorer: "alike".to_owned(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
    let (scripts, problems) = Scripts::compile(&sources, &options);
    assert!(problems.is_empty(), "{problems:?}");
    scripts
}

/// Every signal is bought: room for all, and units enough for any price.
fn settings() -> Settings {
    let mut settings = Settings::defaults();
    settings.risk.account_equity = 1e9;
    settings.risk.max_position = 0.000_05;
    settings.risk.max_positions = 100_000;
    settings.risk.max_exposure = 1.0;
    settings.risk.correlation_guard = false;
    settings
}

fn sizes() -> Vec<usize> {
    let more = std::env::var("BENCH_SYMBOLS").ok().and_then(|text| text.parse().ok());
    [100, 1_000].into_iter().chain(more).collect()
}

fn signals(criterion: &mut Criterion) {
    let scripts = scripts();
    let mut group = criterion.benchmark_group("breakout signals");
    for symbols in sizes() {
        let market = market(symbols, SESSIONS);
        let mut found = 0;
        group.bench_function(BenchmarkId::from_parameter(symbols), |bencher| {
            let run = |market| {
                let prepared = prepare(market, &scripts, missing_between).expect("the bars fit a panel");
                let sessions = prepared.columns.sessions().to_vec();
                let scans = scan_sessions(&prepared.columns, &scripts, &sessions, &[], |_| ());
                found = scans.iter().map(|scan| scan.signals.len()).sum();
                (prepared, scans)
            };
            bencher.iter_batched(|| market.clone(), run, BatchSize::PerIteration);
        });
        println!("{symbols} symbols: {found} signals");
    }
    group.finish();
}

fn trades(criterion: &mut Criterion) {
    let (scripts, settings) = (scripts(), settings());
    let rules = Rules {
        scripts: &scripts,
        settings: &settings,
        fill: FillTime::NextOpen,
        costs: None,
        from: None,
        to: None,
        words: Words::LeftOut,
    };
    let mut group = criterion.benchmark_group("breakout trades");
    for symbols in sizes() {
        let market = market(symbols, SESSIONS);
        let mut found = 0;
        group.bench_function(BenchmarkId::from_parameter(symbols), |bencher| {
            let run = |market| {
                let prepared = [prepare(market, &scripts, missing_between).expect("the bars fit a panel")];
                let made = backtest(&prepared, &rules, &mut |_| ControlFlow::Continue(()));
                found = made.trades.len();
                (prepared, made)
            };
            bencher.iter_batched(|| market.clone(), run, BatchSize::PerIteration);
        });
        println!("{symbols} symbols: {found} trades");
    }
    group.finish();
}

/// A portfolio of ten positions by the shipped scripts: what a sweep does for each combination.
fn shipped(criterion: &mut Criterion) {
    let settings = Settings::defaults();
    let scripts = shipped_scripts(&settings);
    let market = market(100, SESSIONS);
    let to = Some(newest(&market));
    let prepared = [prepare(market, &scripts, missing_between).expect("the bars fit a panel")];
    let costs = Some(&settings.backtest);
    let (scripts, settings, fill) = (&scripts, &settings, FillTime::NextOpen);
    let rules = Rules { scripts, settings, fill, costs, from: None, to, words: Words::LeftOut };
    criterion.bench_function("shipped trades/100", |bencher| {
        bencher.iter(|| backtest(&prepared, &rules, &mut |_| ControlFlow::Continue(())));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = signals, trades, shipped
}
criterion_main!(benches);
