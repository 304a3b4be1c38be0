//! Any bytes as an answer of Alpha Vantage: answered or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ts::sources::alpha_vantage::parse;

fuzz_target!(|body: &[u8]| {
    let _ = parse::daily("alpha_vantage (IBM)", body);
});
