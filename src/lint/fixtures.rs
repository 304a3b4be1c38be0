//! Small scripts for the tests of this module.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::check::Report;
use super::check::check;
use crate::scripts::Options;
use crate::scripts::ScriptSource;
use crate::scripts::embedded;

/// What every strategy has, with what a part of a script defines itself.
const PARTS: [(&str, &str); 5] = [
    ("const META ", "const META = #{ asset_class: \"equity\", version: 1 };"),
    ("const STOP_ATR_MULT ", "const STOP_ATR_MULT = 2.0;"),
    ("fn eligible", "fn eligible(row) { row.close > row.ma50 }"),
    ("fn entry", "fn entry(row) { if row.close > row.highest_close_20d { return \"breakout_20d\"; } }"),
    ("fn exit", "fn exit(row, position) { if row.close < row.ma20 { return \"ma20_cross\"; } }"),
];

/// Completes a part of a strategy; a scorer is whole already.
pub fn complete(part: &str) -> String {
    if part.contains("const WEIGHTS") {
        return part.to_owned();
    }
    let mut text = part.to_owned();
    for (begins, whole) in PARTS {
        if !part.contains(begins) {
            text.push_str(&format!("\n{whole}"));
        }
    }
    text
}

pub fn source(path: &str, text: &str) -> ScriptSource {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rhai");
    ScriptSource { name: stem.to_owned(), path: path.to_owned(), text: text.to_owned() }
}

pub fn options() -> Options {
    Options { default_scorer: "technical".to_owned(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// Checks one part of a script beside the built-in ones.
pub fn checked(part: &str) -> Report {
    check(&[source("strategies/probe.rhai", &complete(part))], &embedded(), &options())
}

/// The findings of a part as `line:column-end code`.
pub fn found(part: &str) -> Vec<String> {
    let report = checked(part);
    report
        .findings
        .iter()
        .map(|finding| match finding.span {
            Some(span) => format!("{}:{}-{} {}", span.line, span.column, span.end_column, finding.code),
            None => finding.code.to_owned(),
        })
        .collect()
}
