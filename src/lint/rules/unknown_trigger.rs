//! A scorer that looks for a trigger or a strategy which does not exist.

use rhai::ASTNode;
use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::nodes::for_each_node;
use crate::lint::nodes::property;
use crate::lint::script::Script;
use crate::scripts::closest;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "unknown_trigger",
        severity: Severity::Warning,
        what: "A scorer compares `signal.trigger` with a word that no strategy gives which it scores, or \
               `signal.strategy` with a name that no strategy has.",
        why: "The branch is never taken, and the signals that it was written for are graded like the others. A trigger \
              that was renamed in a strategy has to be renamed in its scorer too.",
        example: Example::Words {
            bad: "if signal.trigger == \"breakut_20d\" { … }   // the strategies give \"breakout_20d\"",
            good: "if signal.trigger == \"breakout_20d\" { … }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    if !script.outline.is_scorer {
        return;
    }
    for body in script.outline.program.functions() {
        for_each_node(&body.statements, &mut |node| {
            let ASTNode::Expr(whole @ Expr::FnCall(call, _)) = node else { return };
            let ("==" | "!=", [one, other]) = (call.name.as_str(), &call.args[..]) else { return };
            let (Some(wanted), field) = (match (one, other) {
                (Expr::StringConstant(text, _), field) | (field, Expr::StringConstant(text, _)) => {
                    (Some(text.as_str()), field)
                }
                _ => (None, one),
            }) else {
                return;
            };
            let scored = &script.scored;
            let (known, message) = match property(field) {
                Some((_, "trigger")) => (
                    scored.texts.as_ref(),
                    format!("no strategy that `{}` scores gives the trigger `{wanted}`", script.name),
                ),
                Some((_, "strategy")) => {
                    (Some(&scored.strategies), format!("no strategy is called `{wanted}`"))
                }
                _ => return,
            };
            let Some(known) = known.filter(|known| !known.contains(wanted)) else { return };
            let help = match closest(wanted, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write it as the strategy does, or remove the branch".to_owned(),
            };
            hits.push(Hit { span: script.text.expression(whole), message, help });
        });
    }
}
