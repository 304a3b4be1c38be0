//! From the names that are wanted to their columns: the formulas first, all symbols in
//! parallel, then the modifiers from the inside out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::by_day::ByDay;
use super::column::{Column, clean};
use super::families;
use super::history::History;
use super::kept::Kept;
use super::modifier::Modifier;
use super::name::Feature;
use super::sessions::Sessions;
use crate::bars::Panel;

/// Computes every feature in `wanted`, on the rows from `since` on where that is given;
/// `benchmark` is its position in the panel.
pub(super) fn compute(
    panel: &Arc<Panel>,
    sessions: &Sessions,
    tradable: &[bool],
    benchmark: Option<usize>,
    wanted: &BTreeSet<Feature>,
    since: Option<NaiveDate>,
) -> BTreeMap<Feature, Column> {
    let kept = Arc::new(match since {
        None => Kept::all(),
        Some(since) => {
            let prevs =
                |feature: &Feature| feature.modifiers().iter().filter(|own| **own == Modifier::Prev).count();
            Kept::since(panel, sessions, since, wanted.iter().map(prevs).max().unwrap_or(0))
        }
    });
    let mut work = Work { panel, sessions, tradable, benchmark, kept, done: BTreeMap::new() };
    work.formulas(wanted);
    wanted.iter().map(|feature| (feature.clone(), work.column(feature))).collect()
}

struct Work<'a> {
    panel: &'a Arc<Panel>,
    sessions: &'a Sessions,
    tradable: &'a [bool],
    benchmark: Option<usize>,
    kept: Arc<Kept>,
    done: BTreeMap<Feature, Column>,
}

