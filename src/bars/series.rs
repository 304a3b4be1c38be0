//! The checked bars of one symbol, column by column.

use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use super::table::Table;
use crate::domain::{Bar, Symbol};

/// The daily bars of one symbol: oldest first, dates unique, prices finite and positive,
/// `low ≤ open, close ≤ high`, volume finite and not negative.
///
/// Only [`super::check()`] makes one from raw bars. Cloning and cutting are cheap: the bars are rows of a table that many
/// may share.
#[derive(Clone, Debug)]
pub struct Bars {
    symbol: Symbol,
    table: Arc<Table>,
    rows: Range<usize>,
}

impl PartialEq for Bars {
    fn eq(&self, other: &Self) -> bool {
        self.symbol == other.symbol && self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Bars {
    /// Stacks bars that the caller has already checked, sorted and made unique.
    pub(super) fn from_checked(symbol: Symbol, rows: &[Bar]) -> Self {
        Self { symbol, table: Arc::new(Table::of(rows)), rows: 0..rows.len() }
    }

    /// Lays the bars of a market behind one another, by symbol, as a panel has them: stacked from these it copies
    /// nothing, however often.
    pub fn together(mut series: Vec<Self>) -> Vec<Self> {
        series.sort_by(|one, other| one.symbol.cmp(&other.symbol));
        let places: Vec<(Symbol, usize)> = series.iter().map(|own| (own.symbol.clone(), own.len())).collect();
        let table = Table::stacked(series);
        let mut end = 0;
        let place = |(symbol, length)| {
            let start = end;
            end += length;
            Self { symbol, table: Arc::clone(&table), rows: start..end }
        };
        places.into_iter().map(place).collect()
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
        self.rows.len()
    }

    /// Tells whether there is no bar at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the session dates, oldest first.
    pub fn dates(&self) -> &[NaiveDate] {
        &self.table.dates[self.rows.clone()]
    }

    /// Returns the table that the bars lie in, and their rows of it.
    pub(super) fn window(&self) -> (&Arc<Table>, Range<usize>) {
        (&self.table, self.rows.clone())
    }

    /// Returns the bar at `index`, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<Bar> {
        let row = self.rows.clone().nth(index)?;
        let Table { dates, open, high, low, close, volume } = &*self.table;
        Some(Bar {
            date: dates[row],
            open: open[row],
            high: high[row],
            low: low[row],
            close: close[row],
            volume: volume[row],
        })
    }

    /// Returns the bars one by one, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Bar> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Keeps the bars up to and including `last`: what a run on that session could have known.
    pub fn up_to(&self, last: NaiveDate) -> Self {
        let end = self.dates().partition_point(|date| *date <= last);
        self.slice(0, end)
    }

    /// Keeps the newest `count` bars.
    pub fn newest(&self, count: usize) -> Self {
        self.slice(self.len().saturating_sub(count), self.len())
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        let first = self.rows.start;
        Self { symbol: self.symbol.clone(), table: Arc::clone(&self.table), rows: first + start..first + end }
    }
}
