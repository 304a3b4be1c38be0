//! `ts test-scripts`: the scripts' own cases, and which conditions they have seen.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::app;
use crate::app::{Refusal, ScriptTests, TestedScript};
use crate::cases::{CaseResult, Covered, Failure};
use crate::domain::format::{count, escape, percent};
use crate::scripts::Trace;
use crate::scripts::trace::tree;

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct TestScriptsArgs {
    /// Scripts (.rhai), their cases (.test.toml) or folders of them; all scripts by default
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only cases whose name, or whose script's name, holds this text; capitals count
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Fails where a script has no cases, or these have seen less of its conditions, in percent
    #[arg(long, value_name = "PCT", value_parser = percentage)]
    pub min_coverage: Option<f64>,
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
    /// Writes the results to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TestFormat {
    Text,
    Json,
    Junit,
}

fn percentage(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("it is a number from 0 to 100".to_owned()),
    }
}

/// Runs the cases and prints what became of them. Fails where a case fails, where a file of cases is
/// no script's, or where a script's conditions are covered by less than was asked: one without a
/// case is, even where it has no condition.
pub(super) fn test_scripts(global: &Global, args: &TestScriptsArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let tests = app::test_scripts(&app, &args.paths, args.filter.as_deref())?;
    if let Some(filter) = &args.filter
        && tests.scripts.iter().all(|own| cases(own).is_empty() && !own.name.contains(filter))
    {
        let broken = tests.scripts.iter().flat_map(|own| &own.broken);
        let broken: String = broken.map(|why| format!("\nnot all was looked through: {why}")).collect();
        return Err(Refusal::Usage(format!("no case's name contains `{filter}`{broken}")).into());
    }
    let least = args.min_coverage.map(|least| least / 100.0);
    let short: Vec<&TestedScript> = tests
        .scripts
        .iter()
        .filter(|own| match (tests.coverage.fraction(&own.name), least) {
            (_, None) => false,
            (covered, Some(least)) => cases(own).is_empty() || covered.is_some_and(|covered| covered < least),
        })
        .collect();
    let text = match args.format {
        TestFormat::Text => text(&tests, least, &short),
        TestFormat::Json => serde_json::to_string_pretty(&document(&tests, &short))?,
        TestFormat::Junit => junit(&tests, least, &short),
    };
    output::write(&text, args.output.as_deref())?;
    if args.output.is_some() {
        summary(&tests, least, &short).iter().for_each(|line| output::remark(format_args!("{line}")));
    }
    Ok(if tests.has_failed() || !short.is_empty() { Outcome::Findings } else { Outcome::Done })
}

fn cases(tested: &TestedScript) -> &[CaseResult] {
    tested.result.as_ref().map(|result| result.cases.as_slice()).unwrap_or_default()
}

fn has_failed(case: &CaseResult) -> bool {
    !case.failures.is_empty()
}

fn text(tests: &ScriptTests, least: Option<f64>, short: &[&TestedScript]) -> String {
    let mut lines: Vec<String> = tests.stray.iter().map(|why| format!("FAIL  {why}")).collect();
    for tested in &tests.scripts {
        for why in &tested.broken {
            lines.push(format!("FAIL  {why}"));
        }
        for case in cases(tested).iter().filter(|case| has_failed(case)) {
            lines.push(format!("FAIL  {}:{}: {}", tested.cases_path, case.line, case.name));
            lines.extend(case.failures.iter().flat_map(|failure| failure_lines(tested, failure)));
            lines.push(String::new());
        }
    }
    for tested in &tests.scripts {
        let own = cases(tested);
        let own_failed = own.iter().filter(|case| has_failed(case)).count();
        let counted = match &tested.result {
            Some(_) if own.is_empty() && tested.broken.is_empty() => {
                format!("no cases (none in {})", tested.cases_path)
            }
            Some(_) if tested.broken.is_empty() => {
                format!("{} passed, {own_failed} failed", own.len() - own_failed)
            }
            Some(_) => format!("{} passed, {own_failed} failed, others not asked", own.len() - own_failed),
            None if tested.broken.is_empty() => format!("no cases ({} is not there)", tested.cases_path),
            None => "not asked".to_owned(),
        };
        let mark = match own_failed > 0 || !tested.broken.is_empty() {
            true => "FAIL",
            false if own.is_empty() => "none",
            false => "ok  ",
        };
        let conditions = tests.coverage.conditions(&tested.name);
        let covered = match tests.coverage.fraction(&tested.name) {
            Some(covered) => format!("{} of {}", percent(covered, 0), count(conditions.len(), "condition")),
            None => "no conditions".to_owned(),
        };
        lines.push(format!("{mark}  {}: {counted}; {covered}", tested.path));
        lines.extend(unseen(tests, tested, conditions));
    }
    lines.extend(summary(tests, least, short));
    lines.join("\n")
}

