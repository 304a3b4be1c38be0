//! The JSON rendering, for programs: numbers as numbers, in the shape that
//! `docs/run.schema.json` documents.
//!
//! JSON has no NaN, and a writer that meets one says `null`, which a reader takes for "no
//! value". So a report with a number that is not finite is refused instead.

use std::collections::BTreeMap;

use serde::Serialize;

use super::past;
use super::past::{Past, PastRecommendation};
use super::reload::Reload;
use super::run::{Report, RunRecord};
use crate::decide::MarketOverview;
use crate::decide::NearMiss;
use crate::decide::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Order;
use crate::domain::Problem;
use crate::filters::Filtered;
use crate::signals::SignalDiff;

/// Why a report has no JSON.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// A number has no form in JSON.
    #[error("`{0}` is not a finite number; look at the symbol with `ts features`")]
    NotFinite(String),
    /// The writer failed.
    #[error("write the report as JSON")]
    Write(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Document<'a> {
    run: &'a RunRecord,
    market: BTreeMap<AssetClass, Market<'a>>,
    recommendations: &'a [Recommendation],
    exits: &'a [Recommendation],
    near_misses: &'a [NearMiss],
    filtered: &'a [Filtered],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pending: &'a [Order],
    past: &'a Past,
    problems: &'a [Problem],
    reload: Option<&'a Reload>,
}

#[derive(Serialize)]
struct Market<'a> {
    /// Why the class was not decided, or null.
    no_decision: Option<&'a str>,
    #[serde(flatten)]
    overview: &'a MarketOverview,
}

