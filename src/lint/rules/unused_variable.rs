//! A variable that is set and never read.

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

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "unused_variable",
        severity: Severity::Warning,
        what: "A variable, or a parameter of a helper, is set and never read.",
        why: "It was computed for a reason: most often the line after it uses another variable, or the feature \
              itself, and the level that you worked out is not the one that is compared. Use it, or remove it. \
              A name that begins with `_` is left alone.",
        example: Example::Script {
            bad: "fn eligible(row) {\n    let level = row.ma50 * 1.02;\n    row.close > row.ma50\n}",
            good: "fn eligible(row) {\n    let level = row.ma50 * 1.02;\n    row.close > level\n}",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for body in script.outline.program.functions() {
        let mut read: BTreeSet<&str> = BTreeSet::new();
        let mut written: Vec<*const Expr> = Vec::new();
        for_each_node(&body.statements, &mut |node| match node {
            // What stands left of `=` is set, not read.
            ASTNode::Stmt(Stmt::Assignment(parts)) => {
                if matches!(parts.1.lhs, Expr::Variable(..)) {
                    written.push(&parts.1.lhs);
                }
            }
            ASTNode::Expr(whole @ Expr::Variable(name, ..))
                if !written.contains(&std::ptr::from_ref(whole)) =>
            {
                read.insert(name.1.as_str());
            }
            _ => {}
        });
        for_each_node(&body.statements, &mut |node| {
            let ASTNode::Stmt(Stmt::Var(parts, ..)) = node else { return };
            let name = parts.0.name.as_str();
            if !read.contains(name) && !name.starts_with('_') {
                hits.push(Hit {
                    span: script.text.span_of(parts.0.pos),
                    message: format!("nothing reads the variable `{name}`"),
                    help: "use it, or remove it".to_owned(),
                });
            }
        });
        // The host gives what it gives, and of a function that nobody calls that is told already.
        let is_called = script.text.names().filter(|(word, ..)| *word == body.name).count() > 1;
        if script.asked(&body.name, body.params.len()).is_some() || !is_called {
            continue;
        }
        for param in
            body.params.iter().filter(|param| !read.contains(param.as_str()) && !param.starts_with('_'))
        {
            hits.push(Hit {
                span: script.name_of(body),
                message: format!("`{}` does not read its parameter `{param}`", body.name),
                help: "use it, or remove it here and where the function is called".to_owned(),
            });
        }
    }
}
