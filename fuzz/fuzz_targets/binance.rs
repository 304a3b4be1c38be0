//! Any bytes as an answer of Binance: answered or refused, never a panic.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use ts::sources::binance::parse;

fuzz_target!(|input: (i64, &[u8])| {
    let (now, body) = input;
    let Some(now) = DateTime::from_timestamp_millis(now) else { return };
    let _ = parse::candles("binance (BTC)", now, body);
    let _ = parse::refusal(body);
});