/// Renders the report as one indented JSON object that ends in a newline.
///
/// # Errors
/// [`JsonError::NotFinite`] names the first number that is NaN or infinite.
pub fn json(report: &Report) -> Result<String, JsonError> {
    let numbers = numbers(report);
    if let Some((place, _)) = numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        return Err(JsonError::NotFinite(place));
    }
    let document = Document {
        run: &report.run,
        market: report
            .decisions
            .iter()
            .map(|d| (d.asset_class, Market { no_decision: d.no_decision.as_deref(), overview: &d.market }))
            .collect(),
        recommendations: &report.recommendations,
        exits: &report.exits,
        near_misses: &report.near_misses,
        filtered: &report.filtered,
        pending: &report.pending,
        past: &report.past,
        problems: &report.problems,
        reload: report.reload.as_ref(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

/// Lists every number that the JSON holds, with the place to name.
fn numbers(report: &Report) -> Vec<(String, f64)> {
    let mut numbers = Vec::new();
    for r in report.recommendations.iter().chain(&report.exits) {
        let fields = [
            ("current_price", Some(r.current_price)),
            ("entry_price", Some(r.entry_price)),
            ("target_price", r.target_price),
            ("stop_price", Some(r.stop_price)),
            ("position_size_pct", Some(r.position_size_pct)),
            ("risk_pct", Some(r.risk_pct)),
            ("quantity", Some(r.quantity)),
            ("adv20", r.adv20),
            ("technical_score", r.technical_score),
            ("news_score", r.news_score),
            ("sentiment_score", r.sentiment_score),
            ("combined_score", r.combined_score),
        ];
        let parts = r.components.iter().flat_map(|c| [(&*c.name, Some(c.score)), (&*c.name, Some(c.weight))]);
        let named = fields.into_iter().chain(parts);
        numbers.extend(named.filter_map(|(name, n)| Some((format!("{} {name}", r.symbol), n?))));
    }
    for miss in &report.near_misses {
        let fields = [("distance_pct", miss.distance_pct), ("nearness", Some(miss.nearness))];
        let named = |(name, number): (&str, Option<f64>)| Some((format!("{} {name}", miss.symbol), number?));
        numbers.extend(fields.into_iter().filter_map(named));
    }
    for order in &report.pending {
        let fields = [
            ("quantity", order.quantity),
            ("decided_price", order.decided_price),
            ("stop_price", order.stop_price),
        ];
        numbers.extend(fields.map(|(name, number)| (format!("{} {name}", order.symbol), number)));
    }
    for changes in report.reload.iter().flat_map(|reload| &reload.changes) {
        let SignalDiff { gained, lost, moved } = &changes.diff;
        let pairs = moved.iter().flat_map(|own| [&own.before, &own.after]);
        for signal in gained.iter().chain(lost).chain(pairs) {
            let fields = [
                ("score", signal.score),
                ("close", signal.close),
                ("stop", signal.stop),
                ("target", signal.target),
            ];
            numbers.extend(fields.map(|(name, number)| (format!("{} {name}", signal.symbol), number)));
        }
    }
    numbers.extend(report.past.recommendations.iter().flat_map(PastRecommendation::numbers));
    numbers.extend(report.past.record.iter().flat_map(past::record_numbers));
    for market in report.decisions.iter().map(|d| &d.market) {
        let fields = [
            ("benchmark_close", market.benchmark_close),
            ("benchmark_return", market.benchmark_return),
            ("breadth", market.breadth),
            ("volatility", market.volatility),
        ];
        let named = fields.into_iter();
        numbers.extend(named.filter_map(|(name, n)| Some((format!("{} {name}", market.asset_class), n?))));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::example;

    fn parsed(report: &Report) -> Value {
        serde_json::from_str(&json(report).expect("every number is finite")).expect("is JSON")
    }

    fn validator() -> jsonschema::Validator {
        let schema: Value =
            serde_json::from_str(include_str!("../../docs/run.schema.json")).expect("the schema is JSON");
        jsonschema::draft202012::meta::validate(&schema).expect("the schema is a draft 2020-12 schema");
        jsonschema::validator_for(&schema).expect("the schema compiles")
    }

    fn faults(document: &Value) -> Vec<String> {
        validator().iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }

    #[test]
    fn every_report_meets_the_schema() {
        let mut without_stamps = example::full();
        without_stamps.recommendations[0].generated_at = None;
        let mut without_benchmark = example::full();
        let market = &mut without_benchmark.decisions[0].market;
        (market.benchmark, market.benchmark_close, market.benchmark_return) = (None, None, None);
        (market.regime, market.breadth, market.volatility) = (None, None, None);
        let mut nothing = example::empty();
        nothing.decisions.clear();
        let reports = [
            example::full(),
            example::reloaded(),
            example::crowded(),
            example::empty(),
            example::undecided(),
            example::two_classes(),
            without_stamps,
            without_benchmark,
            nothing,
        ];
        for report in reports {
            assert_eq!(faults(&parsed(&report)), Vec::<String>::new());
        }
    }

    #[test]
    fn the_schema_refuses_what_is_not_in_the_contract() {
        let whole = parsed(&example::reloaded());
        let pointers = "|/run|/run/parts/0|/market/equity|/recommendations/0|/past|/past/recommendations/0|\
                        /past/record/0|/past/record/0/all|/past/record/0/month|/problems/0|/reload|\
                        /reload/last_reload|/reload/changes/0|/reload/changes/0/gained/0|\
                        /reload/changes/0/moved/0|/reload/changes/0/moved/0/before";
        for pointer in pointers.split('|') {
            let mut document = whole.clone();
            let object = document.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object");
            object.insert("surprise".to_owned(), Value::Null);
            assert!(!faults(&document).is_empty(), "unknown key in `{pointer}`");
            let keys: Vec<String> = object_keys(&whole, pointer);
            for key in keys {
                let mut document = whole.clone();
                document.pointer_mut(pointer).and_then(Value::as_object_mut).and_then(|o| o.remove(&key));
                assert!(!faults(&document).is_empty(), "`{key}` left out of `{pointer}`");
            }
        }
    }

    fn object_keys(document: &Value, pointer: &str) -> Vec<String> {
        let object = document.pointer(pointer).and_then(Value::as_object);
        object.map(|o| o.keys().cloned().collect()).unwrap_or_default()
    }

    #[test]
    fn a_recommendation_has_every_key_of_the_contract() {
        let keys = object_keys(&parsed(&example::full()), "/recommendations/0");
        let contract = "id symbol asset_class direction conviction current_price entry_price target_price stop_price \
            position_size_pct risk_pct technical_score news_score sentiment_score combined_score components \
            signal_type reasoning news_headlines generated_at strategy_name script_hash session";
        for key in contract.split_whitespace() {
            assert!(keys.iter().any(|k| k == key), "{key}");
        }
    }

    #[test]
    fn the_market_is_keyed_by_class() {
        let document = parsed(&example::two_classes());
        assert_eq!(object_keys(&document, "/market"), ["crypto", "equity"]);
        assert_eq!(document["run"]["session"], Value::Null);
        assert_eq!(document["market"]["equity"]["session"], "2026-11-20");
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_wherever_it_stands() {
        let reload: fn(&mut Report) = |r| {
            *r = example::reloaded();
            r.reload.iter_mut().for_each(|own| own.changes[0].diff.gained[0].score = f64::NAN);
        };
        let spoil: [fn(&mut Report); 10] = [
            reload,
            |r| r.recommendations[0].stop_price = f64::NAN,
            |r| r.recommendations[1].target_price = Some(f64::INFINITY),
            |r| r.exits[0].risk_pct = f64::NEG_INFINITY,
            |r| r.recommendations[0].components[0].score = f64::NAN,
            |r| r.recommendations[0].combined_score = Some(f64::NAN),
            |r| r.near_misses[0].distance_pct = Some(f64::NAN),
            |r| r.past.recommendations[0].r_multiple = Some(f64::NAN),
            |r| r.past.record[0].month.sum_r = Some(f64::INFINITY),
            |r| r.decisions[0].market.volatility = Some(f64::NAN),
        ];
        for (index, spoil) in spoil.into_iter().enumerate() {
            let mut report = example::full();
            spoil(&mut report);
            assert!(matches!(json(&report), Err(JsonError::NotFinite(_))), "row {index}");
        }
    }

    /// Every number in the JSON must be one that `numbers` checks, or a count.
    #[test]
    fn no_number_escapes_the_check() {
        fn walk(value: &Value, floats: &mut Vec<f64>) {
            match value {
                Value::Number(n) if n.is_f64() => floats.extend(n.as_f64()),
                Value::Array(items) => items.iter().for_each(|item| walk(item, floats)),
                Value::Object(fields) => fields.values().for_each(|field| walk(field, floats)),
                _ => {}
            }
        }
        for report in [example::full(), example::reloaded(), example::crowded(), example::two_classes()] {
            let mut floats = Vec::new();
            walk(&parsed(&report), &mut floats);
            assert!(floats.iter().all(|f| f.is_finite()));
            assert_eq!(floats.len(), numbers(&report).len());
        }
    }
}
