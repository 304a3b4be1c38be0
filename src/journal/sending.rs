//! The steps of a mail in the outbox: taken, then accepted, put off or refused, and what that makes of its session.
//!
//! A row goes pending → attempting → sent or failed, and back to pending after a transient failure. `attempting` is
//! on the disk before a byte is sent: what a process that died was sending is known, and sent again with the same
//! bytes. Each recipient stands alone, so a damaged row costs itself only. Only the holder of the [`DaemonLock`]
//! takes mails, so that none is sent by two processes. A session is judged by its newest correction. Sends nothing
//! itself.

use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;

use super::DaemonLock;
use super::JobSession;
use super::Journal;
use super::JournalError;
use super::SessionState;
use super::error::Fault;
use super::mail::Mail;
use super::mail::Outgoing;
use super::mail::Taken;
use super::mail::row;
use super::outbox;
use super::outbox::Parts;
use super::sessions;
use super::values::instant;
use super::values::parsed;
use crate::domain::AssetClass;

impl Journal {
    /// Returns the mails that a round of sending is to take: all of `job` that wait, whose turn it is, then those of
    /// other sessions whose own next try has come.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn mails_due(&self, job: &JobSession, now: DateTime<Utc>) -> Result<Vec<Outgoing>, JournalError> {
        // What was timed by a clock that stood ahead of this one says nothing of how long it waits.
        let chosen = "state = 'pending' AND (next_attempt <= ?1 OR coalesce(attempted_at, queued_at) > ?1
                          OR (job, session) = (?2, ?3))
                      ORDER BY (job, session) = (?2, ?3) DESC, next_attempt, id";
        self.list(chosen, params![instant(now), job.job, job.session.to_string()])
    }

    /// Makes sure that what comes of so many mails can be noted: on a disk that is full by the time of the server's
    /// acceptance, the mail would be sent again. The room is taken in the write-ahead log, which later writes go over.
    ///
    /// # Errors
    /// A journal that cannot be written: then nothing should be taken.
    pub fn make_room(&self, mails: usize) -> Result<(), JournalError> {
        const BYTES_A_MAIL: usize = 64 * 1024;
        let bytes = (mails * BYTES_A_MAIL).min(64 * BYTES_A_MAIL) as i64;
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO blobs (sha256, size, packing, bytes)
                       VALUES (zeroblob(32), ?1, 'plain', zeroblob(?1))";
            Ok(transaction.execute(sql, [bytes])?)
        })?;
        self.write(|transaction| {
            Ok(transaction.execute("DELETE FROM blobs WHERE sha256 = zeroblob(32)", [])?)
        })?;
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(|error| JournalError::of_sqlite(&self.path, error))
    }

    /// Takes a mail, and notes the attempt before a byte of it is sent; `None` where it does not wait any more.
    ///
    /// # Errors
    /// A journal that cannot be written. A damaged message is an answer.
    pub fn take(
        &self,
        _lock: &DaemonLock,
        id: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<Taken>, JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'attempting', attempts = attempts + 1, attempted_at = ?2
                       WHERE id = ?1 AND state = 'pending' RETURNING *";
            let taken = transaction.query_row(sql, params![id, instant(now)], row).optional()?;
            let Some(taken) = taken else { return Ok(None) };
            let what = match outbox::message(transaction, id) {
                Ok(message) => return Ok(Some(Taken::Ready { row: taken, message })),
                Err(fault) => fault.damage()?,
            };
            let reason = format!("its stored message is damaged: {what}; `ts run --again` makes another");
            let sql = "UPDATE outbox SET state = 'failed', last_error = ?2 WHERE id = ?1 RETURNING *";
            let failed = transaction.query_row(sql, params![id, reason], row)?;
            settle(transaction, id, now)?;
            Ok(Some(Taken::Damaged(failed)))
        })
    }

    /// Makes due at once what was being sent when its process died, or when the answer could not be noted. Call it
    /// while nothing is being sent. Returns how many there were.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn resume(&self, _lock: &DaemonLock, now: DateTime<Utc>) -> Result<usize, JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'pending', next_attempt = ?1 WHERE state = 'attempting'";
            Ok(transaction.execute(sql, [instant(now)])?)
        })
    }

    /// Queues anew, with the same bytes and Message-ID, what failed of a session's newest mails. Returns how many
    /// there were.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn retry_refused(&self, job: &JobSession, now: DateTime<Utc>) -> Result<usize, JournalError> {
        self.write(|transaction| {
            // Queued now, so that it is tried as long as any other.
            let sql = format!(
                "UPDATE outbox SET state = 'pending', next_attempt = ?3, queued_at = ?3
                 WHERE job = ?1 AND session = ?2 AND state = 'failed' AND {NEWEST}"
            );
            let again = transaction.execute(&sql, params![job.job, job.session.to_string(), instant(now)])?;
            if again > 0 {
                sessions::note(transaction, job, SessionState::Undelivered, "", now)?;
                // Asked for by a person, so whoever sends does so at its next look.
                sessions::untried(transaction, job)?;
            }
            Ok(again)
        })
    }

    /// Notes that the server accepted a mail that was taken. Said twice, it changes nothing.
    ///
    /// # Errors
    /// [`JournalError::OutOfTurn`] for a mail that was not taken.
    pub fn mark_sent(&self, id: i64, now: DateTime<Utc>) -> Result<(), JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'sent', last_error = NULL,
                       accepted_at = coalesce(accepted_at, ?2)
                       WHERE id = ?1 AND state IN ('attempting', 'sent')";
            let rows = transaction.execute(sql, params![id, instant(now)])?;
            changed(transaction, id, rows)?;
            Ok(settle(transaction, id, now)?)
        })
    }

    /// Notes that a mail that was taken is to be tried again, and why. `error` holds no secret.
    ///
    /// # Errors
    /// [`JournalError::OutOfTurn`] for a mail that was not taken.
    pub fn mark_failed_transient(
        &self,
        id: i64,
        next_attempt: DateTime<Utc>,
        error: &str,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'pending', next_attempt = ?2, last_error = ?3
                       WHERE id = ?1 AND state = 'attempting'";
            let rows = transaction.execute(sql, params![id, instant(next_attempt), error])?;
            changed(transaction, id, rows)
        })
    }

    /// Notes that a mail is not tried again, and why. The other recipients' are not touched.
    ///
    /// # Errors
    /// [`JournalError::OutOfTurn`] for a mail that was accepted, or is not there.
    pub fn mark_failed_permanent(
        &self,
        id: i64,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'failed', last_error = ?2
                       WHERE id = ?1 AND state IN ('pending', 'attempting')";
            let rows = transaction.execute(sql, params![id, error])?;
            changed(transaction, id, rows)?;
            Ok(settle(transaction, id, now)?)
        })
    }

    /// Puts the late version of a waiting mail in its place. Recipient and Message-ID stay.
    ///
    /// # Errors
    /// [`JournalError::OutOfTurn`] for a mail that does not wait, or has another recipient or Message-ID.
    pub fn replace_by_late(&self, id: i64, late: &Mail) -> Result<(), JournalError> {
        self.write(|transaction| {
            let Parts { head, text, html, rest } = outbox::put_parts(transaction, late)?;
            let sql = "UPDATE outbox SET late = 1, subject = ?2, text_blob = ?3, html_blob = ?4, head = ?5,
                       message_blob = ?6
                       WHERE id = ?1 AND state = 'pending' AND recipient = ?7 AND message_id = ?8";
            let values = params![id, late.subject, text, html, head, rest, late.recipient, late.message_id];
            let rows = transaction.execute(sql, values)?;
            changed(transaction, id, rows)
        })
    }

    /// Returns the class of the run that a mail tells of, which no settings can change; `None` for a mail of no run.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn class_of(&self, mail: &Outgoing) -> Result<Option<AssetClass>, JournalError> {
        let Some(run) = mail.run else { return Ok(None) };
        self.read(|connection| {
            let sql = "SELECT asset_class FROM run_parts WHERE run = ?1
                       ORDER BY session = ?2 DESC, asset_class LIMIT 1";
            let named = params![run.to_string(), mail.job.session.to_string()];
            Ok(connection.query_row(sql, named, |row| parsed(row, "asset_class")).optional()?)
        })
    }
}

