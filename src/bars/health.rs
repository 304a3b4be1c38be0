//! What makes a symbol's history doubtful although each of its bars is sound: closes that jump
//! like an unadjusted split, and sessions without a bar.
//!
//! Refuses to decide: it answers by row, and the layer above withholds the BUY. It holds events,
//! not a flag a row, since nearly no row has one.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::Jump;
use super::LISTED_AFTER;
use super::Panel;
use super::Split;
use super::jump::is_outside;
use super::jump::shows_split;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;

/// A jump makes this many bars suspect, its own the first.
const SUSPECT_BARS: usize = 5;
/// A gap makes this many bars unhealthy, the first after it included.
const GAP_BARS: usize = 20;

/// Sessions in a row without a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last bar before the gap.
    pub last: NaiveDate,
    /// The first bar after it.
    pub next: NaiveDate,
    /// The sessions strictly between them.
    pub missing: usize,
}

/// Something that happened between a bar and the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Event<T> {
    /// The row of the later bar.
    row: usize,
    /// The first row that no longer sees it: never in the next symbol.
    until: usize,
    /// The first row on which it was known to be nothing; `None` where it never was.
    cleared: Option<usize>,
    what: T,
}

impl<T> Event<T> {
    fn is_cleared(&self, row: usize) -> bool {
        self.cleared.is_some_and(|cleared| row >= cleared)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions without a bar between {} and {}", self.missing, self.last, self.next)
    }
}

/// The jumps and gaps of a panel, by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    jumps: Vec<Event<Jump>>,
    /// Gaps of two sessions or more.
    gaps: Vec<Event<Gap>>,
    /// Gaps of one session.
    singles: Vec<Event<Gap>>,
}

impl Health {
    /// Finds the jumps and gaps of every symbol.
    ///
    /// `missing_between` counts the sessions strictly between two dates. `splits` lists the
    /// splits, in any order: a close that still shows one of them jumps, however small the ratio.
    pub fn new(
        panel: &Panel,
        missing_between: impl Fn(NaiveDate, NaiveDate) -> usize + Sync,
        splits: &[Split],
    ) -> Self {
        // Most bars lie between two days that others have bars on, too: those are counted once.
        let days = panel.days();
        let between: Vec<usize> = days.windows(2).map(|pair| missing_between(pair[0], pair[1])).collect();
        let missing_between = |last: NaiveDate, next: NaiveDate| match panel.day(last) {
            Some(place) if days.get(place + 1) == Some(&next) => between[place],
            _ => missing_between(last, next),
        };
        let of_symbol = |position| Self::of_symbol(panel, position, missing_between, splits);
        let each: Vec<Self> = (0..panel.symbols().len()).into_par_iter().map(of_symbol).collect();
        let mut all = Self::default();
        for health in each {
            all.jumps.extend(health.jumps);
            all.gaps.extend(health.gaps);
            all.singles.extend(health.singles);
        }
        all
    }

    fn of_symbol(
        panel: &Panel,
        position: usize,
        missing_between: impl Fn(NaiveDate, NaiveDate) -> usize,
        splits: &[Split],
    ) -> Self {
        let mut health = Self::default();
        let symbol = &panel.symbols()[position];
        let own: Vec<&Split> = splits.iter().filter(|split| split.symbol == *symbol).collect();
        let rows = panel.rows(position);
        for row in rows.clone().skip(1) {
            let (last, next) = (panel.dates()[row - 1], panel.dates()[row]);
            let ratio = panel.close()[row] / panel.close()[row - 1];
            if is_outside(ratio) || shows_split(last, next, ratio, &own) {
                let until = rows.end.min(row + SUSPECT_BARS);
                health.jumps.push(Event { row, until, cleared: None, what: Jump { date: next, ratio } });
            }
            let missing = missing_between(last, next);
            let what = Gap { last, next, missing };
            let gap = Event { row, until: rows.end.min(row + GAP_BARS), cleared: None, what };
            match missing {
                0 => {}
                1 => health.singles.push(gap),
                _ => health.gaps.push(gap),
            }
        }
        health
    }