/// What became of all of them, in a line or two.
fn summary(tests: &ScriptTests, least: Option<f64>, short: &[&TestedScript]) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(least), false) = (least, short.is_empty()) {
        let names: Vec<&str> = short.iter().map(|own| own.name.as_str()).collect();
        let names = names.join(", ");
        lines.push(format!("without cases, or under the least coverage of {}: {names}", percent(least, 0)));
    }
    let all = || tests.scripts.iter().flat_map(cases);
    let failed = all().filter(|case| has_failed(case)).count();
    let mut last = format!("{} passed, {failed} failed", all().count() - failed);
    let scripts = |is_so: fn(&TestedScript) -> bool| tests.scripts.iter().filter(|own| is_so(own)).count();
    match scripts(|own| !own.broken.is_empty()) {
        0 => {}
        broken => last.push_str(&format!(", {} not asked or not in full", count(broken, "script"))),
    }
    match scripts(|own| own.broken.is_empty() && cases(own).is_empty()) {
        0 => {}
        bare => last.push_str(&format!(", {} without cases", count(bare, "script"))),
    }
    match tests.stray.len() {
        0 => {}
        stray => last.push_str(&format!(", {} of no script", count(stray, "file"))),
    }
    lines.push(last);
    lines
}

/// The conditions that were not seen both ways; only of scripts that have cases.
fn unseen(tests: &ScriptTests, tested: &TestedScript, conditions: &[Covered]) -> Vec<String> {
    if tested.result.is_none() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for own in conditions {
        let never = match (own.seen_true, own.seen_false) {
            (true, true) => continue,
            (true, false) => "never false",
            (false, true) => "never true",
            (false, false) => "never asked",
        };
        lines.push(format!("      {never}: {}:{}:{}  {}", tested.path, own.line, own.column, own.source));
    }
    for line in tests.coverage.opaque(&tested.name) {
        lines.push(format!(
            "      not followed: {}:{line}  run whole, its conditions not counted",
            tested.path
        ));
    }
    for (name, line) in tests.coverage.unfollowed(&tested.name) {
        let why = format!("`{name}` is called only from what is run whole");
        lines.push(format!("      not followed: {}:{line}  {why}", tested.path));
    }
    lines
}

fn failure_lines(tested: &TestedScript, failure: &Failure) -> Vec<String> {
    let mut lines = vec![format!("      {}", failure.words())];
    for trace in &failure.traces {
        lines.extend(trace_lines(tested, trace));
    }
    lines
}

fn trace_lines(tested: &TestedScript, trace: &Trace) -> Vec<String> {
    let mut lines = vec![format!("        {} ({}:{})", trace.function, tested.path, trace.line)];
    lines.extend(tree(&trace.steps).into_iter().map(|line| format!("          {line}")));
    let mut seen = Vec::new();
    trace.visit(|step| {
        if step.is_condition() && !seen.contains(&step.line) {
            seen.push(step.line);
        }
    });
    for line in seen {
        // A component's steps stand in the scorer's text, which is not at hand here.
        if let Some(text) = tested.text.lines().nth(line - 1).filter(|_| is_of(tested, trace)) {
            lines.push(format!("          {line:>4} | {}", text.trim_end()));
        }
    }
    lines
}

/// Tells whether a function is defined in the tested script's own text.
fn is_of(tested: &TestedScript, trace: &Trace) -> bool {
    let heading = format!("fn {}(", trace.function);
    tested.text.lines().nth(trace.line.saturating_sub(1)).is_some_and(|line| line.contains(&heading))
}