impl Work<'_> {
    /// Computes the formulas that stand on every symbol's own bars, symbol by symbol so that a
    /// symbol's bars stay in the processor's cache, each straight into its place in the column.
    fn formulas(&mut self, wanted: &BTreeSet<Feature>) {
        let mut formulas = BTreeSet::new();
        for feature in wanted {
            // What is asked of the benchmark alone is not computed for everyone.
            if feature.modifiers().contains(&Modifier::Benchmark) {
                continue;
            }
            let formula = feature.formula();
            match families::bar_field(formula.family()) {
                Some(field) => drop(self.done.insert(formula, Column::bar(self.panel, field))),
                None => drop(formulas.insert(formula)),
            }
        }
        let mut columns: Vec<Vec<f64>> =
            formulas.iter().map(|_| vec![0.0; self.kept.len(self.panel)]).collect();
        let mut tasks: Vec<Vec<&mut [f64]>> =
            self.panel.symbols().iter().map(|_| Vec::with_capacity(columns.len())).collect();
        for column in &mut columns {
            let mut rest = column.as_mut_slice();
            for (position, task) in tasks.iter_mut().enumerate() {
                let (own, after) = rest.split_at_mut(self.kept.places(self.panel, position).len());
                task.push(own);
                rest = after;
            }
        }
        tasks.into_par_iter().enumerate().for_each_init(Vec::new, |series, (position, outs)| {
            let history = History::of(self.panel, position);
            let start = self.panel.rows(position).start;
            for (formula, out) in formulas.iter().zip(outs) {
                if self.kept.is_all() {
                    out.fill(f64::NAN);
                    formula.compute(&history, out);
                    clean(out);
                    continue;
                }
                series.clear();
                series.resize(history.close.len(), f64::NAN);
                formula.compute(&history, series);
                clean(series);
                for (value, row) in out.iter_mut().zip(self.kept.rows(self.panel, position)) {
                    *value = series[row - start];
                }
            }
        });
        let columns = columns.into_iter().map(|values| Column::rows(&self.kept, values));
        self.done.extend(formulas.into_iter().zip(columns));
    }

    fn column(&mut self, feature: &Feature) -> Column {
        if let Some(done) = self.done.get(feature) {
            return done.clone();
        }
        let column = match feature.split() {
            None => self.done.get(&feature.formula()).cloned().unwrap_or_else(|| self.nothing()),
            Some((Modifier::Benchmark, inner)) => self.of_benchmark(&inner),
            Some((Modifier::Prev, inner)) => {
                let inner = self.column(&inner);
                self.previous(&inner)
            }
            Some((Modifier::Rank, inner)) => {
                let inner = self.column(&inner);
                self.ranked(&inner)
            }
        };
        self.done.insert(feature.clone(), column.clone());
        column
    }

    fn nothing(&self) -> Column {
        Column::rows(&self.kept, self.all_missing())
    }

    fn all_missing(&self) -> Vec<f64> {
        vec![f64::NAN; self.kept.len(self.panel)]
    }

    fn of_benchmark(&self, inner: &Feature) -> Column {
        let by_day = self.benchmark.map_or_else(
            || ByDay::of(&[], &[]),
            |position| {
                let dates = &self.panel.dates()[self.panel.rows(position)];
                ByDay::of(dates, &self.benchmark_series(inner, position))
            },
        );
        Column::days(self.panel, by_day)
    }

    /// The feature on the benchmark's own bars, NaN where missing.
    fn benchmark_series(&self, feature: &Feature, position: usize) -> Vec<f64> {
        let bars = self.panel.rows(position).len();
        match feature.split() {
            None => {
                let mut out = vec![f64::NAN; bars];
                feature.compute(&History::of(self.panel, position), &mut out);
                clean(&mut out);
                out
            }
            Some((Modifier::Benchmark, inner)) => self.benchmark_series(&inner, position),
            Some((Modifier::Prev, inner)) => {
                let mut series = self.benchmark_series(&inner, position);
                series.insert(0, f64::NAN);
                series.truncate(bars);
                series
            }
            // The benchmark takes no part in the ranking.
            Some((Modifier::Rank, _)) => vec![f64::NAN; bars],
        }
    }

    fn previous(&self, inner: &Column) -> Column {
        let mut out = self.all_missing();
        for position in 0..self.panel.symbols().len() {
            let first = self.panel.rows(position).start;
            let places = self.kept.places(self.panel, position);
            for (place, row) in places.zip(self.kept.rows(self.panel, position)) {
                if row > first {
                    out[place] = inner.get(row - 1).unwrap_or(f64::NAN);
                }
            }
        }
        Column::rows(&self.kept, out)
    }

    /// Ranks the universe's symbols on each session: (average rank − 1) / (n − 1).
    fn ranked(&self, inner: &Column) -> Column {
        // By row and looked up once: the search for a row's symbol costs as much as its rank.
        let mut takes_part = vec![false; self.panel.len()];
        for position in (0..self.panel.symbols().len()).filter(|position| self.takes_part(*position)) {
            takes_part[self.panel.rows(position)].fill(true);
        }
        let ranks_on = |session: &NaiveDate| -> Vec<(u32, f64)> {
            let mut present: Vec<(u32, f64)> = self
                .sessions
                .rows_on(*session)
                .iter()
                .filter(|row| takes_part[**row as usize])
                .filter_map(|row| Some((*row, inner.get(*row as usize)?)))
                .collect();
            average_ranks(&mut present);
            present
        };
        let mut out = self.all_missing();
        // A few sessions at a time: their ranks are scattered before the next are made.
        for sessions in self.kept.sessions(self.sessions).chunks(64) {
            let ranked: Vec<Vec<(u32, f64)>> = sessions.par_iter().map(ranks_on).collect();
            for (row, rank) in ranked.into_iter().flatten() {
                if let Some(place) = self.kept.place(row as usize) {
                    out[place] = rank;
                }
            }
        }
        Column::rows(&self.kept, out)
    }

    fn takes_part(&self, position: usize) -> bool {
        self.tradable[position] && self.benchmark != Some(position)
    }
}

/// Turns the values of one session into ranks from 0 to 1, equal values sharing the average;
/// fewer than two have none.
fn average_ranks(present: &mut Vec<(u32, f64)>) {
    if present.len() < 2 {
        return present.clear();
    }
    let last = (present.len() - 1) as f64;
    present.sort_unstable_by(|left, right| left.1.total_cmp(&right.1));
    let mut start = 0;
    while start < present.len() {
        let value = present[start].1;
        let same = present[start..].iter().take_while(|(_, other)| *other == value).count();
        let rank = (start as f64 + (same - 1) as f64 / 2.0) / last;
        for slot in &mut present[start..start + same] {
            slot.1 = rank;
        }
        start += same;
    }
}
