//! Conditions as formulas over comparisons, and whether one can hold.

use std::collections::BTreeMap;

use super::constraint::Constraint;
use super::constraint::impossible;
use super::linear::Linear;
use super::ranges::Range;

/// What must hold where a condition does, or where it does not. Never more than that: what
/// cannot be expressed is [`Formula::Open`], which holds always.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Formula {
    Open,
    Never,
    Below(Constraint),
    /// Something that is true or false, by its text.
    Named(String, bool),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A comparison of two sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    pub fn parse(operator: &str) -> Option<Self> {
        Some(match operator {
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            _ => return None,
        })
    }

    pub fn opposite(self) -> Self {
        match self {
            Comparison::Less => Comparison::GreaterOrEqual,
            Comparison::LessOrEqual => Comparison::Greater,
            Comparison::Greater => Comparison::LessOrEqual,
            Comparison::GreaterOrEqual => Comparison::Less,
            Comparison::Equal => Comparison::NotEqual,
            Comparison::NotEqual => Comparison::Equal,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
        }
    }

    /// What holds of two sums that compare so.
    pub fn formula(self, left: &Linear, right: &Linear) -> Formula {
        let below = left.clone().plus(&right.clone().times(-1.0));
        let above = right.clone().plus(&left.clone().times(-1.0));
        let constraint = |sum: Linear, strict| Formula::Below(Constraint { sum, strict });
        match self {
            Comparison::Less => constraint(below, true),
            Comparison::LessOrEqual => constraint(below, false),
            Comparison::Greater => constraint(above, true),
            Comparison::GreaterOrEqual => constraint(above, false),
            Comparison::Equal => Formula::All(vec![constraint(below, false), constraint(above, false)]),
            Comparison::NotEqual => Formula::Any(vec![constraint(below, true), constraint(above, true)]),
        }
    }
}

/// Alternatives beyond this are not looked at: the formula then counts as possible.
const MOST_ALTERNATIVES: usize = 48;

/// One way to satisfy a formula.
#[derive(Clone, Debug, Default)]
struct Way {
    constraints: Vec<Constraint>,
    named: BTreeMap<String, bool>,
}

/// Tells whether it is proven that no row satisfies all of these.
pub(super) fn contradicts(formulas: &[&Formula], bounds: &BTreeMap<String, Range>) -> bool {
    let mut ways = vec![Way::default()];
    for formula in formulas {
        let Some(more) = expand(formula, ways) else { return false };
        ways = more;
        if ways.is_empty() {
            return true;
        }
    }
    ways.iter().all(|way| impossible(&way.constraints, bounds))
}

/// Splits each way by the alternatives of a formula; `None` where there are too many.
fn expand(formula: &Formula, ways: Vec<Way>) -> Option<Vec<Way>> {
    match formula {
        Formula::Open => Some(ways),
        Formula::Never => Some(Vec::new()),
        Formula::Below(constraint) => Some(
            ways.into_iter()
                .map(|mut way| {
                    way.constraints.push(constraint.clone());
                    way
                })
                .collect(),
        ),
        Formula::Named(name, holds) => Some(
            ways.into_iter()
                .filter_map(|mut way| {
                    let known = *way.named.entry(name.clone()).or_insert(*holds);
                    (known == *holds).then_some(way)
                })
                .collect(),
        ),
        Formula::All(parts) => parts.iter().try_fold(ways, |ways, part| expand(part, ways)),
        Formula::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(expand(part, ways.clone())?);
                if all.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            Some(all)
        }
    }
}
