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
    has_reason: bool,
    /// The lines of the statement behind it: of an `if`, `for` or function those of its heading.
    first: usize,
    last: usize,
    span: Span,
    used: bool,
}

/// Reads the allowances of a text.
pub(super) fn read(text: &Text) -> Vec<Allow> {
    let mut allows = Vec::new();
    for token in text.tokens().iter().filter(|token| token.kind == TokenKind::Comment) {
        let Some(rest) = text.word(*token).strip_prefix("//") else { continue };
        // However many strokes, and with a space or without: what looks like one is meant as one.
        let Some(rest) = rest.trim_start_matches('/').trim_start().strip_prefix("allow") else { continue };
        let Some(rest) = rest.trim_start().strip_prefix('(') else { continue };
        let Some((codes, reason)) = rest.split_once(')') else { continue };
        let reason = reason.trim().strip_prefix(':').unwrap_or("").trim();
        let span = text.span(*token);
        let (first, last) = statement_after(text, token.end);
        for code in codes.split(',').map(str::trim) {
            let code = code.to_owned();
            allows.push(Allow { code, has_reason: !reason.is_empty(), first, last, span, used: false });
        }
    }
    allows
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
    let is_at = |allow: &Allow| allow.code == code && (allow.first..=allow.last).contains(&line);
    for allow in allows.iter_mut().filter(|allow| is_at(allow)) {
        allow.used = true;
        is_silenced |= allow.has_reason;
    }
    is_silenced
}

/// Returns what is wrong with the allowances themselves.
pub(super) fn hits(allows: &[Allow]) -> Vec<(&'static str, Hit)> {
    let mut found = Vec::new();
    for allow in allows {
        let name = &allow.code;
        if allow.used && !allow.has_reason {
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
                None => code::explain(name).err().map_or_else(String::new, |unknown| unknown.help),
            };
            found.push((UNUSED, Hit { span: Some(allow.span), message, help }));
        }
    }
    found
}
