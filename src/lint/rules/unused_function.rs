//! A function that neither the host nor a used function calls.

use std::collections::BTreeSet;

use rhai::ASTNode;
use rhai::Expr;
use rhai::Stmt;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::nodes::for_each_node;
use crate::lint::script::Script;
use crate::scripts::closest;

const ENTRY_POINTS: [&str; 4] = ["eligible", "entry", "exit", "stop"];

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "unused_function",
        severity: Severity::Warning,
        what: "A function is called by nobody: not by the host, and not by a function that the host calls.",
        why: "The rule in it does not trade. A `stop` that is spelt `stops` keeps every stop where it was, without \
              a word; a component that `WEIGHTS` does not name scores nothing. Call it, name it as the host \
              does, or remove it.",
        example: Example::Script {
            bad: "fn is_cheap(row) { row.close < 5.0 }\nfn eligible(row) { row.close > row.ma50 }",
            good: "fn is_cheap(row) { row.close < 5.0 }\nfn eligible(row) { !is_cheap(row) && row.close > row.ma50 }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    let program = &script.outline.program;
    let mut used: BTreeSet<(&str, usize)> = BTreeSet::new();
    let mut waiting = Vec::new();
    for body in program.functions() {
        if script.asked(&body.name, body.params.len()).is_some() {
            waiting.push(body);
        }
    }
    calls(&script.outline.top_level, &mut |name, arity| waiting.extend(program.function(name, arity)));
    while let Some(body) = waiting.pop() {
        if used.insert((&body.name, body.params.len())) {
            calls(&body.statements, &mut |name, arity| waiting.extend(program.function(name, arity)));
        }
    }
    for body in program.functions() {
        // A wrong number of parameters is the host's own error.
        let is_misshapen = !script.outline.is_scorer && ENTRY_POINTS.contains(&body.name.as_str());
        if used.contains(&(body.name.as_str(), body.params.len()))
            || body.name.starts_with('_')
            || is_misshapen
        {
            continue;
        }
        let components = script.components();
        let wanted = if script.outline.is_scorer {
            components.iter().map(String::as_str).collect()
        } else {
            ENTRY_POINTS.to_vec()
        };
        let absent =
            wanted.into_iter().filter(|name| program.functions().iter().all(|own| own.name != *name));
        let help = match closest(&body.name, absent) {
            Some(meant) => format!("did you mean `{meant}`? otherwise call it, or remove it"),
            None if script.outline.is_scorer => {
                "give it a weight in `WEIGHTS`, call it, or remove it".to_owned()
            }
            None => "call it, or remove it".to_owned(),
        };
        let message = format!("nothing calls the function `{}`", body.name);
        hits.push(Hit { span: script.name_of(body), message, help });
    }
}

fn calls<'a>(statements: &'a [Stmt], show: &mut impl FnMut(&'a str, usize)) {
    for_each_node(statements, &mut |node| {
        if let ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _)) = node {
            show(call.name.as_str(), call.args.len());
        }
        if let ASTNode::Expr(Expr::MethodCall(call, _)) = node {
            show(call.name.as_str(), call.args.len() + 1);
        }
    });
}
