//! The text of an expression as its author wrote it.
//!
//! Rhai tells where each leaf of an expression begins and nowhere where it ends. So the text runs
//! from the first leaf to the end of the last, and on to the brackets that are open there, on
//! either side.

use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;
use rhai::Stmt;

/// Characters of a source text that are shown.
const SHOWN: usize = 160;

/// A script's text, by line and column.
pub(super) struct Source<'a> {
    text: &'a str,
    /// The byte at which each line begins.
    lines: Vec<usize>,
}

/// A piece of the text: where it begins, 1-based, and what it says, on one line.
pub(super) struct Piece {
    pub line: usize,
    pub column: usize,
    pub text: String,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// Returns the text of an expression.
    pub fn expression(&self, expression: &Expr) -> Piece {
        let mut places = Places::default();
        expression.walk(&mut Vec::new(), &mut |path: &[ASTNode]| places.see(path));
        self.piece(&places, expression.position())
    }

    /// Returns the text of a statement.
    pub fn statement(&self, statement: &Stmt) -> Piece {
        let mut places = Places::default();
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| places.see(path));
        self.piece(&places, statement.position())
    }

    fn piece(&self, places: &Places, fallback: Position) -> Piece {
        let (Some(first), Some(last)) = (places.first, places.last) else {
            let (line, column) = (fallback.line().unwrap_or(1), fallback.position().unwrap_or(1));
            return Piece { line, column, text: String::new() };
        };
        let (start, end) = self.span(self.offset(first), self.offset(last));
        let (line, column) = self.place(start);
        Piece { line, column, text: shortened(one_line(&self.text[start..end])) }
    }

    /// Widens a span to whole tokens and closed brackets.
    fn span(&self, first: usize, last: usize) -> (usize, usize) {
        let (mut at, mut open, mut unopened) = (first, 0usize, 0usize);
        let mut end = first;
        while at < self.text.len() && (at <= last || open > 0) {
            let length = token(&self.text[at..]);
            match &self.text[at..at + length] {
                "(" | "[" | "{" => open += 1,
                ")" | "]" | "}" if open > 0 => open -= 1,
                ")" | "]" | "}" if at <= last => unopened += 1,
                _ => {}
            }
            at += length;
            if !self.text[at - length..at].trim().is_empty() {
                end = at;
            }
            // A call without arguments ends in brackets that no leaf stands in.
            if at > last && open == 0 && self.text[at..].starts_with("()") && is_word_end(self.text, at) {
                return (self.opened(first, unopened), at + 2);
            }
        }
        (self.opened(first, unopened), end)
    }

    /// Goes back to the brackets that are closed within the span and opened before it.
    fn opened(&self, first: usize, mut missing: usize) -> usize {
        let mut start = first;
        for (at, c) in self.text[..first].char_indices().rev() {
            match c {
                _ if missing == 0 => break,
                ')' | ']' | '}' => missing += 1,
                '(' | '[' | '{' => missing -= 1,
                _ => continue,
            }
            start = at;
        }
        start
    }

    fn offset(&self, place: Position) -> usize {
        let line = place.line().unwrap_or(1).saturating_sub(1);
        let begin = self.lines.get(line).copied().unwrap_or(self.text.len());
        let column = place.position().unwrap_or(1).saturating_sub(1);
        let rest = &self.text[begin..];
        begin + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= offset);
        let begin = self.lines[line - 1];
        (line, self.text[begin..offset].chars().count() + 1)
    }
}

/// The first and the last place of a tree.
#[derive(Default)]
struct Places {
    first: Option<Position>,
    last: Option<Position>,
}

impl Places {
    fn see(&mut self, path: &[ASTNode]) -> bool {
        let place = path.last().map_or(Position::NONE, ASTNode::position);
        if !place.is_none() {
            self.first = Some(self.first.map_or(place, |first| first.min(place)));
            self.last = Some(self.last.map_or(place, |last| last.max(place)));
        }
        true
    }
}

