//! How a walk takes an expression apart: connectives, negations, comparisons and calls of the
//! script's own functions. Every other expression is a leaf, which Rhai evaluates whole.

use rhai::AST;
use rhai::ASTFlags;
use rhai::Dynamic;
use rhai::EvalAltResult;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Ident;
use rhai::Position;
use rhai::Scope;
use rhai::Stmt;

use super::super::body::Body;
use super::super::engine::MAX_CALL_LEVELS;
use super::super::engine::MAX_OPERATIONS;
use super::super::engine::counted;
use super::distance::Distance;
use super::distance::Pair;
use super::follow::Follow;
use super::follow::Role;
use super::follow::Stop;
use super::follow::Walked;
use super::outline::is_comparison;
use super::outline::is_negation;
use super::step::Comparison;
use super::step::Seen;
use super::step::Side;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::words::Standing;
use super::words::is_compound;

/// What an expression's value is called while it is looked at; no script can write this name.
const ANSWER: &str = "its value";

impl<'a> Follow<'a> {
    /// Follows a condition to its truth.
    pub(super) fn holds(
        &mut self,
        expression: &Expr,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Result<bool, Stop> {
        let value = self.expression(expression, scope, Role::Condition, out)?;
        if let Ok(truth) = value.as_bool() {
            return Ok(truth);
        }
        // Rhai refuses the value in its own words.
        let literal = Expr::DynamicConstant(Box::new(value), expression.position());
        let refused =
            self.run(&Expr::And(Box::new([literal].into_iter().collect()), expression.position()), scope)?;
        refused.as_bool().map_err(|_| Stop::TooLong)
    }

    /// Follows an expression to its value.
    pub(super) fn expression(
        &mut self,
        expression: &Expr,
        scope: &mut Scope<'static>,
        role: Role,
        out: &mut Vec<Step>,
    ) -> Walked {
        match expression {
            Expr::And(parts, _) => self.joined(parts, false, expression, scope, out),
            Expr::Or(parts, _) => self.joined(parts, true, expression, scope, out),
            Expr::FnCall(call, place) if is_negation(call) => {
                let piece = self.source.expression(expression);
                self.within(StepKind::Not, piece, out, |own, step| {
                    let wanted = !own.wanted;
                    let value = own.wanting(wanted, |own| {
                        own.expression(&call.args[0], scope, Role::Condition, &mut step.steps)
                    })?;
                    let value = own.apply(call, *place, vec![value], scope)?;
                    step.settle(&value);
                    Ok(value)
                })
            }
            Expr::FnCall(call, place) if is_comparison(call) => {
                self.comparison(call, *place, expression, scope, out)
            }
            Expr::FnCall(call, _) if self.own(call).is_some() && self.depth < MAX_CALL_LEVELS => {
                self.call(call, expression, scope, role, out)
            }
            Expr::Stmt(block) => self.block(block.statements(), scope, out),
            Expr::FnCall(call, place) if call.args.iter().any(|argument| self.is_followed(argument)) => {
                let mut values = Vec::with_capacity(call.args.len());
                for argument in &call.args {
                    values.push(self.expression(argument, scope, Role::Value, out)?);
                }
                let value = self.apply(call, *place, values, scope)?;
                self.truth(&value, expression, role, out)?;
                Ok(value)
            }
            Expr::Coalesce(parts, _) if parts.iter().any(|part| self.is_followed(part)) => {
                let mut value = Dynamic::UNIT;
                for part in parts.iter() {
                    value = self.expression(part, scope, Role::Value, out)?;
                    if !value.is_unit() {
                        break;
                    }
                }
                self.truth(&value, expression, role, out)?;
                Ok(value)
            }
            leaf => {
                let value = self.run(leaf, scope)?;
                self.truth(&value, leaf, role, out)?;
                Ok(value)
            }
        }
    }

    /// Shows a condition that is a value by itself.
    fn truth(
        &mut self,
        value: &Dynamic,
        expression: &Expr,
        role: Role,
        out: &mut Vec<Step>,
    ) -> Result<(), Stop> {
        if role == Role::Value || matches!(expression, Expr::BoolConstant(..)) {
            return Ok(());
        }
        let words = self.source.expression(expression).text;
        let mut step = self.step(StepKind::Truth { words }, self.source.expression(expression))?;
        step.settle(value);
        out.push(step);
        Ok(())
    }

    fn joined(
        &mut self,
        parts: &[Expr],
        settles: bool,
        whole: &Expr,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let kind = if settles { StepKind::Any } else { StepKind::All };
        let piece = self.source.expression(whole);
        self.within(kind, piece, out, |own, step| {
            let mut value = !settles;
            for (place, part) in parts.iter().enumerate() {
                let holds = own.holds(part, scope, &mut step.steps);
                if !matches!(holds, Ok(holds) if holds != settles) {
                    let rest = &parts[place + 1..];
                    step.rest_holds = own.would_hold(rest, scope);
                    let mut outline = own.outline();
                    rest.iter().for_each(|part| outline.condition(part, &mut step.steps));
                    value = holds?;
                    break;
                }
            }
            let value = Dynamic::from_bool(value);
            step.settle(&value);
            Ok(value)
        })
    }

    /// Tells whether conditions that the script skipped would all have held; `None` where one errs.
    /// They are asked of a copy of the variables, and what they use is no part of what the script used.
    fn would_hold(&mut self, skipped: &[Expr], scope: &Scope<'static>) -> Option<bool> {
        let operations = self.operations;
        let mut aside = scope.clone();
        let truths: Option<Vec<bool>> =
            skipped.iter().map(|part| self.run(part, &mut aside).ok()?.as_bool().ok()).collect();
        self.operations = operations;
        truths.map(|truths| truths.into_iter().all(|truth| truth))
    }

    fn comparison(
        &mut self,
        call: &FnCallExpr,
        place: Position,
        whole: &Expr,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let comparison = Comparison {
            operator: call.name.to_string(),
            left: Side::default(),
            right: Side::default(),
            distance: None,
        };
        let piece = self.source.expression(whole);
        self.within(StepKind::Comparison(comparison), piece, out, |own, step| {
            let mut sides = [Side::default(), Side::default()];
            let mut values = Vec::with_capacity(2);
            let mut stopped = None;
            for (side, argument) in sides.iter_mut().zip(&call.args) {
                side.words = own.side(argument, scope);
                side.is_compound = is_compound(argument, &own.script.constants);
                if stopped.is_some() {
                    continue;
                }
                match own.expression(argument, scope, Role::Value, &mut step.steps) {
                    Ok(value) => {
                        side.value = Some(Seen::of(&value));
                        values.push(value);
                    }
                    Err(stop) => stopped = Some(stop),
                }
            }
            let numbers = sides.each_ref().map(|side| side.value.as_ref().and_then(Seen::number));
            let [left, right] = sides;
            let StepKind::Comparison(shown) = &mut step.kind else { return Err(Stop::TooLong) };
            (shown.left, shown.right) = (left, right);
            if let Some(stop) = stopped {
                return Err(stop);
            }
            let value = own.apply(call, place, values, scope)?;
            if let (Ok(truth), [Some(left), Some(right)]) = (value.as_bool(), numbers)
                && truth != own.wanted
                && let [a, b] = &call.args[..]
                && let StepKind::Comparison(shown) = &mut step.kind
            {
                let pair = Pair { operator: &call.name, sides: [a, b], values: [left, right] };
                let measure = if truth { Distance::to_failing } else { Distance::to_holding };
                shown.distance = measure(&pair, &own.script.constants);
            }
            step.settle(&value);
            Ok(value)
        })
    }

    fn call(
        &mut self,
        call: &FnCallExpr,
        whole: &Expr,
        scope: &mut Scope<'static>,
        role: Role,
        out: &mut Vec<Step>,
    ) -> Walked {
        let script = self.script;
        let Some(body) = script.program.function(&call.name, call.args.len()) else {
            return self.run(whole, scope);
        };
        let kind = StepKind::Call { function: call.name.to_string() };
        let piece = self.source.expression(whole);
        self.within(kind, piece, out, |own, step| {
            let mut values = Vec::with_capacity(call.args.len());
            for argument in &call.args {
                values.push(own.expression(argument, scope, Role::Value, &mut step.steps)?);
            }
            let value = own.function(body, values, &mut step.steps)?;
            step.state = State::Done;
            step.value = Some(Seen::of(&value));
            if role == Role::Condition || value.is_bool() {
                step.settle(&value);
            }
            Ok(value)
        })
    }

    /// The script's own function behind a call, where it is one.
    fn own(&self, call: &FnCallExpr) -> Option<&'a Body> {
        let is_plain = !call.is_operator_call() && !call.capture_parent_scope;
        is_plain.then(|| self.script.program.function(&call.name, call.args.len())).flatten()
    }

