//! The features and signals of real bars against an independent implementation in Python.
//!
//! The bars may not be redistributed, so they lie beside the project and not in it; without
//! them these tests say `skipped` and pass.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use chrono::DateTime;
use ts::app::{App, Asked, FeatureRequest, Sessions, Span, features, signals};
use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::settings::{Environment, Settings, SourceName, Sources};
use ts::signals::Signal;

use crate::market::symbol;

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/market");
    if !folder.is_dir() {
        // Not by a macro that the test harness captures: a check that did not run must be seen.
        drop(writeln!(std::io::stderr(), "skipped: there is no {}", folder.display()));
        return None;
    }
    Some(folder)
}

/// The program in an empty folder, with the bars of `market` as its only source.
fn app(market: &std::path::Path, root: &tempfile::TempDir) -> App {
    let sources =
        Sources { file: None, working_folder: root.path().to_owned(), environment: Environment::default() };
    let mut loaded = Settings::load(&sources).expect("the defaults are sound");
    let settings = &mut loaded.settings;
    settings.sources.files.dir = market.to_owned();
    for (class, benchmark) in [(AssetClass::Equity, "SPY"), (AssetClass::Crypto, "")] {
        let own = market.join(class.as_str());
        let mut universe: Vec<_> = std::fs::read_dir(own)
            .expect("the folder of the class is there")
            .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
            .filter(|name| name != benchmark)
            .map(|name| symbol(&name))
            .collect();
        universe.sort();
        match class {
            AssetClass::Equity => settings.universe.equity = universe,
            AssetClass::Crypto => settings.universe.crypto = universe,
        }
    }
    assert_eq!((settings.universe.equity.len(), settings.universe.crypto.len()), (40, 10));
    let now = DateTime::parse_from_rfc3339("2025-06-01T12:00:00Z").expect("an instant").to_utc();
    App::new(loaded, Clock::Fixed(now))
}

/// The rows of a reference file, each a map from column to text.
fn rows(market: &std::path::Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let path = market.join("reference").join(name);
    let mut reader = csv::Reader::from_path(&path).expect("the reference is a CSV");
    reader.deserialize().map(|row| row.expect("a row of the reference")).collect()
}

#[track_caller]
fn assert_near(what: &str, ours: f64, theirs: &str, relative: f64, absolute: f64) {
    let theirs: f64 = theirs.parse().expect("a number of the reference");
    let allowed = (relative * theirs.abs()).max(absolute);
    assert!((ours - theirs).abs() <= allowed, "{what}: {ours}, reference {theirs}");
}

async fn check_signals(class: AssetClass, strategy: &str, name: &str) {
    let Some(market) = folder() else { return };
    let root = tempfile::tempdir().expect("a folder to work in");
    let app = app(&market, &root);
    let only = [strategy.to_owned()];
    let table = signals(
        &app,
        Asked::ByName(class),
        Some(SourceName::Files),
        Span::default(),
        &only,
        &|_, _| {},
        |_, _| {},
    )
    .await
    .expect("the bars load");
    let mut ours: BTreeMap<String, &Signal> = BTreeMap::new();
    for signal in &table.signals {
        let key = format!("{} {} {}", signal.session, signal.symbol, signal.trigger);
        assert!(ours.insert(key.clone(), signal).is_none(), "{key} twice");
    }
    let references = rows(&market, name);
    assert!(references.len() > 1_000);
    let mut missing = Vec::new();
    for row in &references {
        let trigger = match row["trigger"].as_str() {
            "20D" => "breakout_20d",
            "55D" => "breakout_55d",
            other => other,
        };
        let key = format!("{} {} {trigger}", row["date"], row["symbol"]);
        let Some(signal) = ours.remove(&key) else {
            missing.push(key);
            continue;
        };
        let part = |name: &str| {
            let part = signal.components.iter().find(|part| *part.name == *name);
            part.expect("the technical scorer has it").score
        };
        for (column, number) in [
            ("breakout_score", part("breakout")),
            ("momentum_score", part("momentum")),
            ("score", signal.score),
            ("close", signal.close),
            ("stop", signal.stop),
            ("target", signal.target),
        ] {
            assert_near(&format!("{key} {column}"), number, &row[column], 1e-6, 1e-12);
        }
    }
    let beyond: Vec<&String> = ours.keys().collect();
    assert!(missing.is_empty() && beyond.is_empty(), "missing {missing:?}, beyond {beyond:?}");
}

async fn check_features(class: AssetClass, name: &str) {
    let Some(market) = folder() else { return };
    let root = tempfile::tempdir().expect("a folder to work in");
    let app = app(&market, &root);
    let references = rows(&market, name);
    let mut by_symbol: BTreeMap<&str, Vec<&BTreeMap<String, String>>> = BTreeMap::new();
    for row in &references {
        by_symbol.entry(&row["symbol"]).or_default().push(row);
    }
    assert!(by_symbol.len() >= 2);
    for (symbol, own) in by_symbol {
        let names: Vec<String> =
            own[0].keys().filter(|name| !["date", "symbol"].contains(&name.as_str())).cloned().collect();
        let first = own[0]["date"].parse().expect("a date");
        let from = Span::new(Some(first), None).expect("an open span");
        let request = FeatureRequest {
            symbol: symbol.to_owned(),
            asset_class: Some(class),
            source: Some(SourceName::Files),
            names: names.clone(),
            sessions: Sessions::Span(from),
        };
        let table = features(&app, &request, &|_, _| {}).await.expect("the bars load");
        let ours: BTreeMap<String, &Vec<Option<f64>>> =
            table.rows.iter().map(|(date, values)| (date.to_string(), values)).collect();
        assert_eq!(ours.len(), own.len(), "{symbol}");
        for row in own {
            let values = ours.get(&row["date"]).expect("the same sessions");
            for (name, value) in names.iter().zip(*values) {
                let what = format!("{symbol} {} {name}", row["date"]);
                let theirs = row[name].as_str();
                assert_eq!(value.is_none(), theirs.is_empty(), "{what}: {value:?}, reference `{theirs}`");
                if let Some(ours) = value {
                    assert_near(&what, *ours, theirs, 1e-9, 1e-12);
                }
            }
        }
    }
}

#[tokio::test]
async fn equity_signals_are_those_of_the_reference() {
    check_signals(AssetClass::Equity, "equity_momentum", "equity_signals.csv").await;
}

#[tokio::test]
async fn crypto_signals_are_those_of_the_reference() {
    check_signals(AssetClass::Crypto, "crypto_momentum", "crypto_signals.csv").await;
}

#[tokio::test]
async fn equity_features_are_those_of_the_reference() {
    check_features(AssetClass::Equity, "equity_features.csv").await;
}

#[tokio::test]
async fn crypto_features_are_those_of_the_reference() {
    check_features(AssetClass::Crypto, "crypto_features.csv").await;
}