fn is_word_end(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The length in bytes of the token that a text begins with: a word, a number, a string, a
/// comment, white space, or one character.
fn token(text: &str) -> usize {
    let first = text.chars().next().unwrap_or(' ');
    let run = |legal: &dyn Fn(char) -> bool| text.find(|c| !legal(c)).unwrap_or(text.len());
    match first {
        '/' if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
        '/' if text.starts_with("/*") => text.find("*/").map_or(text.len(), |at| at + 2),
        '"' | '\'' => quoted(text, first),
        '`' => quoted(text, '`'),
        c if c.is_whitespace() => run(&char::is_whitespace),
        c if c.is_ascii_digit() => number(text),
        c if c.is_alphabetic() || c == '_' => run(&|c| c.is_alphanumeric() || c == '_'),
        '-' | '+' | '!' => {
            // A sign belongs to the number after it.
            let rest = &text[1..];
            if rest.starts_with(|c: char| c.is_ascii_digit()) && first != '!' { 1 + number(rest) } else { 1 }
        }
        other => other.len_utf8(),
    }
}

fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let next_is_digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let is_exponent_sign =
            matches!(byte, b'+' | b'-') && matches!(bytes[at - 1], b'e' | b'E') && next_is_digit;
        if byte.is_ascii_alphanumeric()
            || *byte == b'_'
            || (*byte == b'.' && next_is_digit)
            || is_exponent_sign
        {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// The length of a quoted text, its quotes included; a backtick's may hold `${…}`.
fn quoted(text: &str, quote: char) -> usize {
    let (mut escaped, mut depth) = (false, 0usize);
    let mut before = ' ';
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {}
            '{' if quote == '`' && (before == '$' || depth > 0) => depth += 1,
            '}' if depth > 0 => depth -= 1,
            c if c == quote && depth == 0 => return at + c.len_utf8(),
            _ => {}
        }
        escaped = c == '\\' && !escaped && quote != '`';
        before = c;
    }
    text.len()
}

/// Takes comments and line ends out.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (now, after) = rest.split_at(token(rest));
        let is_blank = now.starts_with("//") || now.starts_with("/*") || now.trim().is_empty();
        if !is_blank {
            line.push_str(now);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
        rest = after;
    }
    line.trim().to_owned()
}

fn shortened(text: String) -> String {
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripts::engine::Names;
    use crate::scripts::engine::engine;

    /// Parses one expression and cuts it out again.
    #[track_caller]
    fn check(before: &str, expression: &str, after: &str) {
        let text = format!("\n  {before}{expression}{after}");
        let ast = engine(Names::Open).compile(&text).expect("sound text");
        let mut found = None;
        ast.walk(&mut |path: &[ASTNode]| {
            if let Some(ASTNode::Expr(expr)) = path.last() {
                found.get_or_insert_with(|| (*expr).clone());
            }
            true
        });
        let piece = Source::new(&text).expression(&found.expect("an expression"));
        assert_eq!(piece.text, expression);
        assert_eq!((piece.line, piece.column), (2, 3 + before.chars().count()));
    }

    #[test]
    fn an_expression_is_cut_out_whole() {
        check("if ", "a >= b * (1.0 + C)", " { 1 }");
        check("if ", "(a + b) > c", " { 1 }");
        check("if ", "a > -2.5e-3", " { 1 }");
        check("let x = ", "f(a, g())", ";");
        check("let x = ", "f()", ";");
        check("let x = ", "`a ${b} )`", "; // )");
        check("let x = ", "\"a \\\" )\" == row.close", ";");
        check("let x = ", "a[0].b(c)", ";");
        check("let x = ", "(a ?? 0.0) > (b)", ";");
        check("let x = ", "#{ a: 1, b: [2, 3] }", ";");
        check("let x = ", "!(a && b)", ";");
        check("/* é */ ", "1_000 < x", "; // é");
    }

    #[test]
    fn comments_and_breaks_become_spaces() {
        let text = "if a > 1.0 // close\n   && b /* ) */ < 2.0 { 1 }";
        let ast = engine(Names::Open).compile(text).expect("sound text");
        let Some(Stmt::If(flow, _)) = ast.statements().first() else { panic!("an if") };
        assert_eq!(Source::new(text).expression(&flow.expr).text, "a > 1.0 && b < 2.0");
    }
}
