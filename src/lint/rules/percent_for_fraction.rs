//! `row.roc20 > 15`, where 0.15 is meant.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::features::Feature;
use crate::features::Unit;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::formula::Comparison;
use crate::lint::scope::Scope;
use crate::lint::script::Script;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

/// From here on a number is taken for a percentage: twice the price within a window is a rule that
/// someone may write, and 200 % a day is not.
const LEAST: f64 = 1.5;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "percent_for_fraction",
        severity: Severity::Warning,
        what: "A feature that is a fraction of one is compared with a number that looks like percent.",
        why: "Returns, slopes and volatilities are fractions: 15 % is 0.15. A comparison with 15 asks for \
              1,500 %, which holds on no row or on every one, so the rule never fires or filters nothing, \
              and looks like a quiet market.",
        example: Example::Script {
            bad: "fn eligible(row) { row.roc20 > 15.0 }",
            good: "fn eligible(row) { row.roc20 > 0.15 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |_, event, scope| {
        let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
        if !call.is_operator_call() || Comparison::parse(&call.name).is_none() {
            return;
        }
        let [left, right] = &call.args[..] else { return };
        let (fraction, number) = match (fraction(left, scope), fraction(right, scope)) {
            (Some(name), None) => (name, right),
            (None, Some(name)) => (name, left),
            _ => return,
        };
        let Some(number) = scope.linear(number).and_then(|sum| sum.as_number()) else { return };
        if number.abs() < LEAST {
            return;
        }
        hits.push(Hit {
            span: script.text.expression(expression),
            message: format!("`{fraction}` is a fraction of one, and {number} of it is {}%", number * 100.0),
            help: format!("for {number}% write {}", number / 100.0),
        });
    });
}

/// The name of a feature that is a fraction, by way of a default too.
fn fraction<'e>(side: &'e Expr, scope: &Scope) -> Option<&'e str> {
    if let Expr::Coalesce(parts, _) = side {
        return fraction(parts.first()?, scope);
    }
    let name = scope.feature(side)?;
    let feature = Feature::parse(name).ok()?;
    // A rank lies between 0 and 1, so that what holds for it is known already.
    let is_rank = feature.modifiers().contains(&crate::features::Modifier::Rank);
    (feature.family().unit == Unit::Fraction && !is_rank).then_some(name)
}
