//! Something that is neither true nor false where a condition must stand.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Asked;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "not_a_bool",
        severity: Severity::Error,
        what: "A condition is not true or false: what `eligible` gives, what stands after `if`, or a part of \
               `&&`, `||` or `!`.",
        why: "Rhai takes no number or text for true, and stops with an error on the first row that comes there. A \
              script that errs makes no entries that day, for any symbol. An `if` without an `else` gives `()` \
              where it does not hold, which is not false either.",
        example: Example::Script {
            bad: "fn eligible(row) { row.close - row.ma50 }",
            good: "fn eligible(row) { row.close - row.ma50 > 0.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |body, event, scope| {
        let asked = script.asked(&body.name, body.params.len());
        let (types, span, message) = match event {
            Event::Operand(operand) => {
                let span = script.text.expression(operand);
                (scope.types(operand), span, format!("`{}` is ", script.text.quote(operand)))
            }
            Event::Result { types, value, place } if asked == Some(Asked::Predicate) => {
                let span = value.and_then(|value: &Expr| script.text.expression(value));
                (types, span.or_else(|| script.text.span_of(place)), "`eligible` gives ".to_owned())
            }
            _ => return,
        };
        if types.is_known() && !types.may_be(Types::OTHER) && !types.is(Types::BOOL) && types != Types::NONE {
            let wrong = types.without(Types::BOOL);
            let help = if wrong.is(Types::UNIT) {
                "give true or false on every way through, as in `if … { true } else { false }`"
            } else {
                "compare it with something, as in `x > 0.0`"
            };
            let message = format!("{message}{}, where true or false must stand", wrong.told());
            hits.push(Hit { span, message, help: help.to_owned() });
        }
    });
}
