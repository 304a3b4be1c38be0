//! The words of a script's text with their places, comments included.
//!
//! Rhai's tree knows where a thing begins and not where it ends, and drops comments; both are
//! found here. What is no legal text gives some tokens all the same, and never an error.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or keyword.
    Word,
    Number,
    /// A string, character or template; the words inside a template follow as tokens of their own.
    Text,
    Comment,
    Sign,
}

/// One token; bytes into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

/// The signs of more than one character, longest first.
const SIGNS: [&str; 29] = [
    "<<=", ">>=", "**=", "..=", "...", "===", "!==", "&&", "||", "??", "==", "!=", "<=", ">=", "+=", "-=",
    "*=", "/=", "%=", "|=", "&=", "^=", "**", "<<", ">>", "..", "=>", "?.", "#{",
];

/// Splits a text into tokens, in the order of the text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    split(text, 0, text.len(), &mut tokens);
    tokens
}

fn split(text: &str, start: usize, end: usize, tokens: &mut Vec<Token>) {
    let mut at = start;
    while let Some(first) = text[at..end].chars().next() {
        let rest = &text[at..end];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = if rest.starts_with("//") {
            (TokenKind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (TokenKind::Comment, block_comment(rest))
        } else if first == '"' || first == '\'' {
            (TokenKind::Text, quoted(rest, first))
        } else if first == '`' {
            (TokenKind::Text, template(rest))
        } else if let Some(length) = raw_text(rest) {
            (TokenKind::Text, length)
        } else if first.is_ascii_digit() {
            (TokenKind::Number, number(rest))
        } else if first.is_alphabetic() || first == '_' {
            (TokenKind::Word, rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()))
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            (TokenKind::Sign, sign.map_or(first.len_utf8(), |sign| sign.len()))
        };
        tokens.push(Token { kind, start: at, end: at + length });
        if first == '`' {
            for (inner_start, inner_end) in insertions(&text[at..at + length]) {
                split(text, at + inner_start, at + inner_end, tokens);
            }
        }
        at += length;
    }
}

/// The length of a block comment, those nested in it included.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a text that ends with its quotation mark, or with its line where that is
/// missing.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' if !escaped => return at,
            _ if c == quote && !escaped => return at + c.len_utf8(),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    rest.len()
}

/// The length of `#"…"#`, however many `#`.
fn raw_text(rest: &str) -> Option<usize> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if hashes == 0 || !rest[hashes..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = hashes + 1;
    Some(rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len()))
}

/// The length of a template between back ticks.
fn template(rest: &str) -> usize {
    let mut at = 1;
    while let Some(c) = rest[at..].chars().next() {
        if c == '`' {
            return at + 1;
        }
        at += if rest[at..].starts_with("${") { 2 + insertion(&rest[at + 2..]) } else { c.len_utf8() };
    }
    rest.len()
}

/// The stretches between `${` and `}` of a template, in bytes from its start.
fn insertions(template: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 1;
    while let Some(begin) = template[at..].find("${") {
        let begin = at + begin + 2;
        let length = insertion(&template[begin..]);
        found.push((begin, begin + length));
        at = begin + length;
    }
    found
}

/// The length up to the brace that closes an insertion.
fn insertion(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(c) = rest[at..].chars().next() {
        match c {
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            '{' => depth += 1,
            '"' | '\'' => {
                at += quoted(&rest[at..], c);
                continue;
            }
            '`' => {
                at += template(&rest[at..]);
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    rest.len()
}

/// The length of a number; `0..3` is a number and a range, `1.abs()` a number and a call.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let run = |from: usize, legal: fn(&u8) -> bool| {
        from + bytes[from..].iter().take_while(|byte| legal(byte)).count()
    };
    let word: fn(&u8) -> bool = |byte| byte.is_ascii_alphanumeric() || *byte == b'_';
    let digit: fn(&u8) -> bool = |byte| byte.is_ascii_digit() || *byte == b'_';
    if rest.len() > 1 && matches!(bytes[1], b'x' | b'X' | b'o' | b'O' | b'b' | b'B') && bytes[0] == b'0' {
        return run(2, word);
    }
    let mut end = run(0, digit);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = run(end + 1, digit);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = run(end + 1 + sign, digit);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tokens(text).iter().map(|token| &text[token.start..token.end]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_text_is_cut_into_its_words() {
        check("a+=1.5e-3;", &["a", "+=", "1.5e-3", ";"]);
        check("0..3", &["0", "..", "3"]);
        check("1_000.abs()", &["1_000", ".", "abs", "(", ")"]);
        check("0xff_ff", &["0xff_ff"]);
        check("x // a \"b\"\ny", &["x", "// a \"b\"", "y"]);
        check("/* a /* b */ c */ d", &["/* a /* b */ c */", "d"]);
        check(
            "\"a \\\" b\" 'c' #\"raw \" text\"# #{ x: 1 }",
            &["\"a \\\" b\"", "'c'", "#\"raw \" text\"#", "#{", "x", ":", "1", "}"],
        );
    }

    #[test]
    fn words_inside_a_template_are_words() {
        check("`a ${LEVEL + \"}\"} b` c", &["`a ${LEVEL + \"}\"} b`", "LEVEL", "+", "\"}\"", "c"]);
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        for text in ["\"abc", "`a ${b", "/* a", "#\"a", "'"] {
            assert_eq!(tokens(text)[0].end, text.len(), "{text}");
        }
        check("\"abc\nx", &["\"abc", "x"]);
    }
}
