//! A value that stands alone on a line which is not the last: nobody is given it.

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;
use rhai::Stmt;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Script;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "dropped_value",
        severity: Severity::Warning,
        what: "A line gives a value and the function goes on: the value is dropped, and what it was to decide \
               is not decided.",
        why: "The value of a function is that of its last line; one before it counts only with `return`. A \
              trigger without `return` in the first of two `if`s is never given, and a condition on a line of \
              its own filters nothing, without an error at any time.",
        example: Example::Script {
            bad: "fn entry(row) {\n    if row.close > row.highest_close_55d { \"breakout_55d\" }\n    \
                  if row.rsi2 < 10.0 { \"dip\" }\n}",
            good: "fn entry(row) {\n    if row.close > row.highest_close_55d { return \"breakout_55d\"; }\n    \
                   if row.rsi2 < 10.0 { \"dip\" }\n}",
        },
    },
    check,
};

/// Whether what a block gives is what the function gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Given,
    Dropped,
}

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    for body in script.outline.program.functions() {
        Walk { script, hits }.block(&body.statements, Value::Given);
    }
}

struct Walk<'a, 'h> {
    script: &'a Script<'a>,
    hits: &'h mut Vec<Hit>,
}

impl Walk<'_, '_> {
    fn block(&mut self, statements: &[Stmt], value: Value) {
        for (index, statement) in statements.iter().enumerate() {
            let is_last = index + 1 == statements.len();
            self.statement(statement, if is_last { value } else { Value::Dropped });
        }
    }

    fn statement(&mut self, statement: &Stmt, value: Value) {
        match statement {
            Stmt::If(flow, _) => {
                self.block(flow.body.statements(), value);
                self.block(flow.branch.statements(), value);
            }
            Stmt::Block(block) => self.block(block.statements(), value),
            Stmt::While(flow, _) | Stmt::Do(flow, _, _) => self.block(flow.body.statements(), Value::Dropped),
            Stmt::For(parts, _) => self.block(parts.2.body.statements(), Value::Dropped),
            Stmt::Switch(parts, _) => {
                parts.1.expressions.iter().for_each(|case| self.expression(&case.rhs, value));
            }
            Stmt::Expr(expression) => self.expression(expression, value),
            Stmt::FnCall(call, place) => self.call(call, *place, value),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expr, value: Value) {
        match expression {
            Expr::Stmt(block) => self.block(block.statements(), value),
            // `()` is what a line gives that gives nothing; a method may change what it is called on.
            Expr::Unit(_) | Expr::MethodCall(..) => {}
            Expr::Dot(parts, ..) if !matches!(parts.rhs, Expr::Property(..)) => {}
            given if value == Value::Dropped => self.dropped(given),
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, place: Position, value: Value) {
        if value == Value::Dropped {
            self.dropped(&Expr::FnCall(Box::new(call.clone()), place));
        }
    }

    fn dropped(&mut self, expression: &Expr) {
        let quote = self.script.text.quote(expression);
        let is_word = matches!(expression, Expr::StringConstant(..));
        let help = if is_word {
            format!("write `return {quote};`")
        } else {
            format!("join it to what follows with `&&`, write `return {quote};`, or remove it")
        };
        self.hits.push(Hit {
            span: self.script.text.expression(expression),
            message: format!("`{quote}` is dropped: it is neither returned nor on the function's last line"),
            help,
        });
    }
}
