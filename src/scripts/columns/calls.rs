//! Operators and calls as operations: over whole columns of broken numbers where these are all
//! there can be, else value by value.

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;

use super::arithmetic::Maths;
use super::arithmetic::Operator;
use super::arithmetic::negated;
use super::cell::Cell;
use super::compare;
use super::compare::Comparison;
use super::program::Mask;
use super::program::Number;
use super::program::Step;
use super::program::Value;
use super::translate::Held;
use super::translate::Translator;
use super::why_not::WhyNot;

impl Translator<'_> {
    pub fn call(&mut self, call: &FnCallExpr, place: Position) -> Result<Value, WhyNot> {
        if call.is_operator_call() {
            return match &call.args[..] {
                [one] => self.sign(&call.name, one, place),
                [one, other] => {
                    let a = self.expression(one)?;
                    let b = self.expression(other)?;
                    self.operator(&call.name, a, b, place)
                }
                _ => Err(unknown(&call.name, place)),
            };
        }
        if let Some(function) = Maths::of(&call.name, call.args.len()) {
            let mut arguments = [Value::Same(Cell::Unit); 3];
            for (argument, expression) in arguments.iter_mut().zip(&call.args) {
                *argument = self.expression(expression)?;
            }
            return Ok(self.maths(function, arguments));
        }
        let mut given = Vec::with_capacity(call.args.len());
        for expression in &call.args {
            given.push(match self.held(expression) {
                Some(held @ (Held::Row | Held::Position | Held::Signal)) => held.clone(),
                _ => Held::Value(self.expression(expression)?, self.live),
            });
        }
        // An argument may have returned: then its value was made on more rows than are live.
        for held in &mut given {
            if let Held::Value(_, made_on) = held {
                *made_on = self.live;
            }
        }
        let value = self.inlined(&call.name, given, place)?;
        value.ok_or_else(|| unknown(&call.name, place))
    }

    fn sign(&mut self, sign: &str, one: &Expr, place: Position) -> Result<Value, WhyNot> {
        let value = self.expression(one)?;
        match sign {
            "!" => Ok(match self.truth(value) {
                Value::Same(Cell::Bool(truth)) => Value::Same(Cell::Bool(!truth)),
                Value::Truth(a) => Value::Truth(self.not(a)),
                other => other,
            }),
            "-" => Ok(match value {
                Value::Float(_) | Value::Maybe(..) => {
                    let a = self.present(value);
                    let to = self.new_floats();
                    self.step(Step::Negate { a, to });
                    Value::Float(to)
                }
                Value::Same(cell) if negated(cell).is_some() => {
                    Value::Same(negated(cell).unwrap_or(Cell::Unit))
                }
                a => {
                    let to = self.new_cells();
                    self.step(Step::CellNegate { a, to, on: self.live });
                    Value::Mixed(to)
                }
            }),
            _ => Err(unknown(sign, place)),
        }
    }

    pub fn operator(&mut self, sign: &str, a: Value, b: Value, place: Position) -> Result<Value, WhyNot> {
        if let Some(comparison) = Comparison::of(sign) {
            return Ok(self.comparison(comparison, a, b));
        }
        let Some(operator) = Operator::of(sign) else { return Err(unknown(sign, place)) };
        Ok(self.arithmetic(operator, a, b))
    }

    fn arithmetic(&mut self, operator: Operator, a: Value, b: Value) -> Value {
        if let (Value::Same(a), Value::Same(b)) = (a, b)
            && let Some(value) = operator.of_cells(a, b)
        {
            return Value::Same(value);
        }
        let has_floats = operator.of_floats(1.0, 1.0).is_some();
        if has_floats && let Some([a, b]) = self.numbers([a, b]) {
            let to = self.new_floats();
            self.step(Step::Arithmetic { operator, a, b, to });
            return Value::Float(to);
        }
        let to = self.new_cells();
        self.step(Step::CellArithmetic { operator, a, b, to, on: self.live });
        Value::Mixed(to)
    }

    fn comparison(&mut self, comparison: Comparison, a: Value, b: Value) -> Value {
        if let (Value::Same(a), Value::Same(b)) = (a, b)
            && let Some(truth) = compare::cells(comparison, a, b)
        {
            return Value::Same(Cell::Bool(truth));
        }
        match (a, b) {
            // A number that may be missing, and one that is not: nothing is unequal to it.
            (Value::Maybe(_, is_there), other) | (other, Value::Maybe(_, is_there))
                if as_number(other).is_some() && !matches!(other, Value::Maybe(..)) =>
            {
                let bare = |value| match value {
                    Value::Maybe(number, _) => Some(Number::Column(number)),
                    other => as_number(other),
                };
                if let (Some(a), Some(b)) = (bare(a), bare(b)) {
                    let both = self.step_to(|to| Step::Compare { comparison, a, b, to });
                    if comparison != Comparison::Unequal {
                        return Value::Truth(self.step_to(|to| Step::And { a: both, b: is_there, to }));
                    }
                    let is_missing = self.not(is_there);
                    return Value::Truth(self.step_to(|to| Step::Or { a: both, b: is_missing, to }));
                }
            }
            (Value::Maybe(_, is_there), Value::Same(Cell::Unit))
            | (Value::Same(Cell::Unit), Value::Maybe(_, is_there)) => match comparison {
                Comparison::Equal => return Value::Truth(self.not(is_there)),
                Comparison::Unequal => return Value::Truth(is_there),
                _ => return Value::Same(Cell::Bool(false)),
            },
            (Value::Float(_), Value::Same(Cell::Unit | Cell::Bool(_) | Cell::Text(_)))
            | (Value::Same(Cell::Unit | Cell::Bool(_) | Cell::Text(_)), Value::Float(_)) => {
                return Value::Same(Cell::Bool(comparison.of_two_kinds()));
            }
            (Value::Float(_), _) | (_, Value::Float(_)) => {
                if let (Some(a), Some(b)) = (as_number(a), as_number(b)) {
                    return Value::Truth(self.step_to(|to| Step::Compare { comparison, a, b, to }));
                }
            }
            _ => {}
        }
        let on = self.live;
        Value::Truth(self.step_to(|to| Step::CellCompare { comparison, a, b, to, on }))
    }

    fn maths(&mut self, function: Maths, arguments: [Value; 3]) -> Value {
        if arguments.iter().all(|own| matches!(own, Value::Same(_)))
            && let Some(value) = function.of_cells(arguments.map(|own| same(own).unwrap_or_default()))
        {
            return Value::Same(value);
        }
        self.float_maths(function, arguments).unwrap_or_else(|| {
            let to = self.new_cells();
            self.step(Step::CellMaths { function, arguments, to, on: self.live });
            Value::Mixed(to)
        })
    }

    /// Calls a function over columns of broken numbers, where it can be.
    fn float_maths(&mut self, function: Maths, [a, b, c]: [Value; 3]) -> Option<Value> {
        let step = match function {
            Maths::Min | Maths::Max | Maths::Pow => {
                let [a, b] = self.numbers([a, b])?;
                let (to, on) = (self.new_floats(), self.live);
                self.step(match function {
                    Maths::Min => Step::Smaller { a, b, to, on },
                    Maths::Max => Step::Larger { a, b, to, on },
                    _ => Step::Raise { a, b, to, on },
                });
                return Some(Value::Float(to));
            }
            Maths::Ratio => {
                // What is missing here is no error, but an answer.
                if [a, b].iter().any(|own| matches!(own, Value::Maybe(..) | Value::Same(Cell::Unit))) {
                    return None;
                }
                let [a, b] = self.numbers([a, b])?;
                let (to, is_there) = (self.new_floats(), self.new_truths());
                self.step(Step::Ratio { a, b, to, is_there, on: self.live });
                return Some(Value::Maybe(to, is_there));
            }
            Maths::Clamp => {
                let [x, low, high] = self.numbers([a, b, c])?;
                let to = self.new_floats();
                (Step::Clamp { x, low, high, to, on: self.live }, to)
            }
            _ => {
                let [Number::Column(a)] = self.numbers([a])? else { return None };
                let to = self.new_floats();
                (Step::One { function, a, to, on: self.live }, to)
            }
        };
        self.step(step.0);
        Some(Value::Float(step.1))
    }

    /// Takes values for broken numbers, where each is a number and one at least is a column of
    /// broken ones: then what is made of them is broken too. Rows that lack one are left.
    fn numbers<const N: usize>(&mut self, values: [Value; N]) -> Option<[Number; N]> {
        let is_broken = values.iter().any(|own| matches!(own, Value::Float(_) | Value::Maybe(..)));
        let mut numbers = [Number::Same(0.0); N];
        for (number, value) in numbers.iter_mut().zip(values) {
            *number = as_number(value)?;
        }
        if !is_broken {
            return None;
        }
        for value in values {
            if let Value::Maybe(_, is_there) = value
                && self.live != Mask::None
            {
                self.step(Step::LeaveWithout { is_there, on: self.live });
            }
        }
        Some(numbers)
    }

    /// A column of broken numbers; rows that lack one are left to the interpreter.
    fn present(&mut self, value: Value) -> super::program::Floats {
        match self.numbers([value]) {
            Some([Number::Column(column)]) => column,
            _ => self.new_floats(),
        }
    }
}

fn same(value: Value) -> Option<Cell> {
    if let Value::Same(cell) = value { Some(cell) } else { None }
}

/// The number that a value is, where it is none of another kind; it may be missing.
fn as_number(value: Value) -> Option<Number> {
    match value {
        Value::Float(column) | Value::Maybe(column, _) => Some(Number::Column(column)),
        Value::Same(cell) => cell.as_number().map(Number::Same),
        Value::Truth(_) | Value::Word(_) | Value::Mixed(_) => None,
    }
}

fn unknown(name: &str, place: Position) -> WhyNot {
    let is_word = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
    let what = if is_word { format!("a call of `{name}`") } else { format!("the operator `{name}`") };
    WhyNot::new(place, what)
}
