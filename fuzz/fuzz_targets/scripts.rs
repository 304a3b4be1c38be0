//! Any text as a script: compiled, and asked about rows with values and without; refused or
//! answered, never a panic, within its operations.
#![no_main]

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;
use ts::features::Feature;
use ts::scripts::{Budget, Options, PositionView, ScriptSource, Scripts, SignalView};

const FLAT: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";

fuzz_target!(|text: &str| {
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("strategies/{name}.rhai"),
        text: text.to_owned(),
    };
    let options =
        Options { default_scorer: "flat".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
    // As written, and as the rules of a strategy, which gets past more of the checks.
    let rules = format!(
        "const META = #{{ asset_class: \"equity\" }};\nconst STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ {text} }}\nfn entry(row) {{ }}\nfn exit(row, position) {{ }}\n"
    );
    for text in [text, &rules] {
        let (scripts, _) = Scripts::check(&[source("probe", text), source("flat", FLAT)], &options);
        ask(&scripts);
    }
});

fn ask(scripts: &Scripts) {
    let of_strategies = scripts.strategies().iter().flat_map(ts::scripts::Strategy::features);
    let of_scorers = scripts.scorers().iter().flat_map(ts::scripts::Scorer::features);
    let features: BTreeSet<Feature> = of_strategies.chain(of_scorers).collect();
    let full = features.into_iter().map(|feature| (feature, 100.0)).collect();
    let rows = scripts.rows(&[full, BTreeMap::new()]);
    let index = [0, 1];
    let Some(entry_date) = NaiveDate::from_ymd_opt(2026, 11, 2) else { return };
    let position = PositionView {
        entry_price: 90.0,
        stop_price: 80.0,
        entry_date,
        bars_held: 3,
        highest_close: 110.0,
        quantity: 10.0,
    };
    let signals = vec![SignalView { trigger: "up".into(), strategy: "probe".into() }; index.len()];
    let budget = &mut Budget::for_rows(index.len());
    for strategy in scripts.strategies() {
        strategy.eligible(&rows, &index, budget);
        strategy.entry(&rows, &index, budget);
        strategy.stop(&rows, &index, &[position; 2], budget);
        strategy.exit(&rows, &index, &[position; 2], budget);
    }
    for scorer in scripts.scorers() {
        for component in 0..scorer.weights().len() {
            scorer.component(component, &rows, &index, &signals, budget);
        }
    }
    assert!(budget.used() < budget.allowed() + 25_000, "{budget:?}");
}
