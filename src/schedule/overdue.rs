//! When silence is to be noticed: what a job owes, and what to look at.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use super::due::fill_instant;
use super::history::History;
use super::history::State;
use super::job::Job;

/// How long after its tick a run may be waited for.
const RUN_PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// How long a run may take: five calls a minute are 900 in it.
const LONGEST_RUN: TimeDelta = TimeDelta::hours(3);

/// A session that should have arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    pub session: NaiveDate,
    /// The state in which it is stuck; `None` where no run of it ever began.
    pub state: Option<State>,
    /// What is wrong and what to do, as a fragment.
    pub message: String,
}

/// Returns what a job owes at an instant: its newest session, if that is not decided and sent when it
/// should be, else the newest one whose mail is on its way for too long.
pub fn overdue(now: DateTime<Utc>, job: &Job, history: &History) -> Option<Overdue> {
    let run = job.last_run(now)?;
    let newest = history.of(&job.name).next_back().filter(|(session, _)| *session >= run.session);
    let (session, entry) = newest.map_or((run.session, None), |(session, entry)| (session, Some(entry)));
    let fill = fill_instant(job.asset_class, session);
    let message = match entry.map(|entry| (entry.state, entry.last_attempt)) {
        None if now < run.at.to_utc() + RUN_PATIENCE => return undelivered(now, job, history),
        None => {
            let at = run.at.format("%Y-%m-%d %H:%M %Z");
            format!("nothing ran at {at} or since; see that `ts run-scheduler` is running")
        }
        Some((State::Begun, last)) if now < last + LONGEST_RUN => return undelivered(now, job, history),
        Some((State::Begun, last)) => {
            let at = last.format("%Y-%m-%d %H:%M UTC");
            format!("the run of {at} came to no end; see the log of `ts run-scheduler`")
        }
        Some((State::BarsMissing, _)) if now < fill + RUN_PATIENCE => {
            return undelivered(now, job, history);
        }
        Some((State::BarsMissing, _)) => {
            "its bars did not come before its fill; see what the source says".to_owned()
        }
        Some((State::Failed, _)) => "the run failed; see the log of `ts run-scheduler`".to_owned(),
        Some((State::Refused, _)) => {
            "a mail is refused for good; put right what the server named, then `ts run --retry-refused`, or after \
             another address was set `ts run --again`"
                .to_owned()
        }
        Some((State::Undelivered | State::Done, _)) => return undelivered(now, job, history),
    };
    Some(Overdue { session, state: entry.map(|entry| entry.state), message })
}

/// Returns the newest session whose mail was not accepted before its fill.
fn undelivered(now: DateTime<Utc>, job: &Job, history: &History) -> Option<Overdue> {
    let is_stuck = |session| fill_instant(job.asset_class, session) <= now;
    let (session, entry) = history.undelivered(&job.name).rev().find(|(session, _)| is_stuck(*session))?;
    let message = "its mail is not accepted; see the log, and try `ts send-test-email`".to_owned();
    Some(Overdue { session, state: Some(entry.state), message })
}

#[cfg(test)]
mod tests {
    use super::super::history::Entry;
    use super::super::job::tests::instant;
    use super::super::job::tests::job;
    use super::*;
    use crate::domain::AssetClass;

    /// Compares the session that is overdue on a day after Friday the 20th of November 2026.
    fn check(now: &str, friday: Option<(State, &str)>, expected: Option<&str>) {
        let job = job(AssetClass::Equity, "30 16 * * Mon-Fri", "America/New_York");
        let mut history = History::default();
        let entry = |state, last: &str| Entry { state, attempts: 1, last_attempt: instant(last) };
        let day = |text: &str| text.parse().expect("an ISO date");
        history.insert("j", day("2026-11-19"), entry(State::Done, "2026-11-19T21:31:00Z"));
        if let Some((state, last)) = friday {
            history.insert("j", day("2026-11-20"), entry(state, last));
        }
        let found = overdue(instant(now), &job, &history);
        assert_eq!(found.map(|one| one.session), expected.map(day), "{friday:?} at {now}");
    }

    #[test]
    fn a_session_is_overdue_half_an_hour_after_its_tick() {
        check("2026-11-20T21:59:59Z", None, None);
        check("2026-11-20T22:00:00Z", None, Some("2026-11-20"));
        check("2026-11-22T12:00:00Z", Some((State::Done, "2026-11-20T21:31:00Z")), None);
    }

    #[test]
    fn what_still_may_come_is_not_overdue() {
        let missing = Some((State::BarsMissing, "2026-11-23T14:15:00Z"));
        check("2026-11-23T14:59:00Z", missing, None);
        check("2026-11-23T15:00:00Z", missing, Some("2026-11-20"));
        let begun = Some((State::Begun, "2026-11-20T21:30:00Z"));
        check("2026-11-21T00:29:00Z", begun, None);
        check("2026-11-21T00:30:00Z", begun, Some("2026-11-20"));
        let left = Some((State::Undelivered, "2026-11-20T21:31:00Z"));
        check("2026-11-23T14:29:00Z", left, None);
        check("2026-11-23T14:30:00Z", left, Some("2026-11-20"));
    }

    #[test]
    fn a_failure_and_a_refusal_are_overdue_at_once() {
        check("2026-11-20T21:32:00Z", Some((State::Failed, "2026-11-20T21:31:00Z")), Some("2026-11-20"));
        check("2026-11-20T21:32:00Z", Some((State::Refused, "2026-11-20T21:31:00Z")), Some("2026-11-20"));
    }
}
