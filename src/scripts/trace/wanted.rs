//! What a script wants of the condition of an `if`: that it holds, or, where its branch only leaves,
//! that it fails.

use rhai::ASTFlags;
use rhai::Expr;
use rhai::Stmt;
use serde::Serialize;

/// What a script wants of a condition, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    ToHold,
    /// Under a `!`, or before a branch that only leaves without what was asked for.
    ToFail,
    /// It is compared or handed on: either will do.
    Either,
}

impl Wanted {
    /// What is wanted of what is negated.
    pub(super) fn negated(self) -> Self {
        match self {
            Wanted::ToHold => Wanted::ToFail,
            Wanted::ToFail => Wanted::ToHold,
            Wanted::Either => Wanted::Either,
        }
    }

    /// Tells whether a condition that came out so is not what is wanted.
    pub(super) fn is_missed_by(self, truth: bool) -> bool {
        match self {
            Wanted::ToHold => !truth,
            Wanted::ToFail => truth,
            Wanted::Either => false,
        }
    }

    pub(super) fn is_to_hold(&self) -> bool {
        *self == Wanted::ToHold
    }
}

/// Returns what is wanted of a condition, by the branch that it leads to and what is wanted of the
/// function's own answer.
pub(super) fn of_condition(branch: &[Stmt], answer: Wanted) -> Wanted {
    let Some((last, before)) = branch.split_last() else { return Wanted::ToHold };
    let is_straight = before.iter().all(|statement| {
        matches!(statement, Stmt::Var(..) | Stmt::Assignment(..) | Stmt::FnCall(..) | Stmt::Noop(_))
    });
    if !is_straight {
        return Wanted::ToHold;
    }
    match last {
        Stmt::Return(_, flags, _) if flags.contains(ASTFlags::BREAK) => Wanted::ToFail,
        Stmt::Return(None, ..) => Wanted::ToFail,
        Stmt::Return(Some(value), ..) | Stmt::Expr(value) => of_value(value, answer),
        _ => Wanted::ToHold,
    }
}

/// A branch that gives nothing, the worst score or the truth that is not wanted is one to keep out of.
fn of_value(value: &Expr, answer: Wanted) -> Wanted {
    match (value, answer) {
        (Expr::Unit(_) | Expr::IntegerConstant(0, _), _) => Wanted::ToFail,
        (Expr::FloatConstant(number, _), _) if **number == 0.0 => Wanted::ToFail,
        (Expr::BoolConstant(..), Wanted::Either) => Wanted::Either,
        (Expr::BoolConstant(truth, _), answer) if answer.is_missed_by(*truth) => Wanted::ToFail,
        _ => Wanted::ToHold,
    }
}
