//! `ts` in the process, for `compare.py`: what a command does between loading and printing, on the market that the
//! peers are given. Its protocol is that of `worker.py`: `go` on stdin does the work once, `trades` tells the trades.
//!
//! Signals are every raw signal of all sessions, features included; trades are the walk of the backtest without costs,
//! with its account and filters, features included again. Figures and the report are timed with the whole process.
//! Run by `cargo bench` without a folder it does nothing.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;
use ts::app;
use ts::app::App;
use ts::app::Selection;
use ts::backtest::Backtest;
use ts::backtest::Rules;
use ts::backtest::backtest;
use ts::cache::Patience;
use ts::calendar;
use ts::clock::Clock;
use ts::decide::MarketBars;
use ts::decide::prepare;
use ts::domain::AssetClass;
use ts::domain::Words;
use ts::scripts::Scripts;
use ts::settings::Environment;
use ts::settings::FillTime;
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
    let mut last = None;
    for line in std::io::stdin().lock().lines() {
        if line?.trim() == "go" {
            let signals = signals(market.clone(), &scripts)?;
            let (seconds, result) = trade(market.clone(), &scripts, &app.loaded.settings)?;
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

/// Walks the whole market without costs, from its bars on; returns the seconds that it took, too.
fn trade(market: MarketBars, scripts: &Scripts, settings: &Settings) -> anyhow::Result<(f64, Backtest)> {
    let started = Instant::now();
    let prepared =
        prepare(market, scripts, |after, before| calendar::sessions_between(CLASS, after, before))?;
    let rules = Rules {
        scripts,
        settings,
        fill: FillTime::NextOpen,
        costs: None,
        from: None,
        to: None,
        words: Words::LeftOut,
    };
    let result = backtest(&[prepared], &rules, &mut |_| ControlFlow::Continue(()));
    Ok((seconds(started), result))
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
