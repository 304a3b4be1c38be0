//! The way through a function's syntax tree, as written: every statement and expression once, with
//! the variables that are in sight there.
//!
//! Follows a row through helper functions and `let` aliases. What Rhai may add in a later version
//! is refused, never skipped: a skipped branch could hide a feature.

use rhai::ASTFlags;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;
use rhai::Stmt;

use super::body::Body;
use super::reads::Kind;
use super::reads::Need;
use super::reads::Walk;
use super::reads::is_library;
use super::vocabulary;
use crate::features::Feature;

impl<'a> Walk<'a, '_, '_> {
    pub(super) fn function(&mut self, body: &'a Body, kinds: &[Kind]) {
        if !self.seen.insert((body.name.clone(), kinds.to_vec())) {
            return;
        }
        // A function sees its parameters and no caller's variable.
        let outside = std::mem::take(&mut self.variables);
        self.variables = body.params.iter().cloned().zip(kinds.iter().copied()).collect();
        self.block(&body.statements);
        self.variables = outside;
    }

    fn block(&mut self, statements: &'a [Stmt]) {
        let outside = self.variables.len();
        for statement in statements {
            self.statement(statement);
        }
        self.variables.truncate(outside);
    }

    fn statement(&mut self, statement: &'a Stmt) {
        if self.findings.is_full() {
            return;
        }
        match statement {
            Stmt::Noop(_) => {}
            Stmt::If(flow, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
                self.block(flow.branch.statements());
            }
            Stmt::While(flow, _) | Stmt::Do(flow, _, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
            }
            Stmt::For(parts, _) => {
                let (item, counter, flow) = &**parts;
                self.expression(&flow.expr);
                let outside = self.variables.len();
                self.variables.push((item.name.to_string(), Kind::Other));
                self.variables.extend(counter.iter().map(|name| (name.name.to_string(), Kind::Other)));
                self.block(flow.body.statements());
                self.variables.truncate(outside);
            }
            Stmt::Switch(parts, _) => {
                self.expression(&parts.0);
                for case in &parts.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
            }
            Stmt::Var(parts, _, _) => {
                let (name, value, _) = &**parts;
                let kind = self.kind(value);
                if kind == Kind::Other {
                    self.expression(value);
                }
                self.variables.push((name.name.to_string(), kind));
            }
            Stmt::Assignment(parts) => self.assignment(&parts.1.lhs, &parts.1.rhs),
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Expr(value) => self.expression(value),
            Stmt::BreakLoop(value, _, _) | Stmt::Return(value, _, _) => {
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            Stmt::TryCatch(_, position) => self.findings.add(
                *position,
                "caught_error",
                "`try` would hide an error from the report",
                "test for the case beforehand, as in `row.x == ()`",
            ),
            other => self.unsupported(other.position()),
        }
    }

    fn assignment(&mut self, target: &'a Expr, value: &'a Expr) {
        let root = root(target);
        let kind = self.kind(root);
        if let Some(name) = self.constant(root) {
            let message = format!("the constant `{name}` cannot be changed");
            let help = "put the new value into a variable: `let x = …;`";
            self.findings.add(root.position(), "write_to_constant", message, help);
        } else if kind == Kind::Other {
            self.expression(target);
        } else {
            self.findings.add(
                root.position(),
                "write_to_row",
                format!("a {} cannot be changed", kind.word()),
                "compare with `==`, or put the new value into a variable: `let x = …;`",
            );
        }
        self.expression(value);
    }

    fn expression(&mut self, expression: &'a Expr) {
        match expression {
            Expr::DynamicConstant(..)
            | Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::Unit(_)
            | Expr::Property(..) => {}
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter().for_each(|part| self.expression(part));
            }
            Expr::Map(parts, _) => parts.0.iter().for_each(|(_, value)| self.expression(value)),
            Expr::And(parts, _) | Expr::Or(parts, _) => parts.iter().for_each(|part| self.expression(part)),
            Expr::Coalesce(parts, _) => self.coalesce(parts),
            Expr::Variable(name, _, position) => {
                let kind = self.kind(expression);
                if kind != Kind::Other {
                    self.misused(&name.1, kind, *position);
                }
                self.defined(&name.1, *position);
            }
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(parts, flags, _) => {
                let kind = self.kind(&parts.lhs);
                if kind == Kind::Other {
                    self.taken_apart(&parts.lhs);
                    self.expression(&parts.lhs);
                    match (&parts.lhs, &parts.rhs) {
                        // `math.abs(x)`: what is before the dot is to go, and the call is right without it.
                        (Expr::Variable(name, ..), Expr::MethodCall(call, _)) if is_library(&name.1) => {
                            call.args.iter().for_each(|argument| self.expression(argument));
                        }
                        (_, link) => self.link(link),
                    }
                    return;
                }
                let field = match &parts.rhs {
                    Expr::Dot(rest, ..) | Expr::Index(rest, ..) if !flags.contains(ASTFlags::BREAK) => {
                        &rest.lhs
                    }
                    whole => whole,
                };
                if let Expr::MethodCall(call, _) = field
                    && !vocabulary::FUNCTIONS.iter().any(|(name, _)| *name == call.name)
                {
                    // An unknown function: that is told where every call is looked at.
                    return;
                }
                let Expr::Property(name, position) = field else {
                    self.misused(kind.word(), kind, parts.lhs.position());
                    return;
                };
                if kind == Kind::Row
                    && let Expr::Index(..) = &parts.rhs
                    && Feature::parse(&name.2).is_ok()
                {
                    self.findings.add(
                        *position,
                        "unknown_feature",
                        format!("`{}` is one value a row, and has no earlier ones in brackets", name.2),
                        format!("write `row.prev_{}` for the bar before, `row.prev_prev_{0}` for the one before that", name.2),
                    );
                    return;
                }
                self.field(kind, &name.2, *position, Need::Plain);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, flags, _) => {
                self.taken_apart(&parts.lhs);
                self.expression(&parts.lhs);
                self.index(&parts.rhs, *flags);
            }
            Expr::ThisPtr(position) => self.findings.add(
                *position,
                "this",
                "`this` is not available in scripts",
                "give the function a parameter instead",
            ),
            other => self.unsupported(other.position()),
        }
    }

