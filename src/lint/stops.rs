//! Whether a strategy's `stop` gives stops that can do their work: prices under the close, and not far from it.

use super::code::Code;
use super::code::Example;
use super::finding::Severity;
use super::smoke::World;
use crate::scripts::Budget;
use crate::scripts::Scripts;
use crate::scripts::Strategy;

/// The code of a stop that is never a sensible price.
pub(super) const ODD_STOP: &str = "odd_stop";

/// A stop under so much of the close would be reached after no position is left to protect.
const LEAST: f64 = 0.2;

pub(super) static CODE: Code = Code {
    name: ODD_STOP,
    severity: Severity::Warning,
    what: "A `stop` gives prices over the close, or next to nothing, on every row.",
    why: "A stop is a price. One over the close sells the position on the day after it is bought; one such as 0.05, meant \
          as 5 %, is never reached and is passed over, so that the position keeps the stop that it had.",
    example: Example::Script {
        bad: "fn stop(row, position) { row.close + 2.0 * row.atr14 }",
        good: "fn stop(row, position) { row.close - 2.0 * row.atr14 }",
    },
};

/// Bought at so much of the close, so that a stop at the entry is a sound one.
const IN_PROFIT: f64 = 0.8;

/// What is odd about the stops of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    OverClose,
    NextToNothing,
}

impl Odd {
    pub fn message(self) -> &'static str {
        match self {
            Odd::OverClose => {
                "`stop` gives a price over the close on every row: the position is sold at once"
            }
            Odd::NextToNothing => "`stop` gives next to nothing on every row: such a stop is never reached",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Odd::OverClose => "a stop lies under the close: `row.close - 2.0 * row.atr14`",
            Odd::NextToNothing => "a stop is a price, not a fraction: `position.entry_price * 0.95`",
        }
    }
}

/// Runs every strategy's `stop` on the made-up rows, and returns those with nothing but odd answers.
pub(super) fn odd_stops<'a>(scripts: &'a Scripts, world: &World) -> Vec<(&'a Strategy, Odd)> {
    scripts.strategies().iter().filter_map(|own| Some((own, odd(own, world)?))).collect()
}

fn odd(strategy: &Strategy, world: &World) -> Option<Odd> {
    let (index, closes) = world.closes();
    let positions: Vec<_> = index.iter().map(|row| world.position(*row, IN_PROFIT, 5)).collect();
    let mut budget = Budget::for_positions(index.len());
    let answers = strategy.stop(world.rows(), &index, &positions, &mut budget).values;
    let given: Vec<f64> =
        answers.iter().zip(closes).filter_map(|(answer, close)| Some((*answer)?? / close)).collect();
    if given.is_empty() {
        None
    } else if given.iter().all(|part| *part >= 1.0) {
        Some(Odd::OverClose)
    } else if given.iter().all(|part| *part < LEAST) {
        Some(Odd::NextToNothing)
    } else {
        None
    }
}
