//! The outbox: one row a recipient of a session's mail, with the bytes that are sent, and how far it is.
//!
//! A row goes pending → attempting → sent or failed, and back to pending after a transient failure. `attempting` is
//! on the disk before a byte is sent: what a process that died was sending is known, and sent again with the same
//! bytes. Each recipient stands alone. Only the holder of the [`DaemonLock`] takes mails, so that none is sent by
//! two processes. Sends nothing itself.

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;
use uuid::Uuid;

use super::DaemonLock;
use super::JobSession;
use super::Journal;
use super::JournalError;
use super::SessionState;
use super::blobs;
use super::blobs::Packer;
use super::error::Fault;
use super::mail::Delivery;
use super::mail::Lateness;
use super::mail::Mail;
use super::mail::Outgoing;
use super::mail::Queued;
use super::mail::row;
use super::sessions;
use super::values::instant;
use super::values::parsed;

impl Journal {
    /// Returns the number of the next correction of a session: 0 where its own mail was never queued.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn next_correction(&self, job: &JobSession) -> Result<u32, JournalError> {
        self.read(|connection| {
            let sql = "SELECT coalesce(max(correction) + 1, 0) FROM outbox WHERE job = ?1 AND session = ?2";
            Ok(connection.query_row(sql, params![job.job, job.session.to_string()], |row| row.get(0))?)
        })
    }

    /// Queues the mails of a delivery, due at once. One that was queued before is left as it is.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn enqueue(
        &self,
        delivery: &Delivery,
        run: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<Queued, JournalError> {
        self.write(|transaction| Ok(enqueue(transaction, delivery, run, now)?))
    }

    /// Takes the mail that is due longest, and notes the attempt before a byte of it is sent.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn take_next(
        &self,
        _lock: &DaemonLock,
        now: DateTime<Utc>,
    ) -> Result<Option<(Outgoing, Mail)>, JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'attempting', attempts = attempts + 1, attempted_at = ?1
                       WHERE id = (SELECT id FROM outbox WHERE state = 'pending' AND next_attempt <= ?1
                                   ORDER BY next_attempt, id LIMIT 1)
                       RETURNING *";
            let taken = transaction.query_row(sql, [instant(now)], row).optional()?;
            let Some(taken) = taken else { return Ok(None) };
            let mail = mail(transaction, taken.id)?;
            Ok(Some((taken, mail)))
        })
    }

    /// Makes due at once what a process was sending when it died. Call it once, when the lock is had and before
    /// anything is taken. Returns how many there were.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn resume(&self, _lock: &DaemonLock, now: DateTime<Utc>) -> Result<usize, JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET state = 'pending', next_attempt = ?1 WHERE state = 'attempting'";
            Ok(transaction.execute(sql, [instant(now)])?)
        })
    }

    /// Makes due at once what waits for another try: when the next try is, the schedule or a person says.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn hasten(&self, _lock: &DaemonLock, now: DateTime<Utc>) -> Result<usize, JournalError> {
        self.write(|transaction| {
            let sql = "UPDATE outbox SET next_attempt = ?1 WHERE state = 'pending' AND next_attempt > ?1";
            Ok(transaction.execute(sql, [instant(now)])?)
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
    /// [`JournalError::OutOfTurn`] for a mail that does not wait.
    pub fn replace_by_late(&self, id: i64, late: &Mail) -> Result<(), JournalError> {
        self.write(|transaction| {
            let Parts { head, text, html, rest } = put_parts(transaction, late)?;
            let sql = "UPDATE outbox SET late = 1, subject = ?2, text_blob = ?3, html_blob = ?4, head = ?5,
                       message_blob = ?6
                       WHERE id = ?1 AND state = 'pending' AND recipient = ?7 AND message_id = ?8";
            let values = params![id, late.subject, text, html, head, rest, late.recipient, late.message_id];
            let rows = transaction.execute(sql, values)?;
            changed(transaction, id, rows)
        })
    }

    /// Returns the texts and bytes of a mail.
    ///
    /// # Errors
    /// A journal that cannot be read, or has no such mail.
    pub fn mail(&self, id: i64) -> Result<Mail, JournalError> {
        self.read(|connection| mail(connection, id))
    }

    /// Returns the mails of one session, in the order of their corrections and recipients.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn mails_of(&self, job: &JobSession) -> Result<Vec<Outgoing>, JournalError> {
        let named = params![job.job, job.session.to_string()];
        self.list("job = ?1 AND session = ?2 ORDER BY correction, id", named)
    }

    /// Returns the mails that tell of a run.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn mails_of_run(&self, run: Uuid) -> Result<Vec<Outgoing>, JournalError> {
        self.list("run = ?1 ORDER BY correction, id", params![run.to_string()])
    }

    /// Returns the mails that were queued since an instant, and all that still wait, oldest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn mails_since(&self, since: DateTime<Utc>) -> Result<Vec<Outgoing>, JournalError> {
        let chosen = "queued_at >= ?1 OR state IN ('pending', 'attempting') ORDER BY queued_at, id";
        self.list(chosen, params![instant(since)])
    }

    /// Returns when the next waiting mail is due; `None` where none waits.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn next_attempt(&self) -> Result<Option<DateTime<Utc>>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT next_attempt FROM outbox WHERE state = 'pending' ORDER BY next_attempt LIMIT 1";
            Ok(connection.query_row(sql, [], |row| parsed(row, "next_attempt")).optional()?)
        })
    }

    fn list(&self, chosen: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Outgoing>, JournalError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT * FROM outbox WHERE {chosen}"))?;
            let rows = select.query_map(values, row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Tells how far the mails of a delivery are that was queued before; `None` where it was not.
pub(super) fn queued_before(
    connection: &Connection,
    delivery: &Delivery,
) -> rusqlite::Result<Option<Queued>> {
    let sql =
        "SELECT count(*), count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'failed')
               FROM outbox WHERE job = ?1 AND session = ?2 AND correction = ?3";
    let job = &delivery.job;
    let (all, sent, failed): (usize, usize, usize) =
        connection.query_row(sql, params![job.job, job.session.to_string(), delivery.correction], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    Ok((all > 0).then_some(Queued::Already { waiting: all - sent - failed, sent, failed }))
}

/// Queues the mails of a delivery, unless it was queued before.
pub(super) fn enqueue(
    connection: &Connection,
    delivery: &Delivery,
    run: Option<Uuid>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Queued> {
    if let Some(before) = queued_before(connection, delivery)? {
        return Ok(before);
    }
    for mail in &delivery.mails {
        let Parts { head, text, html, rest } = put_parts(connection, mail)?;
        connection.execute(
            "INSERT INTO outbox (job, session, correction, recipient, run, message_id, subject, text_blob,
                 html_blob, head, message_blob, late, from_name, from_address, state, next_attempt, queued_at)
             VALUES (:job, :session, :correction, :recipient, :run, :message_id, :subject, :text, :html,
                 :head, :rest, :late, :from_name, :from_address, 'pending', :now, :now)",
            named_params! {
                ":job": delivery.job.job,
                ":session": delivery.job.session.to_string(),
                ":correction": delivery.correction,
                ":recipient": mail.recipient,
                ":run": run.map(|run| run.to_string()),
                ":message_id": mail.message_id,
                ":subject": mail.subject,
                ":text": text,
                ":html": html,
                ":head": head,
                ":rest": rest,
                ":late": delivery.lateness == Lateness::Late,
                ":from_name": delivery.from.name,
                ":from_address": delivery.from.address,
                ":now": instant(now),
            },
        )?;
    }
    Ok(Queued::Now { mails: delivery.mails.len() })
}

/// A mail as it is stored: the lines that are the recipient's own, and the rows of what may be others' too.
struct Parts {
    head: Vec<u8>,
    text: i64,
    html: i64,
    rest: i64,
}

fn put_parts(connection: &Connection, mail: &Mail) -> rusqlite::Result<Parts> {
    let mut packer = Packer::new();
    let (head, rest) = mail.message.split_at(length_of_head(&mail.message));
    Ok(Parts {
        head: head.to_vec(),
        text: blobs::put(connection, &mut packer, mail.text.as_bytes())?,
        html: blobs::put(connection, &mut packer, mail.html.as_bytes())?,
        rest: blobs::put(connection, &mut packer, rest)?,
    })
}

/// Finds where the line `To:` of a message ends; without one it has no lines of its own.
fn length_of_head(message: &[u8]) -> usize {
    let mut end = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" {
            break;
        }
        end += line.len();
        if line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"to:")) {
            return end;
        }
    }
    0
}

