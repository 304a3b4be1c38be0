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
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "negated_comparison",
        severity: Severity::Warning,
        what: "A comparison of what may be missing is negated, as in `!(row.ma200 > row.close)`.",
        why: "No comparison with a missing value holds, so the negation of every one does: where there is no value, \
              `!(a < b)` is true and `a >= b` is false. A stock that never trades would pass a filter on its volume. \
              What may be missing is a `ratio`, and a feature that the function tests with `== ()` anywhere and that no \
              condition before has settled; a feature that is read plainly is asked for by the host, and is there. Turn \
              the sign round instead.",
        example: Example::Script {
            bad: "fn eligible(row) { !(ratio(row.volume, row.prev_volume) < 2.0) }",
            good: "fn eligible(row) { ratio(row.volume, row.prev_volume) >= 2.0 }",
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
        let [negated] = &not.args[..] else { return };
        let Some((comparison, left, right)) = compared(negated, scope) else { return };
        let Some(missing) = [left, right].into_iter().find(|side| scope.may_be_missing(side)) else { return };
        let missing = script.text.quote(missing);
        let (left, right) = (script.text.quote(left), script.text.quote(right));
        let (message, place) = match negated {
            Expr::Variable(name, ..) => (
                format!(
                    "`!{}` is true where `{missing}` is missing, as every negated comparison with it",
                    name.1
                ),
                format!(" in place of `!{}`", name.1),
            ),
            _ => (format!("a negated comparison is true where `{missing}` is missing"), String::new()),
        };
        hits.push(Hit {
            span: script.text.expression(expression),
            message,
            help: format!("write `{left} {} {right}`{place}", comparison.opposite().as_str()),
        });
    });
}

/// The comparison that an expression is, or that the variable was set to which it names.
fn compared<'e>(expression: &'e Expr, scope: &Scope<'e>) -> Option<(Comparison, &'e Expr, &'e Expr)> {
    let whole = match expression {
        Expr::Variable(name, ..) => scope.variable(&name.1)?.value?,
        whole => whole,
    };
    let Expr::FnCall(call, _) = whole else { return None };
    let [left, right] = &call.args[..] else { return None };
    let comparison = Comparison::parse(&call.name).filter(|_| call.is_operator_call())?;
    Some((comparison, left, right))
}
