//! The conditions of code that was not reached, and what it would have returned.

use std::collections::BTreeSet;

use rhai::ASTFlags;
use rhai::ASTNode;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Scope;
use rhai::Stmt;

use super::super::body::Program;
use super::super::constants::Constants;
use super::comparison::Comparison;
use super::comparison::Form;
use super::comparison::Side;
use super::comparison::turned;
use super::nature::Names;
use super::nature::Nature;
use super::nature::Owner;
use super::seen::Seen;
use super::source::Piece;
use super::source::Source;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::wanted::Wanted;
use super::words::Standing;
use super::words::form;

/// Tells a comparison's operator from others.
pub(super) fn is_comparison(call: &FnCallExpr) -> bool {
    call.is_operator_call()
        && call.args.len() == 2
        && matches!(call.name.as_str(), "==" | "!=" | "<" | "<=" | ">" | ">=")
}

/// Tells whether a call negates a condition.
pub(super) fn is_negation(call: &FnCallExpr) -> bool {
    call.is_operator_call() && call.args.len() == 1 && call.name == "!"
}

/// A walk over code that does not run.
pub(super) struct Outline<'a> {
    pub source: &'a Source<'a>,
    pub program: &'a Program,
    pub constants: &'a Constants,
    /// The lines of what a trace does not take apart.
    pub opaque: Vec<usize>,
    /// The script's own functions that a trace would come into from here.
    pub calls: BTreeSet<String>,
}

impl<'a> Outline<'a> {
    pub fn new(source: &'a Source<'a>, program: &'a Program, constants: &'a Constants) -> Self {
        Self { source, program, constants, opaque: Vec::new(), calls: BTreeSet::new() }
    }
}

