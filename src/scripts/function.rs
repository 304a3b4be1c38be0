//! One function of a script that the host calls: where it stands and what it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reads::Need;
use super::reads::Read;
use super::view::Rows;
use crate::features::{Feature, Modifier};

/// A function that the host calls, with the features that it reads.
#[derive(Clone, Debug)]
pub struct Function {
    pub(super) script: Arc<str>,
    pub(super) path: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) line: usize,
    pub(super) column: usize,
    reads: Vec<Read>,
    required: Vec<Feature>,
}

impl Function {
    pub(super) fn new(
        script: Arc<str>,
        path: Arc<str>,
        name: &str,
        (line, column): (usize, usize),
        reads: Vec<Read>,
    ) -> Self {
        let tested: BTreeSet<&Feature> =
            reads.iter().filter(|read| read.need == Need::Tested).map(|read| &read.feature).collect();
        let plain: BTreeSet<&Feature> =
            reads.iter().filter(|read| read.need == Need::Plain).map(|read| &read.feature).collect();
        let required = plain.difference(&tested).map(|feature| (*feature).clone()).collect();
        Self { script, path, name: name.into(), line, column, reads, required }
    }

    /// Returns the name of the script.
    pub fn script(&self) -> &str {
        &self.script
    }

    /// Returns the script's file, as it is named in messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the line of the function, 1-based.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column of the function, 1-based.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns every place where the function or a helper of it reads a feature.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Returns the features without which the function is not called, sorted: those that are
    /// read plainly somewhere and tested for `()` nowhere.
    pub fn required(&self) -> &[Feature] {
        &self.required
    }

    /// Tells whether a row has every required feature.
    pub fn is_ready(&self, rows: &Rows, row: u32) -> bool {
        self.required.iter().all(|feature| rows.value(feature, row).is_some())
    }

    /// Returns the required features that a row lacks.
    pub fn missing(&self, rows: &Rows, row: u32) -> Vec<&Feature> {
        self.required.iter().filter(|feature| rows.value(feature, row).is_none()).collect()
    }
}

/// Says why a symbol with `bars` bars up to a row lacks these features: "ma200 needs 200 bars,
/// has 143". A feature that lacks something else than the symbol's own bars is said to have no
/// value, and whose it is where that is the benchmark's, or that a rank is of two or more.
pub fn not_ready(missing: &[&Feature], bars: usize) -> String {
    let reasons: Vec<String> = missing
        .iter()
        .map(|feature| {
            let needed = own_bars_needed(feature);
            if bars < needed {
                return format!("{feature} needs {needed} bars, has {bars}");
            }
            if feature.modifiers().contains(&Modifier::Benchmark) {
                return format!("{feature}: the benchmark has no value on that session");
            }
            if feature.modifiers().contains(&Modifier::Rank) {
                return format!("{feature} needs at least two symbols of the universe to rank");
            }
            format!("{feature} has no value on that session")
        })
        .collect();
    reasons.join("; ")
}

/// The bars of the symbol itself that a feature needs: what stands behind `benchmark_` is
/// computed from the benchmark's.
fn own_bars_needed(feature: &Feature) -> usize {
    let modifiers = feature.modifiers();
    let Some(place) = modifiers.iter().position(|own| *own == Modifier::Benchmark) else {
        return feature.first_bar() + 1;
    };
    modifiers[..place].iter().filter(|own| **own == Modifier::Prev).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(feature: &str, bars: usize, expected: &str) {
        let feature = Feature::parse(feature).expect("a feature");
        assert_eq!(not_ready(&[&feature], bars), expected);
    }

    #[test]
    fn a_symbol_is_not_told_of_bars_that_the_benchmark_lacks() {
        check("ma200", 143, "ma200 needs 200 bars, has 143");
        check("ma200", 200, "ma200 has no value on that session");
        check("benchmark_ma200", 143, "benchmark_ma200: the benchmark has no value on that session");
        let prev = "benchmark_prev_close: the benchmark has no value on that session";
        check("benchmark_prev_close", 1, prev);
        check("prev_benchmark_close", 1, "prev_benchmark_close needs 2 bars, has 1");
        check("rank_prev_roc60", 60, "rank_prev_roc60 needs 62 bars, has 60");
        let alone = "rank_roc60 needs at least two symbols of the universe to rank";
        check("rank_roc60", 200, alone);
    }
}
