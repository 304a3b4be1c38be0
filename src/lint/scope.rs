//! What is known at one place of a function: its variables, their types, and what must hold for
//! the place to be reached.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Stmt;

use super::formula::Comparison;
use super::formula::Formula;
use super::linear::Linear;
use super::ranges;
use super::ranges::Range;
use super::script::Holds;
use super::script::Script;
use super::script::property;
use super::types;
use super::types::Types;
use crate::features::Feature;

/// A variable in sight.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub name: String,
    pub holds: Holds,
    pub types: Types,
    /// What it is, where it is set once only.
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
    pub variables: Vec<Variable>,
    /// Variables of the function that are set more than once.
    pub changing: BTreeSet<String>,
    /// What earlier conditions of the function leave over.
    pub facts: Vec<Formula>,
    /// How many of these hold from the start: the row is eligible.
    pub given: usize,
    /// Bounds of terms that are no features.
    pub bounds: BTreeMap<String, Range>,
    /// Parts looked at so far; see [`MOST_EFFORT`].
    pub effort: u32,
}

/// Parts of expressions that are looked at in one function. What a product of sums of products
/// means would otherwise take time that doubles with each level; beyond it, nothing is known.
const MOST_EFFORT: u32 = 200_000;

impl<'a> Scope<'a> {
    pub fn variable(&self, name: &str) -> Option<&Variable> {
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
            Expr::Array(..) | Expr::Map(..) | Expr::CharConstant(..) => Types::OTHER,
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
                Some((Holds::Row, name)) if self.script.tested.contains(name) => {
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
            Stmt::While(..) | Stmt::Do(..) => Types::ANY,
            _ => Types::UNIT,
        }
    }

    /// Returns a number as a sum of features; `None` for what is no number, or changes.
    pub fn linear(&mut self, expression: &Expr) -> Option<Linear> {
        self.spend()?;
        match expression {
            Expr::IntegerConstant(whole, _) => Some(Linear::number(*whole as f64)),
            Expr::FloatConstant(broken, _) => Some(Linear::number(**broken)),
            Expr::Variable(name, ..) => match self.variable(&name.1) {
                Some(variable) => match &variable.known {
                    Some(Known::Number(linear)) => Some(linear.clone()),
                    _ => None,
                },
                None => {
                    self.script.outline.constants.numbers().get(name.1.as_str()).copied().map(Linear::number)
                }
            },
            Expr::Dot(..) => {
                let is_whole = !self.types(expression).may_be(Types::UNIT);
                match self.field(expression)? {
                    (Holds::Row, name) => Some(Linear::term(format!("row.{name}"), is_whole)),
                    (Holds::Position, name) => Some(Linear::term(format!("position.{name}"), is_whole)),
                    _ => None,
                }
            }
            Expr::FnCall(call, _) => self.linear_call(expression, call),
            Expr::Coalesce(..) => self.opaque(expression),
            _ => None,
        }
    }

    fn spend(&mut self) -> Option<()> {
        self.effort += 1;
        (self.effort <= MOST_EFFORT).then_some(())
    }

    fn linear_call(&mut self, expression: &Expr, call: &FnCallExpr) -> Option<Linear> {
        if !call.is_operator_call() {
            return self.opaque(expression);
        }
        match (call.name.as_str(), &call.args[..]) {
            ("-", [only]) => Some(self.linear(only)?.times(-1.0)),
            ("+", [only]) => self.linear(only),
            ("+", [left, right]) => {
                let left = self.linear(left)?;
                Some(left.plus(&self.linear(right)?))
            }
            ("-", [left, right]) => {
                let left = self.linear(left)?;
                Some(left.plus(&self.linear(right)?.times(-1.0)))
            }
            ("*", [left, right]) => {
                let (left, right) = (self.linear(left)?, self.linear(right)?);
                match (left.as_number(), right.as_number()) {
                    (Some(factor), _) => Some(right.times(factor)),
                    (_, Some(factor)) => Some(left.times(factor)),
                    _ => self.opaque(expression),
                }
            }
            ("/", [left, right]) => {
                let is_whole_division =
                    self.types(left).is(Types::WHOLE) && self.types(right).is(Types::WHOLE);
                let (left, right) = (self.linear(left)?, self.linear(right)?);
                match right.as_number() {
                    Some(divisor) if divisor != 0.0 && !is_whole_division => Some(left.times(1.0 / divisor)),
                    // Infinite where the divisor is 0, and then neither above nor under anything.
                    _ => self.opaque(expression).map(|term| Linear { is_whole: false, ..term }),
                }
            }
            _ => self.opaque(expression),
        }
    }

    /// Takes a part that is no sum as a term of its own, known by its text.
    fn opaque(&mut self, expression: &Expr) -> Option<Linear> {
        let types = self.types(expression);
        if !types.is(Types::NUMBER.or(Types::UNIT)) {
            return None;
        }
        let text = self.canonical(expression)?;
        let range = match expression {
            // A product of features has no bounds that are worth knowing.
            Expr::FnCall(call, _) if call.is_operator_call() => Range::ALL,
            _ => self.range(expression),
        };
        self.bounds.insert(text.clone(), range);
        Some(Linear::term(text, !types.may_be(Types::UNIT)))
    }

