//! Walks a function as written, statement by statement, and has Rhai itself evaluate each leaf, so
//! that every value and every comparison is exactly the interpreter's.
//!
//! What it does not take apart (loops and `switch`) Rhai runs whole, as one step.

use rhai::ASTFlags;
use rhai::BinaryExpr;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::Expr;
use rhai::OpAssignment;
use rhai::Position;
use rhai::Scope;
use rhai::Stmt;

use super::super::body::Body;
use super::super::compile::Compiled;
use super::outline::Outline;
use super::source::Piece;
use super::source::Source;
use super::step::Seen;
use super::step::State;
use super::step::Step;
use super::step::StepKind;

/// Steps of one trace; more than a person reads.
const MAX_STEPS: usize = 10_000;

/// Why a walk ended before the end of the text.
pub(super) enum Stop {
    /// A `return` was taken.
    Return(Dynamic),
    Error(Box<EvalAltResult>),
    /// There is more to show than anyone reads.
    TooLong,
}

pub(super) type Walked = Result<Dynamic, Stop>;

/// What an expression is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Whether it holds.
    Condition,
    Value,
}

/// The walk over one call of a function.
pub(super) struct Follow<'a> {
    pub(super) engine: &'a Engine,
    pub(super) script: &'a Compiled,
    pub(super) source: &'a Source<'a>,
    /// What the leaves used so far; the limit of one call holds for them together.
    pub(super) operations: u64,
    steps: usize,
    /// Calls within calls.
    pub(super) depth: usize,
    /// What is wanted of the conditions that are followed: under a `!` that they fail.
    pub(super) wanted: bool,
}

impl<'a> Follow<'a> {
    pub fn new(engine: &'a Engine, script: &'a Compiled, source: &'a Source<'a>) -> Self {
        Self { engine, script, source, operations: 0, steps: 0, depth: 0, wanted: true }
    }

