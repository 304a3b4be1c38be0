//! Figures against an independent implementation: `tests/golden/figures.py` on the same curve and trades.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::*;
use crate::decide::Regime;
use crate::domain::AssetClass;
use crate::domain::Symbol;

const CURVE: &str = include_str!("../../tests/fixtures/golden/curve.csv");
const MIXED: &str = include_str!("../../tests/fixtures/golden/mixed_curve.csv");
const MIXED_BENCHMARK: &str = include_str!("../../tests/fixtures/golden/mixed_benchmark.csv");
const TRADES: &str = include_str!("../../tests/fixtures/golden/trades.csv");
const EXPECTED: &str = include_str!("../../tests/fixtures/golden/figures.json");

fn expected() -> Value {
    serde_json::from_str(EXPECTED).expect("the script writes JSON")
}

fn records(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("the script writes CSV")).collect()
}

fn number(row: &BTreeMap<String, String>, name: &str) -> f64 {
    row[name].parse().expect("a number")
}

fn date(row: &BTreeMap<String, String>, name: &str) -> NaiveDate {
    row[name].parse().expect("a date")
}

fn day(row: &BTreeMap<String, String>) -> Day {
    Day {
        date: date(row, "date"),
        equity: number(row, "equity"),
        invested: number(row, "invested"),
        traded: number(row, "traded"),
    }
}

fn curve() -> (Vec<Day>, Vec<Option<f64>>) {
    records(CURVE).iter().map(|row| (day(row), row["benchmark"].parse().ok())).unzip()
}

fn trades() -> Vec<Trade> {
    let trade = |row: &BTreeMap<String, String>| Trade {
        symbol: Symbol::new(&row["symbol"]).expect("a symbol"),
        asset_class: AssetClass::Equity,
        strategy: row["strategy"].as_str().into(),
        trigger: row["trigger"].as_str().into(),
        score: 5.0,
        decided: date(row, "decided"),
        regime: match row["regime"].as_str() {
            "uptrend" => Some(Regime::Uptrend),
            "downtrend" => Some(Regime::Downtrend),
            "mixed" => Some(Regime::Mixed),
            _ => None,
        },
        entry_date: date(row, "entry_date"),
        entry_price: number(row, "entry_price"),
        quantity: number(row, "quantity"),
        stop_price: number(row, "stop_price"),
        exit_date: date(row, "exit_date"),
        exit_price: number(row, "exit_price"),
        exit_reason: "".into(),
        costs: number(row, "costs"),
        bars_held: number(row, "bars_held") as usize,
        open: row["open"] == "True",
    };
    records(TRADES).iter().map(trade).collect()
}

#[track_caller]
fn check(what: &str, found: f64, expected: &Value) {
    // What is not defined there must not be here.
    let Some(expected) = expected.as_f64() else { return assert!(found.is_nan(), "{what}: {found}") };
    let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    assert!(near, "{what}: {found}, and {expected} is expected");
}

#[track_caller]
fn check_all(what: &str, found: &Figures, expected: &Value) {
    let expected = expected.as_object().expect("figures by name");
    for (name, value) in expected {
        let figure = found.get(name).unwrap_or_else(|| panic!("{what}: no figure {name}"));
        match (figure, value) {
            (Err(_), Value::Null) => {}
            (figure, value) => check(&format!("{what} {name}"), figure.unwrap_or(f64::NAN), value),
        }
    }
}

#[test]
fn every_figure_is_the_references() {
    let ((days, benchmark), trades, expected) = (curve(), trades(), expected());
    let evidence = Evidence { days: &days, trades: &trades, benchmark: &benchmark, year: Year::Equity };
    let figures = Figures::of(&evidence);
    assert_eq!(figures.iter().count(), expected["figures"].as_object().map_or(0, serde_json::Map::len));
    check_all("all", &figures, &expected["figures"]);

    let breakdown = serde_json::to_value(Breakdown::of(&evidence)).expect("it is JSON");
    for group in ["by_strategy", "by_trigger", "by_regime", "by_year"] {
        let (found, expected) = (breakdown[group].as_object(), expected[group].as_object());
        let (found, expected) = (found.expect("a map"), expected.expect("a map"));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{group}");
        for (name, figures) in expected {
            for (figure, value) in figures.as_object().expect("figures by name") {
                check(
                    &format!("{group} {name} {figure}"),
                    found[name][figure].as_f64().unwrap_or(f64::NAN),
                    value,
                );
            }
        }
    }
    for (figure, value) in expected["curve_of_2024"].as_object().expect("figures by name") {
        check(
            &format!("2024 {figure}"),
            breakdown["by_year"]["2024"][figure].as_f64().unwrap_or(f64::NAN),
            value,
        );
    }
}

