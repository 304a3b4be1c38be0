//! `==` between computed numbers.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "float_equality",
        severity: Severity::Warning,
        what: "Two numbers with decimals are compared by `==` or `!=`.",
        why: "A mean, a price in another currency or a split-adjusted close is almost never equal to a number \
              to the last digit, so the rule fires on the odd day by chance, or never; and near 0 Rhai takes \
              some unequal numbers for equal. Say how near is near enough, or use `<=` or `>=`.",
        example: Example::Script {
            bad: "fn eligible(row) { row.close == row.ma50 }",
            good: "const NEAR = 0.01;\nfn eligible(row) { abs(row.close - row.ma50) < NEAR * row.close }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
        if !call.is_operator_call() || !matches!(call.name.as_str(), "==" | "!=") {
            return;
        }
        let [left, right] = &call.args[..] else { return };
        let (left_types, right_types) = (scope.types(left), scope.types(right));
        let is_number = |types: Types| types.is(Types::NUMBER.or(Types::UNIT)) && types.may_be(Types::NUMBER);
        let is_broken = left_types.may_be(Types::BROKEN) || right_types.may_be(Types::BROKEN);
        if is_number(left_types) && is_number(right_types) && is_broken {
            let (left, right) = (script.text.quote(left), script.text.quote(right));
            let sign = if call.name == "==" { "<" } else { ">=" };
            hits.push(Hit {
                span: script.text.expression(expression),
                message: format!("`{}` between numbers with decimals", call.name),
                help: format!("write `abs({left} - {right}) {sign} TOLERANCE`, or compare by `<=` or `>=`"),
            });
        }
    });
}
