//! One function, statement by statement: keeps what is known up to date, and shows each part.
//!
//! Follows blocks, branches and conditions as the interpreter would, and takes both ways of each
//! branch. What a loop changes is known neither in it nor after it.

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;
use rhai::Stmt;

use super::formula::Formula;
use super::scope::Known;
use super::scope::Scope;
use super::scope::Variable;
use super::script::Holds;
use super::truth::Truth;
use super::types::Types;
use super::walk::Event;
use super::walk::Use;
use super::walk::is_condition;

/// Whether a block's last value is what the function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Given,
    Dropped,
}

/// The way through one function.
pub(super) struct Visit<'a, 's> {
    pub scope: Scope<'a>,
    pub show: &'s mut dyn FnMut(Event<'a>, &mut Scope<'a>),
}

impl<'a> Visit<'a, '_> {
    fn show(&mut self, event: Event<'a>) {
        (self.show)(event, &mut self.scope);
    }

    pub fn block(&mut self, statements: &'a [Stmt], value: Value, place: Position) {
        let (variables, facts) = (self.scope.variables.len(), self.scope.facts.len());
        if statements.is_empty() && value == Value::Given {
            self.show(Event::Result { types: Types::UNIT, value: None, place });
        }
        for (index, statement) in statements.iter().enumerate() {
            let is_last = index + 1 == statements.len();
            self.statement(statement, if is_last { value } else { Value::Dropped });
        }
        self.scope.variables.truncate(variables);
        self.scope.facts.truncate(facts);
    }

    fn statement(&mut self, statement: &'a Stmt, value: Value) {
        let place = statement.position();
        let nothing = Event::Result { types: Types::UNIT, value: None, place };
        match statement {
            Stmt::If(flow, _) => return self.branch(statement, value, flow),
            Stmt::Block(block) => return self.block(block.statements(), value, place),
            Stmt::Expr(expression) => {
                self.expression(expression);
                if value == Value::Given {
                    let types = self.scope.types(expression);
                    self.show(Event::Result { types, value: Some(expression), place });
                }
                return;
            }
            Stmt::FnCall(call, _) => {
                self.arguments(call);
                if value == Value::Given {
                    let types = self.scope.value(statement);
                    self.show(Event::Result { types, value: None, place });
                }
                return;
            }
            Stmt::Switch(parts, _) => {
                self.expression(&parts.0);
                for case in &parts.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
                if value == Value::Given {
                    let types = self.scope.value(statement);
                    self.show(Event::Result { types, value: None, place });
                }
                return;
            }
            Stmt::Return(given, ..) => {
                match given {
                    Some(given) => {
                        self.expression(given);
                        let types = self.scope.types(given);
                        self.show(Event::Result { types, value: Some(given), place });
                    }
                    None => self.show(nothing),
                }
                // What follows is never reached.
                self.scope.facts.push(Formula::Never);
                return;
            }
            Stmt::While(flow, _) | Stmt::Do(flow, _, _) => {
                // `loop` has no condition.
                if !matches!(flow.expr, Expr::Unit(_) | Expr::BoolConstant(true, _)) {
                    self.condition(&flow.expr, Use::Other);
                }
                self.block(flow.body.statements(), Value::Dropped, place);
            }
            Stmt::For(parts, _) => {
                let (item, counter, flow) = &**parts;
                self.expression(&flow.expr);
                let variables = self.scope.variables.len();
                for name in [Some(item), counter.as_ref()].into_iter().flatten() {
                    let name = name.name.to_string();
                    let (holds, types) = (Holds::Value, Types::ANY);
                    self.scope.variables.push(Variable { name, holds, types, value: None, known: None });
                }
                self.block(flow.body.statements(), Value::Dropped, place);
                self.scope.variables.truncate(variables);
            }
            Stmt::Var(parts, ..) => self.define(&parts.0.name, &parts.1),
            Stmt::Assignment(parts) => {
                self.expression(&parts.1.rhs);
            }
            // The host refuses it.
            Stmt::TryCatch(..) => return,
            Stmt::BreakLoop(given, ..) => given.iter().for_each(|given| self.expression(given)),
            _ => {}
        }
        if value == Value::Given {
            self.show(nothing);
        }
    }

    fn define(&mut self, name: &str, value: &'a Expr) {
        self.expression(value);
        let holds = self.scope.holds(value);
        let is_changing = self.scope.changing.contains(name);
        let types = if is_changing { Types::ANY } else { self.scope.types(value) };
        let known = if is_changing || holds != Holds::Value {
            None
        } else if types.is(Types::BOOL) {
            let yes = self.scope.formula(value, Truth::Holds);
            Some(Known::Truth(yes, self.scope.formula(value, Truth::Fails)))
        } else {
            self.scope.linear(value).map(Known::Number)
        };
        let value = match value {
            _ if is_changing => None,
            Expr::Variable(other, ..) => self.scope.variable(&other.1).and_then(|variable| variable.value),
            value => Some(value),
        };
        self.scope.variables.push(Variable { name: name.to_owned(), holds, types, value, known });
    }

    fn branch(&mut self, statement: &'a Stmt, value: Value, flow: &'a rhai::FlowControl) {
        let place = statement.position();
        let (then, otherwise) = (flow.body.statements(), flow.branch.statements());
        self.condition(&flow.expr, Use::If(then, place));
        let yes = self.scope.formula(&flow.expr, Truth::Holds);
        let no = self.scope.formula(&flow.expr, Truth::Fails);
        self.scope.facts.push(yes.clone());
        self.block(then, value, place);
        self.scope.facts.pop();
        self.scope.facts.push(no.clone());
        self.block(otherwise, value, place);
        self.scope.facts.pop();
        match (leaves(then), leaves(otherwise)) {
            (true, true) => self.scope.facts.push(Formula::Never),
            (true, false) => self.scope.facts.push(no),
            (false, true) => self.scope.facts.push(yes),
            (false, false) => {}
        }
    }

    /// Shows a condition, then what is in it.
    fn condition(&mut self, condition: &'a Expr, of: Use<'a>) {
        self.show(Event::Condition(condition, of));
        self.operand(condition);
    }

    fn operand(&mut self, operand: &'a Expr) {
        self.show(Event::Operand(operand));
        match operand {
            Expr::And(parts, _) | Expr::Or(parts, _) => {
                self.show(Event::Expression(operand));
                // A part is come to only where all before it held, or of alternatives, failed.
                let truth = if matches!(operand, Expr::And(..)) { Truth::Holds } else { Truth::Fails };
                let facts = self.scope.facts.len();
                for part in parts.iter() {
                    self.operand(part);
                    let fact = self.scope.formula(part, truth);
                    self.scope.facts.push(fact);
                }
                self.scope.facts.truncate(facts);
            }
            Expr::FnCall(call, _) if call.is_operator_call() && call.name == "!" => {
                self.show(Event::Expression(operand));
                call.args.iter().for_each(|part| self.operand(part));
            }
            Expr::FnCall(call, _) if is_condition(operand) => {
                self.show(Event::Expression(operand));
                self.arguments(call);
            }
            other => self.expression(other),
        }
    }

    pub fn expression(&mut self, expression: &'a Expr) {
        if is_condition(expression) {
            return self.show_condition(expression);
        }
        self.show(Event::Expression(expression));
        match expression {
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter().for_each(|part| self.expression(part));
            }
            Expr::Coalesce(parts, _) => parts.iter().for_each(|part| self.expression(part)),
            Expr::Map(parts, _) => parts.0.iter().for_each(|(_, value)| self.expression(value)),
            Expr::Stmt(block) => self.block(block.statements(), Value::Dropped, expression.position()),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => self.arguments(call),
            Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
                self.expression(&parts.lhs);
                self.expression(&parts.rhs);
            }
            _ => {}
        }
    }

    fn show_condition(&mut self, condition: &'a Expr) {
        self.show(Event::Condition(condition, Use::Other));
        match condition {
            // Nothing stands around it that asks for true or false.
            Expr::And(..) | Expr::Or(..) => self.operand(condition),
            Expr::FnCall(call, _) => {
                self.show(Event::Expression(condition));
                if call.name == "!" {
                    call.args.iter().for_each(|part| self.operand(part));
                } else {
                    self.arguments(call);
                }
            }
            _ => {}
        }
    }

    fn arguments(&mut self, call: &'a FnCallExpr) {
        call.args.iter().for_each(|argument| self.expression(argument));
    }
}

/// Tells whether some statements never come to their end.
fn leaves(statements: &[Stmt]) -> bool {
    statements.iter().any(|statement| match statement {
        Stmt::Return(..) | Stmt::BreakLoop(..) => true,
        Stmt::If(flow, _) => leaves(flow.body.statements()) && leaves(flow.branch.statements()),
        Stmt::Block(block) => leaves(block.statements()),
        _ => false,
    })
}
