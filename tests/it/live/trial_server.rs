//! The vendors that a person may start: what `cargo run --example vendor_server` serves and prints.

use std::sync::{Arc, Mutex};

use chrono::Months;
use wiremock::MockServer;

use ts::clock::Clock;

use super::trial::KEY;
use super::vendor;
use super::vendor::Manner;
use crate::program::{Folder, NOW};

#[tokio::test(flavor = "multi_thread")]
async fn with_the_variables_that_it_prints_nothing_of_ones_own_is_used() {
    let clock = Clock::Fixed(NOW.parse().expect("an instant"));
    // Only Alpha Vantage has MSFT, and a long history comes in pages.
    let manner =
        Manner { reach: Some(Months::new(24)), page: 400, failing: vec!["MSFT"], ..Manner::at(clock) };
    let server = vendor::serve(MockServer::builder(), Arc::new(Mutex::new(manner))).await;
    let address = server.uri();
    let folder = Folder::empty();
    folder.write(".env", &format!("POLYGON_API_KEY={KEY}\nALPHA_VANTAGE_API_KEY={KEY}\n"));
    folder.write("ts.toml", "[universe]\nequity = [\"AAPL\", \"MSFT\"]\ncrypto = [\"BTC\"]\n");
    let variables = vendor::variables(&address);

    let fetch = ["fetch-data", "--symbols", "AAPL,MSFT", "--days", "30"];
    let said = folder.ts_with(&variables, &fetch);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    let said = folder.ts_with(&variables, &["run", "--dry-run"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);

    let requests = server.received_requests().await.expect("requests are recorded");
    let count = |part: &str| requests.iter().filter(|request| request.url.as_str().contains(part)).count();
    assert!(count("/query") > 0 && count("/klines") > 0 && count("cursor=400") > 0);
    let shown = |request: &wiremock::Request| format!("{} {:?}", request.url, request.headers).contains(KEY);
    assert!(!requests.iter().any(shown), "the key of .env went out");
    assert!(folder.path().join("data/trial").exists() && !folder.path().join("data/cache").exists());
}
