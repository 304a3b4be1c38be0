//! The report as GitHub's workflow commands, which mark the lines of a pull request.

use super::Report;
use super::json::WHOLE_FILE;

/// Writes one command a finding.
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let span = finding.span.unwrap_or(WHOLE_FILE);
        let mut place = format!("file={},line={}", property(&finding.file), span.line);
        if finding.span.is_some() {
            // The end counts the last character marked, and columns only hold on one line.
            place.push_str(&format!(",endLine={}", span.end_line));
            if span.end_line == span.line {
                place.push_str(&format!(
                    ",col={},endColumn={}",
                    span.column,
                    (span.end_column - 1).max(span.column)
                ));
            }
        }
        out.push_str(&format!(
            "::{} {place},title={}::{}\n",
            finding.severity.as_str(),
            property(finding.code),
            data(&format!("{}\nhelp: {}", finding.message, finding.help))
        ));
    }
    out
}

/// Escapes the text behind the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, which ends at a comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
