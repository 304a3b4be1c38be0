//! What each step of a program does to its registers, over one block of rows.

use super::arithmetic;
use super::arithmetic::Maths;
use super::arithmetic::Operator;
use super::cell::Cell;
use super::compare;
use super::compare::Comparison;
use super::given::Given;
use super::given::PositionField;
use super::given::SignalField;
use super::kernels::Lanes;
use super::kernels::each;
use super::kernels::fold;
use super::kernels::pair;
use super::kernels::pick;
use super::program::ASKED;
use super::program::Cells;
use super::program::Floats;
use super::program::LEFT;
use super::program::Mask;
use super::program::Number;
use super::program::Program;
use super::program::Step;
use super::program::Truths;
use super::program::WRONG;
use super::registers::LANES;
use super::registers::Registers;
use crate::scripts::maths::larger;
use crate::scripts::maths::smaller;
use crate::scripts::view::View;

/// The rows of a block and what belongs to them; `first` is the place of the block's first row
/// among the arguments.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub view: &'a View,
    pub rows: &'a [u32],
    pub given: Given<'a>,
    pub first: usize,
}

impl Registers {
    /// Runs a program over a block of at most [`LANES`] rows.
    pub fn run(&mut self, program: &Program, inputs: &Inputs) {
        self.lanes = inputs.rows.len();
        self.truths[ASKED.0][..self.lanes].fill(true);
        self.truths[LEFT.0][..self.lanes].fill(false);
        for slot in &program.required {
            let mut values = [0.0; LANES];
            self.require(*slot, inputs, &mut values);
        }
        for step in &program.steps {
            self.step(step, inputs);
        }
    }

