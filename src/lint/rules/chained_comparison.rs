//! `a < b < c`, which compares true or false with a number.

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
        name: "chained_comparison",
        severity: Severity::Warning,
        what: "The result of a comparison is compared again, as in `a < b < c`.",
        why: "Rhai works out `a < b` first, which is true or false, and then compares that with `c`: true is \
              not under any number, so the condition is false on every row and the rule never trades. Write \
              each comparison by itself and join them with `&&`.",
        example: Example::Script {
            bad: "fn eligible(row) { 10.0 < row.rsi14 < 30.0 }",
            good: "fn eligible(row) { 10.0 < row.rsi14 && row.rsi14 < 30.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
        let Some(outer) = compares(expression) else { return };
        let [left, right] = &call.args[..] else { return };
        let is_ordering = !matches!(outer, Comparison::Equal | Comparison::NotEqual);
        for (chained, other) in [(left, right), (right, left)] {
            let Some(inner) = compares(chained) else { continue };
            // Two conditions may be equal; a condition and a number may not.
            if !is_ordering && scope.types(other).may_be(Types::BOOL) {
                continue;
            }
            let Expr::FnCall(parts, _) = chained else { continue };
            let [first, second] = &parts.args[..] else { continue };
            let quote = |part: &Expr| script.text.quote(part);
            let (first, second, third) = (quote(first), quote(second), quote(other));
            let (inner, outer) = (inner.as_str(), outer.as_str());
            let help = if std::ptr::eq(chained, left) {
                format!("write `{first} {inner} {second} && {second} {outer} {third}`")
            } else {
                format!("write `{third} {outer} {first} && {first} {inner} {second}`")
            };
            hits.push(Hit {
                span: script.text.expression(expression),
                message: format!("`{}` is true or false, and is compared again", script.text.quote(chained)),
                help,
            });
            return;
        }
    });
}

fn compares(expression: &Expr) -> Option<Comparison> {
    let Expr::FnCall(call, _) = expression else { return None };
    if !call.is_operator_call() {
        return None;
    }
    Comparison::parse(&call.name)
}
