//! The outbox: one row a recipient of a session's mail, with the bytes that are sent, and how far it is.
//!
//! What all recipients are sent alike is stored once; a row has the lines that are its own. A row is never deleted,
//! and its bytes stay as long as the journal, so that what was refused can be sent again. How a row moves on is told
//! in [`super::sending`].

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;
use uuid::Uuid;

use super::JobSession;
use super::Journal;
use super::JournalError;
use super::blobs;
use super::blobs::Packer;
use super::error::Fault;
use super::mail::Delivery;
use super::mail::Lateness;
use super::mail::Mail;
use super::mail::Outgoing;
use super::mail::Queued;
use super::mail::row;
use super::values::instant;

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

    pub(super) fn list(
        &self,
        chosen: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<Outgoing>, JournalError> {
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
    if !delivery.mails.is_empty() {
        // A reader who gets the correction has no use for what it corrects, after it least of all.
        let sql = "UPDATE outbox SET state = 'failed', last_error = 'a correction took its place'
                   WHERE job = ?1 AND session = ?2 AND correction < ?3 AND state = 'pending'";
        let job = &delivery.job;
        connection.execute(sql, params![job.job, job.session.to_string(), delivery.correction])?;
    }
    Ok(Queued::Now { mails: delivery.mails.len() })
}

/// A mail as it is stored: the lines that are the recipient's own, and the rows of what may be others' too.
pub(super) struct Parts {
    pub(super) head: Vec<u8>,
    pub(super) text: i64,
    pub(super) html: i64,
    pub(super) rest: i64,
}

pub(super) fn put_parts(connection: &Connection, mail: &Mail) -> rusqlite::Result<Parts> {
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
pub(super) fn message(connection: &Connection, id: i64) -> Result<Vec<u8>, Fault> {
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

/// Says that there is no such mail.
pub(super) fn gone(id: i64) -> Fault {
    Fault::OutOfTurn(format!("find mail {id} of the outbox: it is not there"))
}
