//! The conditions of code that was not reached, and so, of a whole script: what coverage counts.

use std::collections::BTreeSet;

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Scope;
use rhai::Stmt;

use super::super::body::{Body, Program};
use super::super::constants::Constants;
use super::source::Piece;
use super::source::Source;
use super::step::Comparison;
use super::step::Seen;
use super::step::Side;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::words::Standing;

/// A condition as it stands in a script, whatever ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The function that it stands in.
    pub function: String,
    pub line: usize,
    pub column: usize,
    pub source: String,
}

/// The conditions of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Every condition that a trace can show, in the order of the text.
    pub followed: Vec<Condition>,
    /// The lines of loops and switches, which a trace runs whole.
    pub opaque: Vec<usize>,
    /// The functions that are called from such places alone, each with its line: a trace of the script
    /// never comes into them.
    pub unfollowed: Vec<(String, usize)>,
}

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

/// Lists the conditions of a script's functions.
pub(in crate::scripts) fn conditions(text: &str, program: &Program, constants: &Constants) -> Conditions {
    let source = Source::new(text);
    let mut all = Conditions::default();
    let mut outlines: Vec<(&Body, Vec<Step>, BTreeSet<String>)> = Vec::new();
    for body in program.functions() {
        let mut outline = Outline::new(&source, program, constants);
        let mut steps = Vec::new();
        outline.statements(&body.statements, &mut steps);
        all.opaque.append(&mut outline.opaque);
        outlines.push((body, steps, outline.calls));
    }
    // What nothing calls is called by the host, or by nobody.
    let called: BTreeSet<String> = program.functions().iter().flat_map(Body::calls).collect();
    let mut followed: BTreeSet<String> =
        outlines.iter().map(|(body, ..)| body.name.clone()).filter(|name| !called.contains(name)).collect();
    loop {
        let is_entered = |body: &&Body| followed.contains(&body.name);
        let more: BTreeSet<String> = outlines
            .iter()
            .filter(|(body, ..)| is_entered(body))
            .flat_map(|(_, _, calls)| calls.difference(&followed).cloned())
            .collect();
        if more.is_empty() {
            break;
        }
        followed.extend(more);
    }
    for (body, steps, _) in &outlines {
        if !followed.contains(&body.name) {
            let line = body.position.line().unwrap_or(1);
            all.unfollowed.push((body.name.clone(), line));
            continue;
        }
        for step in steps {
            step.visit(&mut |step| {
                if step.is_condition() {
                    all.followed.push(Condition {
                        function: body.name.clone(),
                        line: step.line,
                        column: step.column,
                        source: step.source.clone(),
                    });
                }
            });
        }
    }
    all.followed.sort_by_key(|own| (own.line, own.column));
    all.opaque.sort_unstable();
    all.opaque.dedup();
    all
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
                let mut step = self.step(StepKind::If, self.source.expression(&flow.expr));
                self.condition(&flow.expr, &mut step.steps);
                self.statements(flow.body.statements(), &mut step.steps);
                self.statements(flow.branch.statements(), &mut step.steps);
                out.push(step);
            }
            Stmt::Var(parts, ..) => self.expression(&parts.1, out),
            Stmt::Block(block) => self.statements(block.statements(), out),
            Stmt::Expr(value) => self.expression(value, out),
            Stmt::FnCall(call, _) => {
                self.calls.insert(call.name.to_string());
                call.args.iter().for_each(|argument| self.expression(argument, out));
            }
            Stmt::Return(value, ..) => {
                let mut step = self.step(StepKind::Return, self.source.statement(statement));
                if let Some(value) = value {
                    self.expression(value, &mut step.steps);
                    step.value = value.get_literal_value(None).as_ref().map(Seen::of);
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
        let is_own = |call: &FnCallExpr| self.program.function(&call.name, call.args.len()).is_some();
        match expression {
            Expr::And(..) | Expr::Or(..) | Expr::Stmt(_) | Expr::BoolConstant(..) => {
                self.expression(expression, out);
            }
            Expr::FnCall(call, _) if is_comparison(call) || is_negation(call) => {
                self.expression(expression, out);
            }
            Expr::FnCall(call, _) if is_own(call) => {
                self.calls.insert(call.name.to_string());
                let call_step = self.step(
                    StepKind::Call { function: call.name.to_string() },
                    self.source.expression(expression),
                );
                out.push(call_step);
            }
            other => {
                let words = self.words(other);
                let step = self.step(StepKind::Truth { words }, self.source.expression(other));
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
                let side = |words| Side { words, value: None, is_compound: false };
                let comparison = Comparison {
                    operator: call.name.to_string(),
                    left: side(self.side(&call.args[0])),
                    right: side(self.side(&call.args[1])),
                    distance: None,
                };
                let mut step =
                    self.step(StepKind::Comparison(comparison), self.source.expression(expression));
                call.args.iter().for_each(|argument| self.expression(argument, &mut step.steps));
                out.push(step);
            }
            Expr::FnCall(call, _) => {
                self.calls.insert(call.name.to_string());
                call.args.iter().for_each(|argument| self.expression(argument, out));
            }
            Expr::Coalesce(parts, _) => parts.iter().for_each(|part| self.expression(part, out)),
            Expr::Stmt(block) => self.statements(block.statements(), out),
            _ => {}
        }
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
            rest_holds: None,
        }
    }

    fn words(&self, expression: &Expr) -> String {
        self.standing(|standing| standing.words(expression))
    }

    fn side(&self, expression: &Expr) -> String {
        self.standing(|standing| standing.side(expression))
    }

    fn standing(&self, say: impl FnOnce(&mut Standing<'_, '_>) -> String) -> String {
        let text = |part: &Expr| self.source.expression(part).text;
        let mut ask = |part: &Expr, _: &mut Scope<'static>| constant(part, self.constants);
        say(&mut Standing { constants: self.constants, scope: None, ask: &mut ask, text: &text })
    }
}

/// The value of a literal or of one constant; a group of them needs an engine.
fn constant(expression: &Expr, constants: &Constants) -> Option<rhai::Dynamic> {
    match expression {
        Expr::Variable(name, ..) => constants.value(&name.1).cloned(),
        literal => literal.get_literal_value(None),
    }
}
