//! How a walk takes an expression apart: connectives, negations, comparisons and calls of the
//! script's own functions. Every other expression is a leaf, which Rhai evaluates whole.

use rhai::Dynamic;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;
use rhai::Scope;

use super::super::body::Body;
use super::super::engine::MAX_CALL_LEVELS;
use super::comparison::Comparison;
use super::comparison::Form;
use super::comparison::Side;
use super::comparison::negated;
use super::comparison::turned;
use super::distance::Distance;
use super::follow::Follow;
use super::follow::Role;
use super::follow::Stop;
use super::follow::Walked;
use super::nature::Nature;
use super::outline::is_comparison;
use super::outline::is_negation;
use super::seen::Seen;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::wanted::Wanted;
use super::words::form;

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
                    let value = own.wanting(own.wanted.negated(), |own| {
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
                let mut inner = Vec::new();
                let value = self.wanting(Wanted::Either, |own| {
                    let mut values = Vec::with_capacity(call.args.len());
                    for argument in &call.args {
                        values.push(own.expression(argument, scope, Role::Value, &mut inner)?);
                    }
                    own.apply(call, *place, values, scope)
                });
                self.truth(value, inner, expression, role, out)
            }
            Expr::Coalesce(parts, _) if parts.iter().any(|part| self.is_followed(part)) => {
                let mut inner = Vec::new();
                let value = self.wanting(Wanted::Either, |own| {
                    let mut value = Dynamic::UNIT;
                    for part in parts.iter() {
                        value = own.expression(part, scope, Role::Value, &mut inner)?;
                        if !value.is_unit() {
                            break;
                        }
                    }
                    Ok(value)
                });
                self.truth(value, inner, expression, role, out)
            }
            leaf => {
                let value = self.run(leaf, scope)?;
                self.truth(Ok(value), Vec::new(), leaf, role, out)
            }
        }
    }

    /// Shows a condition that is a value by itself, with what happened within it.
    fn truth(
        &mut self,
        value: Walked,
        mut inner: Vec<Step>,
        expression: &Expr,
        role: Role,
        out: &mut Vec<Step>,
    ) -> Walked {
        if role == Role::Value || matches!(expression, Expr::BoolConstant(..)) {
            out.append(&mut inner);
            return value;
        }
        let words = self.source.expression(expression).text;
        let mut step = self.step(StepKind::Truth { words }, self.source.expression(expression))?;
        step.steps = inner;
        match &value {
            Ok(value) => step.settle(value),
            Err(Stop::Return(_)) => step.state = State::Done,
            Err(Stop::Error(_) | Stop::TooLong) => {}
        }
        out.push(step);
        value
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
                    step.is_settled_by_one = holds.is_ok() && own.all_come_to(!settles, rest, scope);
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

    fn comparison(
        &mut self,
        call: &FnCallExpr,
        place: Position,
        whole: &Expr,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let [left, right] = &call.args[..] else { return self.run(whole, scope) };
        let natures = [left, right].map(|side| self.nature(side, scope));
        let forms = [left, right].map(|side| form(side, &self.script.constants));
        // Two conditions that are compared have no level.
        let texts = [left, right].map(|side| self.source.expression(side).text);
        let is_turned = !forms.contains(&Form::Truth)
            && natures[0].gives_way_to(&natures[1], texts.each_ref().map(String::as_str));
        let operator = if is_turned { turned(&call.name) } else { &call.name };
        let comparison = Comparison {
            operator: operator.to_owned(),
            left: Side::default(),
            right: Side::default(),
            distance: None,
        };
        let piece = self.source.expression(whole);
        self.within(StepKind::Comparison(comparison), piece, out, |own, step| {
            let mut sides = [Side::default(), Side::default()];
            let mut values = Vec::with_capacity(2);
            let mut stopped = None;
            for ((side, form), argument) in sides.iter_mut().zip(forms).zip([left, right]) {
                side.words = own.words(argument, scope);
                side.form = form;
                if stopped.is_some() {
                    continue;
                }
                let followed = own.wanting(Wanted::Either, |own| {
                    own.expression(argument, scope, Role::Value, &mut step.steps)
                });
                match followed {
                    Ok(value) => {
                        side.value = Some(Seen::of(&value));
                        values.push(value);
                    }
                    Err(stop) => stopped = Some(stop),
                }
            }
            // Rhai evaluates as written, people read of what moves.
            if is_turned {
                sides.reverse();
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
                && step.wanted.is_missed_by(truth)
                && let StepKind::Comparison(shown) = &mut step.kind
            {
                let lacking = if truth { negated(operator) } else { operator };
                let unit = natures[usize::from(is_turned)].compared_with(&natures[usize::from(!is_turned)]);
                let moves = natures.iter().any(|nature| nature.moves);
                shown.distance = Distance::of(lacking, left, right, unit, moves);
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
            let natures: Vec<Nature> = call.args.iter().map(|argument| own.nature(argument, scope)).collect();
            let values = own.wanting(Wanted::Either, |own| {
                let mut values = Vec::with_capacity(call.args.len());
                for argument in &call.args {
                    values.push(own.expression(argument, scope, Role::Value, &mut step.steps)?);
                }
                Ok(values)
            })?;
            let value = own.function(body, values, natures, &mut step.steps)?;
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
}
