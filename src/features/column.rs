//! The values of one feature, row by row of the panel.

use std::sync::Arc;

use chrono::Datelike;

use super::kept::Kept;
use crate::bars::Panel;

/// The values of one feature on the rows of a panel, finite or missing.
///
/// Cloning is cheap. Bars are read from the panel and a benchmark's value is kept once a day,
/// so only what differs from row to row costs memory.
#[derive(Clone, Debug)]
pub struct Column(Store);

#[derive(Clone, Debug)]
enum Store {
    Bar {
        panel: Arc<Panel>,
        field: Field,
    },
    /// One value a kept row. NaN stands for missing; nothing outside this module sees it.
    Rows {
        kept: Arc<Kept>,
        values: Arc<Vec<f64>>,
    },
    /// One value a day, shared by all rows of that day; the first is `first_day`'s.
    Days {
        panel: Arc<Panel>,
        first_day: i32,
        values: Arc<Vec<f64>>,
    },
}

/// A column of the bars themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    Volume,
}

impl Column {
    /// Reads a column of the bars.
    pub(super) fn bar(panel: &Arc<Panel>, field: Field) -> Self {
        Self(Store::Bar { panel: Arc::clone(panel), field })
    }

    /// Takes one value a kept row, NaN where missing.
    pub(super) fn rows(kept: &Arc<Kept>, values: Vec<f64>) -> Self {
        Self(Store::Rows { kept: Arc::clone(kept), values: Arc::new(values) })
    }

    /// Gives every row the value of its day; `values` are of days in a row from `first_day` (as
    /// counted from the common era), NaN where missing.
    pub(super) fn days(panel: &Arc<Panel>, first_day: i32, values: Vec<f64>) -> Self {
        Self(Store::Days { panel: Arc::clone(panel), first_day, values: Arc::new(values) })
    }

    /// Returns the value at a row of the panel, or `None` where it is missing, not kept or past the
    /// end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<f64> {
        let value = match &self.0 {
            Store::Rows { kept, values } => *values.get(kept.place(row)?)?,
            Store::Bar { panel, field } => *field.of(panel).get(row)?,
            Store::Days { panel, first_day, values } => {
                let day = panel.dates().get(row)?.num_days_from_ce() - first_day;
                *values.get(usize::try_from(day).ok()?)?
            }
        };
        value.is_finite().then_some(value)
    }

    /// Returns the values at rows of the panel, as [`Column::get`] does one.
    pub fn of_rows(&self, rows: &[u32]) -> Vec<Option<f64>> {
        let (mut values, mut is_there) = (vec![0.0; rows.len()], vec![false; rows.len()]);
        self.read(rows, &mut values, &mut is_there);
        values.into_iter().zip(is_there).map(|(value, is_there)| is_there.then_some(value)).collect()
    }

    /// Reads the values at rows of the panel into `values`, and whether each is there into
    /// `is_there`; both are as long as `rows`. What is not there is written as 0.
    pub fn read(&self, rows: &[u32], values: &mut [f64], is_there: &mut [bool]) {
        match &self.0 {
            Store::Rows { kept, values: own } if kept.is_all() => {
                fill(rows, values, is_there, |row| own.get(row).copied());
            }
            Store::Rows { kept, values: own } => {
                fill(rows, values, is_there, |row| own.get(kept.place(row)?).copied());
            }
            Store::Bar { panel, field } => {
                let own = field.of(panel);
                fill(rows, values, is_there, |row| own.get(row).copied());
            }
            Store::Days { panel, first_day, values: own } => {
                let dates = panel.dates();
                fill(rows, values, is_there, |row| {
                    let day = dates.get(row)?.num_days_from_ce() - first_day;
                    own.get(usize::try_from(day).ok()?).copied()
                });
            }
        }
    }
}

/// One loop for each kind of column, so that one row need not wait for another's memory.
#[inline(always)]
fn fill(rows: &[u32], values: &mut [f64], is_there: &mut [bool], find: impl Fn(usize) -> Option<f64>) {
    for ((row, value), is_there) in rows.iter().zip(values).zip(is_there) {
        let found = find(*row as usize).unwrap_or(f64::NAN);
        *is_there = found.is_finite();
        *value = if *is_there { found } else { 0.0 };
    }
}

impl Field {
    fn of(self, panel: &Panel) -> &[f64] {
        match self {
            Field::Open => panel.open(),
            Field::High => panel.high(),
            Field::Low => panel.low(),
            Field::Close => panel.close(),
            Field::Volume => panel.volume(),
        }
    }
}

/// Makes what is not finite missing, and −0.0 into 0.0, so that equal values have equal bytes.
pub(super) fn clean(values: &mut [f64]) {
    for value in values {
        *value = if value.is_finite() { *value + 0.0 } else { f64::NAN };
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDate};

    use super::*;
    use crate::bars::Bars;
    use crate::domain::{AssetClass, Bar, Symbol};

    fn check(rows: &[u32]) {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
        let bar = |number: u64| {
            let price = 10.0 + number as f64;
            let date = first + Days::new(number);
            Bar { date, open: price, high: price, low: price, close: price, volume: 0.0 }
        };
        let bars: Vec<Bar> = (0..30).map(bar).collect();
        let symbol = Symbol::new("A").expect("a symbol");
        let panel =
            Panel::stack(AssetClass::Equity, vec![Bars::for_tests(symbol, &bars)]).expect("one symbol");
        let holed = (0..30).map(|row| if row % 7 == 3 { f64::NAN } else { f64::from(row) }).collect();
        let of_rows = Column::rows(&Arc::new(Kept::all()), holed);
        let panel = Arc::new(panel);
        // Known from the fourth day on, and not on the last two.
        let days = (3..28).map(|day| if day == 9 { f64::NAN } else { f64::from(day) }).collect();
        let of_days = Column::days(&panel, first.num_days_from_ce() + 3, days);
        for column in [Column::bar(&panel, Field::Close), of_rows, of_days] {
            let (mut values, mut is_there) = (vec![f64::NAN; rows.len()], vec![false; rows.len()]);
            column.read(rows, &mut values, &mut is_there);
            let read: Vec<Option<f64>> =
                values.iter().zip(&is_there).map(|(value, is_there)| is_there.then_some(*value)).collect();
            let alone: Vec<Option<f64>> = rows.iter().map(|row| column.get(*row as usize)).collect();
            assert_eq!(read, alone, "{rows:?}");
            assert_eq!(column.of_rows(rows), alone, "{rows:?}");
            assert!(values.iter().all(|value| value.is_finite()), "what is not there is 0: {values:?}");
        }
    }

    #[test]
    fn rows_that_are_read_together_have_the_values_that_each_has_alone() {
        check(&(0..30).collect::<Vec<u32>>());
        check(&[5, 6, 7, 3, 4, 4, 29, 30, 31, 2]);
        check(&[28, 29, 30]);
        check(&[u32::MAX]);
        check(&[]);
    }
}
