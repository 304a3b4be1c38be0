//! Numbers as sums of features, and their bounds: what a scope knows of an expression's value.
//!
//! What is no sum is a term of its own, known by its text. What may change between two places, or
//! would take long to write down, is not known.

use rhai::Expr;
use rhai::FnCallExpr;

use super::linear::Linear;
use super::ranges;
use super::ranges::Range;
use super::scope::Known;
use super::scope::Scope;
use super::script::Holds;
use super::truth::UNIT;
use super::types::Types;

/// Parts of expressions that are looked at in one function; beyond it, nothing is known.
const MOST_EFFORT: usize = 50_000;
/// The longest text by which an expression is known: one variable made of another, twice, and
/// that again, would take a text that doubles with each line.
const MOST_TEXT: usize = 2_048;

impl Scope<'_> {
    /// Returns a number as a sum of features; `None` for what is no number, or changes.
    pub fn linear(&mut self, expression: &Expr) -> Option<Linear> {
        self.spend(1)?;
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
            Expr::FnCall(call, _) => {
                let place = std::ptr::from_ref(expression);
                if let Some(known) = self.sums.get(&place) {
                    return known.clone();
                }
                let sum = self.linear_call(expression, call);
                self.sums.insert(place, sum.clone());
                sum
            }
            Expr::Coalesce(..) => self.opaque(expression),
            _ => None,
        }
    }

    fn spend(&mut self, parts: usize) -> Option<()> {
        self.effort = self.effort.saturating_add(parts);
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
        let place = std::ptr::from_ref(expression);
        if let Some(known) = self.texts.get(&place) {
            return known.clone();
        }
        self.spend(1)?;
        let text = self.written(expression).filter(|text| text.len() <= MOST_TEXT);
        self.spend(text.as_ref().map_or(0, |text| text.len() / 64))?;
        if matches!(expression, Expr::FnCall(..)) {
            self.texts.insert(place, text.clone());
        }
        text
    }

    fn written(&mut self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::BoolConstant(value, _) => Some(value.to_string()),
            Expr::StringConstant(text, _) => Some(format!("{text:?}")),
            Expr::Unit(_) => Some(UNIT.to_owned()),
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
        if self.spend(1).is_none() {
            return Range::ALL;
        }
        if let Expr::FnCall(call, _) = expression
            && !call.is_operator_call()
        {
            let arguments: Vec<Range> = call.args.iter().map(|argument| self.range(argument)).collect();
            return ranges::of_call(&call.name, &arguments);
        }
        if let Expr::Coalesce(parts, _) = expression {
            let all = parts.iter().map(|part| self.range(part)).collect::<Vec<_>>();
            return all.into_iter().reduce(ranges::either).unwrap_or(Range::ALL);
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
}
