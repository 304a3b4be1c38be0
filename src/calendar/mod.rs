//! Which days are sessions of an asset class, and the instants at which they open and close.
//!
//! A session is named by its exchange-local date: New York for equities, UTC for crypto,
//! where every day is one. Equities follow the New York Stock Exchange's rules of 2000 and
//! after; earlier dates get the same rules and may be wrong. Nothing here asks what time it
//! is: the caller says so.

mod nyse;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::America::New_York;

use crate::domain::AssetClass;

/// Tells whether `class` trades on `date`. Allocates nothing, so that a walk over
/// decades for each of thousands of symbols may ask it.
pub fn is_session(class: AssetClass, date: NaiveDate) -> bool {
    match class {
        AssetClass::Equity => nyse::closure(date).is_none(),
        AssetClass::Crypto => true,
    }
}

/// Returns why `class` does not trade on `date`, worded to follow "is": "a Saturday",
/// "Thanksgiving Day", "a one-off closure (Hurricane Sandy)". `None` for a session.
pub fn closed_reason(class: AssetClass, date: NaiveDate) -> Option<String> {
    match class {
        AssetClass::Equity => nyse::closure(date).map(|closure| closure.to_string()),
        AssetClass::Crypto => None,
    }
}

/// Returns the sessions from `from` to `to`, both included, oldest first; empty when `from`
/// is after `to`.
pub fn sessions(class: AssetClass, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    from.iter_days().take_while(|date| *date <= to).filter(|date| is_session(class, *date)).collect()
}

/// Counts the sessions strictly between two dates: those missing between two neighbouring
/// bars. Zero when `before` is not later than `after`.
pub fn sessions_between(class: AssetClass, after: NaiveDate, before: NaiveDate) -> usize {
    let days = after.iter_days().skip(1).take_while(|date| *date < before);
    days.filter(|date| is_session(class, *date)).count()
}

/// Returns the last session strictly before `date`, itself a session or not.
pub fn previous_session(class: AssetClass, date: NaiveDate) -> NaiveDate {
    // The walk has no end but chrono's own, a quarter of a million years away.
    let mut earlier = date.iter_days().rev().skip(1);
    earlier.find(|day| is_session(class, *day)).unwrap_or(NaiveDate::MIN)
}

/// Returns the first session strictly after `date`, itself a session or not.
pub fn next_session(class: AssetClass, date: NaiveDate) -> NaiveDate {
    let mut later = date.iter_days().skip(1);
    later.find(|day| is_session(class, *day)).unwrap_or(NaiveDate::MAX)
}

/// Returns the instant at which `session` opens: 09:30 New York for equities, the day's
/// first instant in UTC for crypto. For a date that is no session, the instant at which it
/// would have opened.
pub fn open_instant(class: AssetClass, session: NaiveDate) -> DateTime<Utc> {
    match class {
        AssetClass::Equity => new_york_instant(session, nyse::OPEN),
        AssetClass::Crypto => session.and_time(NaiveTime::MIN).and_utc(),
    }
}

/// Returns the instant at which `session` closes: 16:00 New York for equities, 13:00 on
/// short days, the end of the UTC day for crypto. For a date that is no session, the
/// instant at which it would have closed.
pub fn close_instant(class: AssetClass, session: NaiveDate) -> DateTime<Utc> {
    match class {
        AssetClass::Equity => new_york_instant(session, nyse::close(session)),
        AssetClass::Crypto => open_instant(class, session) + TimeDelta::days(1),
    }
}

/// Returns the last session whose close is at or before `now`.
pub fn last_finished(class: AssetClass, now: DateTime<Utc>) -> NaiveDate {
    let today = local_date(class, now);
    if is_session(class, today) && close_instant(class, today) <= now {
        return today;
    }
    previous_session(class, today)
}

/// Returns the date at `instant` where `class` trades: the session date of a bar stamped
/// with that instant.
pub fn local_date(class: AssetClass, instant: DateTime<Utc>) -> NaiveDate {
    match class {
        AssetClass::Equity => instant.with_timezone(&New_York).date_naive(),
        AssetClass::Crypto => instant.date_naive(),
    }
}

fn new_york_instant(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = New_York.from_local_datetime(&date.and_time(time)).single();
    local.expect("New York's clocks change at 02:00, so its trading hours exist once a day").to_utc()
}

