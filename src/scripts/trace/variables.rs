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
        let (name, value, _) = parts;
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
        self.known.push((name.name.to_string(), nature));
        if flags.contains(ASTFlags::CONSTANT) {
            scope.push_constant_dynamic(name.name.as_str(), value);
        } else {
            scope.push_dynamic(name.name.as_str(), value);
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
