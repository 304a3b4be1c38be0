//! `// allow(CODE): reason`, before the statement that it silences.
//!
//! Only warnings can be silenced: what the host refuses is not loaded, whatever a comment says.
//! Without a reason nothing is silenced, and what silences nothing is told.

use super::code;
use super::finding::Severity;
use super::finding::Span;
use super::rules::Hit;
use super::text::Text;
use super::token::TokenKind;

/// The code of an allowance that silences nothing.
pub(super) const UNUSED: &str = "unused_allow";
/// The code of an allowance that gives no reason.
pub(super) const WITHOUT_REASON: &str = "allow_without_reason";

/// One comment that silences a code.
#[derive(Debug)]
pub(super) struct Allow {
    code: String,
    reads: Reads,
    /// The lines of the statement behind it: of an `if`, `for` or function those of its heading.
    first: usize,
    last: usize,
    span: Span,
    used: bool,
}

/// How an allowance is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    WithReason,
    WithoutReason,
    /// In another form than this one: it silences nothing.
    NotUnderstood,
}

/// Reads the allowances of a text.
pub(super) fn read(text: &Text) -> Vec<Allow> {
    let mut allows = Vec::new();
    for token in text.tokens().iter().filter(|token| token.kind == TokenKind::Comment) {
        let span = text.span(*token);
        let mut add = |code: &str, reads: Reads| {
            let (first, last) = statement_after(text, token.end);
            allows.push(Allow { code: code.to_owned(), reads, first, last, span, used: false });
        };
        let comment = text.word(*token);
        let Some(rest) = comment.strip_prefix("//") else {
            if let Some(code) = meant(comment.trim_start_matches(['/', '*'])) {
                add(code, Reads::NotUnderstood);
            }
            continue;
        };
        // However many strokes, and with a space or without: what looks like one is meant as one.
        let rest = rest.trim_start_matches('/').trim_start();
        let codes = rest.strip_prefix("allow").and_then(|rest| rest.trim_start().strip_prefix('('));
        let Some((codes, reason)) = codes.and_then(|rest| rest.split_once(')')) else {
            if let Some(code) = meant(rest) {
                add(code, Reads::NotUnderstood);
            }
            continue;
        };
        let reason = reason.trim().strip_prefix(':').unwrap_or("").trim();
        let reads = if reason.is_empty() { Reads::WithoutReason } else { Reads::WithReason };
        codes.split(',').map(str::trim).for_each(|code| add(code, reads));
    }
    allows
}

/// The code that a comment names which means to silence it and is written otherwise: `ALLOW(code)`, `allow code`.
/// A sentence that begins with the word names no code.
fn meant(comment: &str) -> Option<&str> {
    let comment = comment.trim_start();
    let (word, rest) = comment.split_at_checked("allow".len())?;
    let rest = rest.trim_start_matches([' ', '(', ':', '[']);
    let code = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let is_known = code::find(code).is_some() || [UNUSED, WITHOUT_REASON].contains(&code);
    (word.eq_ignore_ascii_case("allow") && is_known).then_some(code)
}

/// The first and the last line of the statement that begins after a place in the text.
fn statement_after(text: &Text, after: usize) -> (usize, usize) {
    let mut code = text
        .tokens()
        .iter()
        .filter(|token| token.kind != TokenKind::Comment && token.start >= after)
        .peekable();
    let Some(begin) = code.peek().map(|token| text.span(**token)) else { return (0, 0) };
    let mut end = begin.end_line;
    let mut open = 0_usize;
    let mut is_begun = false;
    for token in code {
        match text.word(*token) {
            // A brace that stands first ends what is before, as in `} else if`.
            "}" | ")" | "]" if !is_begun => {}
            "{" | ";" | "," if open == 0 => break,
            "(" | "[" | "{" | "#{" => open += 1,
            "}" | ")" | "]" if open == 0 => break,
            "}" | ")" | "]" => open -= 1,
            _ => is_begun = true,
        }
        end = text.span(*token).end_line;
    }
    (begin.line, end)
}

/// Tells whether a finding is silenced, and notes that.
pub(super) fn silences(allows: &mut [Allow], code: &str, line: usize) -> bool {
    let mut is_silenced = false;
    let is_at = |allow: &Allow| {
        let is_read = allow.reads != Reads::NotUnderstood;
        is_read && allow.code == code && (allow.first..=allow.last).contains(&line)
    };
    for allow in allows.iter_mut().filter(|allow| is_at(allow)) {
        allow.used = true;
        is_silenced |= allow.reads == Reads::WithReason;
    }
    is_silenced
}

/// Returns what is wrong with the allowances themselves.
pub(super) fn hits(allows: &[Allow]) -> Vec<(&'static str, Hit)> {
    let mut found = Vec::new();
    for allow in allows {
        let name = &allow.code;
        if allow.reads == Reads::NotUnderstood {
            let message = format!("this comment is not understood, so `{name}` is not silenced");
            let help = format!("write `// allow({name}): why it is right here`");
            found.push((UNUSED, Hit { span: Some(allow.span), message, help }));
            continue;
        }
        if allow.used && allow.reads == Reads::WithoutReason {
            let message = format!("`allow({name})` gives no reason, and so silences nothing");
            let help = format!("write `// allow({name}): why it is right here`");
            found.push((WITHOUT_REASON, Hit { span: Some(allow.span), message, help }));
        }
        if !allow.used {
            let message = format!("`allow({name})` silences nothing");
            let help = match code::find(name) {
                Some(known) if known.severity == Severity::Error => {
                    "an error cannot be silenced; mend it".to_owned()
                }
                Some(_) => "remove it, or put it before the statement that it is about".to_owned(),
                None => code::meant(name).map_or_else(
                    || "name one code, as the finding does: `error[code]`".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                ),
            };
            found.push((UNUSED, Hit { span: Some(allow.span), message, help }));
        }
    }
    found
}
