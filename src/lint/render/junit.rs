//! The report as the XML of `JUnit`, which CI servers list as tests: a case for each finding, and one
//! for each script without any.

use super::super::finding::Finding;
use super::super::finding::Severity;
use super::Report;
use super::Warnings;

/// Writes the report as one suite a file.
pub fn junit(report: &Report, warnings: Warnings) -> String {
    let mut files: Vec<&str> = report.scripts.iter().map(|script| script.file.as_str()).collect();
    files.extend(report.findings.iter().map(|finding| finding.file.as_str()));
    files.sort_unstable();
    files.dedup();
    let failed = |finding: &Finding| finding.severity == Severity::Error || warnings == Warnings::Denied;

    let mut suites = String::new();
    let (mut tests, mut failures) = (0, 0);
    for file in files {
        let own: Vec<&Finding> = report.findings.iter().filter(|finding| finding.file == file).collect();
        let own_failures = own.iter().copied().filter(|finding| failed(finding)).count();
        let count = own.len().max(1);
        suites.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{count}\" failures=\"{own_failures}\" errors=\"0\" skipped=\"0\">\n",
            escaped(file)
        ));
        if own.is_empty() {
            suites
                .push_str(&format!("    <testcase classname=\"{}\" name=\"no findings\"/>\n", escaped(file)));
        }
        for finding in &own {
            suites.push_str(&case(finding, failed(finding)));
        }
        suites.push_str("  </testsuite>\n");
        tests += count;
        failures += own_failures;
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ts validate-scripts\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn case(finding: &Finding, has_failed: bool) -> String {
    let place = finding.span.map_or(String::new(), |span| format!(" {}:{}", span.line, span.column));
    let head =
        format!("    <testcase classname=\"{}\" name=\"{}{place}\"", escaped(&finding.file), finding.code);
    let frame =
        finding.frame.as_ref().map_or(String::new(), |frame| format!("{}\n{}\n", frame.line, frame.mark()));
    let body = escaped(&format!("{}{place}\n{frame}help: {}", finding.file, finding.help));
    if has_failed {
        let (message, kind) = (escaped(&finding.message), finding.code);
        return format!(
            "{head}>\n      <failure message=\"{message}\" type=\"{kind}\">{body}</failure>\n    </testcase>\n"
        );
    }
    let told = escaped(&format!("{}: {}\n", finding.severity.as_str(), finding.message));
    format!("{head}>\n      <system-out>{told}{body}</system-out>\n    </testcase>\n")
}

/// Escapes text for XML, and drops what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
