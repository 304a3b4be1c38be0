//! Expressions as operations.

use rhai::Dynamic;
use rhai::Expr;
use rhai::ImmutableString;
use rhai::Position;

use super::cell::Cell;
use super::compare::Comparison;
use super::given::PositionField;
use super::given::SignalField;
use super::program::Mask;
use super::program::Step;
use super::program::Truths;
use super::program::Value;
use super::translate::Held;
use super::translate::Source;
use super::translate::Translator;
use super::why_not::WhyNot;

impl Translator<'_> {
    pub fn expression(&mut self, expression: &Expr) -> Result<Value, WhyNot> {
        let place = expression.position();
        self.count(place)?;
        match expression {
            Expr::Variable(name, ..) => match self.held(expression) {
                Some(Held::Value(value, _) | Held::Fixed(value)) => Ok(*value),
                _ => Err(WhyNot::new(place, format!("the name `{}`", name.1))),
            },
            Expr::Dot(parts, ..) => match (self.held(&parts.lhs).cloned(), &parts.rhs) {
                (Some(held), Expr::Property(name, _)) => self.property(&held, &name.2, place),
                (_, Expr::Property(name, _)) => Err(WhyNot::new(place, format!("a field `{}`", name.2))),
                _ => Err(WhyNot::new(place, "a call behind a dot")),
            },
            Expr::FnCall(call, place) => self.call(call, *place),
            Expr::And(parts, _) => self.all(parts),
            Expr::Or(parts, _) => self.any(parts),
            Expr::Coalesce(parts, _) => self.first(parts),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::Array(..) => Err(WhyNot::new(place, "an array")),
            Expr::Map(..) => Err(WhyNot::new(place, "a map")),
            Expr::InterpolatedString(..) => Err(WhyNot::new(place, "text that is put together")),
            Expr::Index(..) => Err(WhyNot::new(place, "an index")),
            Expr::CharConstant(..) => Err(WhyNot::new(place, "a single character")),
            other => match other.get_literal_value(None) {
                Some(value) => self.literal(&value, place),
                None => Err(WhyNot::new(place, "an expression of another kind")),
            },
        }
    }

    fn literal(&mut self, value: &Dynamic, place: Position) -> Result<Value, WhyNot> {
        let cell = match value.type_name() {
            "()" => Some(Cell::Unit),
            "bool" => value.as_bool().ok().map(Cell::Bool),
            "i64" => value.as_int().ok().map(Cell::Int),
            "f64" => value.as_float().ok().map(Cell::Float),
            "string" => {
                let text: Option<ImmutableString> = value.clone().into_immutable_string().ok();
                text.map(|text| self.text(&text))
            }
            _ => None,
        };
        cell.map(Value::Same).ok_or_else(|| WhyNot::new(place, "a constant that is an array or a map"))
    }

    /// What an expression stands for, where it is a plain name.
    pub fn held(&self, expression: &Expr) -> Option<&Held> {
        let Expr::Variable(name, ..) = expression else { return None };
        self.frame.names.iter().rev().find(|(own, _)| *own == *name.1).map(|(_, held)| held)
    }

    fn property(&mut self, of: &Held, name: &str, place: Position) -> Result<Value, WhyNot> {
        let refused = || WhyNot::new(place, format!("the field `{name}`"));
        match of {
            Held::Row => self.feature(name).ok_or_else(refused),
            Held::Position => {
                let field = PositionField::of(name).ok_or_else(refused)?;
                Ok(self.once(Source::Position(field), |own| {
                    if field == PositionField::BarsHeld {
                        let to = own.new_cells();
                        own.step(Step::BarsHeld { to });
                        return Value::Mixed(to);
                    }
                    let to = own.new_floats();
                    own.step(Step::Position { field, to });
                    Value::Float(to)
                }))
            }
            Held::Signal => {
                let field = SignalField::of(name).ok_or_else(refused)?;
                Ok(self.once(Source::Signal(field), |own| {
                    let to = own.new_cells();
                    own.step(Step::Signal { field, to });
                    Value::Mixed(to)
                }))
            }
            Held::Value(..) | Held::Fixed(_) => Err(refused()),
        }
    }

    /// Takes a value for a truth. Rows on which it is none are left to the interpreter. Gives
    /// either a column of truths or the same truth for all rows.
    pub fn truth(&mut self, value: Value) -> Value {
        match value {
            Value::Truth(_) | Value::Same(Cell::Bool(_)) => value,
            Value::Same(_) | Value::Float(_) | Value::Maybe(..) | Value::Word(_) => {
                self.leave();
                Value::Same(Cell::Bool(false))
            }
            Value::Mixed(_) => {
                let to = self.new_truths();
                self.step(Step::AsTruth { a: value, to, on: self.live });
                Value::Truth(to)
            }
        }
    }

    /// Translates `a && b && …`: each is asked where all before it hold.
    fn all(&mut self, parts: &[Expr]) -> Result<Value, WhyNot> {
        self.in_turn(parts, true)
    }

    /// Translates `a || b || …`: each is asked where none before it holds.
    fn any(&mut self, parts: &[Expr]) -> Result<Value, WhyNot> {
        self.in_turn(parts, false)
    }

    /// Asks the parts in turn as long as each is `wanted`, and gives whether all were.
    fn in_turn(&mut self, parts: &[Expr], wanted: bool) -> Result<Value, WhyNot> {
        let Some((first, rest)) = parts.split_first() else { return Ok(Value::Same(Cell::Bool(wanted))) };
        let value = self.expression(first)?;
        match self.truth(value) {
            Value::Same(Cell::Bool(truth)) if truth == wanted => self.in_turn(rest, wanted),
            Value::Truth(first) if !rest.is_empty() => {
                let on = self.mask_of(first, wanted);
                let rest = self.within(on, |own| own.in_turn(rest, wanted))?;
                Ok(match (rest, wanted) {
                    // The others come to what ends the turn, or to what goes on with it, on all rows.
                    (Value::Same(Cell::Bool(truth)), _) if truth == wanted => Value::Truth(first),
                    (Value::Truth(rest), true) => {
                        Value::Truth(self.step_to(|to| Step::And { a: first, b: rest, to }))
                    }
                    (Value::Truth(rest), false) => {
                        Value::Truth(self.step_to(|to| Step::Or { a: first, b: rest, to }))
                    }
                    (other, _) => other,
                })
            }
            decided => Ok(decided),
        }
    }

    fn mask_of(&mut self, truth: Truths, wanted: bool) -> Mask {
        if wanted { self.both(self.live, truth) } else { self.without(self.live, truth) }
    }

    pub fn step_to(&mut self, step: impl FnOnce(Truths) -> Step) -> Truths {
        let to = self.new_truths();
        let step = step(to);
        self.step(step);
        to
    }

    /// Translates `a ?? b ?? …`: each is asked where all before it are nothing.
    fn first(&mut self, parts: &[Expr]) -> Result<Value, WhyNot> {
        let Some((first, rest)) = parts.split_first() else { return Ok(Value::Same(Cell::Unit)) };
        let value = self.expression(first)?;
        if rest.is_empty() {
            return Ok(value);
        }
        let (is_there, present) = match value {
            Value::Same(Cell::Unit) => return self.first(rest),
            Value::Same(_) | Value::Float(_) | Value::Truth(_) => return Ok(value),
            Value::Maybe(number, is_there) => (is_there, Value::Float(number)),
            Value::Word(_) => {
                let (comparison, b, on) = (Comparison::Unequal, Value::Same(Cell::Unit), self.live);
                (self.step_to(|to| Step::CellCompare { comparison, a: value, b, to, on }), value)
            }
            Value::Mixed(a) => {
                let is_unit = self.step_to(|to| Step::IsUnit { a, to });
                (self.not(is_unit), value)
            }
        };
        let on = self.without(self.live, is_there);
        let other = self.within(on, |own| own.first(rest))?;
        Ok(self.pick_by(is_there, present, other))
    }
}
