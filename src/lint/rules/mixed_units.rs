//! `row.rsi14 > row.close`: two features compared that are measured in different things.

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

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "mixed_units",
        severity: Severity::Warning,
        what: "Two features are compared that are measured in different things.",
        why: "A price is not comparable with a volume, a return or an index from 0 to 100: the result hangs on how dear \
              the symbol happens to be. Compare features of one unit, which `ts features --list` tells.",
        example: Example::Script {
            bad: "fn eligible(row) { row.volume > row.ma50 }",
            good: "fn eligible(row) { row.volume_ratio20 > 1.5 && row.close > row.ma50 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for_each_comparison(script, |left, right, scope, span| {
        let (Some((left, one)), Some((right, other))) = (measured(left, scope), measured(right, scope))
        else {
            return;
        };
        if one != other {
            hits.push(Hit {
                span,
                message: format!("`{left}` ({one}) is compared with `{right}` ({other})"),
                help: "compare features of one unit; `ts features --list` tells them".to_owned(),
            });
        }
    });
}

/// A feature that stands alone on a side, and what it is measured in.
fn measured<'e>(side: &'e Expr, scope: &Scope) -> Option<(&'e str, &'static str)> {
    let name = scope.feature(side)?;
    let feature = Feature::parse(name).ok()?;
    let is_rank = feature.modifiers().contains(&Modifier::Rank);
    let unit = match feature.family().unit {
        _ if is_rank => "a rank",
        // Both are distances between prices.
        Unit::PriceRange | Unit::PriceDifference => "a price range",
        Unit::Price => "a price",
        Unit::Fraction => "a fraction",
        Unit::Hundred => "0 to 100",
        Unit::Currency => "currency",
        Unit::Units => "units",
        Unit::VolumeRatio => "a volume ratio",
        Unit::Deviations => "deviations",
    };
    Some((name, unit))
}
