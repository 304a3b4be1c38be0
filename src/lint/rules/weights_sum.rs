//! Weights of a scorer that do not add up to one.

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Script;

/// Weights are written with few digits: 0.33 + 0.33 + 0.34 must do, a forgotten one must not.
const TOLERANCE: f64 = 1e-6;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "weights_sum",
        severity: Severity::Warning,
        what: "The weights of a scorer do not add up to 1.",
        why: "The score is the weighted sum of components from 0 to 10. With weights that add up to 0.7 the best \
              signal scores 7 and none is ever HIGH; with 1.4 most are, and strategies with another scorer are \
              ranked below them without being worse. Make them add up to 1.",
        example: Example::Script {
            bad: "const WEIGHTS = #{ trend: 0.6, strength: 0.1 };\nfn trend(row, signal) { 5.0 }\n\
                  fn strength(row, signal) { row.rank_roc60 * 10.0 }",
            good: "const WEIGHTS = #{ trend: 0.6, strength: 0.4 };\nfn trend(row, signal) { 5.0 }\n\
                   fn strength(row, signal) { row.rank_roc60 * 10.0 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    let weights =
        script.outline.constants.value("WEIGHTS").and_then(|map| map.clone().try_cast::<rhai::Map>());
    let Some(weights) = weights else { return };
    let number = |value: &rhai::Dynamic| {
        value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64))
    };
    // A weight that is no number is the host's own error.
    let Some(numbers) = weights.values().map(number).collect::<Option<Vec<f64>>>() else { return };
    let sum: f64 = numbers.iter().sum();
    if (sum - 1.0).abs() > TOLERANCE {
        let sum = (sum * 1e9).round() / 1e9;
        hits.push(Hit {
            span: script.constant_at("WEIGHTS"),
            message: format!("the weights add up to {sum}, not to 1"),
            help: "make them add up to 1, so that scores of all scorers compare".to_owned(),
        });
    }
}
