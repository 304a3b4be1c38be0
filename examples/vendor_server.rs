//! A vendor on this machine, to try `ts` with real HTTP and without a network or a key:
//! `cargo run --example vendor_server`, then `ts` in another terminal with the variables it prints.
//!
//! It answers as Polygon, Binance and Alpha Vantage do, with the bars of the simulated market: they
//! are not real prices. Only this machine can reach it.

#[path = "vendor/mod.rs"]
mod vendor;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::settings::Settings;
use vendor::{Manner, Vendor};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut manner = Manner::at(Clock::System.now());
    let settings = Settings::defaults();
    let mut stocks: Vec<&'static str> = Vec::new();
    for symbol in settings.universe.of(AssetClass::Equity) {
        stocks.push(symbol.as_str().to_owned().leak());
    }
    stocks.push("SPY");
    manner.stocks = stocks;

    let server = MockServer::builder()
        .listener(TcpListener::bind("127.0.0.1:8099")?)
        .disable_request_recording()
        .start()
        .await;
    Mock::given(any()).respond_with(Vendor(Arc::new(Mutex::new(manner)))).mount(&server).await;
    let address = server.uri();
    println!(
        "Simulated vendors on {address}; Ctrl-C ends. In another terminal:\n\n\
         export TS_SOURCES__POLYGON__BASE_URL={address} TS_SOURCES__BINANCE__BASE_URL={address}\n\
         export TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE=1000 POLYGON_API_KEY=any TS_CACHE__DIR=data/trial\n\
         ts fetch-data --asset-class crypto --plan\n\
         ts run --dry-run"
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
