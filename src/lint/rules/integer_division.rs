//! `1 / 2`, which is 0.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::scope::Scope;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;
use crate::lint::walk::walk_top;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "integer_division",
        severity: Severity::Warning,
        what: "A whole number is divided by a whole number.",
        why: "Rhai drops the rest: `1 / 2` is 0 and `7 / 2` is 3. A limit that was meant as one half becomes 0, \
              and every row passes it. Write one of the two with a decimal point; where the rest is meant to \
              be dropped, say so with `floor(a / 2.0)`.",
        example: Example::Script {
            bad: "const HALF = 1 / 2;\nfn eligible(row) { row.rank_roc60 > HALF }",
            good: "const HALF = 1.0 / 2;\nfn eligible(row) { row.rank_roc60 > HALF }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk_top(script, |event, scope| look(event, scope, hits));
    walk(script, |_, event, scope| look(event, scope, hits));
}

fn look(event: Event, scope: &mut Scope, hits: &mut Vec<Hit>) {
    let Event::Expression(expression @ Expr::FnCall(call, _)) = event else { return };
    if !call.is_operator_call() || call.name != "/" {
        return;
    }
    let [left, right] = &call.args[..] else { return };
    if scope.types(left).is(Types::WHOLE) && scope.types(right).is(Types::WHOLE) {
        let text = scope.script.text;
        let (left, right) = (text.quote(left), text.quote(right));
        let help = if left.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("write `{left}.0 / {right}`")
        } else {
            format!("write `1.0 * {left} / {right}`, or give a constant a decimal point")
        };
        hits.push(Hit {
            span: text.expression(expression),
            message: "a division of whole numbers, whose rest is dropped".to_owned(),
            help,
        });
    }
}
