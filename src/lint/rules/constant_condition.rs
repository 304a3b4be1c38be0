//! A condition that is true, or false, on every row.

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::conditions::Kind;
use crate::lint::conditions::Way;
use crate::lint::conditions::settled;
use crate::lint::finding::Severity;
use crate::lint::script::Script;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "constant_condition",
        severity: Severity::Warning,
        what: "A condition is true on every row, or false on every row.",
        why: "It follows from the formulas: an RSI lies between 0 and 100, a price is above 0, a 20-day high \
              is never over a 55-day one. A condition that cannot fail filters nothing, one that cannot hold \
              stops every trade, and a backtest shows neither. Look for a wrong unit (30 for 0.30), a wrong \
              sign, or two limits that exclude each other.",
        example: Example::Script {
            bad: "fn eligible(row) { row.rsi14 > 130.0 }",
            good: "fn eligible(row) { row.rsi14 > 30.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for found in settled(script) {
        let quote = &found.quote;
        let (message, help) = match &found.kind {
            Kind::AlwaysTrue => (
                format!("`{quote}` is true on every row"),
                "remove it, or look for a wrong unit, sign or limit",
            ),
            Kind::AlwaysFalse => (
                format!("`{quote}` is false on every row"),
                "look for a wrong unit, a wrong sign, or limits that exclude each other",
            ),
            Kind::Unreachable { gives: None, by: Way::Earlier } => (
                format!("`{quote}` is false here: an earlier condition takes every row on which it holds"),
                "put it before that condition, or remove it",
            ),
            Kind::Unreachable { gives: None, by: Way::Eligible } => (
                format!("`{quote}` is false here: no row on which it holds is eligible"),
                "change it or `eligible`, so that both can hold",
            ),
            _ => continue,
        };
        hits.push(Hit { span: found.span, message, help: help.to_owned() });
    }
}