#[cfg(test)]
mod tests {
    use super::AssetClass::{Crypto, Equity};
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("an ISO date")
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an RFC 3339 instant")
    }

    #[test]
    fn the_last_finished_session_turns_over_at_the_close() {
        let check = |class, now, expected| {
            assert_eq!(last_finished(class, instant(now)), day(expected), "{class} at {now}");
        };
        // Friday 2026-11-20 closes at 21:00 UTC.
        check(Equity, "2026-11-20T20:59:59Z", "2026-11-19");
        check(Equity, "2026-11-20T21:00:00Z", "2026-11-20");
        check(Equity, "2026-11-22T12:00:00Z", "2026-11-20");
        // In London it is Saturday, in New York still Friday evening.
        check(Equity, "2026-11-21T02:00:00Z", "2026-11-20");
        check(Equity, "2026-11-24T02:00:00Z", "2026-11-23");
        // Thanksgiving, then a short Friday that closes at 18:00 UTC.
        check(Equity, "2026-11-26T23:00:00Z", "2026-11-25");
        check(Equity, "2026-11-27T17:59:59Z", "2026-11-25");
        check(Equity, "2026-11-27T18:00:00Z", "2026-11-27");
        check(Crypto, "2026-11-22T00:00:00Z", "2026-11-21");
        check(Crypto, "2026-11-21T23:59:59Z", "2026-11-20");
    }

    #[test]
    fn opens_and_closes_follow_new_yorks_clock_through_the_year() {
        let check = |class, session, open, close| {
            assert_eq!(open_instant(class, day(session)), instant(open), "open of {class} {session}");
            assert_eq!(close_instant(class, day(session)), instant(close), "close of {class} {session}");
        };
        check(Equity, "2026-03-06", "2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z");
        check(Equity, "2026-03-09", "2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z");
        check(Equity, "2026-10-30", "2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z");
        check(Equity, "2026-11-02", "2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z");
        check(Equity, "2025-07-03", "2025-07-03T13:30:00Z", "2025-07-03T17:00:00Z");
        check(Crypto, "2026-03-08", "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
    }

    #[test]
    fn neighbouring_sessions_skip_closed_days() {
        assert_eq!(previous_session(Equity, day("2026-11-27")), day("2026-11-25"));
        assert_eq!(next_session(Equity, day("2026-11-25")), day("2026-11-27"));
        assert_eq!(next_session(Equity, day("2001-09-10")), day("2001-09-17"));
        assert_eq!(previous_session(Equity, day("2026-11-22")), day("2026-11-20"));
        assert_eq!(previous_session(Crypto, day("2026-11-22")), day("2026-11-21"));
        assert_eq!(next_session(Crypto, day("2026-12-31")), day("2027-01-01"));
    }

    #[test]
    fn the_ends_of_chronos_calendar_do_not_panic() {
        assert_eq!(previous_session(Equity, NaiveDate::MIN), NaiveDate::MIN);
        assert_eq!(next_session(Crypto, NaiveDate::MAX), NaiveDate::MAX);
    }

    #[test]
    fn sessions_include_both_ends() {
        let week = sessions(Equity, day("2026-11-23"), day("2026-11-27"));
        assert_eq!(week, ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"].map(day));
        assert_eq!(sessions(Crypto, day("2026-11-21"), day("2026-11-22")).len(), 2);
        assert_eq!(sessions(Equity, day("2026-11-27"), day("2026-11-23")), []);
        assert_eq!(sessions(Equity, day("2026-11-21"), day("2026-11-22")), []);
    }

    #[test]
    fn sessions_between_excludes_both_ends() {
        let check = |class, after, before, expected| {
            assert_eq!(
                sessions_between(class, day(after), day(before)),
                expected,
                "{class} {after} {before}"
            );
        };
        check(Equity, "2026-11-20", "2026-11-23", 0);
        check(Equity, "2026-11-20", "2026-11-25", 2);
        check(Equity, "2026-11-25", "2026-11-27", 0);
        check(Equity, "2001-09-10", "2001-09-17", 0);
        check(Crypto, "2026-11-20", "2026-11-23", 2);
        check(Equity, "2026-11-25", "2026-11-25", 0);
        check(Equity, "2026-11-25", "2026-11-20", 0);
    }

    #[test]
    fn crypto_never_closes() {
        assert_eq!(closed_reason(Crypto, day("2026-12-25")), None);
        assert_eq!(closed_reason(Equity, day("2026-12-25")).as_deref(), Some("Christmas Day"));
    }
}
