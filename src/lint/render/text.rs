//! The report for people: each finding with its line and a mark under the place, then what each
//! script reads and needs.

use anstyle::AnsiColor;
use anstyle::Style;
use serde_json::Value;

use super::super::finding::Finding;
use super::super::finding::Severity;
use super::super::summary::Role;
use super::super::summary::Summary;
use super::Report;
use crate::domain::format::count;

/// Whether the text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Plain,
    Ansi,
}

impl Colour {
    fn paint(self, style: Style, text: &str) -> String {
        match self {
            Colour::Plain => text.to_owned(),
            Colour::Ansi => format!("{style}{text}{style:#}"),
        }
    }
}

/// Findings shown in full; a folder of scripts that all fail must not flood the screen.
const MAX_SHOWN: usize = 100;
/// Where the lists of a script are broken.
const WIDTH: usize = 100;
const INDENT: usize = 14;

const BOLD: Style = Style::new().bold();
const RULER: Style = AnsiColor::BrightBlue.on_default().bold();

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::BrightRed.on_default().bold(),
        Severity::Warning => AnsiColor::BrightYellow.on_default().bold(),
    }
}

/// Writes the report as text.
pub fn text(report: &Report, colour: Colour) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().take(MAX_SHOWN) {
        one(&mut out, finding, colour);
    }
    if report.findings.len() > MAX_SHOWN {
        let hidden = report.findings.len() - MAX_SHOWN;
        out.push_str(&format!("… and {hidden} more; `--format json` lists all\n\n"));
    }
    for summary in report.scripts.iter().filter(|summary| summary.role != Role::Broken) {
        described(&mut out, summary, colour);
    }
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let told = match (errors, warnings) {
        (0, 0) => colour.paint(AnsiColor::BrightGreen.on_default().bold(), "no findings"),
        (0, _) => colour.paint(style(Severity::Warning), &count(warnings, "warning")),
        (_, 0) => colour.paint(style(Severity::Error), &count(errors, "error")),
        _ => format!(
            "{}, {}",
            colour.paint(style(Severity::Error), &count(errors, "error")),
            colour.paint(style(Severity::Warning), &count(warnings, "warning"))
        ),
    };
    out.push_str(&format!("{}: {told}\n", count(report.scripts.len(), "script")));
    if let Some(first) = report.findings.first() {
        out.push_str(&format!("`ts validate-scripts --explain {}` says more\n", first.code));
    }
    out
}

fn one(out: &mut String, finding: &Finding, colour: Colour) {
    let head = style(finding.severity);
    let label = colour.paint(head, &format!("{}[{}]", finding.severity.as_str(), finding.code));
    out.push_str(&format!("{label}{}\n", colour.paint(BOLD, &format!(": {}", finding.message))));
    let (place, gutter) = match (&finding.span, &finding.frame) {
        (Some(span), Some(_)) => {
            (format!("{}:{}:{}", finding.file, span.line, span.column), span.line.to_string().len())
        }
        _ => (finding.file.clone(), 1),
    };
    let margin = " ".repeat(gutter);
    out.push_str(&format!("{margin}{} {place}\n", colour.paint(RULER, "-->")));
    let bar = colour.paint(RULER, "|");
    if let Some(frame) = &finding.frame {
        let number = colour.paint(RULER, &frame.number.to_string());
        let mark = colour.paint(head, &frame.mark());
        // The mark's spaces are outside of its colour only where there is none; a terminal does not care.
        out.push_str(&format!("{margin} {bar}\n{number} {bar} {}\n{margin} {bar} {mark}\n", frame.line));
    }
    out.push_str(&format!(
        "{margin} {} {}: {}\n\n",
        colour.paint(RULER, "="),
        colour.paint(BOLD, "help"),
        finding.help
    ));
}

fn described(out: &mut String, summary: &Summary, colour: Colour) {
    let role = match &summary.role {
        Role::Strategy { asset_class, scorer } => format!("{asset_class} strategy, scored by {scorer}"),
        Role::Scorer { weights } => {
            let weights: Vec<String> =
                weights.iter().map(|(name, weight)| format!("{name} {weight}")).collect();
            format!("scorer: {}", weights.join(", "))
        }
        Role::Broken => String::new(),
    };
    out.push_str(&format!("{}  {role}\n", colour.paint(BOLD, &summary.file)));
    let mut line = |title: &str, words: Vec<String>| {
        if !words.is_empty() {
            out.push_str(&wrapped(title, &words));
        }
    };
    let mark = |(name, required): (&String, &bool)| if *required { name.clone() } else { format!("{name}?") };
    line("reads", summary.features.iter().map(mark).collect());
    let bars = count(summary.bars_needed, "bar");
    line(
        "needs",
        vec![if summary.bars_loaded > summary.bars_needed {
            format!("{bars} (loads {})", summary.bars_loaded)
        } else {
            bars
        }],
    );
    let in_columns = summary.functions.iter().filter(|(_, why_not)| why_not.is_none());
    line("columns", in_columns.map(|(name, _)| name.clone()).collect());
    let interpreted = summary
        .functions
        .iter()
        .filter_map(|(name, why_not)| why_not.as_ref().map(|why_not| format!("{name} ({why_not})")));
    line("interpreted", interpreted.collect());
    let value = |value: &Value| match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    line("constants", summary.constants.iter().map(|(name, own)| format!("{name} {}", value(own))).collect());
    out.push('\n');
}

/// A title and a list after it, broken between its words.
fn wrapped(title: &str, words: &[String]) -> String {
    let mut text = format!("  {title:<width$}", width = INDENT - 2);
    let mut column = INDENT;
    for (index, word) in words.iter().enumerate() {
        let comma = if index + 1 < words.len() { "," } else { "" };
        let space = usize::from(index > 0);
        let length = word.chars().count() + comma.len();
        if index > 0 && column + space + length > WIDTH {
            text.push_str(&format!("\n{}", " ".repeat(INDENT)));
            column = INDENT;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&format!("{word}{comma}"));
        column += length;
    }
    text.push('\n');
    text
}
