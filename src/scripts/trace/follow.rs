//! Walks a function as written, statement by statement, and has Rhai itself evaluate each leaf, so
//! that every value and every comparison is exactly the interpreter's.
//!
//! What it does not take apart (loops and `switch`) Rhai runs whole, as one step.

use rhai::ASTFlags;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::Expr;
use rhai::Scope;
use rhai::Stmt;

use super::super::body::Body;
use super::super::compile::Compiled;
use super::nature::Nature;
use super::outline::Outline;
use super::seen::Seen;
use super::source::Piece;
use super::source::Source;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::wanted;
use super::wanted::Wanted;

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
    /// What was asked aside used so far.
    pub(super) aside: u64,
    /// What is wanted of the conditions that are followed.
    pub(super) wanted: Wanted,
    /// What is known of the variables of the function, the newest last.
    pub(super) known: Vec<(String, Nature)>,
}

impl<'a> Follow<'a> {
    pub fn new(engine: &'a Engine, script: &'a Compiled, source: &'a Source<'a>) -> Self {
        Self {
            engine,
            script,
            source,
            operations: 0,
            steps: 0,
            depth: 0,
            aside: 0,
            wanted: Wanted::ToHold,
            known: Vec::new(),
        }
    }

    /// Calls a function of the script with these arguments, of which so much is known.
    pub fn function(
        &mut self,
        body: &Body,
        arguments: Vec<Dynamic>,
        natures: Vec<Nature>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let known = body.params.iter().cloned().zip(natures).collect();
        let outside = std::mem::replace(&mut self.known, known);
        let mut scope = self.script.constants.scope();
        for (name, value) in body.params.iter().zip(arguments) {
            scope.push_dynamic(name.as_str(), value);
        }
        self.depth += 1;
        let outcome = self.statements(&body.statements, &mut scope, out);
        self.depth -= 1;
        self.known = outside;
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
        let (outside, known) = (scope.len(), self.known.len());
        let outcome = self.statements(statements, scope, out);
        scope.rewind(outside);
        self.known.truncate(known);
        outcome
    }

    fn statements(&mut self, statements: &[Stmt], scope: &mut Scope<'static>, out: &mut Vec<Step>) -> Walked {
        let mut last = Dynamic::UNIT;
        for (place, statement) in statements.iter().enumerate() {
            let is_last = place + 1 == statements.len();
            let before = out.len();
            match self.statement(statement, is_last, scope, out) {
                Ok(value) => {
                    if !is_last {
                        drop_values(&mut out[before..]);
                    }
                    last = value;
                }
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
                let kind = StepKind::If { condition: 0, branch: 0 };
                self.within(kind, piece, out, |own, step| {
                    let (body, branch) = (flow.body.statements(), flow.branch.statements());
                    let wanted = wanted::of_condition(body, own.wanted);
                    let holds = own.wanting(wanted, |own| own.holds(&flow.expr, scope, &mut step.steps));
                    let condition = step.steps.len();
                    step.state = match &holds {
                        Ok(true) => State::Passed,
                        Ok(false) => State::Failed,
                        Err(_) => State::Erred,
                    };
                    let ran = match holds {
                        Ok(true) => own.block(body, scope, &mut step.steps),
                        other => {
                            own.outline().statements(body, &mut step.steps);
                            other.map(|_| Dynamic::UNIT)
                        }
                    };
                    step.kind = StepKind::If { condition, branch: step.steps.len() - condition };
                    if step.state == State::Failed {
                        return own.block(branch, scope, &mut step.steps);
                    }
                    own.outline().statements(branch, &mut step.steps);
                    ran
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
            Stmt::Var(parts, flags, _) => self.variable(parts, *flags, scope, out),
            Stmt::Assignment(parts) => self.assignment(statement, parts, scope, out),
            Stmt::Expr(value) => self.answer(value, is_last, scope, out),
            Stmt::FnCall(call, place) => {
                self.answer(&Expr::FnCall(call.clone(), *place), is_last, scope, out)
            }
            whole => {
                let piece = self.source.statement(whole);
                self.within(StepKind::Opaque, piece, out, |own, step| {
                    // It may give its variables values of any kind.
                    own.known.iter_mut().for_each(|(name, own)| *own = Nature::unknown(name).named(name));
                    let value = own.whole(whole, scope)?;
                    step.state = State::Done;
                    step.value = is_last.then(|| Seen::of(&value)).filter(|seen| *seen != Seen::Nothing(()));
                    Ok(value)
                })
            }
        }
    }

    /// Follows conditions of which this is wanted.
    pub(super) fn wanting<T>(&mut self, wanted: Wanted, follow: impl FnOnce(&mut Self) -> T) -> T {
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
            wanted: self.wanted,
            is_settled_by_one: false,
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

/// Marks what blocks gave from which the function went on: an `if` that does not stand last gives its value to
/// nobody.
fn drop_values(steps: &mut [Step]) {
    for step in steps {
        match &mut step.kind {
            StepKind::Value { words } if step.state == State::Done => {
                step.kind = StepKind::Dropped { words: std::mem::take(words) };
            }
            StepKind::If { condition, .. } => {
                let condition = (*condition).min(step.steps.len());
                drop_values(&mut step.steps[condition..]);
            }
            _ => {}
        }
    }
}
