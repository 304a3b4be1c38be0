//! A division by a feature, which may be zero.

use rhai::ASTNode;
use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::scope::Known;
use crate::lint::scope::Scope;
use crate::lint::script::Script;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "division_by_feature",
        severity: Severity::Warning,
        what: "A number is divided by a feature.",
        why: "A stock that does not trade for two weeks has an `atr14` and a `volume` of 0, and what is divided by \
              0 is infinite in Rhai, without an error: every comparison with it is false, `>` and `<` alike, \
              and `clamp` fails, which stops the strategy for the day. `ratio(a, b)` gives `()` instead, and \
              `??` says what to take then. It reads the same for divisors that are never 0, such as means of \
              prices, and stays right when one is exchanged for another.",
        example: Example::Script {
            bad: "fn eligible(row) { (row.close - row.ma20) / row.atr14 > 2.0 }",
            good: "fn eligible(row) { (ratio(row.close - row.ma20, row.atr14) ?? 0.0) > 2.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
        if !call.is_operator_call() || !matches!(call.name.as_str(), "/" | "%") {
            return;
        }
        let [number, divisor] = &call.args[..] else { return };
        let Some(feature) = feature_in(divisor, scope) else { return };
        let (number, divisor) = (script.text.quote(number), script.text.quote(divisor));
        hits.push(Hit {
            span: script.text.expression(expression),
            message: format!("a division by the feature `{feature}`: infinite where that is 0"),
            help: format!(
                "write `ratio({number}, {divisor}) ?? …`, with the value to take where there is none"
            ),
        });
    });
}

/// The first feature in a divisor, by way of variables too.
fn feature_in(divisor: &Expr, scope: &Scope) -> Option<String> {
    let mut found = None;
    divisor.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(part)) = path.last() {
            let by_name = match part {
                Expr::Variable(name, ..) => {
                    scope.variable(&name.1).and_then(|variable| match &variable.known {
                        Some(Known::Number(sum)) => {
                            sum.terms.keys().find_map(|term| term.strip_prefix("row."))
                        }
                        _ => None,
                    })
                }
                part => scope.feature(part),
            };
            found = found.take().or(by_name.map(ToOwned::to_owned));
        }
        true
    });
    found
}
