//! The checked bars of one symbol, column by column.

use chrono::NaiveDate;

use crate::domain::{Bar, Symbol};

/// The daily bars of one symbol: oldest first, dates unique, prices finite and positive,
/// `low ≤ open, close ≤ high`, volume finite and not negative.
///
/// Only [`super::check()`] makes one from raw bars. All columns have the same length.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    symbol: Symbol,
    pub(super) dates: Vec<NaiveDate>,
    pub(super) open: Vec<f64>,
    pub(super) high: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) close: Vec<f64>,
    pub(super) volume: Vec<f64>,
}

impl Bars {
    /// Stacks bars that the caller has already checked, sorted and made unique.
    pub(super) fn from_checked(symbol: Symbol, rows: &[Bar]) -> Self {
        Self {
            symbol,
            dates: rows.iter().map(|bar| bar.date).collect(),
            open: rows.iter().map(|bar| bar.open).collect(),
            high: rows.iter().map(|bar| bar.high).collect(),
            low: rows.iter().map(|bar| bar.low).collect(),
            close: rows.iter().map(|bar| bar.close).collect(),
            volume: rows.iter().map(|bar| bar.volume).collect(),
        }
    }

    /// Makes the series of a symbol that has no bar.
    pub fn empty(symbol: Symbol) -> Self {
        Self::from_checked(symbol, &[])
    }

    /// Takes good bars as they are, for the tests of the layers above.
    #[cfg(test)]
    pub(crate) fn for_tests(symbol: Symbol, rows: &[Bar]) -> Self {
        Self::from_checked(symbol, rows)
    }

    /// Returns whose bars these are.
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// Returns the number of bars.
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Tells whether there is no bar at all.
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// Returns the session dates, oldest first.
    pub fn dates(&self) -> &[NaiveDate] {
        &self.dates
    }

    /// Returns the bar at `index`, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<Bar> {
        Some(Bar {
            date: *self.dates.get(index)?,
            open: self.open[index],
            high: self.high[index],
            low: self.low[index],
            close: self.close[index],
            volume: self.volume[index],
        })
    }

    /// Returns the bars one by one, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Bar> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Keeps the bars up to and including `last`: what a run on that session could have known.
    pub fn up_to(&self, last: NaiveDate) -> Self {
        let end = self.dates.partition_point(|date| *date <= last);
        self.slice(0, end)
    }

    /// Keeps the newest `count` bars.
    pub fn newest(&self, count: usize) -> Self {
        self.slice(self.len().saturating_sub(count), self.len())
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            symbol: self.symbol.clone(),
            dates: self.dates[start..end].to_vec(),
            open: self.open[start..end].to_vec(),
            high: self.high[start..end].to_vec(),
            low: self.low[start..end].to_vec(),
            close: self.close[start..end].to_vec(),
            volume: self.volume[start..end].to_vec(),
        }
    }
}
