//! `// allow(CODE): reason`, on the line before what it silences.
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
    /// The first line behind it with code on it.
    line: usize,
    span: Span,
    used: bool,
}

/// Reads the allowances of a text.
pub(super) fn read(text: &Text) -> Vec<Allow> {
    let mut allows = Vec::new();
    for token in text.tokens().iter().filter(|token| token.kind == TokenKind::Comment) {
        let Some(rest) = text.word(*token).strip_prefix("//") else { continue };
        let Some(rest) = rest.trim_start().strip_prefix("allow(") else { continue };
        let Some((codes, reason)) = rest.split_once(')') else { continue };
        let reason = reason.trim().strip_prefix(':').unwrap_or("").trim();
        let span = text.span(*token);
        let line = next_code_line(text, span.line);
        for code in codes.split(',').map(str::trim) {
            let code = code.to_owned();
            allows.push(Allow { code, has_reason: !reason.is_empty(), line, span, used: false });
        }
    }
    allows
}

fn next_code_line(text: &Text, line: usize) -> usize {
    let mut next = line + 1;
    let has_no_code = |line: &str| line.trim().is_empty() || line.trim_start().starts_with("//");
    while text.line(next).is_some_and(has_no_code) {
        next += 1;
    }
    next
}

/// Tells whether a finding is silenced, and notes that.
pub(super) fn silences(allows: &mut [Allow], code: &str, line: usize) -> bool {
    let mut is_silenced = false;
    for allow in allows.iter_mut().filter(|allow| allow.code == code && allow.line == line) {
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
                Some(_) => "remove it, or put it on the line before what it is about".to_owned(),
                None => code::explain(name).err().map_or_else(String::new, |unknown| unknown.help),
            };
            found.push((UNUSED, Hit { span: Some(allow.span), message, help }));
        }
    }
    found
}
