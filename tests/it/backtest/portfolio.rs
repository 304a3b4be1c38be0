//! Trade for trade and day for day what an independent simulation of one account makes of the same bars:
//! `tests/golden/portfolio.py` has the rules once more, and the gaps, halts and ends that are hard to get right.

use serde_json::Value;

use super::document;
use crate::program::Folder;

/// A volume says what it does.
const RULE: &str = "const META = #{ asset_class: \"CLASS\", scorer: \"alike\" };\n\
    const STOP_ATR_MULT = 2.5;\n\
    const MAX_ADV_FRACTION = 1.0;\n\
    fn eligible(row) { row.close > 0.0 }\n\
    fn entry(row) { if row.volume == 1000001.0 { return \"go\"; } }\n\
    fn exit(row, position) { if row.volume == 1000002.0 { return \"out\"; } }\n";

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().expect("an object").iter()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Writes a world's bars, rule and settings.
fn folder_of(world: &Value) -> Folder {
    let folder = Folder::empty();
    let mut settings = "[universe]\n".to_owned();
    for (class, symbols) in object(&world["bars"]) {
        let names: Vec<String> = object(symbols).map(|(name, _)| format!("{name:?}")).collect();
        settings += &format!("{class} = [{}]\n", names.join(", "));
        folder.write(&format!("strategies/{class}.rhai"), &RULE.replace("CLASS", class));
        for (name, bars) in object(symbols) {
            let cells = |bar: &Value| {
                list(bar).iter().map(|own| own.to_string().replace('"', "")).collect::<Vec<_>>()
            };
            let rows: Vec<String> = list(bars).iter().map(|bar| cells(bar).join(",")).collect();
            let text = format!("date,open,high,low,close,volume\n{}\n", rows.join("\n"));
            folder.write(&format!("market/{class}/{name}.csv"), &text);
        }
    }
    settings += "[benchmark]\nequity = \"NONE\"\ncrypto = \"NONE\"\n\
        [sources]\nequity = [\"files\"]\ncrypto = [\"files\"]\n[risk]\ncorrelation_guard = false\n";
    for (name, value) in object(&world["settings"]) {
        settings += &format!("{name} = {value}\n");
    }
    folder.write("ts.toml", &settings);
    folder.write("scorers/alike.rhai", "const WEIGHTS = #{ same: 1.0 };\nfn same(row, signal) { 9.0 }\n");
    folder
}

#[track_caller]
fn same(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found} for {expected}");
}

#[test]
fn an_account_of_two_classes_makes_the_trades_of_an_independent_simulation() {
    let worlds: Value =
        serde_json::from_str(include_str!("../../fixtures/golden/portfolio.json")).expect("a document");
    let (mut trades, mut reasons) = (0, std::collections::BTreeSet::new());
    for world in list(&worlds) {
        let fill = world["fill"].as_str().expect("text");
        let told = document(&folder_of(world), &format!("--no-costs --fill {fill}"));
        let curve = list(&told["equity_curve"]);
        assert_eq!(curve.len(), list(&world["curve"]).len(), "{}", world["seed"]);
        for (day, expected) in curve.iter().zip(list(&world["curve"])) {
            assert_eq!(day["date"], expected[0], "{}", world["seed"]);
            same(number(&day["equity"]), number(&expected[1]), &format!("{} {}", world["seed"], day["date"]));
        }
        let mut found: Vec<&Value> = list(&told["trades"]).iter().collect();
        let key = |own: &&Value| (own["entry_date"].to_string(), own["symbol"].to_string());
        found.sort_by_key(key);
        assert_eq!(found.len(), list(&world["trades"]).len(), "{}", world["seed"]);
        for (own, expected) in found.into_iter().zip(list(&world["trades"])) {
            let what = format!("{} {own}", world["seed"]);
            for name in ["symbol", "entry_date", "exit_reason"] {
                assert_eq!(own[name], expected[name], "{what}");
            }
            for name in ["entry_price", "quantity", "exit_price"] {
                same(number(&own[name]), number(&expected[name]), &what);
            }
            if own["open"] != true {
                assert_eq!(own["exit_date"], expected["exit_date"], "{what}");
            }
            trades += 1;
            reasons.insert(expected["exit_reason"].as_str().expect("text").to_owned());
        }
    }
    let reasons: Vec<String> = reasons.into_iter().collect();
    assert_eq!(reasons, ["data_end", "delisted", "hard_stop", "open", "out"]);
    assert!(trades > 100, "{trades}");
}
