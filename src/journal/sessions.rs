//! How far each session of each job has come: what a scheduler asks before it runs anything.
//!
//! A session that was decided stays decided, whatever is begun on it later; only its delivery goes on.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;
use uuid::Uuid;

use super::Journal;
use super::JournalError;
use super::RunState;
use super::values::instant;
use super::values::one_of;
use super::values::parsed;
use super::values::parsed_if_there;

/// Each session with how whole its run's answer is.
const ROWS: &str = "SELECT job_sessions.*, runs.state AS answer
                      FROM job_sessions LEFT JOIN runs ON runs.id = job_sessions.run";

/// One session of one job: what is run and delivered once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobSession {
    pub job: String,
    pub session: NaiveDate,
}

/// How far a session of a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A run began. It goes on, or its process died.
    Begun,
    /// Nothing was decided, since the session's bars are not there yet.
    BarsMissing,
    /// The run failed; nothing was decided.
    Failed,
    /// Decided and stored; a mail is still to be accepted.
    Undelivered,
    /// Decided; a recipient is refused for good, and nothing is left to try.
    Refused,
    /// Decided, and every mail accepted.
    Done,
}

impl SessionState {
    const ALL: [Self; 6] =
        [Self::Begun, Self::BarsMissing, Self::Failed, Self::Undelivered, Self::Refused, Self::Done];

    /// Returns the word that the journal uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::BarsMissing => "bars_missing",
            Self::Failed => "failed",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::Done => "done",
        }
    }
}

/// What the journal knows of one session of one job.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    pub job: JobSession,
    pub state: SessionState,
    /// Runs; once it is undelivered, deliveries.
    pub attempts: u32,
    pub started_at: DateTime<Utc>,
    /// When the last try began or ended.
    pub last_attempt: DateTime<Utc>,
    /// Why it is not done; empty where it is.
    pub reason: String,
    /// The newest run that decided it, and how whole its answer is.
    pub run: Option<Uuid>,
    pub answer: Option<RunState>,
    pub decided_at: Option<DateTime<Utc>>,
    /// When the last recipient's server accepted.
    pub mailed_at: Option<DateTime<Utc>>,
    pub alerted_at: Option<DateTime<Utc>>,
}

/// Whether an alert of a session is the caller's to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    Ours,
    /// One was claimed before.
    Claimed(DateTime<Utc>),
}

impl Journal {
    /// Notes how far a session has come, and why it is not done. What begins is counted as a try, and so is what
    /// is left undelivered. Of a decided session only the tries are noted, unless `state` is about its delivery.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn note_session(
        &self,
        job: &JobSession,
        state: SessionState,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        self.write(|transaction| Ok(note(transaction, job, state, reason, now)?))
    }

    /// Returns what is known of one session.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn session(&self, job: &JobSession) -> Result<Option<SessionRow>, JournalError> {
        self.read(|connection| Ok(find(connection, job)?))
    }

    /// Returns the sessions of all jobs from a day on, and the earlier ones whose mail is still to be accepted, by job,
    /// oldest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn sessions(&self, since: NaiveDate) -> Result<Vec<SessionRow>, JournalError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "{ROWS} WHERE job_sessions.session >= ?1 OR job_sessions.state = 'undelivered' \
                     ORDER BY job_sessions.job, job_sessions.session"
            ))?;
            let rows = select.query_map([since.to_string()], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Claims the one alert of a session: of all that ask, in any process, the first gets it.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn claim_alert(&self, job: &JobSession, now: DateTime<Utc>) -> Result<Alert, JournalError> {
        self.write(|transaction| {
            if let Some(at) = find(transaction, job)?.and_then(|own| own.alerted_at) {
                return Ok(Alert::Claimed(at));
            }
            let changed = transaction.execute(
                "UPDATE job_sessions SET alerted_at = ?3 WHERE job = ?1 AND session = ?2",
                params![job.job, job.session.to_string(), instant(now)],
            )?;
            if changed == 0 {
                note(transaction, job, SessionState::Failed, "", now)?;
                transaction.execute(
                    "UPDATE job_sessions SET alerted_at = ?3 WHERE job = ?1 AND session = ?2",
                    params![job.job, job.session.to_string(), instant(now)],
                )?;
            }
            Ok(Alert::Ours)
        })
    }
}

pub(super) fn find(connection: &Connection, job: &JobSession) -> rusqlite::Result<Option<SessionRow>> {
    let sql = format!("{ROWS} WHERE job_sessions.job = ?1 AND job_sessions.session = ?2");
    let mut select = connection.prepare_cached(&sql)?;
    select.query_row(params![job.job, job.session.to_string()], row).optional()
}

