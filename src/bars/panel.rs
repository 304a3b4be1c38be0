//! All symbols' bars of one asset class, stacked into one table.

use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use super::days::Days;
use super::table::Table;
use super::{Bars, OnDay};
use crate::domain::{AssetClass, Symbol};

/// The bars of all symbols of one asset class: rows sorted by symbol, then by date.
///
/// A row is named by its index, `0..len()`; every column of the panel and every feature
/// column computed from it has that length. Symbols are sorted, so the panel does not depend
/// on the order in which sources answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    asset_class: AssetClass,
    symbols: Vec<Symbol>,
    /// `starts[i]..starts[i + 1]` are the rows of `symbols[i]`.
    starts: Vec<usize>,
    /// Where each symbol stands in `symbols`.
    places: FxHashMap<Symbol, usize>,
    pub(super) days: Days,
    /// Shared with the series that it was stacked from, where those lay behind one another.
    table: Arc<Table>,
}

/// Why bars could not be stacked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PanelError {
    #[error("{0} was given twice")]
    Twice(Symbol),
    #[error("more than {max} bars in one asset class", max = u32::MAX)]
    TooLarge,
}

impl Panel {
    /// Stacks the symbols' bars, in any order. A symbol without a bar keeps an empty range.
    ///
    /// # Errors
    /// [`PanelError::Twice`] where a symbol appears in two series; [`PanelError::TooLarge`]
    /// where the rows do not fit 32 bits.
    pub fn stack(asset_class: AssetClass, mut series: Vec<Bars>) -> Result<Self, PanelError> {
        series.sort_by(|a, b| a.symbol().cmp(b.symbol()));
        if let Some(pair) = series.windows(2).find(|pair| pair[0].symbol() == pair[1].symbol()) {
            return Err(PanelError::Twice(pair[0].symbol().clone()));
        }
        let rows: usize = series.iter().map(Bars::len).sum();
        if u32::try_from(rows).is_err() {
            return Err(PanelError::TooLarge);
        }
        let mut starts = Vec::with_capacity(series.len() + 1);
        let mut end = 0;
        starts.push(end);
        for bars in &series {
            end += bars.len();
            starts.push(end);
        }
        let symbols: Vec<Symbol> = series.iter().map(|bars| bars.symbol().clone()).collect();
        let places = symbols.iter().enumerate().map(|(place, symbol)| (symbol.clone(), place)).collect();
        let days = Days::of(&series);
        Ok(Self { asset_class, symbols, starts, places, days, table: Table::stacked(series) })
    }

    /// Returns the asset class of every symbol in the panel.
    pub fn asset_class(&self) -> AssetClass {
        self.asset_class
    }

    /// Returns the symbols, sorted.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Tells whether there is no bar at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the place of a symbol in [`Panel::symbols`], or `None` where it is absent.
    pub fn position(&self, symbol: &Symbol) -> Option<usize> {
        self.places.get(symbol).copied()
    }

    /// Returns the rows of the symbol at `position`, oldest bar first.
    pub fn rows(&self, position: usize) -> Range<usize> {
        self.starts[position]..self.starts[position + 1]
    }

    /// Returns the row of a symbol's bar on a session, or `None` where it has none.
    pub fn row(&self, position: usize, session: NaiveDate) -> Option<usize> {
        self.on(session).row(position)
    }

    /// Looks a session up once, for the rows of many symbols on it.
    pub fn on(&self, session: NaiveDate) -> OnDay<'_> {
        OnDay::of(self, session)
    }

    /// Returns the days on which any symbol has a bar, oldest first.
    pub fn days(&self) -> &[NaiveDate] {
        self.days.all()
    }

    /// Returns the place of a day in [`Panel::days`]; `None` where no symbol has a bar on it.
    pub fn day(&self, date: NaiveDate) -> Option<usize> {
        self.days.place(date).map(|place| place as usize)
    }

    /// Returns the symbol's place that owns a row.
    pub fn owner(&self, row: usize) -> usize {
        self.starts.partition_point(|start| *start <= row) - 1
    }

    /// Returns the same for many rows, which is quick where neighbours share their symbol.
    pub fn owners(&self, rows: &[u32]) -> Vec<u32> {
        let mut last = (0..0, 0);
        let owner = |row: &u32| {
            if !last.0.contains(&(*row as usize)) {
                let owner = self.owner(*row as usize);
                last = (self.rows(owner), owner as u32);
            }
            last.1
        };
        rows.iter().map(owner).collect()
    }

    /// Returns the session date of every row.
    pub fn dates(&self) -> &[NaiveDate] {
        &self.table.dates
    }

    /// Returns the open of every row, in the quote currency.
    pub fn open(&self) -> &[f64] {
        &self.table.open
    }

    /// Returns the high of every row, in the quote currency.
    pub fn high(&self) -> &[f64] {
        &self.table.high
    }

    /// Returns the low of every row, in the quote currency.
    pub fn low(&self) -> &[f64] {
        &self.table.low
    }

    /// Returns the close of every row, in the quote currency.
    pub fn close(&self) -> &[f64] {
        &self.table.close
    }

    /// Returns the volume of every row, in units of the asset.
    pub fn volume(&self) -> &[f64] {
        &self.table.volume
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;
    use crate::domain::Bar;

    #[test]
    fn a_row_is_owned_by_the_same_symbol_whichever_are_asked_about_with_it() {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
        let bar = |number: u64| {
            let date = first + Days::new(number);
            Bar { date, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 0.0 }
        };
        let series = [("A", 0), ("B", 3), ("C", 0), ("D", 1), ("E", 4), ("F", 0)].map(|(name, count)| {
            let bars: Vec<Bar> = (0..count).map(bar).collect();
            Bars::for_tests(Symbol::new(name).expect("a symbol"), &bars)
        });
        let panel = Panel::stack(AssetClass::Equity, series.into()).expect("distinct symbols");
        let owners = |rows: &[u32]| -> Vec<String> {
            let owners = panel.owners(rows);
            owners.into_iter().map(|owner| panel.symbols()[owner as usize].to_string()).collect()
        };
        assert_eq!(owners(&[0, 1, 2, 3, 4, 5, 6, 7]), ["B", "B", "B", "D", "E", "E", "E", "E"]);
        assert_eq!(owners(&[7, 0, 3, 2, 2]), ["E", "B", "D", "B", "B"]);
        assert_eq!(owners(&[]), [""; 0]);
    }
}
