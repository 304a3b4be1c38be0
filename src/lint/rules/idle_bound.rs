//! A bound that changes nothing, because another one, or the formula, is stricter.

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::conditions::Kind;
use crate::lint::conditions::Side;
use crate::lint::conditions::settled;
use crate::lint::finding::Severity;
use crate::lint::script::Script;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "idle_bound",
        severity: Severity::Warning,
        what: "A bound can never matter: what stands beside it, or the formula of the feature, is stricter.",
        why: "A filter that filters nothing is a filter that you believe to have. `row.close > 0.0` holds for \
              every bar; beside `rsi14 < 30` a `rsi14 < 50` changes nothing, whatever the constant is set to \
              in the settings. Remove the bound, or look whether its number or unit is the one that you meant.",
        example: Example::Script {
            bad: "fn eligible(row) { row.rsi14 < 30.0 && row.rsi14 < 50.0 }",
            good: "fn eligible(row) { row.rsi14 < 30.0 && row.rsi2 < 50.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for found in settled(script) {
        let quote = &found.quote;
        let message = match &found.kind {
            Kind::Idle => format!("`{quote}` can never matter beside what else is asked"),
            Kind::IdleLimit { function, side, bound } => {
                let word = match side {
                    Side::Under => "under",
                    Side::Over => "over",
                };
                let bound = (bound * 1e9).round() / 1e9;
                format!(
                    "the limit `{quote}` of `{function}` can never matter: the number is never {word} {bound}"
                )
            }
            _ => continue,
        };
        let help = "remove it, or look for a wrong number or unit".to_owned();
        hits.push(Hit { span: found.span, message, help });
    }
}
