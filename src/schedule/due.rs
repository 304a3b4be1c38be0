//! What is due at an instant.
//!
//! Of each job one session at most is to be decided: that of the newest run, or a later one that
//! was begun by hand. Earlier sessions that were missed are not made up for one by one; the run of
//! the newest walks through them. A session that is decided is never decided again; while a mail of
//! it is not accepted, that alone is due, until the mail is given up.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use super::history::Entry;
use super::history::History;
use super::history::State;
use super::job::Job;
use crate::calendar;
use crate::domain::AssetClass;

/// A run that begins later than this after its tick makes up for a missed one.
const PUNCTUAL: TimeDelta = TimeDelta::minutes(5);

/// How often bars that are not there are asked for again.
const BARS_AGAIN: TimeDelta = TimeDelta::minutes(15);

/// The first wait after a failed run, doubled each time up to the longest.
const RUN_AGAIN: TimeDelta = TimeDelta::minutes(15);
const LONGEST_RUN_WAIT: TimeDelta = TimeDelta::hours(2);

/// The first wait after a mail was not accepted, doubled each time up to the longest.
const SEND_AGAIN: TimeDelta = TimeDelta::minutes(1);
const LONGEST_SEND_WAIT: TimeDelta = TimeDelta::hours(1);

/// How long a mail is tried: as long as mail servers themselves keep one.
const DELIVERY_LIFETIME: TimeDelta = TimeDelta::days(5);

/// So many runs that died are resumed at once; one that kills its process each time must not do so
/// without a pause.
const RESUMED_AT_ONCE: u32 = 3;

/// How long after its close a crypto session can be filled; that of an equity ends as the next opens.
const CRYPTO_FILL: TimeDelta = TimeDelta::hours(12);

/// Something to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub job: String,
    pub asset_class: AssetClass,
    /// The session to decide, or the one whose mail is to be sent.
    pub session: NaiveDate,
    pub why: Why,
    pub timing: Timing,
    /// When its recommendations are to be filled.
    pub fill: DateTime<Utc>,
    /// 1 at the first try.
    pub attempt: u32,
}

/// Why something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its tick has come.
    Scheduled,
    /// Its tick was missed.
    CatchUp,
    /// The run before died on the way.
    Interrupted,
    /// The bars were not there.
    BarsMissing,
    /// The run before failed.
    Failed,
    /// It is decided, and a mail is not accepted yet. Nothing is to be decided.
    Undelivered,
}

impl Why {
    /// Returns the word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Scheduled => "scheduled",
            Why::CatchUp => "catch-up",
            Why::Interrupted => "interrupted",
            Why::BarsMissing => "bars were missing",
            Why::Failed => "failed before",
            Why::Undelivered => "undelivered",
        }
    }
}

/// Whether the fill of a session is still ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    OnTime,
    /// The fill is past: the mail goes out marked as late, and waits for no bars any more.
    Late,
}

/// Returns when the recommendations of a session are to be filled: equities at the open of the next
/// session, crypto 12 hours after the end of its day.
pub fn fill_instant(class: AssetClass, session: NaiveDate) -> DateTime<Utc> {
    match class {
        AssetClass::Equity => calendar::open_instant(class, calendar::next_session(class, session)),
        AssetClass::Crypto => calendar::close_instant(class, session) + CRYPTO_FILL,
    }
}

/// Tells whether a mail about a session is late at an instant.
pub fn timing(class: AssetClass, session: NaiveDate, now: DateTime<Utc>) -> Timing {
    if now < fill_instant(class, session) { Timing::OnTime } else { Timing::Late }
}

/// Returns when a mail that was tried so often at `at` is tried again.
pub fn delivery_again(at: DateTime<Utc>, attempts: u32) -> DateTime<Utc> {
    at + doubled(SEND_AGAIN, attempts, LONGEST_SEND_WAIT)
}

/// Returns from when on a try of a mail that fails is the last: five days after the fill of its session, or after it
/// was queued, where that was later, as for a session of long ago. `None` for a mail that has no fill.
pub fn delivery_ends(fill: Option<DateTime<Utc>>, queued_at: DateTime<Utc>) -> DateTime<Utc> {
    fill.map_or(queued_at, |fill| fill.max(queued_at)) + DELIVERY_LIFETIME
}

/// Returns what to do now, in the order in which to do it, one after the other: equities before
/// crypto, older sessions first. Nothing of it may be going on already.
pub fn due(now: DateTime<Utc>, jobs: &[Job], history: &History) -> Vec<Due> {
    let all = jobs.iter().flat_map(|job| pending(now, job, history));
    let mut due: Vec<Due> = all.filter(|one| one.from <= now).map(|one| one.due).collect();
    due.sort_by(|a, b| (a.asset_class, a.session, &a.job).cmp(&(b.asset_class, b.session, &b.job)));
    due
}

