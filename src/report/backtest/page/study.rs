//! What stands beside the result that the page draws: the grid that it is the best of, the windows that it is joined
//! from, the sessions that were kept out of it.

use serde::Serialize;

use crate::domain::format::{clean, count, fixed};
use crate::report::backtest::{BacktestReport, HeatMap, Sweep};

/// So many rows of a table are listed at most.
const LISTED: usize = 500;

/// One part of a study.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct StudyView {
    pub title: String,
    pub lines: Vec<String>,
    pub map: Option<MapView>,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// How many rows are not listed; empty where all are.
    pub not_listed: String,
}

/// Sharpe ratios by two constants.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct MapView {
    pub down: String,
    pub across: String,
    pub heads: Vec<String>,
    pub rows: Vec<MapRow>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct MapRow {
    pub value: String,
    pub cells: Vec<MapCell>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct MapCell {
    /// A dash without a ratio.
    pub text: String,
    /// `gain1` to `gain4` or `loss1` to `loss4` by the place in the range of all ratios; empty without one.
    pub shade: String,
    pub is_best: bool,
}

/// Returns the parts that the report has.
pub(super) fn studies(report: &BacktestReport) -> Vec<StudyView> {
    let mut studies = Vec::new();
    if let Some(sweep) = &report.sweep {
        let lines = sweep.verdict().lines().map(clean).collect();
        let map = sweep.heat_map().map(|map| map_view(&map, sweep));
        studies.push(study("Sweep", lines, sweep.table(), map));
    }
    if let Some(walked) = &report.walk_forward {
        let lines = std::iter::once(walked.line()).chain(walked.remarks()).map(|line| clean(&line)).collect();
        studies.push(study("Walk forward", lines, walked.table(), None));
    }
    if let Some(holdout) = &report.holdout {
        let lines = holdout.line().lines().map(clean).collect();
        studies.push(study("Holdout", lines, holdout.table(), None));
    }
    studies
}

/// The first row of a table is its head.
fn study(title: &str, lines: Vec<String>, table: Vec<Vec<String>>, map: Option<MapView>) -> StudyView {
    let mut rows = table.into_iter();
    let heads = rows.next().unwrap_or_default();
    let mut rows: Vec<Vec<String>> = rows.collect();
    let not_listed = match rows.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => count(more, "row"),
    };
    rows.truncate(LISTED);
    StudyView { title: title.to_owned(), lines, map, heads, rows, not_listed }
}

fn map_view(map: &HeatMap<'_>, sweep: &Sweep) -> MapView {
    let all = || map.sharpes.iter().flatten().flatten().copied();
    let (lowest, highest) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    // Where all have one sign, the shades are for the differences between them.
    let (nearest, largest) = match (lowest > 0.0, highest < 0.0) {
        (true, _) => (lowest, highest),
        (_, true) => (-highest, -lowest),
        _ => (0.0, highest.max(-lowest)),
    };
    let width = map.across.values.len();
    let cell = |place: usize, sharpe: &Option<f64>| {
        let Some(sharpe) = *sharpe else {
            return MapCell { text: "–".to_owned(), shade: String::new(), is_best: false };
        };
        let range = largest - nearest;
        let part = if range > 0.0 { (sharpe.abs() - nearest) / range } else { 0.0 };
        let depth = (part * 4.0).ceil().clamp(1.0, 4.0);
        let side = if sharpe > 0.0 { "gain" } else { "loss" };
        MapCell { text: fixed(sharpe, 2), shade: format!("{side}{depth}"), is_best: place == sweep.best }
    };
    let row = |(number, (value, sharpes)): (usize, (&f64, &Vec<Option<f64>>))| MapRow {
        value: value.to_string(),
        cells: sharpes.iter().enumerate().map(|(place, own)| cell(number * width + place, own)).collect(),
    };
    MapView {
        down: map.down.name.clone(),
        across: map.across.name.clone(),
        heads: map.across.values.iter().map(ToString::to_string).collect(),
        rows: map.down.values.iter().zip(&map.sharpes).enumerate().map(row).collect(),
    }
}
