//! Columns of bars, of one symbol or of many behind one another.

use std::sync::Arc;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::Bars;
use crate::domain::Bar;

/// Bars column by column; all columns have the same length.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) dates: Vec<NaiveDate>,
    pub(super) open: Vec<f64>,
    pub(super) high: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) close: Vec<f64>,
    pub(super) volume: Vec<f64>,
}

impl Table {
    pub(super) fn of(rows: &[Bar]) -> Self {
        Self {
            dates: rows.iter().map(|bar| bar.date).collect(),
            open: rows.iter().map(|bar| bar.open).collect(),
            high: rows.iter().map(|bar| bar.high).collect(),
            low: rows.iter().map(|bar| bar.low).collect(),
            close: rows.iter().map(|bar| bar.close).collect(),
            volume: rows.iter().map(|bar| bar.volume).collect(),
        }
    }

    /// Puts the bars of many symbols behind one another, in their order. Where they already lie so, nothing is copied.
    pub(super) fn stacked(series: Vec<Bars>) -> Arc<Self> {
        match whole(&series) {
            Some(table) => Arc::clone(table),
            None => Arc::new(Self::copied(series)),
        }
    }

    /// Copies series, and lets go of each as it is done: at no time do two copies of the whole market stand in memory.
    fn copied(series: Vec<Bars>) -> Self {
        let rows = series.iter().map(Bars::len).sum();
        let zeros = || vec![0.0; rows];
        let mut table = Self {
            dates: vec![NaiveDate::default(); rows],
            open: zeros(),
            high: zeros(),
            low: zeros(),
            close: zeros(),
            volume: zeros(),
        };
        let mut rest = table.columns();
        let place = |bars: Bars| {
            let own = rest.split_off(bars.len());
            (bars, own)
        };
        // What takes most of the time is to be given the memory, page by page.
        let places: Vec<(Bars, ColumnsMut<'_>)> = series.into_iter().map(place).collect();
        places.into_par_iter().for_each(|(bars, own)| own.fill(&bars));
        table
    }

    pub(super) fn len(&self) -> usize {
        self.dates.len()
    }

    fn columns(&mut self) -> ColumnsMut<'_> {
        let Self { dates, open, high, low, close, volume } = self;
        ColumnsMut { dates, prices: [open, high, low, close, volume] }
    }
}

/// The table whose rows the series are, one behind the other, from the first to the last; `None` where there is none.
fn whole(series: &[Bars]) -> Option<&Arc<Table>> {
    let (table, _) = series.iter().find(|bars| !bars.is_empty())?.window();
    let mut end = 0;
    for bars in series.iter().filter(|bars| !bars.is_empty()) {
        let (own, rows) = bars.window();
        if !Arc::ptr_eq(own, table) || rows.start != end {
            return None;
        }
        end = rows.end;
    }
    (end == table.len()).then_some(table)
}

/// Rows of a table that is being filled.
struct ColumnsMut<'a> {
    dates: &'a mut [NaiveDate],
    /// Open, high, low, close, volume.
    prices: [&'a mut [f64]; 5],
}

impl<'a> ColumnsMut<'a> {
    /// Takes the first rows away from the others.
    fn split_off(&mut self, rows: usize) -> Self {
        let dates = first(&mut self.dates, rows);
        Self { dates, prices: self.prices.each_mut().map(|column| first(column, rows)) }
    }

    fn fill(self, bars: &Bars) {
        let (table, rows) = bars.window();
        self.dates.copy_from_slice(&table.dates[rows.clone()]);
        let columns = [&table.open, &table.high, &table.low, &table.close, &table.volume];
        for (to, column) in self.prices.into_iter().zip(columns) {
            to.copy_from_slice(&column[rows.clone()]);
        }
    }
}

fn first<'a, T>(rest: &mut &'a mut [T], rows: usize) -> &'a mut [T] {
    let (own, after) = std::mem::take(rest).split_at_mut(rows);
    *rest = after;
    own
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;
    use crate::bars::Panel;
    use crate::domain::{AssetClass, Symbol};

    /// Makes as many bars as are asked for, no two of any two symbols with the same prices.
    fn series(name: &str, count: u8) -> Bars {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
        let base = f64::from(name.as_bytes()[0]);
        let bar = |number: u8| {
            let open = base + f64::from(number) / 100.0;
            let date = first + Days::new(u64::from(number));
            Bar { date, open, high: open + 3.0, low: open - 3.0, close: open + 1.0, volume: open * 1e3 }
        };
        Bars::for_tests(Symbol::new(name).expect("a symbol"), &(0..count).map(bar).collect::<Vec<_>>())
    }

    fn market() -> Vec<Bars> {
        [("C", 4), ("A", 0), ("D", 2), ("B", 3), ("E", 0)].map(|(name, count)| series(name, count)).into()
    }

    fn stack(series: Vec<Bars>) -> Panel {
        Panel::stack(AssetClass::Equity, series).expect("distinct symbols")
    }

    /// Tells whether a panel has its closes where the series have them.
    fn shares(panel: &Panel, of: &Bars) -> bool {
        panel.close().as_ptr() == of.window().0.close.as_ptr()
    }

    #[test]
    fn laying_bars_together_changes_none_of_them_and_sorts_them_by_symbol() {
        let mut sorted = market();
        sorted.sort_by(|one, other| one.symbol().cmp(other.symbol()));
        let together = Bars::together(market());
        assert_eq!(together, sorted);
        let closes: Vec<f64> = sorted.iter().flat_map(Bars::iter).map(|bar| bar.close).collect();
        let volumes: Vec<f64> = sorted.iter().flat_map(Bars::iter).map(|bar| bar.volume).collect();
        let panel = stack(together);
        assert_eq!((panel.close(), panel.volume()), (&closes[..], &volumes[..]));
        assert_eq!(panel.dates()[..5], [sorted[1].dates(), &sorted[2].dates()[..2]].concat());
        assert!(Bars::together(Vec::new()).is_empty());
    }

    #[test]
    fn a_panel_of_bars_that_lie_together_copies_none_of_them() {
        let together = Bars::together(market());
        let mut backwards = together.clone();
        backwards.reverse();
        for given in [together.clone(), backwards, Bars::together(together.clone())] {
            assert!(shares(&stack(given), &together[1]));
        }
        assert!(shares(
            &stack(vec![together[1].clone(), together[2].clone(), together[3].clone()]),
            &together[1]
        ));
    }

    #[test]
    fn a_panel_of_less_or_of_others_has_only_their_bars() {
        let together = Bars::together(market());
        let last = |day| NaiveDate::from_ymd_opt(2024, 1, day).expect("a date");
        let cut: Vec<Bars> = together.iter().map(|bars| bars.up_to(last(2))).collect();
        let newest: Vec<Bars> = together.iter().map(|bars| bars.newest(3)).collect();
        let mixed = vec![together[1].clone(), series("C", 4), together[3].clone()];
        let swapped = {
            let [b, c] = [&together[1], &together[2]];
            let other = Bars::together(vec![c.clone(), b.clone()]);
            vec![other[0].clone(), c.clone()]
        };
        for given in [cut, newest, together[2..].to_vec(), together[..2].to_vec(), mixed, swapped] {
            let expected: Vec<f64> = given.iter().flat_map(Bars::iter).map(|bar| bar.open).collect();
            let panel = stack(given);
            assert_eq!(panel.open(), expected);
            assert!(!shares(&panel, &together[1]));
        }
    }
}
