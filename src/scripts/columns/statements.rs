//! Statements as operations.

use rhai::ASTFlags;
use rhai::Expr;
use rhai::FlowControl;
use rhai::Stmt;

use super::cell::Cell;
use super::program::Mask;
use super::program::Step;
use super::program::Value;
use super::translate::Held;
use super::translate::Translator;
use super::why_not::WhyNot;

const NOTHING: Value = Value::Same(Cell::Unit);

impl Translator<'_> {
    /// Translates a block, whose names end with it, to the value of its last statement.
    pub fn block(&mut self, statements: &[Stmt]) -> Result<Value, WhyNot> {
        let outside = self.frame.names.len();
        let value = self.statements(statements);
        self.frame.names.truncate(outside);
        value
    }

    pub fn statements(&mut self, statements: &[Stmt]) -> Result<Value, WhyNot> {
        let mut value = NOTHING;
        for statement in statements {
            value = self.statement(statement)?;
        }
        Ok(value)
    }

    fn statement(&mut self, statement: &Stmt) -> Result<Value, WhyNot> {
        let place = statement.position();
        self.count(place)?;
        match statement {
            Stmt::Noop(_) => Ok(NOTHING),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::FnCall(call, place) => self.call(call, *place),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::If(parts, _) => self.branch(parts),
            Stmt::Var(parts, flags, _) => {
                let (name, expression, _) = &**parts;
                let held = match self.held(expression) {
                    Some(held @ (Held::Row | Held::Position | Held::Signal)) => held.clone(),
                    _ => {
                        let value = self.expression(expression)?;
                        if flags.contains(ASTFlags::CONSTANT) {
                            Held::Fixed(value)
                        } else {
                            Held::Value(value, self.live)
                        }
                    }
                };
                self.frame.names.push((name.name.to_string(), held));
                Ok(NOTHING)
            }
            Stmt::Assignment(parts) => {
                let (assigned, sides) = &**parts;
                let Expr::Variable(name, ..) = &sides.lhs else {
                    return Err(WhyNot::new(place, "a value changed in part"));
                };
                let value = self.expression(&sides.rhs)?;
                let Some(at) = self.frame.names.iter().rposition(|(own, _)| *own == *name.1) else {
                    return Err(WhyNot::new(place, format!("the name `{}`", name.1)));
                };
                let Held::Value(before, made_on) = self.frame.names[at].1 else {
                    return Err(WhyNot::new(place, format!("a new value for `{}`", name.1)));
                };
                let value = match assigned.get_op_assignment_info() {
                    None => value,
                    Some((.., operator)) => self.operator(operator, before, value, place)?,
                };
                // A name made on the very rows that are live has no other row to keep a value for.
                let value = if self.live == made_on { value } else { self.pick(self.live, value, before) };
                self.frame.names[at].1 = Held::Value(value, made_on);
                Ok(NOTHING)
            }
            Stmt::Return(thrown, flags, _) if flags.contains(ASTFlags::BREAK) => {
                if let Some(thrown) = thrown {
                    self.expression(thrown)?;
                }
                self.leave();
                self.live = Mask::None;
                Ok(NOTHING)
            }
            Stmt::Return(given, ..) => {
                let value = match given {
                    Some(expression) => self.expression(expression)?,
                    None => NOTHING,
                };
                self.frame.returned = Some(match self.frame.returned {
                    None => value,
                    Some(before) => self.pick(self.live, value, before),
                });
                self.live = Mask::None;
                Ok(NOTHING)
            }
            Stmt::Switch(..) => Err(WhyNot::new(place, "a `switch`")),
            Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) | Stmt::BreakLoop(..) => {
                Err(WhyNot::new(place, "a loop"))
            }
            _ => Err(WhyNot::new(place, "a statement of another kind")),
        }
    }

    fn branch(&mut self, parts: &FlowControl) -> Result<Value, WhyNot> {
        let condition = self.expression(&parts.expr)?;
        let condition = match self.truth(condition) {
            Value::Same(Cell::Bool(true)) => return self.block(parts.body.statements()),
            Value::Same(_) => return self.block(parts.branch.statements()),
            Value::Truth(condition) => condition,
            _ => return Err(WhyNot::new(parts.expr.position(), "a condition of another kind")),
        };
        let around = self.live;
        let on = self.both(around, condition);
        self.live = on;
        let one = self.block(parts.body.statements())?;
        let behind_one = self.live;

        let off = self.without(around, condition);
        self.live = off;
        let other = self.block(parts.branch.statements())?;
        let behind_other = self.live;

        let unchanged = behind_one == on && behind_other == off;
        self.live = if unchanged { around } else { self.either(behind_one, behind_other) };
        Ok(match (behind_one, behind_other) {
            (Mask::None, _) => other,
            (_, Mask::None) => one,
            _ => self.pick_by(condition, one, other),
        })
    }

    /// Leaves the live rows to the interpreter.
    pub fn leave(&mut self) {
        if self.live != Mask::None {
            self.step(Step::Leave { on: self.live });
        }
    }
}
