//! The report as SARIF 2.1.0, which code hosts and editors read.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::super::code::Code;
use super::super::code::codes;
use super::super::finding::Finding;
use super::super::finding::Severity;
use super::Report;

/// Writes the report as a log of one run.
pub fn sarif(report: &Report) -> String {
    let used: BTreeSet<&str> = report.findings.iter().map(|finding| finding.code).collect();
    let rules: Vec<&Code> = codes().into_iter().filter(|code| used.contains(code.name)).collect();
    let result = |finding: &Finding| {
        let mut result = json!({
            "ruleId": finding.code,
            "level": level(finding.severity),
            "message": { "text": format!("{}; {}", finding.message, finding.help) },
            "locations": [{ "physicalLocation": location(finding) }],
        });
        if let Some(index) = rules.iter().position(|rule| rule.name == finding.code) {
            result["ruleIndex"] = json!(index);
        }
        result
    };
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ts",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().copied().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.what },
        "fullDescription": { "text": code.why },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn location(finding: &Finding) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": uri(&finding.file) } });
    if let Some(span) = finding.span {
        location["region"] = json!({
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        });
    }
    location
}

/// Writes a file as a relative reference, or as a `file:` address where its path is absolute.
fn uri(file: &str) -> String {
    let path = file.replace('\\', "/");
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                out.push(byte as char);
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
