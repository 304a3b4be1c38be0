//! When a job ticks, and which session each tick decides.
//!
//! A cron line names wall-clock times. Each of them happens once in the job's timezone: one that a
//! change of clocks skips happens at the end of the gap, one that comes twice at its first coming.
//! So the line is matched against the wall clock alone, and each match is then placed on the line of
//! time; croner, given a zone, answers with an earlier instant when asked within the second coming.
//!
//! A tick decides the last session that is finished by then. Ticks on an exchange holiday, and ticks
//! that would decide a session again, are no runs.

use chrono::DateTime;
use chrono::Datelike;
use chrono::LocalResult;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::TimeZone;
use chrono::Timelike;
use chrono::Utc;
use chrono::Weekday;
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::CronParser;
use croner::parser::Seconds;
use croner::parser::Year;

use crate::calendar;
use crate::domain::AssetClass;
use crate::settings;
use crate::settings::Settings;

/// More than the clocks of any place are ever set back.
const LONGEST_OVERLAP: TimeDelta = TimeDelta::hours(3);

/// More than the clocks of any place are ever set forward, in minutes: Samoa left out a whole day.
const LONGEST_GAP: i64 = 25 * 60;

/// A job of the schedule, its cron line read.
#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub asset_class: AssetClass,
    cron: Cron,
    timezone: Tz,
}

/// A tick that decides a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// In the job's timezone.
    pub at: DateTime<Tz>,
    /// The last session that is finished then.
    pub session: NaiveDate,
}

/// A cron line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("job {job}: `{cron}` is no schedule; write one like \"30 16 * * Mon-Fri\"")]
pub struct BadCron {
    pub job: String,
    pub cron: String,
    source: CronError,
}

impl Job {
    /// Reads the jobs of the settings that have something to do: those of a class whose universe is
    /// empty have not.
    ///
    /// # Errors
    /// A cron line that loading the settings would have refused.
    pub fn all(settings: &Settings) -> Result<Vec<Self>, BadCron> {
        let is_traded = |job: &&settings::Job| !settings.universe.of(job.asset_class).is_empty();
        settings.schedule.iter().filter(is_traded).map(Self::new).collect()
    }