    fn step(&mut self, step: &Step, inputs: &Inputs) {
        match step {
            Step::Feature { slot, to } => {
                let mut own = std::mem::take(&mut self.floats[to.0]);
                self.require(*slot, inputs, &mut own);
                self.floats[to.0] = own;
            }
            Step::Optional { slot, to, is_there } => {
                let lanes = self.lanes;
                let (to, is_there) = (&mut self.floats[to.0], &mut self.truths[is_there.0]);
                inputs.view.read(*slot, inputs.rows, &mut to[..lanes], &mut is_there[..lanes]);
            }
            Step::Position { field, to } => self.position(*field, *to, inputs),
            Step::BarsHeld { to } => self.bars_held(*to, inputs),
            Step::Signal { field, to } => self.signal(*field, *to, inputs),

            Step::Arithmetic { operator, a, b, to } => self.arithmetic(*operator, *a, *b, *to),
            Step::Negate { a, to } => self.floats_of(*to, |own, to| each(to, own.float(*a), |a| -a)),
            Step::Compare { comparison, a, b, to } => self.compare(*comparison, *a, *b, *to),

            Step::And { a, b, to } => self.logic(*a, *b, *to, |a, b| a & b),
            Step::AndNot { a, b, to } => self.logic(*a, *b, *to, |a, b| a & !b),
            Step::Or { a, b, to } => self.logic(*a, *b, *to, |a, b| a | b),
            Step::Not { a, to } => self.truths_of(*to, |own, to| each(to, own.truth(*a), |a| !a)),

            Step::PickFloat { by, a, b, to } => self.floats_of(*to, |own, to| {
                pick(to, own.truth(*by), own.number(*a), own.number(*b));
            }),
            Step::PickTruth { by, a, b, to } => self.truths_of(*to, |own, to| {
                pick(to, own.truth(*by), own.lanes_of(*a), own.lanes_of(*b));
            }),
            Step::PickWord { by, a, b, to } => self.words_of(*to, |own, to| {
                pick(to, own.truth(*by), own.word(*a), own.word(*b));
            }),
            Step::PickCell { by, a, b, to } => self.cells_of(*to, |own, to| {
                let by = own.truth(*by);
                if let (Some(a), Some(b)) = (own.cells_of_value(*a), own.cells_of_value(*b)) {
                    return pick(to, by, a, b);
                }
                for (lane, (to, by)) in to.iter_mut().zip(by).enumerate() {
                    *to = own.cell(if *by { *a } else { *b }, lane);
                }
            }),

            Step::One { function, a, to, on } => self.one(*function, *a, *to, *on),
            Step::Larger { a, b, to, on } => {
                self.floats_of(*to, |own, to| pair(to, own.number(*a), own.number(*b), larger));
                self.leave_not_finite(&[*a, *b], *on);
            }
            Step::Smaller { a, b, to, on } => {
                self.floats_of(*to, |own, to| pair(to, own.number(*a), own.number(*b), smaller));
                self.leave_not_finite(&[*a, *b], *on);
            }
            Step::Raise { a, b, to, on } => {
                self.floats_of(*to, |own, to| pair(to, own.number(*a), own.number(*b), f64::powf));
                self.leave_not_finite(&[*a, *b, Number::Column(*to)], *on);
            }
            Step::Clamp { x, low, high, to, on } => {
                self.floats_of(*to, |own, to| {
                    pair(to, own.number(*x), own.number(*low), larger);
                    fold(to, own.number(*high), smaller);
                });
                self.leave_not_finite(&[*x, *low, *high], *on);
                if !matches!((low, high), (Number::Same(low), Number::Same(high)) if low <= high) {
                    self.wrong_where(*on, |own, wrong| {
                        pair(wrong, own.number(*low), own.number(*high), |low, high| low > high);
                    });
                }
            }
            Step::Ratio { a, b, to, is_there, on } => {
                self.floats_of(*to, |own, to| pair(to, own.number(*a), own.number(*b), |a, b| a / b));
                self.truths_of(*is_there, |own, is_there| each(is_there, own.float(*to), f64::is_finite));
                self.leave_not_finite(&[*a, *b], *on);
            }

            Step::CellArithmetic { operator, a, b, to, on } => {
                self.cell_by_cell(*to, *on, |own, lane| {
                    operator.of_cells(own.cell(*a, lane), own.cell(*b, lane))
                });
            }
            Step::CellNegate { a, to, on } => {
                self.cell_by_cell(*to, *on, |own, lane| arithmetic::negated(own.cell(*a, lane)));
            }
            Step::CellMaths { function, arguments, to, on } => {
                self.cell_by_cell(*to, *on, |own, lane| {
                    function.of_cells(arguments.map(|argument| own.cell(argument, lane)))
                });
            }
            Step::CellCompare { comparison, a, b, to, on } => {
                self.truth_by_truth(*to, *on, |own, lane| {
                    compare::cells(*comparison, own.cell(*a, lane), own.cell(*b, lane))
                });
            }
            Step::AsTruth { a, to, on } => {
                self.truth_by_truth(*to, *on, |own, lane| own.cell(*a, lane).as_bool());
            }
            Step::IsUnit { a, to } => self.truths_of(*to, |own, to| {
                each(to, &own.cells[a.0][..own.lanes], |cell| cell == Cell::Unit);
            }),

            Step::Leave { on } => self.wrong_where(*on, |_, wrong| wrong.fill(true)),
            Step::LeaveWithout { is_there, on } => {
                self.wrong_where(*on, |own, wrong| each(wrong, own.truth(*is_there), |is_there| !is_there));
            }
        }
    }

    /// Reads a feature without which a row is not asked about.
    fn require(&mut self, slot: usize, inputs: &Inputs, to: &mut [f64]) {
        let lanes = self.lanes;
        let mut is_there = std::mem::take(&mut self.truths[WRONG.0]);
        inputs.view.read(slot, inputs.rows, &mut to[..lanes], &mut is_there[..lanes]);
        for (asked, is_there) in self.truths[ASKED.0].iter_mut().zip(&is_there[..lanes]) {
            *asked &= *is_there;
        }
        self.truths[WRONG.0] = is_there;
    }

