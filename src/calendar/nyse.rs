//! The days and hours of the New York Stock Exchange, by rule, with a table for what no
//! rule foresees.
//!
//! Whether a day is a session is worked out from the date alone, without a list that could
//! run out or have to be loaded: each month has at most two holidays to look at. It holds
//! from 2000 on; a test compares every day to 2030 with an independent list. It refuses to
//! guess: a day of mourning that is proclaimed after this table was written is a session
//! here until someone adds the line.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};

/// When the regular session begins, New York time.
pub(super) const OPEN: NaiveTime = time_of_day(9, 30);
const CLOSE: NaiveTime = time_of_day(16, 0);
const EARLY_CLOSE: NaiveTime = time_of_day(13, 0);

/// Closures that no rule foresees, as (year, month, day, why).
const ONE_OFF_CLOSURES: [(i32, u32, u32, &str); 10] = [
    (2001, 9, 11, "the attacks of September 11"),
    (2001, 9, 12, "the attacks of September 11"),
    (2001, 9, 13, "the attacks of September 11"),
    (2001, 9, 14, "the attacks of September 11"),
    (2004, 6, 11, "mourning for Ronald Reagan"),
    (2007, 1, 2, "mourning for Gerald Ford"),
    (2012, 10, 29, "Hurricane Sandy"),
    (2012, 10, 30, "Hurricane Sandy"),
    (2018, 12, 5, "mourning for George H. W. Bush"),
    (2025, 1, 9, "mourning for Jimmy Carter"),
];

/// The first year in which the exchange kept Juneteenth.
const JUNETEENTH_SINCE: i32 = 2022;

/// Through this year, an Independence Day on a Thursday shortened the Friday after it;
/// since then, the Wednesday before it.
const LAST_YEAR_OF_SHORT_JULY_5: i32 = 2012;

/// Why the exchange does not trade on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closure {
    Saturday,
    Sunday,
    Holiday(&'static str),
    /// A holiday that falls on a weekend, kept on the weekday beside it.
    Observed(&'static str),
    OneOff(&'static str),
}

impl fmt::Display for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closure::Saturday => f.write_str("a Saturday"),
            Closure::Sunday => f.write_str("a Sunday"),
            Closure::Holiday(name) => f.write_str(name),
            Closure::Observed(name) => write!(f, "{name} (observed)"),
            Closure::OneOff(why) => write!(f, "a one-off closure ({why})"),
        }
    }
}

/// Returns why there is no session on `date`, `None` when there is one.
pub(super) fn closure(date: NaiveDate) -> Option<Closure> {
    match date.weekday() {
        Weekday::Sat => Some(Closure::Saturday),
        Weekday::Sun => Some(Closure::Sunday),
        weekday => holiday(date, weekday).or_else(|| one_off(date)),
    }
}

/// Returns when the session of `date` ends, New York time.
pub(super) fn close(date: NaiveDate) -> NaiveTime {
    if closes_early(date) { EARLY_CLOSE } else { CLOSE }
}

fn holiday(date: NaiveDate, weekday: Weekday) -> Option<Closure> {
    let (year, day) = (date.year(), date.day());
    let on = |wanted: Weekday, days: std::ops::RangeInclusive<u32>, name: &'static str| {
        (weekday == wanted && days.contains(&day)).then_some(Closure::Holiday(name))
    };
    match date.month() {
        // A New Year's Day on a Saturday is not kept on the Friday: it closes the books of the year.
        1 if day == 1 => Some(Closure::Holiday("New Year's Day")),
        1 if day == 2 && weekday == Weekday::Mon => Some(Closure::Observed("New Year's Day")),
        1 => on(Weekday::Mon, 15..=21, "Martin Luther King Jr. Day"),
        2 => on(Weekday::Mon, 15..=21, "Washington's Birthday"),
        3 | 4 if weekday == Weekday::Fri && is_good_friday(date) => Some(Closure::Holiday("Good Friday")),
        5 => on(Weekday::Mon, 25..=31, "Memorial Day"),
        6 if year >= JUNETEENTH_SINCE => fixed(19, day, weekday, "Juneteenth"),
        7 => fixed(4, day, weekday, "Independence Day"),
        9 => on(Weekday::Mon, 1..=7, "Labor Day"),
        11 => on(Weekday::Thu, 22..=28, "Thanksgiving Day"),
        12 => fixed(25, day, weekday, "Christmas Day"),
        _ => None,
    }
}