fn document(tests: &ScriptTests, short: &[&TestedScript]) -> Value {
    let failure = |failure: &Failure| {
        let traces: Vec<Value> = failure
            .traces
            .iter()
            .map(|trace| {
                json!({
                    "function": trace.function, "line": trace.line, "column": trace.column, "steps": trace.steps,
                })
            })
            .collect();
        json!({ "what": failure.what, "expected": failure.expected, "got": failure.got, "traces": traces })
    };
    let case = |case: &CaseResult| {
        let failures: Vec<Value> = case.failures.iter().map(failure).collect();
        json!({ "name": case.name, "line": case.line, "passed": failures.is_empty(), "failures": failures })
    };
    let script = |own: &TestedScript| {
        json!({
            "script": own.name,
            "path": own.path,
            "cases_path": own.cases_path,
            "has_cases": own.result.is_some(),
            "broken": own.broken,
            "cases": cases(own).iter().map(case).collect::<Vec<_>>(),
            "coverage": tests.coverage.fraction(&own.name),
            "conditions": tests.coverage.conditions(&own.name),
            "not_counted": tests.coverage.opaque(&own.name),
            "not_followed": tests.coverage.unfollowed(&own.name).iter().map(|(name, line)| {
                json!({ "function": name, "line": line })
            }).collect::<Vec<_>>(),
        })
    };
    json!({
        "passed": !tests.has_failed() && short.is_empty(),
        "stray": tests.stray,
        "scripts": tests.scripts.iter().map(script).collect::<Vec<_>>(),
    })
}

/// One suite a script, as CI servers read it.
fn junit(tests: &ScriptTests, least: Option<f64>, short: &[&TestedScript]) -> String {
    let mut suites = String::new();
    let (mut all, mut failed) = (tests.stray.len(), tests.stray.len());
    if !tests.stray.is_empty() {
        let entries = tests.stray.iter().map(|why| {
            let why = xml(why);
            format!(
                "    <testcase classname=\"cases\" name=\"{why}\">\n      <failure message=\"{why}\"/>\n    \
                 </testcase>\n"
            )
        });
        suites.push_str(&format!(
            "  <testsuite name=\"files of no script\" tests=\"{all}\" failures=\"{all}\">\n{}  </testsuite>\n",
            entries.collect::<String>()
        ));
    }
    for tested in &tests.scripts {
        let mut entries: Vec<(String, Option<(String, String)>)> = Vec::new();
        for why in &tested.broken {
            // CI servers take two entries of one name for one.
            let name = why.split("; ").next().unwrap_or(why).to_owned();
            entries.push((format!("load: {name}"), Some((why.clone(), why.clone()))));
        }
        for case in cases(tested) {
            let body: Vec<String> = case.failures.iter().flat_map(|own| failure_lines(tested, own)).collect();
            let message = case.failures.first().map(Failure::words);
            entries.push((case.name.clone(), message.map(|message| (message, body.join("\n")))));
        }
        if let Some(least) = least {
            let is_short = short.iter().any(|own| own.name == tested.name);
            let message = match tests.coverage.fraction(&tested.name) {
                Some(covered) if !cases(tested).is_empty() => {
                    let (covered, least) = (percent(covered, 0), percent(least, 0));
                    format!("{covered} of its conditions are covered, less than {least}")
                }
                _ => "it has no case".to_owned(),
            };
            let body = unseen(tests, tested, tests.coverage.conditions(&tested.name)).join("\n");
            entries.push(("coverage".to_owned(), is_short.then_some((message, body))));
        }
        let own_failed = entries.iter().filter(|(_, failure)| failure.is_some()).count();
        (all, failed) = (all + entries.len(), failed + own_failed);
        suites.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{own_failed}\">\n",
            xml(&tested.path),
            entries.len()
        ));
        for (name, failure) in entries {
            let head = format!("    <testcase classname=\"{}\" name=\"{}\"", xml(&tested.name), xml(&name));
            match failure {
                None => suites.push_str(&format!("{head}/>\n")),
                Some((message, body)) => suites.push_str(&format!(
                    "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    xml(&message),
                    xml(&body)
                )),
            }
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ts test-scripts\" tests=\"{all}\" \
         failures=\"{failed}\">\n{suites}</testsuites>\n"
    )
}

/// Escapes text for XML, which has no form for most control characters.
fn xml(text: &str) -> String {
    let legal: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect();
    escape(&legal)
}
