//! Whom a failed session was told to: at most once a job and session, and a telling that nobody heard does not count.
//!
//! An alert is made anew at each failure and never queued, so a row here is what came of the last try to one
//! recipient, and holds no bytes.

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;

use super::JobSession;
use super::Journal;
use super::JournalError;
use super::values::instant;
use super::values::one_of;
use super::values::parsed;

/// What came of an alert to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nobody was reached: the session's next failure tries again.
    Waiting,
    /// The server accepted it.
    Sent,
    /// Refused for good, or left alone since another recipient was told.
    Refused,
}

impl AlertState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Refused];

    /// Returns the word that the journal uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }
}

/// An alert to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// What failed.
    pub job: JobSession,
    pub recipient: String,
    pub state: AlertState,
    pub attempts: u32,
    pub first_attempt: DateTime<Utc>,
    pub last_attempt: DateTime<Utc>,
    pub last_error: Option<String>,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTry {
    pub recipient: String,
    pub state: AlertState,
    /// Free of secrets; `None` where it was sent.
    pub error: Option<String>,
}

impl Journal {
    /// Gives the right to tell of a session's failure back, where nobody could be told.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn release_alert(&self, job: &JobSession) -> Result<(), JournalError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE job_sessions SET alerted_at = NULL WHERE job = ?1 AND session = ?2",
                params![job.job, job.session.to_string()],
            )?;
            Ok(())
        })
    }

    /// Notes what came of an alert to each of its recipients.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn note_alerts(
        &self,
        job: &JobSession,
        tries: &[AlertTry],
        now: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            for own in tries {
                transaction.execute(
                    "INSERT INTO alerts (job, session, recipient, state, attempts, first_attempt, last_attempt,
                         last_error)
                     VALUES (:job, :session, :recipient, :state, 1, :now, :now, :error)
                     ON CONFLICT DO UPDATE SET state = :state, attempts = attempts + 1, last_attempt = :now,
                         last_error = :error",
                    named_params! {
                        ":job": job.job,
                        ":session": job.session.to_string(),
                        ":recipient": own.recipient,
                        ":state": own.state.as_str(),
                        ":now": instant(now),
                        ":error": own.error,
                    },
                )?;
            }
            Ok(())
        })
    }

    /// Returns the alerts that were tried since an instant, oldest first. One that waits for a failure of a session
    /// that was decided since is left out: it has nothing to tell any more.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn alerts_since(&self, since: DateTime<Utc>) -> Result<Vec<AlertRow>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT * FROM alerts WHERE last_attempt >= ?1 AND (state <> 'waiting' OR NOT EXISTS
                           (SELECT 1 FROM job_sessions AS own
                            WHERE (own.job, own.session) = (alerts.job, alerts.session) AND decided_at IS NOT NULL))
                       ORDER BY first_attempt, job, session, recipient";
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map([instant(since)], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    Ok(AlertRow {
        job: JobSession { job: row.get("job")?, session: parsed(row, "session")? },
        recipient: row.get("recipient")?,
        state: one_of(row, "state", &AlertState::ALL, AlertState::as_str)?,
        attempts: row.get("attempts")?,
        first_attempt: parsed(row, "first_attempt")?,
        last_attempt: parsed(row, "last_attempt")?,
        last_error: row.get("last_error")?,
    })
}