    /// Clears the jumps that are explained: the source was asked, and lists no split for them.
    ///
    /// One that a common split could have made stays in doubt until [`LISTED_AFTER`] sessions after it, since no list
    /// of those days clears it: a session of the past is not to know more than it did. The others are forgotten.
    pub fn explained(
        mut self,
        panel: &Panel,
        missing_between: impl Fn(NaiveDate, NaiveDate) -> usize,
        real_moves: &BTreeSet<(Symbol, NaiveDate)>,
    ) -> Self {
        if real_moves.is_empty() {
            return self;
        }
        self.jumps.retain_mut(|jump| {
            let owner = panel.owner(jump.row);
            if !real_moves.contains(&(panel.symbols()[owner].clone(), jump.what.date)) {
                return true;
            }
            let mut later = jump.row + 1..panel.rows(owner).end;
            jump.cleared =
                later.find(|row| missing_between(jump.what.date, panel.dates()[*row]) + 1 >= LISTED_AFTER);
            jump.what.is_common()
        });
        self
    }

    /// Returns the newest jump in the last five bars up to and including `row`.
    pub fn suspect(&self, row: usize) -> Option<Jump> {
        newest(&self.jumps, row)
    }

    /// Tells whether no bar of any symbol is in doubt.
    pub fn is_clean(&self) -> bool {
        self.jumps.is_empty() && self.gaps.is_empty() && self.singles.is_empty()
    }

    /// Tells whether these rows of one symbol have neither a jump nor a gap of two sessions or more.
    pub fn is_sound(&self, rows: &Range<usize>) -> bool {
        has_none(&self.jumps, rows) && has_none(&self.gaps, rows)
    }

    /// Returns the newest jump of the symbol in the last `bars` bars up to and including `row`:
    /// what a window of that length still sees of it.
    pub fn jump_within(&self, panel: &Panel, row: usize, bars: usize) -> Option<Jump> {
        newest_within(&self.jumps, panel, row, bars)
    }

    /// Returns the newest gap of two sessions or more of the symbol in the last `bars` bars up to
    /// and including `row`.
    pub fn gap_within(&self, panel: &Panel, row: usize, bars: usize) -> Option<Gap> {
        newest_within(&self.gaps, panel, row, bars)
    }

    /// Returns the newest gap of two sessions or more for which `row` is still within 20 bars.
    pub fn gap(&self, row: usize) -> Option<Gap> {
        newest(&self.gaps, row)
    }

    /// Warns of single sessions without a bar within the last 20 bars up to `row`: one problem
    /// that names them all, or none.
    pub fn warnings(&self, panel: &Panel, row: usize) -> Vec<Problem> {
        let end = self.singles.partition_point(|event| event.row <= row);
        let seen = self.singles[..end].iter().rev().take_while(|event| row < event.until);
        let mut between: Vec<String> =
            seen.map(|event| format!("{} and {}", event.what.last, event.what.next)).collect();
        if between.is_empty() {
            return Vec::new();
        }
        between.reverse();
        let symbol = &panel.symbols()[panel.owner(row)];
        let message = format!("one session has no bar between {}", between.join(", between "));
        vec![Problem::new(symbol, ProblemKind::Gap, message)]
    }
}

fn has_none<T>(events: &[Event<T>], rows: &Range<usize>) -> bool {
    let next = events.partition_point(|event| event.row < rows.start);
    events.get(next).is_none_or(|event| event.row >= rows.end)
}

/// The newest event that `row` still sees, and that is not cleared by then. One of another symbol ends before.
fn newest<T: Copy>(events: &[Event<T>], row: usize) -> Option<T> {
    let end = events.partition_point(|event| event.row <= row);
    let mut seen =
        events[..end].iter().rev().take_while(|event| row < event.row + GAP_BARS.max(SUSPECT_BARS));
    seen.find(|event| row < event.until && !event.is_cleared(row)).map(|event| event.what)
}

