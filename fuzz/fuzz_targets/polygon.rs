//! Any bytes as an answer of Polygon: answered or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ts::domain::Symbol;
use ts::sources::polygon::parse;

fuzz_target!(|body: &[u8]| {
    let Ok(symbol) = Symbol::new("AAPL") else { return };
    let _ = parse::bars("polygon (AAPL)", &symbol, body);
    let _ = parse::market("polygon (market)", body);
    let _ = parse::splits("polygon (splits)", body);
    let _ = parse::market_status("polygon (market status)", body);
});