    /// Calls a function of the script with these arguments.
    pub fn function(&mut self, body: &Body, arguments: Vec<Dynamic>, out: &mut Vec<Step>) -> Walked {
        let mut scope = self.script.constants.scope();
        for (name, value) in body.params.iter().zip(arguments) {
            scope.push_dynamic(name.as_str(), value);
        }
        self.depth += 1;
        let outcome = self.statements(&body.statements, &mut scope, out);
        self.depth -= 1;
        match outcome {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }

    pub(super) fn block(
        &mut self,
        statements: &[Stmt],
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let outside = scope.len();
        let outcome = self.statements(statements, scope, out);
        scope.rewind(outside);
        outcome
    }

    fn statements(&mut self, statements: &[Stmt], scope: &mut Scope<'static>, out: &mut Vec<Step>) -> Walked {
        let mut last = Dynamic::UNIT;
        for (place, statement) in statements.iter().enumerate() {
            let is_last = place + 1 == statements.len();
            match self.statement(statement, is_last, scope, out) {
                Ok(value) => last = value,
                Err(stop) => {
                    self.outline().statements(&statements[place + 1..], out);
                    return Err(stop);
                }
            }
        }
        Ok(last)
    }

    fn statement(
        &mut self,
        statement: &Stmt,
        is_last: bool,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        match statement {
            Stmt::Noop(_) => Ok(Dynamic::UNIT),
            Stmt::Block(block) => self.block(block.statements(), scope, out),
            Stmt::If(flow, _) => {
                let piece = self.source.expression(&flow.expr);
                self.within(StepKind::If, piece, out, |own, step| {
                    let (body, branch) = (flow.body.statements(), flow.branch.statements());
                    let wanted = own.is_wanted(body);
                    let holds = own.wanting(wanted, |own| own.holds(&flow.expr, scope, &mut step.steps));
                    step.state = match &holds {
                        Ok(true) => State::Passed,
                        Ok(false) => State::Failed,
                        Err(_) => State::Erred,
                    };
                    match holds {
                        Ok(true) => {
                            let outcome = own.block(body, scope, &mut step.steps);
                            own.outline().statements(branch, &mut step.steps);
                            outcome
                        }
                        Ok(false) => {
                            own.outline().statements(body, &mut step.steps);
                            own.block(branch, scope, &mut step.steps)
                        }
                        Err(stop) => {
                            let mut outline = own.outline();
                            outline.statements(body, &mut step.steps);
                            outline.statements(branch, &mut step.steps);
                            Err(stop)
                        }
                    }
                })
            }
            Stmt::Return(value, flags, _) if !flags.contains(ASTFlags::BREAK) => {
                let piece = self.source.statement(statement);
                let value = self.within(StepKind::Return, piece, out, |own, step| {
                    let value = match value {
                        Some(value) => own.expression(value, scope, Role::Value, &mut step.steps)?,
                        None => Dynamic::UNIT,
                    };
                    step.state = State::Done;
                    step.value = Some(Seen::of(&value));
                    Ok(value)
                })?;
                Err(Stop::Return(value))
            }
            Stmt::Var(parts, flags, _) => {
                let (name, value, _) = &**parts;
                let piece = self.source.expression(value);
                let kind = StepKind::Let { name: name.name.to_string() };
                let value = self.within(kind, piece, out, |own, step| {
                    let value = own.expression(value, scope, Role::Value, &mut step.steps)?;
                    step.state = State::Done;
                    step.value = Some(Seen::of(&value));
                    Ok(value)
                })?;
                if flags.contains(ASTFlags::CONSTANT) {
                    scope.push_constant_dynamic(name.name.as_str(), value);
                } else {
                    scope.push_dynamic(name.name.as_str(), value);
                }
                Ok(Dynamic::UNIT)
            }
            Stmt::Assignment(parts) => self.assignment(statement, parts, scope, out),
            Stmt::Expr(value) => self.answer(value, is_last, scope, out),
            Stmt::FnCall(call, place) => {
                self.answer(&Expr::FnCall(call.clone(), *place), is_last, scope, out)
            }
            whole => {
                let piece = self.source.statement(whole);
                self.within(StepKind::Opaque, piece, out, |own, step| {
                    let value = own.whole(whole, scope)?;
                    step.state = State::Done;
                    step.value = is_last.then(|| Seen::of(&value)).filter(|seen| *seen != Seen::Nothing(()));
                    Ok(value)
                })
            }
        }
    }

    /// Follows the right side of an assignment, and has Rhai assign what it came to.
    fn assignment(
        &mut self,
        whole: &Stmt,
        parts: &(OpAssignment, BinaryExpr),
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let (operator, sides) = parts;
        let name = self.source.expression(&sides.lhs).text;
        self.within(StepKind::Let { name }, self.source.statement(whole), out, |own, step| {
            let value = own.expression(&sides.rhs, scope, Role::Value, &mut step.steps)?;
            let rhs = Expr::DynamicConstant(Box::new(value), sides.rhs.position());
            let assigned = BinaryExpr { lhs: sides.lhs.clone(), rhs };
            drop(own.whole(&Stmt::Assignment(Box::new((operator.clone(), assigned))), scope)?);
            step.state = State::Done;
            step.value = own.run(&sides.lhs, scope).ok().as_ref().map(Seen::of);
            Ok(Dynamic::UNIT)
        })
    }

    /// Has Rhai run a statement whole.
    fn whole(&mut self, statement: &Stmt, scope: &mut Scope<'static>) -> Walked {
        let block = rhai::StmtBlock::new([statement.clone()], statement.position(), Position::NONE);
        self.run(&Expr::Stmt(Box::new(block)), scope)
    }

    /// Tells whether a branch is one that is wanted: not a guard, which leaves with nothing or with
    /// the truth that is not wanted.
    fn is_wanted(&self, branch: &[Stmt]) -> bool {
        match branch {
            [Stmt::Return(None, ..)] => false,
            [Stmt::Return(Some(value), ..)] | [Stmt::Expr(value)] => match &**value {
                Expr::Unit(_) => false,
                Expr::BoolConstant(truth, _) => *truth == self.wanted,
                _ => true,
            },
            _ => true,
        }
    }

    /// Follows conditions of which `wanted` is wanted.
    pub(super) fn wanting<T>(&mut self, wanted: bool, follow: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::replace(&mut self.wanted, wanted);
        let followed = follow(self);
        self.wanted = outside;
        followed
    }

    /// Follows an expression that stands as a statement; the last one is what the block gives.
    fn answer(
        &mut self,
        expression: &Expr,
        is_last: bool,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let before = out.len();
        let outcome = self.expression(expression, scope, Role::Value, out);
        let is_said = out[before..].iter().any(|step| step.is_condition() || step.is_joined());
        let is_shown = match &outcome {
            Ok(_) => is_last && !is_said,
            Err(Stop::Error(_)) => out.len() == before,
            Err(Stop::Return(_) | Stop::TooLong) => false,
        };
        if !is_shown {
            return outcome;
        }
        let words = self.words(expression, scope);
        let mut step = self.step(StepKind::Value { words }, self.source.expression(expression))?;
        if let Ok(value) = &outcome {
            step.state = State::Done;
            step.value = Some(Seen::of(value));
        }
        out.push(step);
        outcome
    }

    pub(super) fn outline(&self) -> Outline<'a> {
        Outline::new(self.source, &self.script.program, &self.script.constants)
    }

    pub(super) fn step(&mut self, kind: StepKind, piece: Piece) -> Result<Step, Stop> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Stop::TooLong);
        }
        let Piece { line, column, text } = piece;
        Ok(Step {
            kind,
            line,
            column,
            source: text,
            state: State::Erred,
            value: None,
            steps: Vec::new(),
            rest_holds: None,
        })
    }

    /// Makes a step that is shown however what happens within it ends.
    pub(super) fn within(
        &mut self,
        kind: StepKind,
        piece: Piece,
        out: &mut Vec<Step>,
        walk: impl FnOnce(&mut Self, &mut Step) -> Walked,
    ) -> Walked {
        let mut step = self.step(kind, piece)?;
        let outcome = walk(self, &mut step);
        if step.state == State::Erred && matches!(outcome, Err(Stop::Return(_))) {
            step.state = State::Done;
        }
        out.push(step);
        outcome
    }
}
