//! Text compared with a number, and the like: never equal, never ordered.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::formula::Comparison;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "mismatched_types",
        severity: Severity::Warning,
        what: "Two values of different types are compared, such as text with a number.",
        why: "Rhai does not complain: `\"100\" < 200.0` is false, and so is `>`; only `!=` is true. The condition \
              never changes, and the rule trades on nothing or on everything. Write numbers without quotation \
              marks; test for a missing feature with `== ()`, and order nothing against `()`.",
        example: Example::Script {
            bad: "const LIMIT = \"100\";\nfn eligible(row) { row.close > LIMIT }",
            good: "const LIMIT = 100.0;\nfn eligible(row) { row.close > LIMIT }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
        let Some(comparison) = Comparison::parse(&call.name).filter(|_| call.is_operator_call()) else {
            return;
        };
        let [left, right] = &call.args[..] else { return };
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let (mut left_types, mut right_types) = (scope.types(left), scope.types(right));
        if is_equality && (left_types.is(Types::UNIT) || right_types.is(Types::UNIT)) {
            // The test for a missing value.
            return;
        }
        // A chain of comparisons is told by its own rule.
        if !is_equality && (left_types.is(Types::BOOL) || right_types.is(Types::BOOL)) {
            return;
        }
        for types in [&mut left_types, &mut right_types] {
            if types.may_be(Types::NUMBER) {
                *types = types.or(Types::NUMBER);
            }
            if !types.is(Types::UNIT) {
                *types = types.without(Types::UNIT);
            }
        }
        if !left_types.is_known() || !right_types.is_known() || left_types.may_be(right_types) {
            return;
        }
        let always = if comparison == Comparison::NotEqual { "true" } else { "false" };
        let help = if left_types.is(Types::UNIT) || right_types.is(Types::UNIT) {
            "test for a missing value with `== ()`"
        } else {
            "compare values of one type: numbers stand without quotation marks"
        };
        hits.push(Hit {
            span: script.text.expression(expression),
            message: format!(
                "{} is compared with {}: always {always}",
                left_types.told(),
                right_types.told()
            ),
            help: help.to_owned(),
        });
    });
}
