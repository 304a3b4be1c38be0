//! How many sessions a year has, by the curve itself: what the returns of a session are annualised with.
//!
//! New York has 252, and where crypto trades throughout every day is one. A curve of both whose weekends are there in
//! a part of it alone has neither number: its own sessions are counted. Refuses to guess from the classes that were
//! asked for: one of them may have no bar.

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::curve::Day;
use crate::domain::AssetClass;

/// The part of all days from which on every day counts as a session: a bar may be missing now and then.
const NEARLY_ALL: f64 = 0.99;

/// The mean length of a year in the Gregorian calendar.
pub(super) const DAYS_A_YEAR: f64 = 365.2425;

/// What a year of a curve consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Year {
    /// The sessions of New York.
    Equity,
    /// Every day: crypto trades throughout.
    Crypto,
    /// So many, counted: weekends are among the sessions, and not every day is one.
    Counted(f64),
}

impl Year {
    /// Looks at a curve of some classes, each of which has a session in it.
    ///
    /// # Formula
    /// 252 without crypto, and where no session lies on a weekend; 365 where every Saturday and Sunday is a session;
    /// else returns × 365.2425 / days between the first and the last session.
    pub fn of(asset_classes: &[AssetClass], days: &[Day]) -> Self {
        if !asset_classes.contains(&AssetClass::Crypto) {
            return Self::Equity;
        }
        // Without a weekend in it, every day that there could be is one.
        Self::counted(days).unwrap_or(Self::Crypto)
    }

    /// Returns the year of a stretch of the curve that this one is of.
    pub fn of_stretch(self, days: &[Day]) -> Self {
        match self {
            Self::Equity | Self::Crypto => self,
            Self::Counted(_) => Self::counted(days).unwrap_or(self),
        }
    }

    /// Returns the sessions of a year.
    pub fn sessions(self) -> f64 {
        match self {
            Self::Equity => AssetClass::Equity.sessions_per_year(),
            Self::Crypto => AssetClass::Crypto.sessions_per_year(),
            Self::Counted(sessions) => sessions,
        }
    }

    /// Returns the word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Crypto => "crypto",
            Self::Counted(_) => "counted",
        }
    }

    /// Reads it from the days after the first one, on which returns may end; `None` where no weekend is among them.
    fn counted(days: &[Day]) -> Option<Self> {
        let [first, rest @ ..] = days else { return None };
        let last = rest.last()?.date;
        let days = (last - first.date).num_days() as f64;
        let all = first.date.iter_days().skip(1).take_while(|date| *date <= last).filter(is_weekend).count();
        let decided = rest.iter().filter(|day| is_weekend(&day.date)).count();
        match decided {
            _ if all == 0 => None,
            0 => Some(Self::Equity),
            _ if rest.len() as f64 >= days * NEARLY_ALL => Some(Self::Crypto),
            _ => Some(Self::Counted(rest.len() as f64 / days * DAYS_A_YEAR)),
        }
    }
}

fn is_weekend(date: &NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::fixtures::days_from;

    const BOTH: [AssetClass; 2] = [AssetClass::Equity, AssetClass::Crypto];

    /// So many weeks from a Monday on; of the last `daily` of them every day is a session.
    fn curve(weeks: usize, daily: usize) -> Vec<Day> {
        let mut days = days_from("2024-01-01", &vec![1.0; weeks * 7]);
        let first = days[0].date;
        days.retain(|day| {
            !is_weekend(&day.date) || (day.date - first).num_days() >= 7 * (weeks - daily) as i64
        });
        days
    }

    #[track_caller]
    fn check(asset_classes: &[AssetClass], days: &[Day], expected: Year) {
        assert_eq!(Year::of(asset_classes, days), expected);
    }

    #[test]
    fn a_year_is_read_from_the_weekends_of_the_curve() {
        check(&BOTH, &curve(8, 8), Year::Crypto);
        check(&BOTH, &curve(8, 0), Year::Equity);
        check(&[AssetClass::Crypto], &curve(8, 8), Year::Crypto);
        // From Monday to the Sunday of the eighth week are 55 days; four weekends are missing.
        check(&BOTH, &curve(8, 4), Year::Counted(47.0 / 55.0 * DAYS_A_YEAR));
    }

    #[test]
    fn a_bar_that_is_missing_now_and_then_leaves_every_day_a_session() {
        let coins = [AssetClass::Crypto];
        let mut days = curve(52, 52);
        days.remove(5);
        check(&coins, &days, Year::Crypto);
        days.retain(|day| !matches!(day.date.weekday(), Weekday::Tue | Weekday::Wed));
        let Year::Counted(sessions) = Year::of(&coins, &days) else { panic!("two days a week are missing") };
        assert!((sessions - 365.2425 * 5.0 / 7.0).abs() < 2.0, "{sessions}");
    }

    #[test]
    fn a_curve_without_a_weekend_goes_by_its_classes() {
        let days = &curve(1, 1)[..5];
        check(&BOTH, days, Year::Crypto);
        check(&[AssetClass::Equity], days, Year::Equity);
        check(&[AssetClass::Crypto], &days[..1], Year::Crypto);
        check(&[AssetClass::Crypto], &[], Year::Crypto);
    }

    #[test]
    fn each_stretch_of_a_counted_curve_has_its_own_year() {
        let days = curve(8, 4);
        let whole = Year::of(&BOTH, &days);
        assert_eq!(whole.of_stretch(&days[..15]), Year::Equity);
        assert_eq!(whole.of_stretch(&days[20..]), Year::Crypto);
        assert_eq!(whole.of_stretch(&days[..3]), whole);
        assert_eq!((Year::Equity.sessions(), Year::Crypto.sessions()), (252.0, 365.0));
    }
}