    /// Reads a job of the settings.
    ///
    /// # Errors
    /// A cron line that loading the settings would have refused.
    pub fn new(job: &settings::Job) -> Result<Self, BadCron> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let bad = |source| BadCron { job: job.job.clone(), cron: job.cron.clone(), source };
        Ok(Self {
            name: job.job.clone(),
            asset_class: job.asset_class,
            cron: parser.parse(&job.cron).map_err(bad)?,
            timezone: job.timezone,
        })
    }

    /// Returns the ticks after an instant, oldest first, without end but the calendar's own.
    pub fn ticks_after(&self, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Tz>> {
        let mut wall = self.wall_clock(after);
        let mut last = after;
        std::iter::from_fn(move || {
            loop {
                wall = self.cron.find_next_occurrence(&wall.and_utc(), false).ok()?.naive_utc();
                let tick = self.instant(wall)?;
                // Earlier ones belong to the first coming of an hour that comes twice.
                if tick > last {
                    last = tick.to_utc();
                    return Some(tick);
                }
            }
        })
    }

    /// Returns the ticks up to an instant, itself included, newest first.
    pub fn ticks_until(&self, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Tz>> {
        let mut wall = self.wall_clock(until) + LONGEST_OVERLAP;
        let mut next: Option<DateTime<Tz>> = None;
        std::iter::from_fn(move || {
            loop {
                wall = self.cron.find_previous_occurrence(&wall.and_utc(), false).ok()?.naive_utc();
                let tick = self.instant(wall)?;
                if tick <= until && next.is_none_or(|next| tick < next) {
                    next = Some(tick);
                    return next;
                }
            }
        })
    }

    /// Returns the runs after an instant, oldest first, each of another session.
    pub fn runs_after(&self, after: DateTime<Utc>) -> impl Iterator<Item = Run> {
        let mut decided = self.last_run(after).map(|run| run.session);
        self.ticks_after(after).filter_map(move |tick| {
            let run = self.run_at(tick).filter(|run| decided != Some(run.session))?;
            decided = Some(run.session);
            Some(run)
        })
    }

    /// Returns the newest run up to an instant, itself included.
    pub fn last_run(&self, now: DateTime<Utc>) -> Option<Run> {
        let newest = self.ticks_until(now).find_map(|tick| self.run_at(tick))?;
        // The session's first tick is its run, the ones after it would decide it again.
        let close = calendar::close_instant(self.asset_class, newest.session);
        let just_before = close - TimeDelta::nanoseconds(1);
        self.ticks_after(just_before).find_map(|tick| self.run_at(tick))
    }

    /// Returns what a tick decides; `None` on an exchange holiday.
    fn run_at(&self, tick: DateTime<Tz>) -> Option<Run> {
        let date = calendar::local_date(self.asset_class, tick.to_utc());
        let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        if !is_weekend && !calendar::is_session(self.asset_class, date) {
            return None;
        }
        Some(Run { at: tick, session: calendar::last_finished(self.asset_class, tick.to_utc()) })
    }

    /// Returns what the clock on the wall shows, in whole seconds, as croner counts.
    fn wall_clock(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let wall = instant.with_timezone(&self.timezone).naive_local();
        wall.with_nanosecond(0).unwrap_or(wall)
    }

    /// Returns the one instant at which a wall-clock time happens.
    fn instant(&self, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
        match self.timezone.from_local_datetime(&wall) {
            LocalResult::Single(instant) => Some(instant),
            LocalResult::Ambiguous(first, _) => Some(first),
            LocalResult::None => {
                let later = |minutes| wall.checked_add_signed(TimeDelta::minutes(minutes));
                let instant = |wall| self.timezone.from_local_datetime(&wall).earliest();
                (1..=LONGEST_GAP).filter_map(later).find_map(instant)
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn job(class: AssetClass, cron: &str, timezone: &str) -> Job {
        named("j", class, cron, timezone)
    }

    pub(in super::super) fn named(name: &str, class: AssetClass, cron: &str, timezone: &str) -> Job {
        let timezone = timezone.parse().expect("a timezone");
        let job = settings::Job { job: name.to_owned(), asset_class: class, cron: cron.to_owned(), timezone };
        Job::new(&job).expect("a cron line")
    }

    pub(in super::super) fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an RFC 3339 instant")
    }

    /// Compares the next ticks, in local time, and that they are found backwards too.
    fn check_ticks(cron: &str, timezone: &str, after: &str, expected: &[&str]) {
        let job = job(AssetClass::Crypto, cron, timezone);
        let found: Vec<DateTime<Tz>> = job.ticks_after(instant(after)).take(expected.len()).collect();
        let told: Vec<String> = found.iter().map(DateTime::to_rfc3339).collect();
        assert_eq!(told, expected, "{cron} in {timezone} after {after}");
        let last = found.last().expect("at least one tick").to_utc();
        let mut back: Vec<DateTime<Tz>> = job.ticks_until(last).take(expected.len()).collect();
        back.reverse();
        assert_eq!(back, found, "{cron} in {timezone} backwards");
    }

    #[test]
    fn a_wall_clock_time_that_is_skipped_happens_at_the_end_of_the_gap() {
        let expected =
            ["2026-03-07T02:30:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"];
        check_ticks("30 2 * * *", "America/New_York", "2026-03-07T00:00:00Z", &expected);
        // Samoa left out the 30th of December 2011.
        let expected =
            ["2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"];
        check_ticks("0 12 * * *", "Pacific/Apia", "2011-12-29T11:00:00Z", &expected);
    }

    #[test]
    fn a_wall_clock_time_that_comes_twice_happens_at_the_first() {
        let expected = ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"];
        check_ticks("30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", &expected);
        // Asked at 01:10 of the second coming, croner itself would answer with 01:30 of the first.
        check_ticks("30 1 * * *", "America/New_York", "2026-11-01T06:10:00Z", &expected[1..]);
        let until = job(AssetClass::Crypto, "30 1 * * *", "America/New_York");
        let last = until.ticks_until(instant("2026-11-01T06:10:00Z")).next().expect("a tick");
        assert_eq!(last.to_rfc3339(), expected[0]);
    }

    #[test]
    fn a_fraction_of_a_second_neither_hides_nor_repeats_a_tick() {
        let job = job(AssetClass::Crypto, "30 16 * * *", "UTC");
        let next = |after: &str| job.ticks_after(instant(after)).next().map(|tick| tick.to_rfc3339());
        assert_eq!(next("2026-11-20T16:29:59.5Z").as_deref(), Some("2026-11-20T16:30:00+00:00"));
        assert_eq!(next("2026-11-20T16:30:00Z").as_deref(), Some("2026-11-21T16:30:00+00:00"));
        assert_eq!(next("2026-11-20T16:30:00.5Z").as_deref(), Some("2026-11-21T16:30:00+00:00"));
        let last = job.ticks_until(instant("2026-11-20T16:30:00Z")).next().map(|tick| tick.to_rfc3339());
        assert_eq!(last.as_deref(), Some("2026-11-20T16:30:00+00:00"));
    }

    /// Compares the next runs as `local session`, and the last one of them found from behind.
    fn check_runs(class: AssetClass, cron: &str, timezone: &str, after: &str, expected: &[&str]) {
        let job = job(class, cron, timezone);
        let runs: Vec<Run> = job.runs_after(instant(after)).take(expected.len()).collect();
        let told = |run: &Run| format!("{} {}", run.at.format("%a %d %H:%M"), run.session);
        assert_eq!(runs.iter().map(told).collect::<Vec<_>>(), expected, "{cron} in {timezone}");
        for run in runs {
            let found = job.last_run(run.at.to_utc() + TimeDelta::minutes(1));
            assert_eq!(found.as_ref().map(told), Some(told(&run)));
        }
    }

    #[test]
    fn an_exchange_holiday_has_no_run() {
        use AssetClass::{Crypto, Equity};
        let after = "2026-11-25T12:00:00Z";
        let expected = ["Wed 25 16:30 2026-11-25", "Fri 27 16:30 2026-11-27", "Mon 30 16:30 2026-11-30"];
        check_runs(Equity, "30 16 * * Mon-Fri", "America/New_York", after, &expected);
        // The mornings after a session: the one of Thanksgiving Day is skipped.
        let expected = ["Wed 25 08:00 2026-11-24", "Fri 27 08:00 2026-11-25", "Mon 30 08:00 2026-11-27"];
        check_runs(Equity, "0 8 * * Mon-Fri", "America/New_York", after, &expected);
        // Saturday in Sydney is still Friday in New York.
        let expected = ["Thu 26 09:00 2026-11-25", "Sat 28 09:00 2026-11-27", "Tue 01 09:00 2026-11-30"];
        check_runs(Equity, "0 9 * * Tue-Sat", "Australia/Sydney", after, &expected);
        let expected = ["Thu 26 00:00 2026-11-25", "Fri 27 00:00 2026-11-26"];
        check_runs(Crypto, "0 0 * * *", "UTC", after, &expected);
    }

    #[test]
    fn a_session_has_one_run_however_often_the_line_ticks() {
        let expected = ["Fri 20 16:00 2026-11-20", "Mon 23 16:00 2026-11-23"];
        let class = AssetClass::Equity;
        check_runs(class, "*/15 * * * *", "America/New_York", "2026-11-20T20:50:00Z", &expected);
        // A weekly one may tick on a weekend.
        let expected = ["Sat 21 08:00 2026-11-20", "Sat 28 08:00 2026-11-27"];
        check_runs(class, "0 8 * * Sat", "Europe/London", "2026-11-20T20:50:00Z", &expected);
    }

    #[test]
    fn a_day_that_never_comes_has_no_ticks() {
        let job = job(AssetClass::Crypto, "0 0 30 2 *", "UTC");
        assert_eq!(job.ticks_after(instant("2026-11-20T00:00:00Z")).next(), None);
        assert_eq!(job.last_run(instant("2026-11-20T00:00:00Z")), None);
    }
}
