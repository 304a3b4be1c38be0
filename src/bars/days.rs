//! The days of a panel and where each symbol's bars begin among them, so that a row is found without a search.
//!
//! Nearly every symbol has a bar on each day from its first to its last; one that has gaps is searched.

use chrono::{Datelike, NaiveDate};

use super::Bars;

/// The days on which any symbol has a bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Days {
    /// The first one, counted from the common era.
    first_day: i32,
    /// The place of each calendar day since then among the days that have a bar.
    places: Vec<Option<u32>>,
    days: Vec<NaiveDate>,
    /// The place of each symbol's first bar; `None` where it has none, or a gap.
    begins: Vec<Option<u32>>,
}

impl Days {
    /// Lists the days of some series, each in ascending order.
    pub(super) fn of(series: &[Bars]) -> Self {
        let longest = series.iter().max_by_key(|bars| bars.len()).map(Bars::dates).unwrap_or_default();
        let mut days = longest.to_vec();
        for bars in series {
            if run(&days, bars.dates()).is_none() {
                days = merged(&days, bars.dates());
            }
        }
        let begins = series.iter().map(|bars| run(&days, bars.dates())).collect();
        let first_day = days.first().map_or(0, NaiveDate::num_days_from_ce);
        let span = days.last().map_or(0, |last| last.num_days_from_ce() - first_day + 1);
        let mut places = vec![None; span as usize];
        for (place, day) in (0_u32..).zip(&days) {
            places[(day.num_days_from_ce() - first_day) as usize] = Some(place);
        }
        Self { first_day, places, days, begins }
    }

    /// Returns all of them, oldest first.
    pub(super) fn all(&self) -> &[NaiveDate] {
        &self.days
    }

    /// Returns the place of a day; `None` where no symbol has a bar on it.
    pub(super) fn place(&self, day: NaiveDate) -> Option<u32> {
        let since = usize::try_from(day.num_days_from_ce() - self.first_day).ok()?;
        self.places.get(since).copied()?
    }

    /// Returns the place of the first bar of the symbol at `position`; `None` where it has none, or a gap.
    pub(super) fn begin(&self, position: usize) -> Option<u32> {
        self.begins[position]
    }
}

/// Returns where `dates` stand in `days` without a gap.
fn run(days: &[NaiveDate], dates: &[NaiveDate]) -> Option<u32> {
    let place = days.binary_search(dates.first()?).ok()?;
    (days.get(place..place + dates.len())? == dates).then_some(place as u32)
}

/// Merges two ascending lists into one, each day once.
fn merged(one: &[NaiveDate], other: &[NaiveDate]) -> Vec<NaiveDate> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => **a.min(b),
            (Some(day), None) | (None, Some(day)) => **day,
            (None, None) => return all,
        };
        one.next_if_eq(&&next);
        other.next_if_eq(&&next);
        all.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Panel;
    use crate::domain::{AssetClass, Bar, Symbol};

    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date") + chrono::Days::new(number)
    }

    fn bars(name: &str, numbers: &[u64]) -> Bars {
        let bar = |number: &u64| Bar {
            date: day(*number),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: 1.0,
        };
        let rows: Vec<Bar> = numbers.iter().map(bar).collect();
        Bars::for_tests(Symbol::new(name).expect("a symbol"), &rows)
    }

    #[test]
    fn a_row_is_found_wherever_the_gaps_are() {
        let even: Vec<u64> = (0..300).collect();
        let late: Vec<u64> = (250..400).collect();
        let weeks: Vec<u64> = (0..300).filter(|number| number % 7 < 5).collect();
        let lumps: Vec<u64> = (0..20).chain(900..960).chain([5_000]).collect();
        let all = [("A", vec![]), ("B", vec![3]), ("C", even), ("D", late), ("E", weeks), ("F", lumps)];
        // Alone, in pairs, and all together: what the others have must not matter.
        for chosen in 1_u32..1 << all.len() {
            let own = || all.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            let series = own().map(|(_, (name, numbers))| bars(name, numbers)).collect();
            let panel = Panel::stack(AssetClass::Equity, series).expect("distinct symbols");
            for (position, (_, (name, numbers))) in own().enumerate() {
                for number in (0..1_000).chain(4_990..5_010) {
                    let expected = numbers.binary_search(&number).ok();
                    let expected = expected.map(|offset| panel.rows(position).start + offset);
                    assert_eq!(
                        panel.row(position, day(number)),
                        expected,
                        "{number} of {name} in {chosen:b}"
                    );
                }
            }
            let before = NaiveDate::from_ymd_opt(1999, 1, 1).expect("a date");
            assert_eq!(panel.row(0, before), None);
        }
    }
}
