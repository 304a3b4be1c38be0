//! The catalogue against pandas and TA-Lib: `tests/golden/features.py` made both files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Columns, Feature};
use crate::bars::{Bars, Panel};
use crate::domain::{AssetClass, Bar, Symbol};

const BARS: &str = include_str!("../../tests/fixtures/golden/bars.csv");
const FEATURES: &str = include_str!("../../tests/fixtures/golden/features.csv");
const BENCHMARK: &str = "BENCH";

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap_or_else(|error| panic!("{error}"))
}

fn lines(csv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    csv.lines().map(|line| line.split(',').collect())
}

pub(super) fn golden_bars() -> BTreeMap<Symbol, Vec<Bar>> {
    let mut series: BTreeMap<Symbol, Vec<Bar>> = BTreeMap::new();
    for cells in lines(BARS).skip(1) {
        let date = cells[0].parse().unwrap_or_else(|error| panic!("{}: {error}", cells[0]));
        let [open, high, low, close, volume] = [2, 3, 4, 5, 6].map(|place| number(cells[place]));
        series.entry(symbol(cells[1])).or_default().push(Bar { date, open, high, low, close, volume });
    }
    series
}

/// Computes every feature in `names` with the golden benchmark; all other symbols are the universe.
pub(super) fn columns(series: &BTreeMap<Symbol, Vec<Bar>>, names: &[String]) -> Columns {
    let benchmark = symbol(BENCHMARK);
    let wanted: BTreeSet<Feature> =
        names.iter().map(|name| Feature::parse(name).unwrap_or_else(|error| panic!("{error}"))).collect();
    let universe: BTreeSet<Symbol> = series.keys().filter(|symbol| **symbol != benchmark).cloned().collect();
    let bars = series.iter().map(|(symbol, rows)| Bars::for_tests(symbol.clone(), rows)).collect();
    let panel = Panel::stack(AssetClass::Equity, bars).unwrap_or_else(|error| panic!("{error}"));
    Columns::compute(panel, &universe, Some(&benchmark), &wanted)
}

pub(super) fn golden_names() -> Vec<String> {
    lines(FEATURES).next().into_iter().flatten().skip(2).map(str::to_owned).collect()
}

#[test]
fn every_value_and_every_gap_is_the_references() {
    let names = golden_names();
    let columns = columns(&golden_bars(), &names);
    let features: Vec<Feature> = names.iter().filter_map(|name| Feature::parse(name).ok()).collect();
    let mut wrong = Vec::new();
    let mut values = 0;
    for cells in lines(FEATURES).skip(1) {
        let date = cells[0].parse().unwrap_or_else(|error| panic!("{}: {error}", cells[0]));
        let row = columns.panel().position(&symbol(cells[1])).and_then(|at| columns.panel().row(at, date));
        let Some(row) = row else { panic!("no row for {cells:?}") };
        for (feature, cell) in features.iter().zip(&cells[2..]) {
            let ours = columns.value(feature, row);
            let same = match (ours, cell.is_empty()) {
                (None, true) => true,
                (Some(ours), false) => {
                    values += 1;
                    let theirs = number(cell);
                    (ours - theirs).abs() <= 1e-9 * theirs.abs() || ours.abs().max(theirs.abs()) < 1e-12
                }
                _ => false,
            };
            if !same {
                wrong.push(format!("{feature} of {} on {}: {ours:?}, not {cell:?}", cells[1], cells[0]));
            }
        }
    }
    assert!(values > 10_000, "only {values} values compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn every_family_has_a_golden_series() {
    let families: BTreeSet<&str> =
        golden_names().iter().filter_map(|name| Some(Feature::parse(name).ok()?.family().pattern)).collect();
    for family in super::catalogue() {
        assert!(families.contains(family.pattern), "{}", family.pattern);
    }
}
