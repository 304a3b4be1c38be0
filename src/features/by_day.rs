//! Values that every symbol shares, one a day.

use chrono::{Datelike, NaiveDate};

/// What a year takes: a day is found without reckoning leap years.
const YEAR: usize = 366;

/// One value a day, NaN where missing.
#[derive(Debug)]
pub(super) struct ByDay {
    first_year: i32,
    values: Vec<f64>,
}

impl ByDay {
    /// Keeps a value a date; the dates ascend.
    pub(super) fn of(dates: &[NaiveDate], values: &[f64]) -> Self {
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            return Self { first_year: 0, values: Vec::new() };
        };
        let years = (last.year() - first.year()) as usize + 1;
        let mut by_day = Self { first_year: first.year(), values: vec![f64::NAN; years * YEAR] };
        for (date, value) in dates.iter().zip(values) {
            let place = by_day.place(*date);
            by_day.values[place] = *value;
        }
        by_day
    }

    /// Returns the value of a day, NaN where there is none.
    #[inline]
    pub(super) fn get(&self, date: NaiveDate) -> f64 {
        self.values.get(self.place(date)).copied().unwrap_or(f64::NAN)
    }

    /// A day before the first year lies beyond the end.
    #[inline]
    fn place(&self, date: NaiveDate) -> usize {
        ((date.year() - self.first_year) as usize).wrapping_mul(YEAR).wrapping_add(date.ordinal0() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    #[test]
    fn a_day_has_its_own_value_and_no_other_s() {
        let dates = [date(2023, 12, 31), date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1)];
        let by_day = ByDay::of(&dates, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(dates.map(|own| by_day.get(own)), [1.0, 2.0, 3.0, 4.0]);
        let mut others = date(2015, 1, 1).iter_days().take(20 * 366).filter(|own| !dates.contains(own));
        assert!(others.all(|own| by_day.get(own).is_nan()));
        assert!([NaiveDate::MIN, NaiveDate::MAX].iter().all(|own| by_day.get(*own).is_nan()));
    }

    #[test]
    fn without_a_date_nothing_is_there() {
        let none = ByDay::of(&[], &[]);
        assert!([date(0, 1, 1), date(2024, 1, 1), date(-1, 5, 5)].iter().all(|own| none.get(*own).is_nan()));
    }
}
