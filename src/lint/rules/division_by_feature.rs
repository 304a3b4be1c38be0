//! A division by a feature that may be zero.

use rhai::ASTNode;
use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::formula::Comparison;
use crate::lint::linear::Linear;
use crate::lint::scope::Known;
use crate::lint::scope::Scope;
use crate::lint::script::Script;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "division_by_feature",
        severity: Severity::Warning,
        what: "A number is divided by a feature that may be 0.",
        why: "A stock that does not trade for two weeks has an `atr14` and a `volume` of 0, and what is divided by \
              0 is infinite in Rhai, without an error: every comparison with it is false, `>` and `<` alike, \
              and `clamp` fails, which stops the strategy for the day. `ratio(a, b)` gives `()` instead, and \
              `??` says what to take then. Prices and their means are never 0 and may be divided by; so may what \
              a condition before has tested to be above 0.",
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
        if is_never_zero(divisor, scope) {
            return;
        }
        let (number, divisor) = (script.text.quote(number), script.text.quote(divisor));
        hits.push(Hit {
            span: script.text.expression(expression),
            message: if divisor.contains(' ') {
                format!("a division by `{divisor}`, which is made of features: infinite where that is 0")
            } else {
                format!("a division by the feature `{feature}`: infinite where that is 0")
            },
            help: format!(
                "write `ratio({number}, {divisor}) ?? …`, with the value to take where there is none"
            ),
        });
    });
}

/// Tells whether a divisor is known not to be 0: by its bounds, or by the conditions before it.
fn is_never_zero(divisor: &Expr, scope: &mut Scope) -> bool {
    let range = scope.range(divisor);
    if range.low > 0.0 || (range.low == 0.0 && !range.takes_low) || range.high < 0.0 {
        return true;
    }
    let Some(sum) = scope.linear(divisor) else { return false };
    scope.excludes(&Comparison::Equal.formula(&sum, &Linear::number(0.0)))
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