/// Whether a row is of the newest correction of its session.
const NEWEST: &str = "correction = (SELECT max(correction) FROM outbox AS own
                          WHERE (own.job, own.session) = (outbox.job, outbox.session))";

/// Brings the session of a mail to where its newest mails are.
fn settle(connection: &Connection, id: i64, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT job, session, count(*) FILTER (WHERE state IN ('pending', 'attempting')) AS waiting,
             count(*) FILTER (WHERE state = 'failed') AS failed,
             max(last_error) FILTER (WHERE state = 'failed') AS why
         FROM outbox WHERE (job, session) = (SELECT job, session FROM outbox WHERE id = ?1) AND {NEWEST}"
    );
    let found = |row: &Row<'_>| {
        let job = JobSession { job: row.get("job")?, session: parsed(row, "session")? };
        let counts: (usize, usize) = (row.get("waiting")?, row.get("failed")?);
        Ok((job, counts, row.get::<_, Option<String>>("why")?))
    };
    let (job, (waiting, failed), why) = connection.query_row(&sql, [id], found)?;
    if waiting > 0 {
        return Ok(());
    }
    let state = if failed > 0 { SessionState::Refused } else { SessionState::Done };
    sessions::note(connection, &job, state, &why.unwrap_or_default(), now)?;
    connection.execute(
        "UPDATE job_sessions SET mailed_at = (SELECT max(accepted_at) FROM outbox
             WHERE outbox.job = job_sessions.job AND outbox.session = job_sessions.session)
         WHERE job = ?1 AND session = ?2",
        params![job.job, job.session.to_string()],
    )?;
    Ok(())
}

/// Refuses a step that found no row where it begins.
fn changed(connection: &Connection, id: i64, rows: usize) -> Result<(), Fault> {
    if rows > 0 {
        return Ok(());
    }
    let sql = "SELECT state FROM outbox WHERE id = ?1";
    let state = connection.query_row(sql, [id], |row| row.get::<_, String>(0)).optional()?;
    Err(state.map_or_else(
        || outbox::gone(id),
        |state| Fault::OutOfTurn(format!("move mail {id} of the outbox on: it is {state}, or another mail")),
    ))
}
