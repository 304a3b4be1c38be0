//! A constant that nothing reads.

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Script;
use crate::scripts::closest;

/// What the host reads of a strategy, and of a scorer.
const OF_STRATEGIES: [&str; 4] = ["META", "STOP_ATR_MULT", "REWARD_RISK", "MAX_ADV_FRACTION"];
const OF_SCORERS: [&str; 2] = ["META", "WEIGHTS"];

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "unused_constant",
        severity: Severity::Warning,
        what: "A constant is read by no function, and not by the host.",
        why: "You set it, override it in the settings, and nothing changes: the rule that it was written for uses \
              a number of its own, or another constant. A misspelt `REWARD_RISK` leaves the target at its \
              default. Use it, or remove it.",
        example: Example::Script {
            bad: "const MIN_PRICE = 5.0;\nfn eligible(row) { row.close > 6.0 }",
            good: "const MIN_PRICE = 5.0;\nfn eligible(row) { row.close > MIN_PRICE }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    let by_host: &[&str] = if script.outline.is_scorer { &OF_SCORERS } else { &OF_STRATEGIES };
    for name in
        script.outline.constants.names().filter(|name| !by_host.contains(name) && !name.starts_with('_'))
    {
        let is_read = script
            .text
            .names()
            .any(|(word, _, before)| word == name && !matches!(before, Some("const" | ".")));
        if is_read {
            continue;
        }
        let unset = by_host.iter().copied().filter(|host| script.outline.constants.value(host).is_none());
        let help = match closest(name, unset) {
            Some(meant) => format!("did you mean `{meant}`? otherwise use it, or remove it"),
            None => "use it, or remove it".to_owned(),
        };
        let message = format!("nothing reads the constant `{name}`");
        hits.push(Hit { span: script.constant_at(name), message, help });
    }
}
