//! A trigger or reason that no row ever gives, because an earlier line always answers first.

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
        name: "unreachable_trigger",
        severity: Severity::Warning,
        what: "A trigger, or a reason to sell, is never given: an earlier condition takes every row on which \
               it would be.",
        why: "The mail names the trigger, scorers grade by it, and its past results are counted by it: one \
              that never comes looks like a quiet market. The 55-day high is never under the 20-day high, so \
              a close above the first is above the second too. Ask for the stronger condition first, or \
              remove it.",
        example: Example::Script {
            bad: "fn entry(row) {\n    if row.close > row.highest_close_20d { return \"breakout_20d\"; }\n    \
                  if row.close > row.highest_close_55d { return \"breakout_55d\"; }\n}",
            good: "fn entry(row) {\n    if row.close > row.highest_close_55d { return \"breakout_55d\"; }\n    \
                   if row.close > row.highest_close_20d { return \"breakout_20d\"; }\n}",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for found in settled(script) {
        let Kind::Unreachable { gives: Some(word), by } = &found.kind else { continue };
        let (message, help) = match by {
            Way::Earlier => (
                format!("`{word}` is never given: an earlier line answers on every row on which this holds"),
                "ask for it before that line, or remove it",
            ),
            Way::Eligible => (
                format!("`{word}` is never given: no row on which this holds is eligible"),
                "change this condition or `eligible`, so that both can hold",
            ),
        };
        hits.push(Hit { span: found.span, message, help: help.to_owned() });
    }
}
