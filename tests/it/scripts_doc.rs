//! Every snippet of docs/scripts.md is compiled and run: the sound ones without an error, the
//! wrong ones with the message that stands below them.
//!
//! A snippet that is no whole script gets what it lacks: functions are put into a strategy, an
//! expression becomes the body of `eligible`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use ts::features::Feature;
use ts::scripts::{Budget, Options, PositionView, ScriptSource, Scripts, SignalView};

const PAGE: &str = include_str!("../../docs/scripts.md");
const HEAD: &str = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n";
const SCORER: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";

/// A fenced block: what stands behind its fence, its text, and the line that it begins on.
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = PAGE.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let indent = line.len() - line.trim_start().len();
        let text: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim_start() != "```")
            .map(|line| line.get(indent..).unwrap_or(""))
            .collect();
        blocks.push(Block { info: info.to_owned(), text: text.join("\n"), line: number + 1 });
    }
    blocks
}

/// Makes a whole script of a snippet, which begins on the third line unless it was whole.
fn whole(snippet: &str) -> String {
    if snippet.contains("const META") || snippet.contains("const WEIGHTS") {
        return snippet.to_owned();
    }
    if !snippet.contains("fn ") {
        return format!(
            "{HEAD}fn eligible(row) {{\n{snippet}\n}}\nfn entry(row) {{ }}\nfn exit(row, position) {{ }}\n"
        );
    }
    let mut text = format!("{HEAD}{snippet}\n");
    for (name, function) in [
        ("eligible", "fn eligible(row) { row.close > 1.0 }\n"),
        ("entry", "fn entry(row) { }\n"),
        ("exit", "fn exit(row, position) { }\n"),
    ] {
        if !snippet.contains(&format!("fn {name}(")) {
            text.push_str(function);
        }
    }
    text
}

fn compiled(script: &str) -> (Scripts, Vec<String>) {
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("strategies/{name}.rhai"),
        text: text.to_owned(),
    };
    let options =
        Options { default_scorer: "flat".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
    let (scripts, errors) = Scripts::check(&[source("mine", script), source("flat", SCORER)], &options);
    (scripts, errors.iter().map(ToString::to_string).collect())
}

/// What goes wrong when every function is asked about rows of high, low and missing values.
fn failures(scripts: &Scripts) -> Vec<String> {
    let mut features: BTreeSet<Feature> = BTreeSet::new();
    features.extend(scripts.strategies().iter().flat_map(ts::scripts::Strategy::features));
    features.extend(scripts.scorers().iter().flat_map(ts::scripts::Scorer::features));
    let flat = |value: f64| features.iter().map(|feature| (feature.clone(), value)).collect();
    let rows = scripts.rows(&[flat(100.0), flat(0.0), BTreeMap::new()]);
    let index = [0, 1, 2];
    let position = PositionView {
        entry_price: 90.0,
        stop_price: 80.0,
        entry_date: NaiveDate::from_ymd_opt(2026, 11, 2).expect("a date"),
        bars_held: 3,
        highest_close: 110.0,
        quantity: 10.0,
    };
    let signals = vec![SignalView { trigger: "up".into(), strategy: "mine".into() }; index.len()];
    let budget = &mut Budget::for_rows(1_000);
    let mut told = Vec::new();
    for strategy in scripts.strategies() {
        told.extend(strategy.eligible(&rows, &index, budget).errors);
        told.extend(strategy.entry(&rows, &index, budget).errors);
        told.extend(strategy.stop(&rows, &index, &[position; 3], budget).errors);
        told.extend(strategy.exit(&rows, &index, &[position; 3], budget).errors);
    }
    for scorer in scripts.scorers().iter().filter(|scorer| scorer.name() == "mine") {
        for component in 0..scorer.weights().len() {
            told.extend(scorer.component(component, &rows, &index[..1], &signals, budget).errors);
        }
    }
    told.iter().map(|error| error.error.to_string()).collect()
}

#[test]
fn every_snippet_does_what_the_page_says() {
    let blocks = blocks();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (place, block) in blocks.iter().enumerate() {
        let Some(kind) = block.info.strip_prefix("rhai") else { continue };
        *seen.entry(kind.trim()).or_default() += 1;
        let (scripts, errors) = compiled(&whole(&block.text));
        let shown = blocks.get(place + 1).filter(|next| next.info == "text").map(|next| next.text.as_str());
        let told = match kind.trim() {
            "wrong" => errors,
            "fails" if errors.is_empty() => failures(&scripts),
            "" if errors.is_empty() => {
                let told = failures(&scripts);
                if !told.is_empty() {
                    wrong.push(format!("docs/scripts.md:{}: {told:#?}", block.line));
                }
                continue;
            }
            _ => {
                wrong.push(format!("docs/scripts.md:{}: {errors:#?}", block.line));
                continue;
            }
        };
        if told.first().map(String::as_str) != shown {
            wrong.push(format!("docs/scripts.md:{}: shows {shown:?}\nand gets {told:#?}", block.line));
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n\n"));
    let count = |kind: &str| seen.get(kind).copied().unwrap_or(0);
    assert!(count("") >= 18 && count("wrong") >= 4 && count("fails") >= 4, "{seen:?}");
}

/// The rows of a table, cell by cell, below a heading.
fn table(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE.split(&format!("\n{heading}\n")).nth(1).expect("a section of that name");
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn the_table_of_comparisons_is_true() {
    let rows = table("## Comparisons");
    assert!(rows.len() >= 12, "{rows:?}");
    for row in rows {
        let (expression, expected) = (row[0].trim_matches('`'), row[1].trim_matches('`'));
        let (scripts, errors) = compiled(&whole(&format!("const A = {expression};\nfn spare() {{ }}")));
        assert_eq!(errors, [""; 0], "{expression}");
        let strategy = scripts.strategy("mine").expect("it was loaded without an error");
        let value = strategy.all_constants().value("A").map(ToString::to_string);
        assert_eq!(value.as_deref(), Some(expected), "{expression}");
    }
}

#[test]
fn what_is_said_of_settings_and_cases_is_toml() {
    for block in blocks().iter().filter(|block| block.info == "toml") {
        let parsed: Result<toml::Table, _> = block.text.parse();
        assert!(parsed.is_ok(), "docs/scripts.md:{}: {parsed:?}", block.line);
    }
}

#[test]
fn every_function_of_the_definitions_is_in_the_reference() {
    let section = PAGE.split("\n## Functions\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("a section on functions");
    for line in ts::scripts::definitions().lines() {
        let Some(name) = line.strip_prefix("fn ").filter(|rest| !rest.starts_with("get ")) else { continue };
        let name = name.split('(').next().unwrap_or_default();
        assert!(section.contains(&format!("`{name}")), "docs/scripts.md does not say `{name}`");
    }
}
