//! The pages on what the host itself refuses: errors that no rule file finds.

mod contract;
mod text;

use super::code::Code;
use super::code::Example;
use super::finding::Severity;

/// Returns every code that is not found by a rule.
pub(super) fn codes() -> impl Iterator<Item = &'static Code> {
    text::CODES.iter().chain(contract::CODES)
}

const fn error(name: &'static str, what: &'static str, why: &'static str, example: Example) -> Code {
    Code { name, severity: Severity::Error, what, why, example }
}

const fn script(bad: &'static str, good: &'static str) -> Example {
    Example::Script { bad, good }
}

const fn words(bad: &'static str, good: &'static str) -> Example {
    Example::Words { bad, good }
}
