//! Where a function's heading stands in the text: Rhai knows only where its braces open.

use rhai::Position;

use super::body::Body;

/// A place, 1-based: the column is that of `fn`.
pub(super) struct Heading {
    pub line: usize,
    pub column: usize,
}

impl Heading {
    /// Where the function's name begins.
    pub fn name(&self) -> Position {
        let fits = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Position::new(fits(self.line).max(1), fits(self.column + "fn ".len()))
    }
}

/// Returns the line and column of a function's heading.
pub(super) fn heading_of(text: &str, body: &Body) -> Heading {
    let brace = body.position.line().unwrap_or(1);
    let lines: Vec<&str> = text.lines().take(brace).collect();
    let heading = format!("fn {}(", body.name);
    let found = lines.iter().enumerate().rev().find_map(|(line, text)| {
        let column = text.find(&heading)?;
        Some(Heading { line: line + 1, column: text[..column].chars().count() + 1 })
    });
    found.unwrap_or(Heading { line: brace, column: body.position.position().unwrap_or(1) })
}
