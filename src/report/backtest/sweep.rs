//! A sweep: what every combination of a grid came to over the same sessions, and how much of the best one is luck.
//!
//! The report that holds it is that of the best combination. Values stand in the grid's order, so that a page can
//! draw them as they are.

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

    /// Returns the Sharpe ratio of each combination in the grid's order.
    pub fn sharpes(&self) -> Vec<Option<f64>> {
        let sharpe = |trial: &Option<Trial>| trial.as_ref()?.figure("sharpe").ok();
        self.trials.iter().map(sharpe).collect()
    }

    /// Returns how flat the grid is around each combination, in its order.
    pub fn flatness(&self) -> Vec<Flatness> {
        let sharpes = self.sharpes();
        (0..self.grid.len()).map(|index| flatness(&self.grid, &sharpes, index)).collect()
    }

    /// Returns the trials that have a ratio: those that deflate the best one's.
    pub fn trials_with_ratio(&self) -> usize {
        self.sharpes().iter().flatten().count()
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
