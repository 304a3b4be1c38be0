//! One thing that is wrong or doubtful in a script, with its place and what to do.

use serde::Serialize;

use super::text::Text;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The script is not loaded, or fails on a row that the market may bring.
    Error,
    /// It runs, but hardly as its author meant it.
    Warning,
}

impl Severity {
    /// Returns the word that people and programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A stretch of a script's text; 1-based, in characters. The end is the first place behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A finding, as every format tells it. Ordered by file, then by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file as it is named in messages; a folder or a table of the settings where the
    /// finding is about that.
    pub file: String,
    /// `None` where the finding is about the whole file.
    pub span: Option<Span>,
    pub severity: Severity,
    /// Stable word for programs and for silencing, like `unknown_feature`.
    pub code: &'static str,
    pub message: String,
    /// What to do next.
    pub help: String,
    /// The line with the place marked under it; `None` without a place.
    pub frame: Option<Frame>,
}

/// The line that a finding is about, to be shown with a mark under the place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// 1-based.
    pub number: usize,
    /// The line, tabs as single spaces; cut where it is very long.
    pub line: String,
    /// Characters before the mark.
    pub indent: usize,
    /// Characters that are marked, at least one.
    pub width: usize,
}

/// Longer lines are cut in frames: a script of one endless line must not fill the screen.
const MAX_LINE: usize = 160;
/// Characters that stay before the place in a line that is cut.
const KEPT_BEFORE: usize = 60;

impl Frame {
    /// Cuts the frame of a span out of a text.
    pub(super) fn of(text: &Text, span: Span) -> Option<Self> {
        let line: Vec<char> = text.line(span.line)?.chars().collect();
        let start = (span.column - 1).min(line.len());
        let end = if span.end_line == span.line { span.end_column - 1 } else { line.len() };
        let width = end.saturating_sub(start).max(1);
        let from = if line.len() > MAX_LINE { start.saturating_sub(KEPT_BEFORE) } else { 0 };
        let to = line.len().min(from + MAX_LINE);
        let mut shown = String::new();
        if from > 0 {
            shown.push('…');
        }
        shown.extend(line[from..to].iter().map(|c| if c.is_control() { ' ' } else { *c }));
        if to < line.len() {
            shown.push('…');
        }
        let indent = start - from + usize::from(from > 0);
        let width = width.min((to + 1).saturating_sub(start).max(1));
        Some(Self { number: span.line, line: shown.trim_end().to_owned(), indent, width })
    }

    /// Returns the mark under the line.
    pub fn mark(&self) -> String {
        format!("{}{}", " ".repeat(self.indent), "^".repeat(self.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, column: usize, end_column: usize, expected: &str) {
        let text = Text::new(line);
        let span = Span { line: 1, column, end_line: 1, end_column };
        let frame = Frame::of(&text, span).expect("the line is there");
        assert_eq!(format!("{}\n{}", frame.line, frame.mark()), expected);
    }

    #[test]
    fn the_mark_stands_under_the_place() {
        check("let x = 1;", 5, 6, "let x = 1;\n    ^");
        check("\tlet é = 12;", 10, 12, " let é = 12;\n         ^^");
        check("", 1, 1, "\n^");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let long = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let span = Span { line: 1, column: 501, end_line: 1, end_column: 505 };
        let frame = Frame::of(&Text::new(&long), span).expect("the line is there");
        assert!(frame.line.chars().count() <= MAX_LINE + 2);
        let marked: String = frame.line.chars().skip(frame.indent).take(frame.width).collect();
        assert_eq!(marked, "here");
    }
}