/// Returns the next instant after `now` at which something becomes due, if nothing happens until
/// then; `None` without a job that ever ticks again.
pub fn wake(now: DateTime<Utc>, jobs: &[Job], history: &History) -> Option<DateTime<Utc>> {
    let retries = jobs.iter().flat_map(|job| pending(now, job, history)).map(|one| one.from);
    let runs = jobs.iter().filter_map(|job| Some(job.runs_after(now).next()?.at.to_utc()));
    retries.chain(runs).filter(|instant| *instant > now).min()
}

/// Something that is due from an instant on.
struct Pending {
    from: DateTime<Utc>,
    due: Due,
}

fn pending(now: DateTime<Utc>, job: &Job, history: &History) -> Vec<Pending> {
    let undelivered = history.undelivered(&job.name).map(|(session, entry)| {
        // What was never tried to its end is resumed at once.
        let is_tried = entry.attempts > 0;
        let wait =
            if is_tried { doubled(SEND_AGAIN, entry.attempts, LONGEST_SEND_WAIT) } else { TimeDelta::zero() };
        job.pending(now, session, Some(entry), again(now, entry, wait), Why::Undelivered)
    });
    undelivered.chain(undecided(now, job, history)).collect()
}

/// Returns the one session of a job that is still to be decided.
fn undecided(now: DateTime<Utc>, job: &Job, history: &History) -> Option<Pending> {
    // A session that is not finished was begun by a clock that stood ahead of this one.
    let finished = calendar::last_finished(job.asset_class, now);
    let newest = history.up_to(&job.name, finished).next_back();
    // Nothing is newer than the last finished session, and most of the time that is done.
    let is_newest = newest.is_some_and(|(session, _)| session == finished);
    let run = if is_newest { None } else { job.last_run(now) };
    let (session, entry) = match (newest, &run) {
        (Some((session, entry)), Some(run)) if session >= run.session => (session, entry),
        (Some((session, entry)), None) => (session, entry),
        (_, Some(run)) => {
            let is_punctual = now < run.at.to_utc() + PUNCTUAL;
            let why = if is_punctual { Why::Scheduled } else { Why::CatchUp };
            return Some(job.pending(now, run.session, None, now, why));
        }
        (None, None) => return None,
    };
    let fill = fill_instant(job.asset_class, session);
    let after_failure = || again(now, entry, doubled(RUN_AGAIN, entry.attempts, LONGEST_RUN_WAIT));
    let (from, why) = match entry.state {
        State::Done | State::Undelivered | State::Refused => return None,
        State::Begun if entry.attempts < RESUMED_AT_ONCE => (now, Why::Interrupted),
        State::Begun => (after_failure(), Why::Interrupted),
        // The fill is the end of waiting.
        State::BarsMissing if entry.last_attempt < fill => {
            (again(now, entry, BARS_AGAIN).min(fill), Why::BarsMissing)
        }
        State::BarsMissing | State::Failed => (after_failure(), Why::Failed),
    };
    Some(job.pending(now, session, Some(entry), from, why))
}

impl Job {
    fn pending(
        &self,
        now: DateTime<Utc>,
        session: NaiveDate,
        entry: Option<Entry>,
        from: DateTime<Utc>,
        why: Why,
    ) -> Pending {
        let due = Due {
            job: self.name.clone(),
            asset_class: self.asset_class,
            session,
            why,
            timing: timing(self.asset_class, session, now),
            fill: fill_instant(self.asset_class, session),
            attempt: entry.map_or(0, |entry| entry.attempts) + 1,
        };
        Pending { from, due }
    }
}

/// Returns when something may be tried again. A try in the future was timed by another clock, so that
/// nothing is known of how long ago it was.
fn again(now: DateTime<Utc>, entry: Entry, wait: TimeDelta) -> DateTime<Utc> {
    if entry.last_attempt > now { now } else { entry.last_attempt + wait }
}

