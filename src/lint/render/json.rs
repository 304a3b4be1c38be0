//! The report for programs: every finding and every script in one document.

use serde_json::Value;
use serde_json::json;

use super::super::finding::Finding;
use super::super::finding::Severity;
use super::super::finding::Span;
use super::super::summary::Summary;
use super::Report;

/// What is about a whole file is placed at its beginning, so that a place is always a number.
pub(super) const WHOLE_FILE: Span = Span { line: 1, column: 1, end_line: 1, end_column: 1 };

/// Writes the report as JSON.
pub fn json(report: &Report) -> String {
    let document = json!({
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "scripts": report.scripts.iter().map(script).collect::<Vec<_>>(),
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
    });
    format!("{document:#}\n")
}

fn finding(finding: &Finding) -> Value {
    let span = finding.span.unwrap_or(WHOLE_FILE);
    let frame = finding.frame.as_ref().map(|frame| format!("{}\n{}", frame.line, frame.mark()));
    json!({
        "file": finding.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "help": finding.help,
        "frame": frame,
    })
}

fn script(summary: &Summary) -> Value {
    let mut value = json!(summary);
    // An object reads better than a list of pairs; its keys are unique.
    let constants = summary.constants.iter().cloned().collect::<serde_json::Map<String, Value>>();
    value["constants"] = Value::Object(constants);
    let named = |wanted: bool| -> Vec<&String> {
        summary.features.iter().filter(|(_, required)| **required == wanted).map(|(name, _)| name).collect()
    };
    value["features"] = json!(summary.features.keys().collect::<Vec<_>>());
    value["optional_features"] = json!(named(false));
    let functions = summary.functions.iter().map(
        |(name, why_not)| json!({ "name": name, "runs_in_columns": why_not.is_none(), "why_not": why_not }),
    );
    value["functions"] = Value::Array(functions.collect());
    value
}