    /// Walks what follows a dot: `b`, `f(x)`, `b.c`, `b[i].c`.
    fn link(&mut self, link: &'a Expr) {
        match link {
            Expr::Property(..) => {}
            Expr::MethodCall(call, position) => {
                self.known(call, call.args.len() + 1, *position);
                call.args.iter().for_each(|argument| self.expression(argument));
            }
            Expr::Dot(parts, ..) => {
                self.link(&parts.lhs);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, flags, _) => {
                self.link(&parts.lhs);
                self.index(&parts.rhs, *flags);
            }
            other => self.expression(other),
        }
    }

    /// Walks what stands in brackets, and the chain after them: in `a[i].b` Rhai hangs `.b` onto `i`.
    fn index(&mut self, index: &'a Expr, flags: ASTFlags) {
        match index {
            Expr::Dot(parts, ..) if !flags.contains(ASTFlags::BREAK) => {
                self.expression(&parts.lhs);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, inner, _) if !flags.contains(ASTFlags::BREAK) => {
                self.expression(&parts.lhs);
                self.index(&parts.rhs, *inner);
            }
            whole => self.expression(whole),
        }
    }

    /// All but the last of `a ?? b ?? c` may be missing.
    fn coalesce(&mut self, parts: &'a [Expr]) {
        let Some((last, others)) = parts.split_last() else { return };
        for part in others {
            match part {
                Expr::Coalesce(inner, _) => {
                    inner.iter().for_each(|part| self.optional(part, Need::Defaulted));
                }
                part => self.optional(part, Need::Defaulted),
            }
        }
        self.expression(last);
    }

    fn optional(&mut self, expression: &'a Expr, need: Need) {
        if let Expr::Dot(parts, ..) = expression
            && self.kind(&parts.lhs) == Kind::Row
            && let Expr::Property(name, position) = &parts.rhs
        {
            self.field(Kind::Row, &name.2, *position, need);
            return;
        }
        self.expression(expression);
    }

    fn call(&mut self, call: &'a FnCallExpr, position: Position) {
        if call.is_operator_call() {
            let tests = matches!(call.name.as_str(), "==" | "!=");
            match &call.args[..] {
                [Expr::Unit(_), other] | [other, Expr::Unit(_)] if tests => {
                    self.optional(other, Need::Tested);
                }
                arguments => arguments.iter().for_each(|argument| self.expression(argument)),
            }
            return;
        }
        let Some(body) = self.program.function(&call.name, call.args.len()) else {
            let is_known = self.known(call, call.args.len(), position);
            for argument in &call.args {
                // What an unknown function would do with a row is not known either.
                if is_known || self.kind(argument) == Kind::Other {
                    self.expression(argument);
                }
            }
            return;
        };
        let kinds: Vec<Kind> = call.args.iter().map(|argument| self.kind(argument)).collect();
        for (argument, kind) in call.args.iter().zip(&kinds) {
            if *kind == Kind::Other {
                self.expression(argument);
            }
        }
        self.function(body, &kinds);
    }
}

/// The variable that an assignment's target begins with.
fn root(target: &Expr) -> &Expr {
    match target {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root(&parts.lhs),
        whole => whole,
    }
}