/// The newest event between two of the last `bars` bars of the symbol that owns `row`.
fn newest_within<T: Copy>(events: &[Event<T>], panel: &Panel, row: usize, bars: usize) -> Option<T> {
    let first = panel.rows(panel.owner(row)).start.max((row + 1).saturating_sub(bars));
    let end = events.partition_point(|event| event.row <= row);
    let mut seen = events[..end].iter().rev().take_while(|event| event.row > first);
    seen.find(|event| !event.is_cleared(row)).map(|event| event.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bars;
    use crate::bars::jumps;
    use crate::domain::AssetClass;
    use crate::domain::Bar;

    fn day(offset: usize) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date") + chrono::Days::new(offset as u64)
    }

    fn symbol(text: &str) -> Symbol {
        Symbol::new(text).expect("a symbol")
    }

    fn bars(name: &str, days: &[usize], closes: impl Fn(usize) -> f64) -> Bars {
        let rows: Vec<Bar> = days
            .iter()
            .map(|offset| {
                let price = closes(*offset);
                Bar { date: day(*offset), open: price, high: price, low: price, close: price, volume: 1.0 }
            })
            .collect();
        Bars::from_checked(symbol(name), &rows)
    }

    fn panel(series: Vec<Bars>) -> Panel {
        Panel::stack(AssetClass::Crypto, series).expect("distinct symbols")
    }

    fn every_day(last: NaiveDate, next: NaiveDate) -> usize {
        usize::try_from((next - last).num_days() - 1).expect("ordered dates")
    }

    fn rows_where<T>(panel: &Panel, query: impl Fn(usize) -> Option<T>) -> Vec<usize> {
        (0..panel.len()).filter(|row| query(*row).is_some()).collect()
    }

    #[test]
    fn a_jump_is_suspect_for_five_sessions() {
        let days: Vec<usize> = (0..20).collect();
        let panel = panel(vec![bars("X", &days, |d| if d < 10 { 100.0 } else { 50.0 })]);
        let health = Health::new(&panel, every_day, &[]);
        assert_eq!(rows_where(&panel, |row| health.suspect(row)), [10, 11, 12, 13, 14]);
        assert_eq!(health.suspect(14), Some(Jump { date: day(10), ratio: 0.5 }));
    }

    /// The rows of `X` on which a jump is suspect, and those whose window of 20 bars sees one, where the jumps of
    /// these days were real moves; its bars are of these days.
    fn doubtful(days: &[usize], closes: impl Fn(usize) -> f64, real: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let panel = panel(vec![bars("X", days, closes)]);
        let real = real.iter().map(|offset| (symbol("X"), day(*offset))).collect();
        let health = Health::new(&panel, every_day, &[]).explained(&panel, every_day, &real);
        let within = rows_where(&panel, |row| health.jump_within(&panel, row, 20));
        (rows_where(&panel, |row| health.suspect(row)), within)
    }

    #[test]
    fn a_jump_that_is_a_real_move_is_not_suspect() {
        let days: Vec<usize> = (0..16).collect();
        let closes = |d| if d < 10 { 100.0 } else { 57.0 };
        assert_eq!(jumps(&bars("X", &days, closes)), [Jump { date: day(10), ratio: 0.57 }]);
        assert_eq!(doubtful(&days, closes, &[10]), (vec![], vec![]));
        let all: Vec<usize> = (10..16).collect();
        assert_eq!(doubtful(&days, closes, &[9]), (all[..5].to_vec(), all), "that of another day is none");
    }

    #[test]
    fn what_a_common_split_could_have_made_is_cleared_two_sessions_later() {
        let days: Vec<usize> = (0..16).collect();
        let closes = |d| if d < 10 { 100.0 } else { 50.0 };
        assert_eq!(doubtful(&days, closes, &[10]), (vec![10, 11], vec![10, 11]));
        // Sessions pass without a bar, too: the row after the jump is of day 12.
        let without: Vec<usize> = days.iter().copied().filter(|day| *day != 11).collect();
        assert_eq!(doubtful(&without, closes, &[10]), (vec![10], vec![10]));
    }

    #[test]
    fn a_jump_that_is_cleared_hides_none_before_it() {
        let days: Vec<usize> = (0..16).collect();
        let closes = |d| [100.0, 40.0, 20.0][usize::from(d >= 9) + usize::from(d >= 10)];
        let all: Vec<usize> = (9..16).collect();
        assert_eq!(doubtful(&days, closes, &[10]), (all[..5].to_vec(), all));
    }

    #[test]
    fn the_limits_themselves_are_no_jump() {
        for (ratio, expected) in [(0.6, 0), (1.6, 0), (0.599, 1), (1.601, 1), (0.667, 0)] {
            let panel = panel(vec![bars("X", &[0, 1], |d| if d == 0 { 1.0 } else { ratio })]);
            let health = Health::new(&panel, every_day, &[]);
            assert_eq!(rows_where(&panel, |row| health.suspect(row)).len(), expected, "{ratio}");
        }
    }

    #[test]
    fn a_small_ratio_jumps_only_where_that_split_is_listed() {
        let panel = panel(vec![bars("X", &[0, 1, 2], |d| if d == 0 { 30.0 } else { 20.2 })]);
        let split = |name: &str, offset, ratio| Split { symbol: symbol(name), date: day(offset), ratio };
        let cases = [
            (split("X", 1, 1.5), 2),
            (split("X", 1, 1.25), 0),
            (split("X", 2, 1.5), 0),
            (split("X", 0, 1.5), 0),
            (split("Y", 1, 1.5), 0),
        ];
        for (split, suspects) in cases {
            let health = Health::new(&panel, every_day, std::slice::from_ref(&split));
            assert_eq!(rows_where(&panel, |row| health.suspect(row)).len(), suspects, "{split:?}");
        }
    }

    #[test]
    fn events_end_with_their_symbol() {
        let a = bars("A", &[0, 1, 2, 6], |d| if d == 6 { 300.0 } else { 100.0 });
        let b = bars("B", &(0..30).collect::<Vec<_>>(), |_| 50.0);
        let panel = panel(vec![a, b]);
        let health = Health::new(&panel, every_day, &[]);
        assert_eq!(rows_where(&panel, |row| health.suspect(row)), [3]);
        assert_eq!(rows_where(&panel, |row| health.gap(row)), [3]);
    }

    #[test]
    fn two_missing_sessions_are_unhealthy_for_twenty_bars() {
        let days: Vec<usize> = (0..5).chain(7..40).collect();
        let panel = panel(vec![bars("X", &days, |_| 1.0)]);
        let health = Health::new(&panel, every_day, &[]);
        assert_eq!(rows_where(&panel, |row| health.gap(row)), (5..25).collect::<Vec<_>>());
        assert_eq!(health.gap(24), Some(Gap { last: day(4), next: day(7), missing: 2 }));
        assert!(health.warnings(&panel, 10).is_empty());
    }

    #[test]
    fn single_missing_sessions_are_one_warning_while_they_are_recent() {
        let days: Vec<usize> = (0..5).chain(6..10).chain(11..50).collect();
        let panel = panel(vec![bars("X", &days, |_| 1.0)]);
        let health = Health::new(&panel, every_day, &[]);
        assert!(rows_where(&panel, |row| health.gap(row)).is_empty());
        let warned: Vec<usize> =
            (0..panel.len()).filter(|row| !health.warnings(&panel, *row).is_empty()).collect();
        assert_eq!(warned, (5..29).collect::<Vec<_>>());
        let warnings = health.warnings(&panel, 12);
        let message =
            "one session has no bar between 2024-01-05 and 2024-01-07, between 2024-01-10 and 2024-01-12";
        assert_eq!(warnings, [Problem::new("X", ProblemKind::Gap, message)]);
    }

    #[test]
    fn an_older_single_gap_is_seen_beside_a_newer_one_only_while_recent() {
        let days: Vec<usize> = (0..5).chain(6..20).chain(21..50).collect();
        let panel = panel(vec![bars("X", &days, |_| 1.0)]);
        let health = Health::new(&panel, every_day, &[]);
        let count = |row| health.warnings(&panel, row)[0].message.matches("between").count();
        assert_eq!((count(24), count(25)), (2, 1));
    }
}
