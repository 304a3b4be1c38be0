//! Each page's example holds what the page says: the bad one has that finding, the good one none.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::allow::UNUSED;
use super::allow::WITHOUT_REASON;
use super::check::check;
use super::code::Example;
use super::code::codes;
use super::code::explain;
use super::finding::Severity;
use super::fixtures::complete;
use super::fixtures::options;
use super::fixtures::source;
use crate::scripts::ScriptSource;
use crate::scripts::embedded;

fn told(targets: &[ScriptSource], overrides: &str) -> Vec<&'static str> {
    let mut options = options();
    let mut lines = overrides.lines();
    if let Some(table) = lines.next() {
        let name = table.trim_start_matches("[strategies.").trim_end_matches(']').to_owned();
        let values: BTreeMap<String, f64> = lines
            .filter_map(|line| {
                let (constant, value) = line.split_once(" = ")?;
                Some((constant.to_owned(), value.parse().ok()?))
            })
            .collect();
        options.overrides.insert(name, values);
    }
    let report = check(targets, &embedded(), &options);
    let codes: BTreeSet<&str> = report.findings.iter().map(|finding| finding.code).collect();
    codes.into_iter().collect()
}

fn probe(text: &str) -> Vec<ScriptSource> {
    vec![source("strategies/probe.rhai", &complete(text))]
}

/// A script of a folder, as it must be to have no finding but for its name.
fn file(path: &str) -> ScriptSource {
    let scorer = "const WEIGHTS = #{ strength: 1.0 };\nfn strength(row, signal) { row.rank_roc60 * 10.0 }";
    source(path, &if path.starts_with("scorers") { scorer.to_owned() } else { complete("") })
}

#[test]
fn the_bad_example_has_the_finding_and_the_good_one_none() {
    let mut wrong = Vec::new();
    for code in codes() {
        let level = "const LEVEL = 2.0;\nconst TABLE = [1.0];\nfn eligible(row) { let t = TABLE; row.close > t[0] * LEVEL }";
        let (bad, good) = match code.example {
            Example::Script { bad, good } => (told(&probe(bad), ""), told(&probe(good), "")),
            Example::Settings { bad, good } => (told(&probe(level), bad), told(&probe(level), good)),
            Example::Files { bad, good } => {
                let files = |paths: &[&str]| paths.iter().map(|path| file(path)).collect::<Vec<_>>();
                (told(&files(bad), ""), told(&files(good), ""))
            }
            Example::Words { .. } => continue,
        };
        // What is not silenced is told beside it.
        let bad: Vec<&str> =
            bad.into_iter().filter(|other| !(code.name == WITHOUT_REASON && *other != code.name)).collect();
        if bad != [code.name] || !good.is_empty() {
            wrong.push(format!("{}: the bad example has {bad:?}, the good one {good:?}", code.name));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_code_has_a_page_of_its_own() {
    let all = codes();
    let names: BTreeSet<&str> = all.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), all.len());
    for code in all {
        let page = explain(code.name).expect("it is a code");
        assert!(page.starts_with(&format!("{} (", code.name)), "{page}");
        assert!(code.what.ends_with('.') && code.why.ends_with('.'), "{}", code.name);
        assert!(!page.contains("  \n") && !code.why.contains("  "), "{page}");
    }
    let told = explain("chained_comparision").map_err(|error| error.to_string());
    assert_eq!(
        told,
        Err("there is no code `chained_comparision`; did you mean `chained_comparison`?".to_owned())
    );
}

/// A code that the host uses and no page explains would be found here.
#[test]
fn every_code_of_the_host_has_a_page() {
    let host: &[&str] = &[
        include_str!("../scripts/body.rs"),
        include_str!("../scripts/compile.rs"),
        include_str!("../scripts/constants.rs"),
        include_str!("../scripts/names.rs"),
        include_str!("../scripts/reads.rs"),
        include_str!("../scripts/scorer.rs"),
        include_str!("../scripts/set.rs"),
        include_str!("../scripts/strategy_parts.rs"),
        include_str!("../scripts/syntax.rs"),
        include_str!("../scripts/walk.rs"),
    ];
    let names: BTreeSet<&str> = codes().iter().map(|code| code.name).collect();
    let mut seen = 0;
    for text in host.iter().map(|text| text.split("#[cfg(test)]").next().unwrap_or("")) {
        // A code is a text of small letters that stands as an argument of its own.
        for part in text.split('"').skip(1).step_by(2) {
            let is_code =
                part.contains('_') && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            let is_field = ["asset_class", "stop_price", "entry_price"].contains(&part);
            if is_code && !is_field {
                assert!(names.contains(part), "no page on `{part}`");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn each_warning_is_silenced_before_its_statement() {
    let mut silenced = 0;
    for code in codes().into_iter().filter(|code| code.severity == Severity::Warning) {
        let Example::Script { bad, .. } = code.example else { continue };
        if [WITHOUT_REASON, UNUSED].contains(&code.name) {
            continue;
        }
        let text = complete(bad);
        let report = check(&[source("strategies/probe.rhai", &text)], &embedded(), &options());
        let places: BTreeSet<usize> =
            report.findings.iter().filter_map(|finding| Some(finding.span?.line)).collect();
        assert!(!places.is_empty(), "{} has no place", code.name);
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        for line in places.into_iter().rev() {
            lines.insert(line - 1, format!("// allow({}): it is right here", code.name));
        }
        let report = check(&[source("strategies/probe.rhai", &lines.join("\n"))], &embedded(), &options());
        assert_eq!(report.findings, [], "{}", code.name);
        silenced += 1;
    }
    assert!(silenced >= 14, "{silenced}");
}
