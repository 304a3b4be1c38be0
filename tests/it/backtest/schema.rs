//! What `docs/backtest.schema.json` says of the JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{SPAN, document};
use crate::program::Folder;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/backtest.schema.json")).expect("the schema is JSON")
}

#[test]
fn every_kind_of_result_keeps_the_schema() {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).expect("a draft 2020-12 schema");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    let folder = Folder::empty();
    let momentum = format!("{SPAN} --strategy equity_momentum");
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for arguments in [
        SPAN.to_owned(),
        format!("{SPAN} --no-costs --fill next-close --asset-class crypto"),
        format!("{momentum} --set FAST_CLEARANCE=9 --set SLOW_CLEARANCE=9"),
        format!("{momentum} --set STOP_ATR_MULT=2,3 --set FAST_CLEARANCE=0.005,0.02"),
        format!("{momentum} --set STOP_ATR_MULT=2,3 --walk-forward 40:20 --holdout 2026-06-15"),
        format!("{momentum} --holdout 2026-05-15 --reveal"),
    ] {
        let told = document(&folder, &arguments);
        let errors: Vec<String> =
            validator.iter_errors(&told).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0], "{arguments}");
        let object = told.as_object().expect("an object");
        for name in object.keys() {
            let mut damaged = told.clone();
            damaged.as_object_mut().expect("an object").remove(name);
            let may_lack = ["sweep", "walk_forward", "holdout"].contains(&name.as_str());
            assert_eq!(validator.is_valid(&damaged), may_lack, "without {name}");
        }
        parts.extend(object.keys().cloned());
    }
    let described = schema["properties"].as_object().expect("an object");
    assert_eq!(parts, described.keys().cloned().collect());
}

#[test]
fn every_figure_is_described() {
    let told = document(&Folder::empty(), SPAN);
    let described = schema()["$defs"]["figures"]["properties"].clone();
    let names =
        |own: &Value| -> BTreeSet<String> { own.as_object().expect("an object").keys().cloned().collect() };
    let of_year = &told["figures"]["by_year"]["2026"];
    assert_eq!(names(of_year), names(&described));
    assert!(names(of_year).is_subset(&names(&told["figures"])));
}