    /// Tells whether an expression holds anything that a trace shows.
    fn is_followed(&self, expression: &Expr) -> bool {
        match expression {
            Expr::And(..) | Expr::Or(..) | Expr::Stmt(_) => true,
            Expr::FnCall(call, _) => {
                is_comparison(call)
                    || is_negation(call)
                    || self.own(call).is_some()
                    || call.args.iter().any(|argument| self.is_followed(argument))
            }
            Expr::Coalesce(parts, _) => parts.iter().any(|part| self.is_followed(part)),
            _ => false,
        }
    }

    /// Has Rhai apply an operator or a built-in function to values.
    fn apply(
        &mut self,
        call: &FnCallExpr,
        place: Position,
        values: Vec<Dynamic>,
        scope: &mut Scope<'static>,
    ) -> Walked {
        let mut applied = call.clone();
        for (argument, value) in applied.args.iter_mut().zip(values) {
            *argument = Expr::DynamicConstant(Box::new(value), argument.position());
        }
        self.run(&Expr::FnCall(Box::new(applied), place), scope)
    }

    /// Has Rhai evaluate an expression where it stands.
    ///
    /// Its value is caught in a variable: where that was never made, a `return` inside was taken.
    pub(super) fn run(&mut self, expression: &Expr, scope: &mut Scope<'static>) -> Walked {
        let outside = scope.len();
        let place = expression.position();
        let name = Ident { name: ANSWER.into(), pos: place };
        let caught = Stmt::Var(Box::new((name, expression.clone(), None)), ASTFlags::empty(), place);
        let ast = AST::new([caught], self.script.ast.shared_lib().clone());
        let (outcome, operations) = counted(|| self.engine.eval_ast_with_scope::<Dynamic>(scope, &ast));
        self.operations = self.operations.saturating_add(operations);
        if self.operations > MAX_OPERATIONS {
            scope.rewind(outside);
            return Err(Stop::Error(Box::new(EvalAltResult::ErrorTooManyOperations(place))));
        }
        let returned = outcome.map_err(Stop::Error);
        let caught = if scope.len() > outside { scope.get(ANSWER).cloned() } else { None };
        scope.rewind(outside);
        match (returned?, caught) {
            (_, Some(value)) => Ok(value),
            (value, None) => Err(Stop::Return(value)),
        }
    }

    pub(super) fn words(&mut self, expression: &Expr, scope: &mut Scope<'static>) -> String {
        self.standing(scope, |standing| standing.words(expression))
    }

    fn side(&mut self, expression: &Expr, scope: &mut Scope<'static>) -> String {
        self.standing(scope, |standing| standing.side(expression))
    }

    /// Says something where the walk stands.
    fn standing(
        &mut self,
        scope: &mut Scope<'static>,
        say: impl FnOnce(&mut Standing<'_, '_>) -> String,
    ) -> String {
        let (script, source) = (self.script, self.source);
        let text = |part: &Expr| source.expression(part).text;
        // What is read for the words alone is no part of what the script used.
        let operations = self.operations;
        let mut ask = |part: &Expr, scope: &mut Scope<'static>| self.run(part, scope).ok();
        let mut standing =
            Standing { constants: &script.constants, scope: Some(scope), ask: &mut ask, text: &text };
        let words = say(&mut standing);
        self.operations = operations;
        words
    }
}