/// A holiday on a day of the month: a Saturday's is kept on the Friday, a Sunday's on the Monday.
fn fixed(holiday: u32, day: u32, weekday: Weekday, name: &'static str) -> Option<Closure> {
    if day == holiday {
        return Some(Closure::Holiday(name));
    }
    let kept_before = day + 1 == holiday && weekday == Weekday::Fri;
    let kept_after = day == holiday + 1 && weekday == Weekday::Mon;
    (kept_before || kept_after).then_some(Closure::Observed(name))
}

fn one_off(date: NaiveDate) -> Option<Closure> {
    let wanted = (date.year(), date.month(), date.day());
    let found = ONE_OFF_CLOSURES.iter().find(|&&(year, month, day, _)| (year, month, day) == wanted);
    found.map(|&(.., why)| Closure::OneOff(why))
}

/// Tells whether `date`, a session, ends at 13:00.
fn closes_early(date: NaiveDate) -> bool {
    let (year, weekday) = (date.year(), date.weekday());
    match (date.month(), date.day()) {
        (7, 3) => weekday != Weekday::Wed || year > LAST_YEAR_OF_SHORT_JULY_5,
        (7, 5) => weekday == Weekday::Fri && year <= LAST_YEAR_OF_SHORT_JULY_5,
        // The day after Thanksgiving, which is the fourth Thursday and not the last Friday.
        (11, 23..=29) => weekday == Weekday::Fri,
        (12, 24) => true,
        // Once, the Friday after a Thursday's Christmas was short too.
        (12, 26) => year == 2003,
        _ => false,
    }
}

fn is_good_friday(date: NaiveDate) -> bool {
    let (month, day) = easter(date.year());
    NaiveDate::from_ymd_opt(date.year(), month, day)
        .is_some_and(|easter| easter.signed_duration_since(date).num_days() == 2)
}

/// Returns the month and day of the Gregorian Easter Sunday.
///
/// # Source
/// The anonymous algorithm printed in Nature, 20 April 1876, as given by J. Meeus,
/// *Astronomical Algorithms*, chapter 8; the letters are his.
fn easter(year: i32) -> (u32, u32) {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    ((n / 31).unsigned_abs(), (n % 31 + 1).unsigned_abs())
}

const fn time_of_day(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).expect("an hour under 24 and a minute under 60")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Made by `tests/golden/nyse_sessions.py` from the `PyPI` package `exchange_calendars`.
    const REFERENCE: &str = include_str!("../../tests/fixtures/nyse_sessions.csv");

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("an ISO date")
    }

    #[test]
    fn every_day_from_2000_to_2030_agrees_with_exchange_calendars() {
        let rows = REFERENCE.lines().filter(|line| !line.starts_with('#')).skip(1);
        let mut reference: HashMap<NaiveDate, &str> = rows
            .map(|row| row.split_once(',').expect("date,kind"))
            .map(|(date, kind)| (day(date), kind))
            .collect();
        assert!(reference.len() > 300, "the list is cut short: {} rows", reference.len());

        for date in day("2000-01-01").iter_days().take_while(|date| *date <= day("2030-12-31")) {
            let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
            let expected = if is_weekend { "closed" } else { reference.remove(&date).unwrap_or("full") };
            let actual = match closure(date) {
                Some(_) => "closed",
                None if close(date) == EARLY_CLOSE => "early",
                None => "full",
            };
            assert_eq!(actual, expected, "{date}, {}", date.weekday());
        }
        assert_eq!(reference, HashMap::new(), "rows of the list that no weekday used");
    }

    #[test]
    fn a_closed_day_says_why() {
        let check = |date, expected: Option<&str>| {
            assert_eq!(closure(day(date)).map(|closure| closure.to_string()).as_deref(), expected, "{date}");
        };
        check("2026-11-21", Some("a Saturday"));
        check("2026-11-22", Some("a Sunday"));
        check("2026-11-26", Some("Thanksgiving Day"));
        check("2026-11-27", None);
        check("2026-07-03", Some("Independence Day (observed)"));
        check("2024-03-29", Some("Good Friday"));
        check("2025-01-09", Some("a one-off closure (mourning for Jimmy Carter)"));
        check("2023-01-02", Some("New Year's Day (observed)"));
        check("2021-12-31", None);
        check("2021-06-18", None);
        check("2027-06-18", Some("Juneteenth (observed)"));
    }

    #[test]
    fn rules_go_on_after_the_reference_list() {
        // Easter 2038 is 25 April, its latest date.
        assert_eq!(closure(day("2038-04-23")), Some(Closure::Holiday("Good Friday")));
        assert_eq!(closure(day("2040-12-25")), Some(Closure::Holiday("Christmas Day")));
        assert_eq!(close(day("2040-12-24")), EARLY_CLOSE);
    }
}