impl Outline<'_> {
    /// Adds the conditions of statements, and what they would have returned.
    pub fn statements(&mut self, statements: &[Stmt], out: &mut Vec<Step>) {
        for statement in statements {
            self.statement(statement, out);
        }
        if let Some(Stmt::Expr(last)) = statements.last()
            && matches!(**last, Expr::StringConstant(..))
        {
            let mut step =
                self.step(StepKind::Value { words: self.words(last) }, self.source.expression(last));
            step.value = last.get_literal_value(None).as_ref().map(Seen::of);
            out.push(step);
        }
    }

    fn statement(&mut self, statement: &Stmt, out: &mut Vec<Step>) {
        match statement {
            Stmt::If(flow, _) => {
                let kind = StepKind::If { condition: 0, branch: 0 };
                let mut step = self.step(kind, self.source.expression(&flow.expr));
                self.condition(&flow.expr, &mut step.steps);
                let condition = step.steps.len();
                self.statements(flow.body.statements(), &mut step.steps);
                step.kind = StepKind::If { condition, branch: step.steps.len() - condition };
                self.statements(flow.branch.statements(), &mut step.steps);
                out.push(step);
            }
            Stmt::Var(parts, ..) => self.expression(&parts.1, out),
            Stmt::Block(block) => self.statements(block.statements(), out),
            // A call may fail, or never end.
            Stmt::Expr(value) if matches!(&**value, Expr::FnCall(call, _) if self.is_own(call)) => {
                self.condition(value, out);
            }
            Stmt::Expr(value) => self.expression(value, out),
            Stmt::FnCall(call, _) if self.is_own(call) => {
                self.calls.insert(call.name.to_string());
                let kind = StepKind::Call { function: call.name.to_string() };
                let mut step = self.step(kind, self.source.statement(statement));
                call.args.iter().for_each(|argument| self.expression(argument, &mut step.steps));
                out.push(step);
            }
            Stmt::FnCall(call, _) => call.args.iter().for_each(|argument| self.expression(argument, out)),
            Stmt::Return(value, flags, _) if flags.contains(ASTFlags::BREAK) => {
                value.iter().for_each(|value| self.leaf(value));
                out.push(self.step(StepKind::Opaque, self.source.statement(statement)));
            }
            Stmt::Return(value, ..) => {
                let mut step = self.step(StepKind::Return, self.source.statement(statement));
                if let Some(value) = value {
                    self.expression(value, &mut step.steps);
                    step.value = constant(value, self.constants).as_ref().map(Seen::of);
                }
                out.push(step);
            }
            Stmt::Assignment(parts) => self.expression(&parts.1.rhs, out),
            Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) | Stmt::Switch(..) => {
                self.opaque.extend(statement.position().line());
                out.push(self.step(StepKind::Opaque, self.source.statement(statement)));
            }
            _ => {}
        }
    }

    /// Adds an expression that must be true or false.
    pub fn condition(&mut self, expression: &Expr, out: &mut Vec<Step>) {
        match expression {
            Expr::And(..) | Expr::Or(..) | Expr::Stmt(_) | Expr::BoolConstant(..) => {
                self.expression(expression, out);
            }
            Expr::FnCall(call, _) if is_comparison(call) || is_negation(call) => {
                self.expression(expression, out);
            }
            Expr::FnCall(call, _) if self.is_own(call) => {
                self.calls.insert(call.name.to_string());
                let kind = StepKind::Call { function: call.name.to_string() };
                let mut step = self.step(kind, self.source.expression(expression));
                call.args.iter().for_each(|argument| self.expression(argument, &mut step.steps));
                out.push(step);
            }
            other => {
                let words = self.source.expression(other).text;
                let mut step = self.step(StepKind::Truth { words }, self.source.expression(other));
                self.expression(other, &mut step.steps);
                out.push(step);
            }
        }
    }

    /// Adds the conditions within an expression.
    pub fn expression(&mut self, expression: &Expr, out: &mut Vec<Step>) {
        match expression {
            Expr::And(parts, _) | Expr::Or(parts, _) => {
                let kind = if matches!(expression, Expr::And(..)) { StepKind::All } else { StepKind::Any };
                let mut step = self.step(kind, self.source.expression(expression));
                parts.iter().for_each(|part| self.condition(part, &mut step.steps));
                out.push(step);
            }
            Expr::FnCall(call, _) if is_negation(call) => {
                let mut step = self.step(StepKind::Not, self.source.expression(expression));
                self.condition(&call.args[0], &mut step.steps);
                out.push(step);
            }
            Expr::FnCall(call, _) if is_comparison(call) => {
                let [left, right] = &call.args[..] else { return };
                let side = |expression: &Expr| Side {
                    words: self.words(expression),
                    value: None,
                    form: form(expression, self.constants),
                };
                let mut comparison = Comparison {
                    operator: call.name.to_string(),
                    left: side(left),
                    right: side(right),
                    distance: None,
                };
                let is_of_truths =
                    [&comparison.left, &comparison.right].iter().any(|own| own.form == Form::Truth);
                let texts = [left, right].map(|side| self.source.expression(side).text);
                let texts = texts.each_ref().map(String::as_str);
                if !is_of_truths && self.nature(left).gives_way_to(&self.nature(right), texts) {
                    std::mem::swap(&mut comparison.left, &mut comparison.right);
                    comparison.operator = turned(&call.name).to_owned();
                }
                let mut step =
                    self.step(StepKind::Comparison(comparison), self.source.expression(expression));
                call.args.iter().for_each(|argument| self.expression(argument, &mut step.steps));
                out.push(step);
            }
            Expr::FnCall(call, _) => {
                if self.is_own(call) {
                    self.calls.insert(call.name.to_string());
                }
                call.args.iter().for_each(|argument| self.expression(argument, out));
            }
            Expr::Coalesce(parts, _) => parts.iter().for_each(|part| self.expression(part, out)),
            Expr::Stmt(block) => self.statements(block.statements(), out),
            leaf => self.leaf(leaf),
        }
    }

    /// Notes the line of what a trace runs whole, where there is anything in it to take apart.
    fn leaf(&mut self, leaf: &Expr) {
        leaf.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            let Some(node) = path.last() else { return true };
            let is_condition = match node {
                ASTNode::Expr(Expr::And(..) | Expr::Or(..)) => true,
                ASTNode::Expr(Expr::FnCall(call, _)) => is_comparison(call) || is_negation(call),
                _ => false,
            };
            if is_condition {
                self.opaque.extend(node.position().line());
            }
            true
        });
    }

    /// Tells whether a trace comes into the function of the script that a call names.
    fn is_own(&self, call: &FnCallExpr) -> bool {
        let is_plain = !call.is_operator_call() && !call.capture_parent_scope;
        is_plain && self.program.function(&call.name, call.args.len()).is_some()
    }

    /// What is known of an expression by its text alone.
    fn nature(&self, expression: &Expr) -> Nature {
        let owner = |name: &str| match name {
            "row" => Owner::Row,
            "position" => Owner::Position,
            _ => Owner::Other,
        };
        Names { constants: self.constants, owner: &owner, variable: &|_| None }.nature(expression)
    }

    fn step(&self, kind: StepKind, piece: Piece) -> Step {
        let Piece { line, column, text } = piece;
        Step {
            kind,
            line,
            column,
            source: text,
            state: State::NotReached,
            value: None,
            steps: Vec::new(),
            wanted: Wanted::ToHold,
            is_settled_by_one: false,
        }
    }

    fn words(&self, expression: &Expr) -> String {
        let text = |part: &Expr| self.source.expression(part).text;
        let mut ask = |part: &Expr, _: &mut Scope<'static>| constant(part, self.constants);
        Standing { constants: self.constants, scope: None, ask: &mut ask, text: &text }.words(expression)
    }
}

/// The value of a literal or of one constant; a group of them needs an engine.
fn constant(expression: &Expr, constants: &Constants) -> Option<rhai::Dynamic> {
    match expression {
        Expr::Variable(name, ..) => constants.value(&name.1).cloned(),
        literal => literal.get_literal_value(None),
    }
}