    fn position(&mut self, field: PositionField, to: Floats, inputs: &Inputs) {
        let Given::Positions(positions) = inputs.given else { return self.leave_all() };
        for (to, position) in self.floats[to.0][..self.lanes].iter_mut().zip(&positions[inputs.first..]) {
            *to = field.of_position(position);
        }
    }

    fn bars_held(&mut self, to: Cells, inputs: &Inputs) {
        let Given::Positions(positions) = inputs.given else { return self.leave_all() };
        for (to, position) in self.cells[to.0][..self.lanes].iter_mut().zip(&positions[inputs.first..]) {
            *to = Cell::Int(i64::from(position.bars_held));
        }
    }

    /// Gives each distinct text a number. A block has few: triggers, and the names of strategies.
    fn signal(&mut self, field: SignalField, to: Cells, inputs: &Inputs) {
        let Given::Signals(signals) = inputs.given else { return self.leave_all() };
        for (to, signal) in self.cells[to.0][..self.lanes].iter_mut().zip(&signals[inputs.first..]) {
            let text = match field {
                SignalField::Trigger => &signal.trigger,
                SignalField::Strategy => &signal.strategy,
            };
            let number = self.texts.iter().position(|own| own == text).unwrap_or_else(|| {
                self.texts.push(text.clone());
                self.texts.len() - 1
            });
            *to = Cell::Text(number as u32);
        }
    }

    fn leave_all(&mut self) {
        self.wrong_where(Mask::All, |_, wrong| wrong.fill(true));
    }

    fn arithmetic(&mut self, operator: Operator, a: Number, b: Number, to: Floats) {
        self.floats_of(to, |own, to| {
            let (a, b) = (own.number(a), own.number(b));
            // One loop for each, so that each is a loop of vectors.
            match operator {
                Operator::Add => pair(to, a, b, |a, b| a + b),
                Operator::Subtract => pair(to, a, b, |a, b| a - b),
                Operator::Multiply => pair(to, a, b, |a, b| a * b),
                Operator::Divide => pair(to, a, b, |a, b| a / b),
                other => pair(to, a, b, |a, b| other.of_floats(a, b).unwrap_or_default()),
            }
        });
    }

    fn compare(&mut self, comparison: Comparison, a: Number, b: Number, to: Truths) {
        self.truths_of(to, |own, to| {
            let (a, b) = (own.number(a), own.number(b));
            match comparison {
                Comparison::Equal => pair(to, a, b, compare::equal),
                Comparison::Unequal => pair(to, a, b, compare::unequal),
                Comparison::Less => pair(to, a, b, compare::less),
                Comparison::AtMost => pair(to, a, b, compare::at_most),
                Comparison::More => pair(to, a, b, compare::more),
                Comparison::AtLeast => pair(to, a, b, compare::at_least),
            }
        });
    }

    fn logic(&mut self, a: Truths, b: Truths, to: Truths, make: impl Fn(bool, bool) -> bool) {
        self.truths_of(to, |own, to| {
            pair(to, Lanes::Column(own.truth(a)), Lanes::Column(own.truth(b)), make);
        });
    }

    fn one(&mut self, function: Maths, a: Floats, to: Floats, on: Mask) {
        self.floats_of(to, |own, to| {
            let a = own.float(a);
            match function {
                Maths::Abs => each(to, a, f64::abs),
                Maths::Sqrt => each(to, a, f64::sqrt),
                other => each(to, a, |a| other.of_one(a).unwrap_or(f64::NAN)),
            }
        });
        self.leave_not_finite(&[Number::Column(a), Number::Column(to)], on);
    }

    /// Leaves the rows on which one of the numbers is not finite.
    fn leave_not_finite(&mut self, numbers: &[Number], on: Mask) {
        for number in numbers {
            match *number {
                Number::Column(column) => self.wrong_where(on, |own, wrong| {
                    each(wrong, own.float(column), |value| !value.is_finite());
                }),
                Number::Same(value) if value.is_finite() => {}
                Number::Same(_) => self.wrong_where(on, |_, wrong| wrong.fill(true)),
            }
        }
    }
}
