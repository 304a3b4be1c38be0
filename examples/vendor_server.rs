//! A vendor on this machine, to try `ts` with real HTTP and without a network or a key:
//! `cargo run --example vendor_server`, then `ts` in another terminal with the variables it prints.
//!
//! It answers as Polygon, Binance and Alpha Vantage do, with the bars of the simulated market: they
//! are not real prices. Its plan reaches back two years, and a long answer comes in pages. Only this
//! machine can reach it. `--stocks 500` adds so many made-up stocks, `T0001` and on.

#[path = "vendor/mod.rs"]
mod vendor;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use chrono::Months;
use clap::Parser;
use wiremock::MockServer;

use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::settings::Settings;
use vendor::Manner;

/// Simulated vendors on this machine.
#[derive(Parser)]
struct Args {
    /// Where it listens
    #[arg(long, default_value_t = 8099)]
    port: u16,
    /// Made-up stocks beside the default universe, called T0001 and on
    #[arg(long, default_value_t = 0)]
    stocks: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let settings = Settings::defaults();
    let known = settings.universe.of(AssetClass::Equity).iter().map(|symbol| symbol.as_str().to_owned());
    let made_up = (1..=args.stocks).map(|number| format!("T{number:04}"));
    let stocks = std::iter::once("SPY".to_owned()).chain(known).chain(made_up);
    let stocks: Vec<&'static str> = stocks.map(|symbol| &*symbol.leak()).collect();
    let manner = Manner { stocks, reach: Some(Months::new(24)), page: 400, ..Manner::at(Clock::System) };
    let place = TcpListener::bind(("127.0.0.1", args.port))
        .with_context(|| format!("failed to listen on port {}; try another with --port", args.port))?;
    let server = MockServer::builder().listener(place).disable_request_recording();
    let server = vendor::serve(server, Arc::new(Mutex::new(manner))).await;
    let address = server.uri();
    println!("Simulated vendors on {address}; Ctrl-C ends. In another terminal:\n");
    for (name, value) in vendor::variables(&address) {
        println!("export {name}={value}");
    }
    println!("ts fetch-data --asset-class crypto --plan\nts run --dry-run");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
