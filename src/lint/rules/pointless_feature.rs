//! A feature that says nothing about the symbol: the rank of what is the same for all, or the benchmark's rank.

use rhai::ASTNode;
use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::features::Feature;
use crate::features::Modifier;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::nodes::for_each_node;
use crate::lint::script::Script;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "pointless_feature",
        severity: Severity::Warning,
        what: "`rank_` and `benchmark_` stand together in a feature's name.",
        why: "The benchmark's value is the same for every symbol, so its rank is too: `rank_benchmark_roc60` separates \
              nothing. And ranks are of the universe's symbols: `benchmark_rank_roc60` has no value where the \
              benchmark is none of them, and the strategy makes no entries. Compare with the benchmark, or rank.",
        example: Example::Script {
            bad: "fn eligible(row) { row.rank_benchmark_roc60 > 0.8 }",
            good: "fn eligible(row) { row.rank_roc60 > 0.8 && row.roc60 > row.benchmark_roc60 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for body in script.outline.program.functions() {
        for_each_node(&body.statements, &mut |node| {
            let ASTNode::Expr(expression @ Expr::Dot(parts, ..)) = node else { return };
            let Expr::Property(name, _) = &parts.rhs else { return };
            let Some(why) = pointless(&name.2) else { return };
            hits.push(Hit {
                span: script.text.expression(expression),
                message: format!("`{}` {why}", name.2),
                help: "compare with the benchmark, as in `row.roc60 > row.benchmark_roc60`, or rank the symbol's own \
                       value, as in `row.rank_roc60`"
                    .to_owned(),
            });
        });
    }
}

/// Why a feature separates no symbol from another; `None` for one that does, and for what is no feature.
fn pointless(name: &str) -> Option<&'static str> {
    let feature = Feature::parse(name).ok()?;
    let place = |modifier: Modifier| feature.modifiers().iter().position(|own| *own == modifier);
    let (rank, benchmark) = (place(Modifier::Rank)?, place(Modifier::Benchmark)?);
    Some(if rank < benchmark {
        "is the same for every symbol: they all have the benchmark's value"
    } else {
        "has a value only where the benchmark is one of the universe's symbols"
    })
}