/// Stocks alone for half a year, then coins too; the benchmark has New York's sessions, a hole, and ends early.
#[test]
fn a_curve_of_both_classes_has_the_references_year_and_benchmark() {
    let days: Vec<Day> = records(MIXED).iter().map(day).collect();
    let bars: Vec<(NaiveDate, f64)> =
        records(MIXED_BENCHMARK).iter().map(|row| (date(row, "date"), number(row, "close"))).collect();
    let benchmark = closes_on(&days, &bars);
    let year = Year::of(&[AssetClass::Equity, AssetClass::Crypto], &days);
    assert!(matches!(year, Year::Counted(_)), "{year:?}");
    let evidence = Evidence { days: &days, trades: &[], benchmark: &benchmark, year };
    let (figures, breakdown) = (Figures::of(&evidence), Breakdown::of(&evidence));
    let expected = expected();
    let mixed = expected["mixed"].as_object().expect("the whole and years");
    assert_eq!(mixed.keys().collect::<Vec<_>>(), ["2023", "2024", "2025", "all"]);
    for (name, expected) in mixed {
        let mut expected = expected.as_object().expect("figures by name").clone();
        let sessions = expected.remove("sessions_per_year").expect("each has it");
        let (found, own) = match name.as_str() {
            "all" => (&figures, year.sessions()),
            year => (&breakdown.by_year[year], breakdown.sessions_per_year_by_year[year]),
        };
        check(&format!("{name} sessions"), own, &sessions);
        check_all(name, found, &Value::Object(expected));
    }
}

#[test]
fn intervals_timing_and_deflation_are_the_references_to_the_last_draw() {
    let ((days, _), trades, expected) = (curve(), trades(), expected());
    let seed = expected["seed"].as_u64().expect("a seed");
    let sharpe = sharpe_interval(&days, 252.0, seed).expect("enough sessions");
    let expectancy = expectancy_interval(&trades, seed).expect("enough trades");
    for (name, found) in [("sharpe", sharpe), ("expectancy", expectancy)] {
        check(name, found.low, &expected["intervals"][name][0]);
        check(name, found.high, &expected["intervals"][name][1]);
    }
    let opens: BTreeMap<(AssetClass, Symbol), Opens> = expected["opens"]
        .as_object()
        .expect("opens by symbol")
        .iter()
        .map(|(name, prices)| {
            let prices = prices.as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
            let dates = days.iter().map(|day| day.date).collect();
            ((AssetClass::Equity, Symbol::new(name).expect("a symbol")), Opens { dates, prices })
        })
        .collect();
    let timing = timing(&trades, &opens, seed).expect("closed trades");
    check("mean gain", timing.mean_gain, &expected["timing"]["mean_gain"]);
    check("mean gain of drawn", timing.mean_gain_of_drawn, &expected["timing"]["mean_gain_of_drawn"]);
    check("p", timing.p_value, &expected["timing"]["p_value"]);

    let trials: Vec<f64> =
        expected["trials"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    let deflated = deflated_sharpe(&days, &trials, 252.0).expect("it varies");
    check("deflated", deflated, &expected["deflated_sharpe"]);
}

#[test]
fn what_is_not_defined_is_null_with_its_reason() {
    let days = fixtures::days(&[100.0, 100.0, 100.0]);
    let evidence = Evidence { days: &days, trades: &[], benchmark: &[], year: Year::Equity };
    let json = serde_json::to_value(Figures::of(&evidence)).expect("it is JSON");
    for (name, why) in [
        ("sharpe", "the account never moved"),
        ("sortino", "the account never moved"),
        ("calmar", "fewer than 20 sessions are too few to extrapolate to a year"),
        ("win_rate", "no trade was closed"),
        ("profit_factor", "no trade was closed"),
        ("correlation", "the benchmark has too few closes on these sessions"),
    ] {
        assert_eq!((&json[name], json["undefined"][name].as_str()), (&Value::Null, Some(why)), "{name}");
    }
    assert_eq!((json["trades"].as_f64(), json["total_return"].as_f64()), (Some(0.0), Some(0.0)));
    let none = Figures::of(&Evidence { days: &[], ..evidence });
    assert!(none.iter().all(|(kind, figure)| figure.is_err() || kind.name == "trades"), "{none:?}");
    assert_eq!(sharpe_interval(&days, 252.0, 1), Err(Undefined("fewer than ten observations")));
    assert!(deflated_sharpe(&days, &[1.0], 252.0).is_err());
}

#[test]
fn the_same_seed_draws_the_same() {
    let ((days, _), trades) = (curve(), trades());
    assert_eq!(sharpe_interval(&days, 252.0, 5), sharpe_interval(&days, 252.0, 5));
    assert_ne!(sharpe_interval(&days, 252.0, 5), sharpe_interval(&days, 252.0, 6));
    assert_eq!(expectancy_interval(&trades, 5), expectancy_interval(&trades, 5));
}
