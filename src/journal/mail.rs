//! A mail as the outbox keeps it: opaque bytes for one recipient, and how far they are.

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Row;
use uuid::Uuid;

use super::JobSession;
use super::values::one_of;
use super::values::parsed;
use super::values::parsed_if_there;

/// A mail to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub recipient: String,
    pub message_id: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The whole message as it is sent; opaque here.
    pub message: Vec<u8>,
}

/// Whom a mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom {
    /// Empty: the address alone.
    pub name: String,
    pub address: String,
}

/// Whether a mail goes out before its fill is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    OnTime,
    Late,
}

/// The mails of one session, or of one correction of it; without a recipient none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub job: JobSession,
    /// 0 for the session's own mail; see [`super::Journal::next_correction`].
    pub correction: u32,
    pub lateness: Lateness,
    pub from: MailFrom,
    pub mails: Vec<Mail>,
}

/// What became of a request to queue a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// So many mails wait to be sent.
    Now { mails: usize },
    /// It was queued before, and nothing was changed: so many mails wait, were accepted, were refused for good.
    Already { waiting: usize, sent: usize, failed: usize },
}

/// How far a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    Pending,
    /// Being sent, or its sender died.
    Attempting,
    /// The server accepted it.
    Sent,
    /// Refused for good, or given up.
    Failed,
}

impl MailState {
    const ALL: [Self; 4] = [Self::Pending, Self::Attempting, Self::Sent, Self::Failed];

    /// Returns the word that the journal uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Attempting => "attempting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A row of the outbox, without the mail's texts and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub id: i64,
    pub job: JobSession,
    pub correction: u32,
    pub recipient: String,
    /// `None` where a version that did not keep it queued the mail.
    pub from: Option<MailFrom>,
    /// The run that it tells of.
    pub run: Option<Uuid>,
    pub message_id: String,
    pub subject: String,
    pub lateness: Lateness,
    pub state: MailState,
    pub attempts: u32,
    pub next_attempt: DateTime<Utc>,
    pub last_error: Option<String>,
    pub queued_at: DateTime<Utc>,
    pub attempted_at: Option<DateTime<Utc>>,
    pub accepted_at: Option<DateTime<Utc>>,
}

/// A mail that a sender took, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Being sent: the whole message.
    Ready { row: Outgoing, message: Vec<u8> },
    /// Its stored message is not what was stored, so it failed; the row says why.
    Damaged(Outgoing),
}

/// Reads a row of the outbox.
pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let address: Option<String> = row.get("from_address")?;
    let name: Option<String> = row.get("from_name")?;
    Ok(Outgoing {
        id: row.get("id")?,
        job: JobSession { job: row.get("job")?, session: parsed(row, "session")? },
        correction: row.get("correction")?,
        recipient: row.get("recipient")?,
        from: address.map(|address| MailFrom { name: name.unwrap_or_default(), address }),
        run: parsed_if_there(row, "run")?,
        message_id: row.get("message_id")?,
        subject: row.get("subject")?,
        lateness: if row.get("late")? { Lateness::Late } else { Lateness::OnTime },
        state: one_of(row, "state", &MailState::ALL, MailState::as_str)?,
        attempts: row.get("attempts")?,
        next_attempt: parsed(row, "next_attempt")?,
        last_error: row.get("last_error")?,
        queued_at: parsed(row, "queued_at")?,
        attempted_at: parsed_if_there(row, "attempted_at")?,
        accepted_at: parsed_if_there(row, "accepted_at")?,
    })
}