/// Returns the wait after so many tries.
fn doubled(first: TimeDelta, attempts: u32, longest: TimeDelta) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    (first * (1 << doublings)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::instant;
    use super::super::job::tests::named;
    use super::*;
    use AssetClass::Crypto;
    use AssetClass::Equity;

    fn jobs() -> Vec<Job> {
        vec![
            named("crypto", Crypto, "0 0 * * *", "UTC"),
            named("equity", Equity, "30 16 * * Mon-Fri", "America/New_York"),
        ]
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("an ISO date")
    }

    /// A history in which crypto is done, and equity as the rows say: session, state, tries, last.
    fn history(rows: &[(&str, State, u32, &str)]) -> History {
        let mut history = History::default();
        for session in day("2026-11-10").iter_days().take(20) {
            history.note("crypto", session, State::Done, instant("2026-11-20T00:01:00Z"));
        }
        for (session, state, attempts, last_attempt) in rows {
            let entry = Entry { state: *state, attempts: *attempts, last_attempt: instant(last_attempt) };
            history.insert("equity", day(session), entry);
        }
        history
    }

    /// Compares what is due as `job session why timing attempt`.
    fn check(now: &str, rows: &[(&str, State, u32, &str)], expected: &[&str]) {
        let told = |due: &Due| {
            let Due { job, session, why, timing, attempt, .. } = due;
            format!("{job} {session} {} {timing:?} {attempt}", why.as_str())
        };
        let found: Vec<String> = due(instant(now), &jobs(), &history(rows)).iter().map(told).collect();
        assert_eq!(found, expected, "at {now} with {rows:?}");
    }

    const FRIDAY: &str = "2026-11-20";

    #[test]
    fn a_session_is_due_from_its_tick_on_and_once() {
        let thursday = ("2026-11-19", State::Done, 1, "2026-11-19T21:31:00Z");
        check("2026-11-20T21:29:59Z", &[thursday], &[]);
        check("2026-11-20T21:30:00Z", &[thursday], &["equity 2026-11-20 scheduled OnTime 1"]);
        check("2026-11-20T21:34:59Z", &[thursday], &["equity 2026-11-20 scheduled OnTime 1"]);
        check("2026-11-20T21:35:00Z", &[thursday], &["equity 2026-11-20 catch-up OnTime 1"]);
        let friday = (FRIDAY, State::Done, 1, "2026-11-20T21:31:00Z");
        check("2026-11-20T21:32:00Z", &[thursday, friday], &[]);
        check("2026-11-23T21:29:00Z", &[thursday, friday], &[]);
    }

    #[test]
    fn one_run_makes_up_for_all_that_were_missed_and_is_late_once_its_fill_is_past() {
        let monday = ("2026-11-16", State::Done, 1, "2026-11-16T21:31:00Z");
        check("2026-11-20T21:00:00Z", &[monday], &["equity 2026-11-19 catch-up Late 1"]);
        check("2026-11-22T12:00:00Z", &[monday], &["equity 2026-11-20 catch-up OnTime 1"]);
        // Monday's open.
        check("2026-11-23T14:29:59Z", &[monday], &["equity 2026-11-20 catch-up OnTime 1"]);
        check("2026-11-23T14:30:00Z", &[monday], &["equity 2026-11-20 catch-up Late 1"]);
    }

    #[test]
    fn bars_are_waited_for_every_quarter_of_an_hour_until_the_fill() {
        let missing = |last| [(FRIDAY, State::BarsMissing, 3, last)];
        let again = |timing| [format!("equity 2026-11-20 bars were missing {timing} 4")];
        let [on_time, late] = [again("OnTime"), again("Late")];
        let [on_time, late] = [&on_time, &late].map(|list| [list[0].as_str()]);
        check("2026-11-20T22:14:59Z", &missing("2026-11-20T22:00:00Z"), &[]);
        check("2026-11-20T22:15:00Z", &missing("2026-11-20T22:00:00Z"), &on_time);
        check("2026-11-23T14:29:59Z", &missing("2026-11-23T14:20:00Z"), &[]);
        check("2026-11-23T14:30:00Z", &missing("2026-11-23T14:20:00Z"), &late);
    }

    #[test]
    fn a_run_that_died_is_resumed_at_once_and_after_three_times_with_a_pause() {
        let begun = |attempts| [(FRIDAY, State::Begun, attempts, "2026-11-20T21:30:00Z")];
        check("2026-11-20T21:30:01Z", &begun(1), &["equity 2026-11-20 interrupted OnTime 2"]);
        check("2026-11-20T21:30:01Z", &begun(3), &[]);
        check("2026-11-20T22:30:00Z", &begun(3), &["equity 2026-11-20 interrupted OnTime 4"]);
    }

    #[test]
    fn a_failed_run_is_tried_again_with_longer_and_longer_waits() {
        let failed = |attempts| [(FRIDAY, State::Failed, attempts, "2026-11-20T21:30:00Z")];
        check("2026-11-20T21:44:59Z", &failed(1), &[]);
        check("2026-11-20T21:45:00Z", &failed(1), &["equity 2026-11-20 failed before OnTime 2"]);
        check("2026-11-20T21:59:59Z", &failed(2), &[]);
        check("2026-11-20T23:29:59Z", &failed(40), &[]);
        check("2026-11-20T23:30:00Z", &failed(40), &["equity 2026-11-20 failed before OnTime 41"]);
        // The next session's run takes its place.
        check("2026-11-23T21:30:00Z", &failed(40), &["equity 2026-11-23 scheduled OnTime 1"]);
    }

    #[test]
    fn a_mail_that_is_not_accepted_is_sent_again_for_days_and_decides_nothing() {
        let left = |attempts, last| (FRIDAY, State::Undelivered, attempts, last);
        let friday = left(1, "2026-11-20T21:31:00Z");
        check("2026-11-20T21:31:59Z", &[friday], &[]);
        check("2026-11-20T21:32:00Z", &[friday], &["equity 2026-11-20 undelivered OnTime 2"]);
        check(
            "2026-11-20T21:31:00Z",
            &[left(0, "2026-11-20T21:31:00Z")],
            &["equity 2026-11-20 undelivered OnTime 1"],
        );
        check("2026-11-20T22:30:59Z", &[left(20, "2026-11-20T21:31:00Z")], &[]);
        let expected = ["equity 2026-11-20 undelivered Late 2", "equity 2026-11-23 scheduled OnTime 1"];
        check("2026-11-23T21:30:00Z", &[friday], &expected);
        let monday = ("2026-11-27", State::Done, 1, "2026-11-27T21:31:00Z");
        // However long ago: it is the outbox that gives a mail up.
        check("2026-11-28T14:30:00Z", &[friday, monday], &["equity 2026-11-20 undelivered Late 2"]);
        check("2026-11-20T23:00:00Z", &[(FRIDAY, State::Refused, 1, "2026-11-20T21:31:00Z")], &[]);
    }

    #[test]
    fn a_mail_is_given_up_five_days_after_its_fill_or_after_it_was_queued() {
        let fill = fill_instant(Equity, day(FRIDAY));
        let ends = |queued: &str| delivery_ends(Some(fill), instant(queued));
        assert_eq!(ends("2026-11-20T21:31:00Z"), instant("2026-11-28T14:30:00Z"));
        assert_eq!(ends("2026-12-20T12:00:00Z"), instant("2026-12-25T12:00:00Z"));
        let again = |attempts| delivery_again(instant("2026-11-20T21:31:00Z"), attempts);
        assert_eq!(again(1), instant("2026-11-20T21:32:00Z"));
        assert_eq!(again(20), instant("2026-11-20T22:31:00Z"));
    }

    #[test]
    fn a_clock_set_back_repeats_nothing_and_stalls_nothing() {
        let friday = (FRIDAY, State::Done, 1, "2026-11-20T21:31:00Z");
        let thursday = ("2026-11-19", State::Done, 1, "2026-11-19T21:31:00Z");
        check("2026-11-19T22:00:00Z", &[thursday, friday], &[]);
        // Thursday was skipped by the jump forward; Friday's entry is of a day that has not come.
        check("2026-11-19T22:00:00Z", &[friday], &["equity 2026-11-19 catch-up OnTime 1"]);
        let waiting = (FRIDAY, State::BarsMissing, 1, "2026-11-21T21:31:00Z");
        check("2026-11-20T22:00:00Z", &[waiting], &["equity 2026-11-20 bars were missing OnTime 2"]);
    }

    #[test]
    fn a_session_that_was_decided_by_hand_before_its_tick_is_not_due() {
        check("2026-11-20T21:30:00Z", &[(FRIDAY, State::Done, 1, "2026-11-20T21:10:00Z")], &[]);
        check(
            "2026-11-20T21:11:00Z",
            &[(FRIDAY, State::Begun, 1, "2026-11-20T21:10:00Z")],
            &["equity 2026-11-20 interrupted OnTime 2"],
        );
    }

    #[test]
    fn equities_come_before_crypto() {
        let found = due(instant("2026-11-22T12:30:00Z"), &jobs(), &History::default());
        assert_eq!(found.iter().map(|due| due.job.as_str()).collect::<Vec<_>>(), ["equity", "crypto"]);
        assert_eq!(found.iter().map(|due| due.timing).collect::<Vec<_>>(), [Timing::OnTime, Timing::Late]);
    }

    #[test]
    fn the_next_wake_is_a_retry_a_fill_or_a_run() {
        let check = |now: &str, rows: &[(&str, State, u32, &str)], expected: &str| {
            assert_eq!(wake(instant(now), &jobs()[1..], &history(rows)), Some(instant(expected)), "{now}");
        };
        let friday = (FRIDAY, State::Done, 1, "2026-11-20T21:31:00Z");
        check("2026-11-20T21:31:00Z", &[friday], "2026-11-23T21:30:00Z");
        let missing = |last| (FRIDAY, State::BarsMissing, 1, last);
        check("2026-11-20T21:31:00Z", &[missing("2026-11-20T21:30:30Z")], "2026-11-20T21:45:30Z");
        check("2026-11-23T14:25:00Z", &[missing("2026-11-23T14:20:00Z")], "2026-11-23T14:30:00Z");
        assert_eq!(wake(instant("2026-11-20T21:31:00Z"), &[], &History::default()), None);
    }
}
