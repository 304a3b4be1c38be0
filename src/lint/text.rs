//! A script's text with its lines and tokens: from a place to the stretch that a reader is shown.

use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;

use super::finding::Span;
use super::token::Token;
use super::token::TokenKind;
use super::token::tokens;

/// A text, cut into lines and tokens once.
#[derive(Debug)]
pub(super) struct Text<'a> {
    source: &'a str,
    /// Where each line begins, in bytes.
    starts: Vec<usize>,
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    pub fn new(source: &'a str) -> Self {
        let starts = [0].into_iter().chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts, tokens: tokens(source) }
    }

    /// Returns a line, 1-based, without its end.
    pub fn line(&self, number: usize) -> Option<&'a str> {
        let start = *self.starts.get(number.checked_sub(1)?)?;
        let end = self.starts.get(number).map_or(self.source.len(), |next| next - 1);
        Some(self.source[start..end].trim_end_matches('\r'))
    }

    /// Returns the tokens, comments included.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns a token's words.
    pub fn word(&self, token: Token) -> &'a str {
        &self.source[token.start..token.end]
    }

    /// Returns the tokens that are words of a name, with the token before each.
    pub fn names(&self) -> impl Iterator<Item = (&'a str, Token, Option<&'a str>)> + '_ {
        let code = self.tokens.iter().filter(|token| token.kind != TokenKind::Comment);
        code.scan(None, |before: &mut Option<Token>, token| Some((*token, before.replace(*token))))
            .filter(|(token, _)| token.kind == TokenKind::Word)
            .map(|(token, before)| (self.word(token), token, before.map(|before| self.word(before))))
    }

    /// Returns the stretch of a token.
    pub fn span(&self, token: Token) -> Span {
        self.stretch(token.start, token.end)
    }

    /// Returns the token that begins at a place, or the one character there.
    pub fn span_at(&self, line: usize, column: usize) -> Span {
        let start = self.byte(line, column);
        let token = start.and_then(|start| self.token_at(start)).map(|index| self.tokens[index]);
        match token {
            Some(token) => self.stretch(token.start, token.end),
            None => Span { line, column, end_line: line, end_column: column + 1 },
        }
    }

    /// Returns the token that begins at a position of the tree.
    pub fn span_of(&self, position: Position) -> Option<Span> {
        Some(self.span_at(position.line()?, position.position().unwrap_or(1)))
    }

    /// Returns the whole of an expression, brackets included.
    pub fn expression(&self, expression: &Expr) -> Option<Span> {
        let mut places = Vec::new();
        expression.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            places.extend(path.last().map(ASTNode::position));
            true
        });
        self.around(&places)
    }

    /// Returns the head of a `switch` case, given where its answer begins.
    pub fn case(&self, answer: Position) -> Option<Span> {
        let answer = self.byte(answer.line()?, answer.position()?)?;
        let end = self.tokens.partition_point(|token| token.start < answer);
        let arrow = self.tokens[..end].iter().rposition(|token| self.word(*token) == "=>")?;
        let mut open: usize = 0;
        let mut first = arrow;
        for (index, token) in self.tokens[..arrow].iter().enumerate().rev() {
            match self.word(*token) {
                ")" | "]" => open += 1,
                "(" | "[" => open = open.saturating_sub(1),
                "{" | "}" | "," if open == 0 => break,
                _ => {}
            }
            if token.kind != TokenKind::Comment {
                first = index;
            }
        }
        Some(self.stretch(self.tokens[first].start, self.tokens[arrow.saturating_sub(1)].end))
    }

    /// Returns the text of an expression, on one line.
    pub fn quote(&self, expression: &Expr) -> String {
        let Some(span) = self.expression(expression) else { return String::new() };
        let (start, end) = (self.byte(span.line, span.column), self.byte(span.end_line, span.end_column));
        let text = &self.source[start.unwrap_or(0)..end.unwrap_or(self.source.len())];
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The stretch from the first of some places to the last one's end, widened to whole brackets.
    fn around(&self, places: &[Position]) -> Option<Span> {
        let byte = |place: &Position| self.byte(place.line()?, place.position()?);
        let found: Vec<usize> = places.iter().filter_map(byte).filter_map(|at| self.token_at(at)).collect();
        let (first, mut last) = (*found.iter().min()?, *found.iter().max()?);
        // A number with a sign is one leaf, and stands where its sign does.
        while matches!(self.word(self.tokens[last]), "-" | "+" | "!") && last + 1 < self.tokens.len() {
            last += 1;
        }
        let (first, last) = self.balanced(first, last);
        Some(self.stretch(self.tokens[first].start, self.tokens[last].end))
    }

    /// Widens a run of tokens until no bracket stands in it without its other half.
    fn balanced(&self, first: usize, last: usize) -> (usize, usize) {
        let (mut first, mut last) = (first, last);
        let is_call = |index: usize| {
            self.tokens[index].kind == TokenKind::Word
                && self.tokens.get(index + 1).is_some_and(|next| self.word(*next) == "(")
        };
        if is_call(last) {
            last += 1;
        }
        let mut open: usize = 0;
        let mut unopened: usize = 0;
        for token in &self.tokens[first..=last] {
            match self.word(*token) {
                "(" | "[" | "{" | "#{" => open += 1,
                ")" | "]" | "}" if open > 0 => open -= 1,
                ")" | "]" | "}" => unopened += 1,
                _ => {}
            }
        }
        while open > 0 && last + 1 < self.tokens.len() {
            last += 1;
            match self.word(self.tokens[last]) {
                "(" | "[" | "{" | "#{" => open += 1,
                ")" | "]" | "}" => open -= 1,
                _ => {}
            }
        }
        while unopened > 0 && first > 0 {
            first -= 1;
            match self.word(self.tokens[first]) {
                "(" | "[" | "{" | "#{" => unopened -= 1,
                ")" | "]" | "}" => unopened += 1,
                _ => {}
            }
        }
        (first, last)
    }

    fn token_at(&self, start: usize) -> Option<usize> {
        self.tokens.binary_search_by_key(&start, |token| token.start).ok()
    }

    fn byte(&self, line: usize, column: usize) -> Option<usize> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let rest = &self.source[start..];
        rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column - 1).map(|at| start + at)
    }

    fn stretch(&self, start: usize, end: usize) -> Span {
        let (line, column) = self.place(start);
        let (end_line, end_column) = self.place(end);
        Span { line, column, end_line, end_column }
    }

    fn place(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts[line - 1];
        (line, self.source[start..byte].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use rhai::Engine;
    use rhai::Stmt;

    use super::*;

    fn check(expression: &str, expected: &str) {
        let source = format!("let e = \"é\";\n  {expression} ; ()");
        let mut engine = Engine::new_raw();
        engine.set_optimization_level(rhai::OptimizationLevel::None);
        let ast = engine.compile(&source).expect("it parses");
        let quoted = match &ast.statements()[1] {
            Stmt::Expr(expression) => Text::new(&source).quote(expression),
            Stmt::FnCall(call, position) => Text::new(&source).quote(&Expr::FnCall(call.clone(), *position)),
            other => format!("{other:?}"),
        };
        assert_eq!(quoted, expected);
    }

    #[test]
    fn an_expression_is_quoted_whole() {
        for whole in [
            "a + b",
            "f(x, y) > 2.0",
            "(a + b) * c",
            "a * (b + c)",
            "f()",
            "[1, 2][0]",
            "!(a < b)",
            "a.b.c(1).d",
        ] {
            check(whole, whole);
        }
        check("a\n   +  b", "a + b");
        check("(a)", "a");
    }

    #[test]
    fn lines_and_places_count_characters() {
        let text = Text::new("é = \"x\";\r\nlet b = 1;");
        assert_eq!(text.line(1), Some("é = \"x\";"));
        assert_eq!(text.line(3), None);
        assert_eq!(text.span_at(1, 5), Span { line: 1, column: 5, end_line: 1, end_column: 8 });
        assert_eq!(text.span_at(9, 9), Span { line: 9, column: 9, end_line: 9, end_column: 10 });
    }
}
