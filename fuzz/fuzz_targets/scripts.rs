//! Any text as a script: compiled, asked about rows with values and without, traced and validated;
//! refused or answered, never a panic, within its operations, and never explained otherwise than the
//! interpreter answered.
#![no_main]

#[expect(dead_code, reason = "the other target comes to the rest")]
#[path = "../../tests/it/script_soup/live_through.rs"]
mod live_through;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // As written, and as the rules of a strategy, which gets past more of the checks.
    let rules = format!(
        "const META = #{{ asset_class: \"equity\" }};\nconst STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ {text} }}\nfn entry(row) {{ }}\nfn exit(row, position) {{ }}\n"
    );
    for text in [text, &rules] {
        live_through::as_script(text);
        live_through::validated(text);
    }
});
