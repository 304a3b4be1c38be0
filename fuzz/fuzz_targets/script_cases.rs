//! Any text as a file of test cases: refused with its line, or run over the shipped scripts.
#![no_main]

#[expect(dead_code, reason = "the other target comes to the rest")]
#[path = "../../tests/it/script_soup/live_through.rs"]
mod live_through;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| live_through::as_cases(text));
