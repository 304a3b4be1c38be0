//! Small scripts and rows for the tests of this module.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::LoadError;
use super::Options;
use super::Rows;
use super::ScriptSource;
use super::Scripts;
use super::Strategy;
use crate::features::Feature;

pub const SCORER: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 7.5 }";

/// Everything that a strategy needs, but for its rules.
pub const HEAD: &str = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n";
pub const RULES: &str =
    "fn eligible(row) { row.close > 1.0 }\nfn entry(row) { }\nfn exit(row, position) { }\n";

pub fn source(name: &str, text: &str) -> ScriptSource {
    ScriptSource { name: name.to_owned(), path: format!("strategies/{name}.rhai"), text: text.to_owned() }
}

pub fn options() -> Options {
    Options { default_scorer: "flat".to_owned(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// Compiles one strategy beside a plain scorer.
pub fn compile(text: &str) -> (Scripts, Vec<LoadError>) {
    Scripts::check(&[source("probe", text), source("flat", SCORER)], &options())
}

/// Compiles one strategy that must be sound.
pub fn strategy(text: &str) -> (Scripts, Strategy) {
    let (scripts, errors) = compile(text);
    assert_eq!(errors, [], "{text}");
    let strategy = scripts.strategy("probe").expect("it was loaded without an error").clone();
    (scripts, strategy)
}

/// Makes a strategy whose `eligible` has the given body.
pub fn eligible(body: &str) -> String {
    format!("{HEAD}fn eligible(row) {{ {body} }}\nfn entry(row) {{ }}\nfn exit(row, position) {{ }}\n")
}

/// Makes rows from `name = value` pairs.
pub fn rows(scripts: &Scripts, values: &[&[(&str, f64)]]) -> Rows {
    let row = |pairs: &&[(&str, f64)]| -> BTreeMap<Feature, f64> {
        pairs.iter().map(|(name, value)| (Feature::parse(name).expect("a feature"), *value)).collect()
    };
    scripts.rows(&values.iter().map(row).collect::<Vec<_>>())
}
