//! What a walk has Rhai do: evaluate a leaf, apply an operator to values, and answer what the script
//! did not ask, aside from it.

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
use rhai::StmtBlock;

use super::super::engine::MAX_OPERATIONS;
use super::super::engine::counted;
use super::super::row::PositionView;
use super::super::row::Row;
use super::follow::Follow;
use super::follow::Stop;
use super::follow::Walked;
use super::nature::Names;
use super::nature::Nature;
use super::nature::Owner;
use super::words::Standing;

/// What an expression's value is called while it is looked at; no script can write this name.
const ANSWER: &str = "its value";

impl Follow<'_> {
    /// Has Rhai apply an operator or a built-in function to values.
    pub(super) fn apply(
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

    /// Has Rhai run a statement whole.
    pub(super) fn whole(&mut self, statement: &Stmt, scope: &mut Scope<'static>) -> Walked {
        let block = StmtBlock::new([statement.clone()], statement.position(), Position::NONE);
        self.run(&Expr::Stmt(Box::new(block)), scope)
    }

    /// Tells whether conditions that the script skipped would all have come to one truth; no where one
    /// errs. They are asked of a copy of the variables, within a limit of their own.
    pub(super) fn all_come_to(&mut self, truth: bool, skipped: &[Expr], scope: &Scope<'static>) -> bool {
        let own = std::mem::replace(&mut self.operations, self.aside);
        let mut copy = scope.clone();
        let is_so = skipped
            .iter()
            .all(|part| self.run(part, &mut copy).is_ok_and(|value| value.as_bool() == Ok(truth)));
        self.aside = std::mem::replace(&mut self.operations, own);
        is_so
    }

    /// Returns what is known of an expression where the walk stands.
    pub(super) fn nature(&self, expression: &Expr, scope: &Scope<'static>) -> Nature {
        let owner = |name: &str| match scope.get(name) {
            Some(value) if value.is::<Row>() => Owner::Row,
            Some(value) if value.is::<PositionView>() => Owner::Position,
            _ => Owner::Other,
        };
        let variable = |name: &str| {
            let own = self.known.iter().rev().find(|(own, _)| own == name);
            own.map(|(_, nature)| nature.clone())
        };
        let names = Names { constants: &self.script.constants, owner: &owner, variable: &variable };
        names.nature(expression)
    }

    /// Says an expression where the walk stands.
    pub(super) fn words(&mut self, expression: &Expr, scope: &mut Scope<'static>) -> String {
        let (script, source) = (self.script, self.source);
        let text = |part: &Expr| source.expression(part).text;
        // What is read for the words alone is no part of what the script used.
        let operations = self.operations;
        let mut ask = |part: &Expr, scope: &mut Scope<'static>| self.run(part, scope).ok();
        let mut standing =
            Standing { constants: &script.constants, scope: Some(scope), ask: &mut ask, text: &text };
        let words = standing.words(expression);
        self.operations = operations;
        words
    }
}
