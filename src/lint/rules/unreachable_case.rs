//! A case of a `switch` whose value an earlier case takes.

use rhai::ASTNode;
use rhai::Expr;
use rhai::RangeCase;
use rhai::Stmt;
use rhai::SwitchCasesCollection;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::nodes::for_each_node;
use crate::lint::script::Script;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "unreachable_case",
        severity: Severity::Warning,
        what: "A case of a `switch` is never taken: an earlier one takes its value.",
        why: "The first case that fits is taken, and a value that stands twice is answered by the first of the two. \
              What the second one says does not happen; most often it was copied and its value left as it was.",
        example: Example::Script {
            bad: "fn entry(row) {\n    switch row.close > row.highest_close_20d {\n        true => \"breakout\",\n        \
                  true => \"momentum\",\n        _ => (),\n    }\n}",
            good: "fn entry(row) {\n    switch row.close > row.highest_close_20d {\n        true => \"breakout\",\n        \
                   _ => (),\n    }\n}",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for body in script.outline.program.functions() {
        for_each_node(&body.statements, &mut |node| {
            let ASTNode::Stmt(Stmt::Switch(parts, _)) = node else { return };
            for case in taken_before(&parts.1) {
                let span = script.text.case(parts.1.expressions[case].rhs.position());
                hits.push(Hit {
                    span,
                    message: "this case is never taken: an earlier one takes its value".to_owned(),
                    help: "remove it, or look for a value that was copied and not changed".to_owned(),
                });
            }
        });
    }
}

/// The cases that have a value which an earlier case without a condition has too.
fn taken_before(cases: &SwitchCasesCollection) -> Vec<usize> {
    let is_open = |case: usize| matches!(cases.expressions[case].lhs, Expr::BoolConstant(true, _));
    let mut taken = Vec::new();
    for listed in cases.cases.values() {
        if let Some(first) = listed.blocks.iter().position(|case| is_open(*case)) {
            taken.extend_from_slice(&listed.blocks[first + 1..]);
        }
    }
    for (place, range) in cases.ranges.iter().enumerate() {
        let earlier = &cases.ranges[..place];
        if earlier.iter().any(|other| is_open(other.index()) && covers(other, range)) {
            taken.push(range.index());
        }
    }
    taken.sort_unstable();
    taken.dedup();
    taken
}

/// Tells whether one range has every number of another, whole or broken.
fn covers(range: &RangeCase, other: &RangeCase) -> bool {
    let ends = |range: &RangeCase| match range {
        RangeCase::ExclusiveInt(range, _) => (range.start, range.end, false),
        RangeCase::InclusiveInt(range, _) => (*range.start(), *range.end(), true),
    };
    let ((start, end, takes_end), (other_start, other_end, other_takes_end)) = (ends(range), ends(other));
    start <= other_start && (other_end < end || (other_end == end && (takes_end || !other_takes_end)))
}
