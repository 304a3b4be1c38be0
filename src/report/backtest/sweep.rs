//! A sweep: what every combination of a grid came to over the same sessions, and how much of the best one is luck.
//!
//! The report that holds it is that of the best combination. Values stand in the grid's order, so that a page can
//! draw them as they are.

use std::collections::BTreeSet;

use crate::backtest::{Axis, Flatness, Grid, flatness};
use crate::domain::Problem;
use crate::performance::{Figure, Figures, Undefined};

/// What a sweep found.
#[derive(Clone, Debug)]
pub struct Sweep {
    pub grid: Grid,
    /// One for each combination in the grid's order; `None` where the sweep was interrupted before it.
    pub trials: Vec<Option<Trial>>,
    /// The combination with the highest Sharpe ratio, the first of equals; without any ratio the first that was walked.
    pub best: usize,
    /// The probability that the best one's true Sharpe ratio is above 0, by how many were tried and how they differ.
    pub deflated_sharpe: Figure,
}

/// One combination over the span.
#[derive(Clone, Debug)]
pub struct Trial {
    pub figures: Figures,
    /// A fingerprint of the equity curve, the same for curves that are equal to the bit.
    pub curve: u128,
    /// The same of the trades, their stops included.
    pub trades: u128,
    /// Scripts that failed on some row.
    pub failures: Vec<Problem>,
}

impl Trial {
    /// Returns a figure by its name.
    pub fn figure(&self, name: &str) -> Figure {
        self.figures.get(name).unwrap_or(Err(Undefined("it is not reckoned")))
    }
}

/// The Sharpe ratios by the two constants that vary.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap<'a> {
    /// The first constant, down.
    pub down: &'a Axis,
    /// The second one, across.
    pub across: &'a Axis,
    /// A row for each value of `down`, in it a cell for each of `across`; `None` without a ratio.
    pub sharpes: Vec<Vec<Option<f64>>>,
}

impl Sweep {
    /// Returns how many combinations were walked.
    pub fn done(&self) -> usize {
        self.trials.iter().flatten().count()
    }

    /// Returns how many combinations a script failed with.
    pub(super) fn failed(&self) -> usize {
        self.trials.iter().flatten().filter(|trial| !trial.failures.is_empty()).count()
    }

    /// Returns the Sharpe ratio of each combination in the grid's order.
    pub fn sharpes(&self) -> Vec<Option<f64>> {
        let sharpe = |trial: &Option<Trial>| trial.as_ref()?.figure("sharpe").ok();
        self.trials.iter().map(sharpe).collect()
    }

    /// Returns how flat the grid is around each combination, in its order.
    pub fn flatness(&self) -> Vec<Flatness> {
        let sharpes = self.sharpes();
        let idle: Vec<&str> = self.idle().iter().map(|axis| axis.name.as_str()).collect();
        // A constant that nothing reads makes no plateau.
        let is_same = |index, other| {
            let (own, other) = (self.grid.chosen(index), self.grid.chosen(other));
            own.iter().zip(&other).any(|(own, other)| own.1 != other.1 && idle.contains(&own.0.as_str()))
        };
        (0..self.grid.len()).map(|index| flatness(&self.grid, &sharpes, index, is_same)).collect()
    }

    /// Returns the ratios that deflate the best one's: combinations with the same curve are one trial.
    pub fn ratios_tried(&self) -> Vec<f64> {
        let mut curves = BTreeSet::new();
        let tried = self.trials.iter().flatten().filter(|trial| curves.insert(trial.curve));
        tried.filter_map(|trial| trial.figure("sharpe").ok()).collect()
    }

    /// Returns the constants that change nothing: whatever the others are, all of their values give the same curve
    /// by the same trades. None before the whole grid was walked, or where nothing ever moved the account.
    pub fn idle(&self) -> Vec<&Axis> {
        if self.done() < self.grid.len() || self.ratios_tried().is_empty() {
            return Vec::new();
        }
        self.grid.idle(|index, other| self.is_same(index, other))
    }

    /// Tells whether two combinations were walked and came to the same curve by the same trades.
    fn is_same(&self, index: usize, other: usize) -> bool {
        let result = |place: usize| self.trials.get(place)?.as_ref().map(|own| (own.curve, own.trades));
        result(index).is_some_and(|own| result(other) == Some(own))
    }

    /// Returns the ratios as a map where exactly two constants vary.
    pub fn heat_map(&self) -> Option<HeatMap<'_>> {
        let &[down, across] = &self.grid.varying()[..] else { return None };
        let sharpes = self.sharpes();
        // Fixed constants have one place, so that the order is that of the two.
        let rows = sharpes.chunks(across.values.len()).map(<[Option<f64>]>::to_vec);
        Some(HeatMap { down, across, sharpes: rows.collect() })
    }
}
