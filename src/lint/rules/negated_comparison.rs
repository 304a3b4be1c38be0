//! `!(a < b)`, which holds where `a` is missing.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::formula::Comparison;
use crate::lint::scope::Scope;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "negated_comparison",
        severity: Severity::Warning,
        what: "A comparison of what may be missing is negated, as in `!(row.ma200 > row.close)`.",
        why: "No comparison with a missing value holds, so the negation of every one does: where a feature has \
              no value, `!(a < b)` is true and `a >= b` is false. A young stock would pass a filter that it has \
              no data for. A feature that is read plainly is asked for by the host, and the two forms agree; \
              they part as soon as it is tested with `== ()` or given a default somewhere. Turn the sign round \
              instead.",
        example: Example::Script {
            bad: "fn eligible(row) { row.ma200 == () || !(row.close < row.ma200) }",
            good: "fn eligible(row) { row.ma200 == () || row.close >= row.ma200 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(not, _)) = event else { return };
        if !not.is_operator_call() || not.name != "!" {
            return;
        }
        let [Expr::FnCall(inner, _)] = &not.args[..] else { return };
        let Some(comparison) = Comparison::parse(&inner.name).filter(|_| inner.is_operator_call()) else {
            return;
        };
        let [left, right] = &inner.args[..] else { return };
        let Some(missing) = may_be_missing(left, scope).or_else(|| may_be_missing(right, scope)) else {
            return;
        };
        let (left, right) = (script.text.quote(left), script.text.quote(right));
        hits.push(Hit {
            span: script.text.expression(expression),
            message: format!("a negated comparison is true where `{missing}` is missing"),
            help: format!("write `{left} {} {right}`", comparison.opposite().as_str()),
        });
    });
}

/// An operand that may be `()`: a feature that the script tests for it somewhere, or a `ratio`. What is
/// read plainly everywhere is asked for by the host, and always there.
fn may_be_missing(operand: &Expr, scope: &Scope) -> Option<String> {
    let types = scope.types(operand);
    (types.is_known() && types.may_be(Types::UNIT)).then(|| scope.script.text.quote(operand))
}