    /// Writes an expression so that equal values have equal texts; `None` for what may change
    /// between two places.
    pub fn canonical(&mut self, expression: &Expr) -> Option<String> {
        self.spend()?;
        match expression {
            Expr::BoolConstant(value, _) => Some(value.to_string()),
            Expr::StringConstant(text, _) => Some(format!("{text:?}")),
            Expr::Unit(_) => Some("()".to_owned()),
            Expr::Variable(name, ..) => match self.variable(&name.1) {
                Some(variable) => match (&variable.holds, &variable.known) {
                    (Holds::Row, _) => Some("row".to_owned()),
                    (Holds::Position, _) => Some("position".to_owned()),
                    (Holds::Signal, _) => Some("signal".to_owned()),
                    (_, Some(Known::Number(linear))) => Some(linear.canonical()),
                    _ => None,
                },
                None => self.script.outline.constants.value(&name.1).map(ToString::to_string),
            },
            Expr::IntegerConstant(..) | Expr::FloatConstant(..) => {
                self.linear(expression).map(|number| number.canonical())
            }
            Expr::Dot(parts, ..) => {
                let Expr::Property(name, _) = &parts.rhs else { return None };
                Some(format!("{}.{}", self.canonical(&parts.lhs)?, name.2))
            }
            Expr::Coalesce(parts, _) | Expr::And(parts, _) | Expr::Or(parts, _) => {
                let word = match expression {
                    Expr::Coalesce(..) => "??",
                    Expr::And(..) => "&&",
                    _ => "||",
                };
                let parts: Option<Vec<String>> = parts.iter().map(|part| self.canonical(part)).collect();
                Some(format!("({})", parts?.join(word)))
            }
            Expr::FnCall(call, _) => {
                let is_sum = call.is_operator_call() && matches!(call.name.as_str(), "+" | "-");
                if is_sum && let Some(linear) = self.linear(expression) {
                    return Some(linear.canonical());
                }
                let arguments: Option<Vec<String>> =
                    call.args.iter().map(|argument| self.canonical(argument)).collect();
                Some(format!("{}({})", call.name, arguments?.join(",")))
            }
            _ => None,
        }
    }

    /// Returns the bounds of a number.
    pub fn range(&mut self, expression: &Expr) -> Range {
        if self.spend().is_none() {
            return Range::ALL;
        }
        if let Expr::FnCall(call, _) = expression
            && !call.is_operator_call()
        {
            let arguments: Vec<Range> = call.args.iter().map(|argument| self.range(argument)).collect();
            return range_of_call(&call.name, &arguments);
        }
        if let Expr::Coalesce(parts, _) = expression {
            let all = parts.iter().map(|part| self.range(part)).collect::<Vec<_>>();
            return all.into_iter().reduce(either).unwrap_or(Range::ALL);
        }
        if let Expr::FnCall(call, _) = expression
            && matches!(call.name.as_str(), "*" | "/")
            && let [left, right] = &call.args[..]
        {
            let (left, right) = (self.linear(left), self.linear(right));
            let is_number =
                |part: &Option<Linear>| part.as_ref().is_some_and(|part| part.as_number().is_some());
            if !is_number(&left) && !is_number(&right) {
                return Range::ALL;
            }
        }
        let Some(linear) = self.linear(expression) else { return Range::ALL };
        let mut total = Range::point(linear.constant);
        for (term, factor) in &linear.terms {
            let range = self.bounds.get(term).copied().unwrap_or_else(|| ranges::of_term(term));
            total = total.plus(range.times(*factor));
        }
        total
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
            Expr::FnCall(call, _) if call.name == "!=" && call.is_operator_call() => {
                let parts: Option<Vec<String>> = call.args.iter().map(|part| self.canonical(part)).collect();
                (parts.map(|parts| format!("==({})", parts.join(","))), truth.opposite())
            }
            other => (self.canonical(other), truth),
        };
        condition.map_or(Formula::Open, |text| Formula::Named(text, truth == Truth::Holds))
    }
}

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

fn either(a: Range, b: Range) -> Range {
    let takes_low = if a.low < b.low {
        a.takes_low
    } else if b.low < a.low {
        b.takes_low
    } else {
        a.takes_low || b.takes_low
    };
    Range { low: a.low.min(b.low), takes_low, high: a.high.max(b.high) }
}

fn range_of_call(name: &str, arguments: &[Range]) -> Range {
    match (name, arguments) {
        ("abs", [x]) if x.low >= 0.0 => *x,
        ("abs", [x]) => Range { low: 0.0, takes_low: true, high: x.high.max(-x.low) },
        ("sqrt", _) => Range { low: 0.0, takes_low: true, high: f64::INFINITY },
        ("exp", _) => Range { low: 0.0, takes_low: false, high: f64::INFINITY },
        ("min", [a, b]) => Range { low: a.low.min(b.low), takes_low: true, high: a.high.min(b.high) },
        ("max", [a, b]) => Range { low: a.low.max(b.low), takes_low: true, high: a.high.max(b.high) },
        ("clamp", [x, low, high]) => Range {
            low: x.low.max(low.low).min(high.high),
            takes_low: true,
            high: x.high.min(high.high).max(low.low),
        },
        ("len", _) => Range { low: 0.0, takes_low: true, high: f64::INFINITY },
        _ => Range::ALL,
    }
}
