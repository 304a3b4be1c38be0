//! A constant of the host's own with a value that no order should be sized by.

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Script;

/// What is usual, from and to, and what lies outside it.
const USUAL: [(&str, f64, f64, &str); 3] = [
    ("STOP_ATR_MULT", 0.25, 20.0, "average true ranges between a close and its stop; 1 to 5 are usual"),
    ("REWARD_RISK", 0.1, 50.0, "times the risk between a close and its target; 1 to 5 are usual"),
    ("MAX_ADV_FRACTION", 0.0, 0.2, "of what trades in a day, as a fraction of one; 0.01 is 1%"),
];

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "odd_constant",
        severity: Severity::Warning,
        what: "A constant that sets stops, targets or the size of orders has a value far from what is usual.",
        why: "A stop of 250 average ranges lies under zero, and every signal is dropped; one of 0.01 is hit by \
              the first tick, while the order is as large as the account allows; 5.0 of a day's volume is five \
              times what trades. The numbers are legal, so nothing else stops them.",
        example: Example::Script { bad: "const STOP_ATR_MULT = 250.0;", good: "const STOP_ATR_MULT = 2.5;" },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    if script.outline.is_scorer {
        return;
    }
    for (name, least, most, meaning) in USUAL {
        let Some(value) = script.outline.constants.numbers().get(name).copied() else { continue };
        // What is not above 0 is refused by the host itself.
        if value <= 0.0 || (least..=most).contains(&value) {
            continue;
        }
        hits.push(Hit {
            span: script.constant_at(name),
            message: format!("`{name}` is {value}: {meaning}"),
            help: format!("write a number from {least} to {most}"),
        });
    }
}
