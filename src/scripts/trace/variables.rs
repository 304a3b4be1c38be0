//! How a walk follows what a script gives its variables, and what is known of each.

use rhai::ASTFlags;
use rhai::BinaryExpr;
use rhai::Dynamic;
use rhai::Expr;
use rhai::Ident;
use rhai::OpAssignment;
use rhai::Scope;
use rhai::Stmt;

use super::follow::Follow;
use super::follow::Role;
use super::follow::Walked;
use super::nature::Nature;
use super::seen::Seen;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::wanted::Wanted;

impl Follow<'_> {
    /// Follows the value of a new variable.
    pub(super) fn variable(
        &mut self,
        parts: &(Ident, Expr, Option<std::num::NonZeroUsize>),
        flags: ASTFlags,
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let (name, value, redefined) = parts;
        let piece = self.source.expression(value);
        let kind = StepKind::Let { name: name.name.to_string() };
        let nature = self.nature(value, scope).named(&name.name);
        let value = self.within(kind, piece, out, |own, step| {
            let value = own
                .wanting(Wanted::ToHold, |own| own.expression(value, scope, Role::Value, &mut step.steps))?;
            step.state = State::Done;
            step.value = Some(Seen::of(&value));
            Ok(value)
        })?;
        // Rhai gives a variable of the same name in the same block the slot of the first, and has counted
        // on it where later ones are read.
        let slot = redefined.map_or(scope.len(), |from_end| scope.len().saturating_sub(from_end.get()));
        put(scope, slot, &name.name, flags, value);
        match self.known.iter_mut().rev().find(|(known, _)| redefined.is_some() && *known == *name.name) {
            Some((_, known)) => *known = nature,
            None => self.known.push((name.name.to_string(), nature)),
        }
        Ok(Dynamic::UNIT)
    }

    /// Follows the right side of an assignment, and has Rhai assign what it came to.
    pub(super) fn assignment(
        &mut self,
        whole: &Stmt,
        parts: &(OpAssignment, BinaryExpr),
        scope: &mut Scope<'static>,
        out: &mut Vec<Step>,
    ) -> Walked {
        let (operator, sides) = parts;
        let name = self.source.expression(&sides.lhs).text;
        let nature = match operator.get_op_assignment_info() {
            None => self.nature(&sides.rhs, scope),
            Some(_) => Nature::unknown(&name),
        };
        self.within(StepKind::Let { name: name.clone() }, self.source.statement(whole), out, |own, step| {
            let value = own.wanting(Wanted::ToHold, |own| {
                own.expression(&sides.rhs, scope, Role::Value, &mut step.steps)
            })?;
            let rhs = Expr::DynamicConstant(Box::new(value), sides.rhs.position());
            let assigned = BinaryExpr { lhs: sides.lhs.clone(), rhs };
            drop(own.whole(&Stmt::Assignment(Box::new((operator.clone(), assigned))), scope)?);
            if let Some((_, known)) = own.known.iter_mut().rev().find(|(known, _)| *known == name) {
                *known = nature.named(&name);
            }
            step.state = State::Done;
            let operations = own.operations;
            step.value = own.run(&sides.lhs, scope).ok().as_ref().map(Seen::of);
            own.operations = operations;
            Ok(Dynamic::UNIT)
        })
    }
}

/// Puts a variable into a slot; the slots after it keep their place.
fn put(scope: &mut Scope<'static>, slot: usize, name: &str, flags: ASTFlags, value: Dynamic) {
    let after: Vec<_> = scope.iter().skip(slot.saturating_add(1)).map(owned).collect();
    scope.rewind(slot);
    let fresh = (name.to_owned(), flags.contains(ASTFlags::CONSTANT), value);
    for (name, is_constant, value) in std::iter::once(fresh).chain(after) {
        if is_constant {
            scope.push_constant_dynamic(name, value);
        } else {
            scope.push_dynamic(name, value);
        }
    }
}

fn owned((name, is_constant, value): (&str, bool, Dynamic)) -> (String, bool, Dynamic) {
    (name.to_owned(), is_constant, value)
}
