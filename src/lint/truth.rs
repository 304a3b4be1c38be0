//! Conditions as formulas: what must hold where one is true, and where it is false.

use rhai::Expr;

use super::formula::Comparison;
use super::formula::Formula;
use super::formula::contradicts;
use super::scope::Known;
use super::scope::Scope;
use super::types::Types;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Holds,
    Fails,
}

impl Truth {
    fn opposite(self) -> Self {
        match self {
            Truth::Holds => Truth::Fails,
            Truth::Fails => Truth::Holds,
        }
    }
}

/// How `()` is written in a text that stands for a condition.
pub(super) const UNIT: &str = "()";
/// Facts beyond which nothing is proven: the time grows faster than their number.
const MOST_FACTS: usize = 10;

impl Scope<'_> {
    /// Tells whether what is known here excludes a formula.
    pub fn excludes(&self, formula: &Formula) -> bool {
        let newest = self.facts.len().saturating_sub(MOST_FACTS).max(self.given);
        let given = self.facts[..self.given].iter().take(MOST_FACTS);
        let all: Vec<&Formula> = given.chain(&self.facts[newest..]).chain([formula]).collect();
        contradicts(&all, &self.bounds)
    }

    /// Tells whether a value may be `()` where it stands: a feature that is tested for it, or a
    /// `ratio`, and no condition before has settled that it is not.
    pub fn may_be_missing(&mut self, expression: &Expr) -> bool {
        let types = self.types(expression);
        if !types.is_known() || !types.may_be(Types::UNIT) {
            return false;
        }
        let Some(text) = self.canonical(expression) else { return true };
        let missing = Formula::Named(are_equal(vec![text, UNIT.to_owned()]), true);
        !self.excludes(&missing)
    }

    /// Returns what must hold where a condition is true, or where it is false.
    pub fn formula(&mut self, condition: &Expr, truth: Truth) -> Formula {
        match condition {
            Expr::BoolConstant(value, _) => {
                if *value == (truth == Truth::Holds) {
                    Formula::Open
                } else {
                    Formula::Never
                }
            }
            Expr::And(parts, _) | Expr::Or(parts, _) => {
                let parts = parts.iter().map(|part| self.formula(part, truth)).collect();
                let is_and = matches!(condition, Expr::And(..));
                if is_and == (truth == Truth::Holds) { Formula::All(parts) } else { Formula::Any(parts) }
            }
            Expr::Variable(name, ..) => {
                match self.variable(&name.1).and_then(|variable| variable.known.clone()) {
                    Some(Known::Truth(yes, no)) => {
                        if truth == Truth::Holds {
                            yes
                        } else {
                            no
                        }
                    }
                    _ => Formula::Open,
                }
            }
            Expr::FnCall(call, _) if call.is_operator_call() && call.name == "!" => match &call.args[..] {
                [only] => self.formula(only, truth.opposite()),
                _ => Formula::Open,
            },
            Expr::FnCall(call, _) => {
                if let Some(comparison) = Comparison::parse(&call.name)
                    && let [left, right] = &call.args[..]
                    && let Some(formula) = self.compared(comparison, left, right, truth)
                {
                    return formula;
                }
                self.named(condition, truth)
            }
            _ => Formula::Open,
        }
    }

    fn compared(
        &mut self,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
        truth: Truth,
    ) -> Option<Formula> {
        let (left, right) = (self.linear(left)?, self.linear(right)?);
        if truth == Truth::Holds {
            return Some(comparison.formula(&left, &right));
        }
        if left.is_whole && right.is_whole {
            return Some(comparison.opposite().formula(&left, &right));
        }
        // Where a value is missing, no comparison holds, and nothing follows from that.
        Some(Formula::Open)
    }

    /// Takes a condition as true or false by its text.
    fn named(&mut self, condition: &Expr, truth: Truth) -> Formula {
        if !self.types(condition).is(Types::BOOL) {
            return Formula::Open;
        }
        let (condition, truth) = match condition {
            Expr::FnCall(call, _) if matches!(call.name.as_str(), "==" | "!=") && call.is_operator_call() => {
                let parts: Option<Vec<String>> = call.args.iter().map(|part| self.canonical(part)).collect();
                let truth = if call.name == "!=" { truth.opposite() } else { truth };
                (parts.map(are_equal), truth)
            }
            other => (self.canonical(other), truth),
        };
        condition.map_or(Formula::Open, |text| Formula::Named(text, truth == Truth::Holds))
    }
}

/// The text of an equality, which is the same from both sides.
fn are_equal(mut sides: Vec<String>) -> String {
    sides.sort();
    format!("==({})", sides.join(","))
}
