//! An `entry` that gives `()` whatever the row.

use rhai::ASTNode;
use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::nodes::for_each_node;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::result;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "no_trigger",
        severity: Severity::Warning,
        what: "An `entry` names no trigger on any row.",
        why: "Such a strategy never buys, and nothing says so on the day: it looks like a quiet market. One that is to \
              sell only what is held is switched off in the settings.",
        example: Example::Script {
            bad: "fn entry(row) {\n    if row.close > row.highest_close_20d { () }\n}",
            good: "fn entry(row) {\n    if row.close > row.highest_close_20d { \"breakout_20d\" }\n}",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    if script.outline.is_scorer {
        return;
    }
    let Some(entry) = script.outline.program.function("entry", 1) else { return };
    let mut has_word = false;
    for_each_node(&entry.statements, &mut |node| {
        has_word |= matches!(node, ASTNode::Expr(Expr::StringConstant(..)));
    });
    // A word that stands in it and is not given is told where it stands.
    if !has_word && result(script, entry).is(Types::UNIT) {
        hits.push(Hit {
            span: script.name_of(entry),
            message: "`entry` gives () on every row: the strategy never buys".to_owned(),
            help: "give a word where it is to buy: `if … { return \"breakout_20d\"; }`".to_owned(),
        });
    }
}