pub(super) fn note(
    connection: &Connection,
    job: &JobSession,
    state: SessionState,
    reason: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    use SessionState::{BarsMissing, Begun, Failed, Undelivered};
    let before = find(connection, job)?;
    let tries = before.as_ref().map_or(0, |own| own.attempts);
    let attempts = match (before.as_ref().map(|own| own.state), state) {
        (_, Begun) | (Some(Undelivered), Undelivered) => tries + 1,
        (_, Undelivered) => 1,
        _ => tries.max(1),
    };
    let is_decided = before.as_ref().is_some_and(|own| own.decided_at.is_some());
    let state = match before {
        Some(before) if is_decided && matches!(state, Begun | BarsMissing | Failed) => before.state,
        _ => state,
    };
    connection.execute(
        "INSERT INTO job_sessions (job, session, state, attempts, started_at, last_attempt, reason)
         VALUES (:job, :session, :state, :attempts, :now, :now, :reason)
         ON CONFLICT DO UPDATE SET state = :state, attempts = :attempts, last_attempt = :now, reason = :reason",
        named_params! {
            ":job": job.job,
            ":session": job.session.to_string(),
            ":state": state.as_str(),
            ":attempts": attempts,
            ":now": instant(now),
            ":reason": reason,
        },
    )?;
    Ok(())
}

/// Forgets the tries of a delivery that is still to be made: it is due at once.
pub(super) fn untried(connection: &Connection, job: &JobSession) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE job_sessions SET attempts = 0 WHERE job = ?1 AND session = ?2 AND state = 'undelivered'",
        params![job.job, job.session.to_string()],
    )?;
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        job: JobSession { job: row.get("job")?, session: parsed(row, "session")? },
        state: one_of(row, "state", &SessionState::ALL, SessionState::as_str)?,
        attempts: row.get("attempts")?,
        started_at: parsed(row, "started_at")?,
        last_attempt: parsed(row, "last_attempt")?,
        reason: row.get("reason")?,
        run: parsed_if_there(row, "run")?,
        answer: match row.get::<_, Option<String>>("answer")? {
            None => None,
            Some(_) => Some(one_of(row, "answer", &RunState::ALL, RunState::as_str)?),
        },
        decided_at: parsed_if_there(row, "decided_at")?,
        mailed_at: parsed_if_there(row, "mailed_at")?,
        alerted_at: parsed_if_there(row, "alerted_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::SessionState::{BarsMissing, Begun, Done, Failed, Refused, Undelivered};
    use super::*;
    use crate::journal::tests::{at, key};

    /// Notes states one after the other; what is expected of the state and the tries after each.
    #[test]
    fn tries_are_counted_and_deliveries_anew() {
        let journal = Journal::in_memory().expect("memory");
        let rows = [
            (Begun, 1),
            (BarsMissing, 1),
            (Begun, 2),
            (Failed, 2),
            (Begun, 3),
            (Undelivered, 1),
            (Undelivered, 2),
            (Refused, 2),
            (Done, 2),
        ];
        for (minute, (state, attempts)) in rows.into_iter().enumerate() {
            journal.note_session(&key(20), state, "why", at(minute as u32)).expect("noted");
            let row = journal.session(&key(20)).expect("readable").expect("noted");
            assert_eq!((row.state, row.attempts), (state, attempts), "{minute}");
            assert_eq!((row.started_at, row.last_attempt), (at(0), at(minute as u32)));
        }
        assert_eq!(journal.session(&key(19)).expect("readable"), None);
        journal.note_session(&key(18), Begun, "", at(0)).expect("noted");
        let days = |since: u32| {
            let rows = journal.sessions(key(since).session).expect("readable");
            rows.into_iter().map(|own| own.job).collect::<Vec<_>>()
        };
        assert_eq!(days(18), [key(18), key(20)]);
        assert_eq!(days(19), [key(20)]);
        journal.note_session(&key(17), Undelivered, "", at(0)).expect("noted");
        assert_eq!(days(19), [key(17), key(20)], "its mail is still to come");
    }

    #[test]
    fn an_alert_is_claimed_once_a_session() {
        let journal = Journal::in_memory().expect("memory");
        journal.note_session(&key(20), Failed, "why", at(1)).expect("noted");
        for (job, minute, expected) in [
            (key(20), 2, Alert::Ours),
            (key(20), 3, Alert::Claimed(at(2))),
            (key(21), 4, Alert::Ours),
            (key(21), 5, Alert::Claimed(at(4))),
        ] {
            assert_eq!(journal.claim_alert(&job, at(minute)).expect("writable"), expected);
        }
    }
}
