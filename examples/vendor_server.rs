//! A vendor on this machine, to try `ts` with real HTTP and without a network or a key:
//! `cargo run --example vendor_server`, then `ts` in another terminal with the variables it prints.
//!
//! It answers as Polygon, Binance and Alpha Vantage do, with the bars of the simulated market: they
//! are not real prices. Its plan reaches back two years, and a long answer comes in pages. Only this
//! machine can reach it.

#[path = "vendor/mod.rs"]
mod vendor;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use chrono::Months;
use wiremock::MockServer;

use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::settings::Settings;
use vendor::Manner;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::defaults();
    let mut stocks: Vec<&'static str> = vec!["SPY"];
    for symbol in settings.universe.of(AssetClass::Equity) {
        stocks.push(symbol.as_str().to_owned().leak());
    }
    let manner = Manner { stocks, reach: Some(Months::new(24)), page: 400, ..Manner::at(Clock::System) };
    let place = TcpListener::bind("127.0.0.1:8099")?;
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
