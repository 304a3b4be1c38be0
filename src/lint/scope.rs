//! What is known at one place of a function: its variables, their types, and what must hold for
//! the place to be reached.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Stmt;

use super::formula::Formula;
use super::linear::Linear;
use super::nodes::property;
use super::ranges::Range;
use super::script::Holds;
use super::script::Script;
use super::types;
use super::types::Types;
use crate::features::Feature;

/// A variable in sight.
#[derive(Clone, Debug)]
pub(super) struct Variable<'a> {
    pub name: String,
    pub holds: Holds,
    pub types: Types,
    /// What it is set to, where it is set once only.
    pub value: Option<&'a Expr>,
    /// What that is.
    pub known: Option<Known>,
}

/// The value of a variable that never changes.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Number(Linear),
    /// What holds where it is true, and where it is false.
    Truth(Formula, Formula),
}

/// What is known at a place.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub script: &'a Script<'a>,
    pub variables: Vec<Variable<'a>>,
    /// Variables of the function that are set more than once.
    pub changing: BTreeSet<String>,
    /// What earlier conditions of the function leave over.
    pub facts: Vec<Formula>,
    /// How many of these hold from the start: the row is eligible.
    pub given: usize,
    /// Bounds of terms that are no features.
    pub bounds: BTreeMap<String, Range>,
    /// Features that may be missing here: the function that the host calls tests them for `()`.
    pub tested: Option<&'a BTreeSet<String>>,
    /// What was found out so far, and parts of expressions that were looked at for it.
    pub sums: HashMap<*const Expr, Option<Linear>>,
    pub texts: HashMap<*const Expr, Option<String>>,
    pub effort: usize,
}

impl<'a> Scope<'a> {
    pub fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables.iter().rev().find(|variable| variable.name == name)
    }

    /// Returns what a plain variable holds.
    pub fn holds(&self, expression: &Expr) -> Holds {
        let Expr::Variable(name, ..) = expression else { return Holds::Value };
        self.variable(&name.1).map_or(Holds::Value, |variable| variable.holds)
    }

    /// Returns the field that an expression reads of the row, a position or a signal.
    pub fn field<'e>(&self, expression: &'e Expr) -> Option<(Holds, &'e str)> {
        let (base, name) = property(expression)?;
        match self.holds(base) {
            Holds::Value => None,
            holds => Some((holds, name)),
        }
    }

    /// Returns the feature that an expression reads, by way of an alias too.
    pub fn feature<'e>(&self, expression: &'e Expr) -> Option<&'e str> {
        self.field(expression).filter(|(holds, _)| *holds == Holds::Row).map(|(_, name)| name)
    }

    /// Returns the types that a value may have.
    pub fn types(&self, expression: &Expr) -> Types {
        match expression {
            Expr::BoolConstant(..) | Expr::And(..) | Expr::Or(..) => Types::BOOL,
            Expr::IntegerConstant(..) => Types::WHOLE,
            Expr::FloatConstant(..) => Types::BROKEN,
            Expr::StringConstant(..) | Expr::InterpolatedString(..) => Types::TEXT,
            Expr::Unit(_) => Types::UNIT,
            Expr::Array(..) | Expr::Map(..) => Types::OTHER,
            Expr::CharConstant(..) => Types::CHARACTER,
            Expr::DynamicConstant(value, _) => Types::of(value),
            Expr::Variable(name, ..) => match self.variable(&name.1) {
                Some(variable) => variable.types,
                None => self.script.outline.constants.value(&name.1).map_or(Types::ANY, Types::of),
            },
            Expr::Coalesce(parts, _) => {
                let Some((last, others)) = parts.split_last() else { return Types::ANY };
                others
                    .iter()
                    .fold(self.types(last), |all, part| all.or(self.types(part).without(Types::UNIT)))
            }
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, _) => self.call(call),
            Expr::Dot(..) => match self.field(expression) {
                Some((Holds::Row, name)) if self.tested.is_some_and(|tested| tested.contains(name)) => {
                    Types::BROKEN.or(Types::UNIT)
                }
                Some((Holds::Row, name)) if Feature::parse(name).is_ok() => Types::BROKEN,
                Some((Holds::Position, "bars_held")) => Types::WHOLE,
                Some((Holds::Position, "entry_date")) | Some((Holds::Signal, _)) => Types::TEXT,
                Some((Holds::Position, _)) => Types::BROKEN,
                _ => Types::ANY,
            },
            _ => Types::ANY,
        }
    }

    fn call(&self, call: &FnCallExpr) -> Types {
        let arguments: Vec<Types> = call.args.iter().map(|argument| self.types(argument)).collect();
        if call.is_operator_call() {
            return types::operator(&call.name, &arguments);
        }
        match self.script.outline.program.function(&call.name, call.args.len()) {
            Some(body) => super::walk::result(self.script, body),
            None => types::host_function(&call.name, &arguments),
        }
    }

    /// Returns the types of a block's own value: that of its last statement.
    pub fn block(&self, statements: &[Stmt]) -> Types {
        // The block's own variables are not in sight here.
        let defines = statements.iter().any(|statement| matches!(statement, Stmt::Var(..)));
        match statements.last() {
            None => Types::UNIT,
            Some(_) if defines => Types::ANY,
            Some(last) => self.value(last),
        }
    }

    /// Returns the types of a statement's value; none where it never comes to its end.
    pub fn value(&self, statement: &Stmt) -> Types {
        match statement {
            Stmt::Expr(expression) => self.types(expression),
            Stmt::FnCall(call, _) => self.call(call),
            Stmt::If(flow, _) => self.block(flow.body.statements()).or(self.block(flow.branch.statements())),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Switch(parts, _) => {
                let cases = parts.1.expressions.iter().map(|case| self.types(&case.rhs));
                let rest = if parts.1.def_case.is_some() { Types::NONE } else { Types::UNIT };
                cases.fold(rest, Types::or)
            }
            Stmt::Return(..) | Stmt::BreakLoop(..) => Types::NONE,
            Stmt::While(..) | Stmt::Do(..) | Stmt::TryCatch(..) => Types::ANY,
            _ => Types::UNIT,
        }
    }
}