/// Returns the whole message of a mail.
fn message(connection: &Connection, id: i64) -> Result<Vec<u8>, Fault> {
    let sql = "SELECT head, message_blob FROM outbox WHERE id = ?1";
    let found = connection.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (mut message, rest): (Vec<u8>, i64) = found.ok_or_else(|| gone(id))?;
    message.extend(blobs::get(connection, rest)?);
    Ok(message)
}

fn mail(connection: &Connection, id: i64) -> Result<Mail, Fault> {
    let sql = "SELECT recipient, message_id, subject, text_blob, html_blob FROM outbox WHERE id = ?1";
    let row = |row: &Row<'_>| {
        let texts: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        Ok((texts, [row.get(3)?, row.get(4)?]))
    };
    let found = connection.query_row(sql, [id], row).optional()?;
    let ([recipient, message_id, subject], [text, html]) = found.ok_or_else(|| gone(id))?;
    Ok(Mail {
        recipient,
        message_id,
        subject,
        text: blobs::text(connection, text)?,
        html: blobs::text(connection, html)?,
        message: message(connection, id)?,
    })
}

/// Brings the session of a mail to where its mails are.
fn settle(connection: &Connection, id: i64, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let sql = "SELECT job, session, count(*) FILTER (WHERE state IN ('pending', 'attempting')) AS waiting,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   max(last_error) FILTER (WHERE state = 'failed') AS why
               FROM outbox WHERE (job, session) = (SELECT job, session FROM outbox WHERE id = ?1)";
    let found = |row: &Row<'_>| {
        let job = JobSession { job: row.get("job")?, session: parsed(row, "session")? };
        let counts: (usize, usize) = (row.get("waiting")?, row.get("failed")?);
        Ok((job, counts, row.get::<_, Option<String>>("why")?))
    };
    let (job, (waiting, failed), why) = connection.query_row(sql, [id], found)?;
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
        || gone(id),
        |state| Fault::OutOfTurn(format!("move mail {id} of the outbox on: it is {state}, or another mail")),
    ))
}

/// Says that there is no such mail.
fn gone(id: i64) -> Fault {
    Fault::OutOfTurn(format!("find mail {id} of the outbox: it is not there"))
}
