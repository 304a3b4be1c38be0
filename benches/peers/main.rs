//! `ts` in the process, for `compare.py`: what a command does between loading and printing, on the market that the
//! peers are given. Its protocol is that of `worker.py`: `go` on stdin does the work once, `trades` tells the trades.
//!
//! Signals are every raw signal of all sessions, features included; trades are the whole backtest without costs,
//! with its book, filters and reasons. Run by `cargo bench` without a folder it does nothing.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;
use ts::app;
use ts::app::App;
use ts::app::Asked;
use ts::app::BacktestInputs;
use ts::app::BacktestRequest;
use ts::app::Charged;
use ts::app::Selection;
use ts::app::Span;
use ts::backtest::Backtest;
use ts::backtest::Grid;
use ts::cache::Patience;
use ts::calendar;
use ts::clock::Clock;
use ts::decide::MarketBars;
use ts::decide::prepare;
use ts::domain::AssetClass;
use ts::scripts::Engine;
use ts::scripts::Scripts;
use ts::settings::Environment;
use ts::settings::Settings;
use ts::settings::SourceName;
use ts::settings::Sources;
use ts::signals::scan_sessions;

const CLASS: AssetClass = AssetClass::Equity;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, now] = arguments.as_slice() else {
        println!("benches/peers/run runs this");
        return Ok(());
    };
    let sources = Sources {
        file: None,
        working_folder: PathBuf::from(folder).canonicalize().context("failed to find the folder")?,
        environment: Environment::default(),
    };
    let app = App::new(Settings::load(&sources)?, Clock::Fixed(now.parse().context("not an instant")?));
    let scripts = app::load_scripts(&app)?.scripts;
    let runtime = Runtime::new()?;
    let started = Instant::now();
    let market = runtime.block_on(load(&app))?;
    println!("{}", json!({ "load": seconds(started) }));
    let inputs = runtime.block_on(app::load_backtest(&app, &request(), &|_, _| ()))?;
    let mut last = None;
    for line in std::io::stdin().lock().lines() {
        if line?.trim() == "go" {
            let signals = signals(market.clone(), &scripts)?;
            let (seconds, result) = runtime.block_on(trade(inputs.clone()))?;
            last = Some(result);
            println!(
                "{}",
                json!({ "signals": signals.prepare + signals.scan, "trades": seconds,
                "prepare": signals.prepare, "found": signals.found })
            );
        } else {
            println!("{}", json!({ "trades": last.as_ref().map(trades).unwrap_or_default() }));
        }
    }
    Ok(())
}

async fn load(app: &App) -> anyhow::Result<MarketBars> {
    let session = calendar::last_finished(CLASS, app.clock.now());
    let selection = Selection {
        asset_class: CLASS,
        sources: vec![SourceName::Files],
        keyless: Vec::new(),
        session,
        patience: Patience::Kept,
    };
    Ok(app::load(app, &selection, &BTreeMap::new(), session, 0, &|_, _| ()).await?.market)
}

/// The whole market, without costs.
fn request() -> BacktestRequest {
    BacktestRequest {
        asked: Asked::ByName(CLASS),
        source: None,
        span: Span::default(),
        strategies: Vec::new(),
        grid: Grid::default(),
        walk_forward: None,
        holdout: None,
        fill: None,
        costs: Charged::Nothing,
        engine: Engine::default(),
        charts: 0,
    }
}

/// The seconds that it takes to prepare a market's features and to scan them, and the signals found.
struct Signals {
    prepare: f64,
    scan: f64,
    found: usize,
}

fn signals(market: MarketBars, scripts: &Scripts) -> anyhow::Result<Signals> {
    let started = Instant::now();
    let prepared =
        prepare(market, scripts, |after, before| calendar::sessions_between(CLASS, after, before))?;
    let prepare = seconds(started);
    let started = Instant::now();
    let columns = &prepared.columns;
    let scans = scan_sessions(columns, scripts, columns.sessions(), &[], |_| ());
    let scan = seconds(started);
    Ok(Signals { prepare, scan, found: scans.iter().map(|scan| scan.signals.len()).sum() })
}

async fn trade(inputs: BacktestInputs) -> anyhow::Result<(f64, Backtest)> {
    let started = Instant::now();
    let outcome = app::run_backtest(inputs, Arc::new(AtomicBool::new(false)), |_, _| ()).await?;
    Ok((seconds(started), outcome.report.result))
}

fn trades(result: &Backtest) -> Vec<Value> {
    let mut rows: Vec<_> = result
        .trades
        .iter()
        .map(|trade| {
            let closed = !trade.open;
            let gain = trade.exit_price / trade.entry_price - 1.0;
            let entry = trade.entry_date.to_string();
            let exit = closed.then(|| trade.exit_date.to_string());
            (trade.symbol.to_string(), entry, exit, closed.then_some(gain))
        })
        .collect();
    rows.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    rows.into_iter().map(|row| json!(row)).collect()
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
