//! `row.roc20 > 15` or `row.rank_roc20 > 80`, where 0.15 and 0.8 are meant; and `row.rsi14 > 0.7`, where 70 is.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::features::Feature;
use crate::features::Modifier;
use crate::features::Unit;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::comparisons::for_each_comparison;
use crate::lint::finding::Severity;
use crate::lint::scope::Scope;
use crate::lint::script::Script;

/// From here on a number is taken for a percentage: twice the price within a window is a rule that
/// someone may write, and 200 % a day is not.
const LEAST: f64 = 1.5;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "percent_for_fraction",
        severity: Severity::Warning,
        what: "A feature that is a fraction of one, or a rank, is compared with a number that looks like percent, or one from 0 to \
               100 with a fraction.",
        why: "Returns, slopes and volatilities are fractions: 15 % is 0.15. A comparison with 15 asks for \
              1,500 %, which holds on no row or on every one, so the rule never fires or filters nothing, \
              and looks like a quiet market. Ranks go from 0 to 1. RSI and ADX go \
              from 0 to 100: 0.7 of them is next to nothing.",
        example: Example::Script {
            bad: "fn eligible(row) { row.roc20 > 15.0 }",
            good: "fn eligible(row) { row.roc20 > 0.15 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for_each_comparison(script, |left, right, scope, span| {
        let (measured, number) = match (measured(left, scope), measured(right, scope)) {
            (Some(measured), None) => (measured, right),
            (None, Some(measured)) => (measured, left),
            _ => return,
        };
        let Some(number) = scope.linear(number).and_then(|sum| sum.as_number()) else { return };
        let (message, help) = match measured {
            (name, Scale::Fraction) if number.abs() >= LEAST => (
                format!("`{name}` is a fraction of one, and {number} of it is {}%", number * 100.0),
                format!("for {number}% write {}", number / 100.0),
            ),
            (name, Scale::Hundred) if number.abs() > 0.0 && number.abs() < 1.0 => (
                format!("`{name}` goes from 0 to 100, and {number} is next to 0"),
                format!("write {}", number * 100.0),
            ),
            (name, Scale::Rank) if number > 1.0 && number <= 100.0 => (
                format!("`{name}` is a rank from 0 to 1, and {number} is beyond it"),
                format!("write {}", number / 100.0),
            ),
            _ => return,
        };
        hits.push(Hit { span, message, help });
    });
}

/// What a feature goes by that percent are mistaken for, or taken from.
#[derive(Clone, Copy)]
enum Scale {
    /// A fraction of one, of any size.
    Fraction,
    /// From 0 to 100.
    Hundred,
    /// From 0 to 1.
    Rank,
}

/// The name of such a feature, by way of a default too.
fn measured<'e>(side: &'e Expr, scope: &Scope) -> Option<(&'e str, Scale)> {
    if let Expr::Coalesce(parts, _) = side {
        return measured(parts.first()?, scope);
    }
    let name = scope.feature(side)?;
    let feature = Feature::parse(name).ok()?;
    let scale = match feature.family().unit {
        _ if feature.modifiers().contains(&Modifier::Rank) => Scale::Rank,
        Unit::Fraction => Scale::Fraction,
        Unit::Hundred => Scale::Hundred,
        _ => return None,
    };
    Some((name, scale))
}
