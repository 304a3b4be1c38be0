//! The values of one feature, row by row of the panel.

use std::sync::Arc;

use super::by_day::ByDay;
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
    /// One value a day, shared by all rows of that day.
    Days {
        panel: Arc<Panel>,
        values: Arc<ByDay>,
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

    /// Gives every row the value of its day.
    pub(super) fn days(panel: &Arc<Panel>, values: ByDay) -> Self {
        Self(Store::Days { panel: Arc::clone(panel), values: Arc::new(values) })
    }

    /// Returns the value at a row of the panel, or `None` where it is missing, not kept or past the
    /// end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<f64> {
        let value = match &self.0 {
            Store::Rows { kept, values } => *values.get(kept.place(row)?)?,
            Store::Bar { panel, field } => *field.of(panel).get(row)?,
            Store::Days { panel, values } => values.get(*panel.dates().get(row)?),
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
            Store::Rows { kept, values: own } => match kept.places_of_rows() {
                None => gather(own, rows, values, |own| *own),
                Some(places) => gather(places, rows, values, |place| {
                    own.get(*place as usize).copied().unwrap_or(f64::NAN)
                }),
            },
            Store::Bar { panel, field } => gather(field.of(panel), rows, values, |own| *own),
            Store::Days { panel, values: own } => {
                gather(panel.dates(), rows, values, |date| own.get(*date));
            }
        }
        if is_all_finite(values) {
            is_there.fill(true);
            return;
        }
        for (value, is_there) in values.iter_mut().zip(is_there) {
            *is_there = value.is_finite();
            *value = if *is_there { *value } else { 0.0 };
        }
    }
}

/// Nothing times a finite number is 0 or −0, and NaN times any other. Without a branch, so that it is a loop of vectors.
fn is_all_finite(values: &[f64]) -> bool {
    values.iter().fold(0, |all, value| all | (value * 0.0).abs().to_bits()) == 0
}

/// Rows that are looked at together.
const RUN: usize = 8;

/// Writes what `find` makes of each row's own, NaN for a row past the end. A history asks for rows one after the other,
/// which are then read as they lie.
#[inline(always)]
fn gather<T>(own: &[T], rows: &[u32], values: &mut [f64], find: impl Fn(&T) -> f64) {
    let one = |(row, value): (&u32, &mut f64)| *value = own.get(*row as usize).map_or(f64::NAN, &find);
    let (runs, rest) = rows.as_chunks::<RUN>();
    let (to_runs, to_rest) = values.as_chunks_mut::<RUN>();
    for (run, to) in runs.iter().zip(to_runs) {
        let first = run[0] as usize;
        match own.get(first..first.saturating_add(RUN)) {
            Some(own) if is_in_a_row(run) => to.iter_mut().zip(own).for_each(|(to, own)| *to = find(own)),
            _ => run.iter().zip(to).for_each(one),
        }
    }
    rest.iter().zip(to_rest).for_each(one);
}

#[inline(always)]
fn is_in_a_row(run: &[u32; RUN]) -> bool {
    let steps = (0..RUN).map(|step| run[step].wrapping_sub(run[0]) ^ step as u32);
    steps.fold(0, |all, own| all | own) == 0
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

    use super::super::sessions::Sessions;
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
        let known: Vec<f64> = (3..28).map(|day| if day == 9 { f64::NAN } else { f64::from(day) }).collect();
        let of_days = Column::days(&panel, ByDay::of(&panel.dates()[3..28], &known));
        let since = Kept::since(&panel, &Sessions::of(&panel, |_| true), first + Days::new(11), 0);
        let of_kept = Column::rows(&Arc::new(since), (11..30).map(f64::from).collect());
        assert_eq!((of_kept.get(10), of_kept.get(11)), (None, Some(11.0)));
        for column in [Column::bar(&panel, Field::Close), of_rows, of_kept, of_days] {
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
        check(&(8..19).collect::<Vec<u32>>());
        check(&(24..34).collect::<Vec<u32>>());
        check(&[u32::MAX]);
        check(&[]);
    }
}
