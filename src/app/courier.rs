//! Sends what waits in the outbox, as it is stored, in rounds: each mail once a round, noted before and after.
//!
//! A run and its mails are one transaction, each attempt is noted before a byte of it is sent, and each recipient is
//! marked alone. So a process that dies anywhere leaves nothing, or mails that the next one sends, of the same bytes
//! and Message-ID. A mail that cannot be had or sent costs itself only, but a server that cannot be reached ends the
//! round: the next mail would wait for it as long. Decides nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::App;
use super::letters::mark_late;
use crate::domain::Problem;
use crate::journal;
use crate::journal::{DaemonLock, JobSession, Journal, MailState, Outgoing, Taken};
use crate::mail::Letter;
use crate::mail::smtp::{Kind, SendError, Server};
use crate::schedule::{delivery_again, delivery_ends, fill_instant};

/// The journal, with the right to send what waits in it: one process at a time has that.
#[derive(Clone, Debug)]
pub struct Courier {
    journal: Arc<Journal>,
    lock: Arc<DaemonLock>,
}

/// How far the mails of a session are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Every recipient's server accepted, or there is nobody to tell. `mails` were accepted just now.
    All { mails: usize },
    /// Some wait for another try, for this reason.
    Waiting(String),
    /// Nothing is left to try, and some were refused for good.
    Refused(String),
}

impl Courier {
    /// Opens the journal and takes the right to send. The problems are for the reader of the next report. Blocks.
    ///
    /// # Errors
    /// A journal that cannot be used; [`journal::JournalError::Held`] where another process has the right.
    pub fn open(path: &Path, now: DateTime<Utc>) -> Result<(Self, Vec<Problem>), journal::JournalError> {
        let (journal, lock, problems) = Journal::open_to_send(path, now)?;
        Ok((Self { journal: Arc::new(journal), lock: Arc::new(lock) }, problems))
    }

    /// Takes the right to send from a journal that is open.
    ///
    /// # Errors
    /// [`journal::JournalError::Held`] where another process has the right.
    pub fn of(journal: &Arc<Journal>) -> Result<Self, journal::JournalError> {
        let lock = journal.lock_daemon()?;
        Ok(Self { journal: Arc::clone(journal), lock: Arc::new(lock) })
    }

    /// Returns the journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Sends every mail of a session that waits, and of others what is due again, each once; returns how far those
    /// of the session are. One call at a time: what is noted as being sent is taken for interrupted.
    ///
    /// # Errors
    /// A journal that cannot be written. What a server says is in the answer.
    pub async fn send(&self, app: &App, job: &JobSession) -> anyhow::Result<Delivered> {
        let now = app.clock.now();
        let settings = &app.loaded.settings;
        let own = self.clone();
        let resumed = blocking(move || Ok(own.journal.resume(&own.lock, now)?)).await?;
        if resumed > 0 {
            info!(mails = resumed, "Sending again what was interrupted");
        }
        let (accepted, unable) = match Server::of(&settings.email, &settings.secrets) {
            Ok(server) => (self.round(app, &server, job, now).await?, None),
            Err(error) => (0, Some(error.to_string())),
        };
        let (own, job) = (self.clone(), job.clone());
        let mails = blocking(move || Ok(own.journal.mails_of(&job)?)).await?;
        Ok(match (delivered(&mails, accepted), unable) {
            (Delivered::Waiting(_), Some(unable)) => Delivered::Waiting(unable),
            (far, _) => far,
        })
    }

    /// Tries each mail that is due, and returns to how many recipients the session went.
    async fn round(
        &self,
        app: &App,
        server: &Server,
        job: &JobSession,
        now: DateTime<Utc>,
    ) -> anyhow::Result<usize> {
        let (own, asked, email) = (self.clone(), job.clone(), app.loaded.settings.email.clone());
        let due = blocking(move || {
            let due = own.journal.mails_due(&asked, now)?;
            mark_late(&own.journal, &email, &due, now);
            if !due.is_empty() {
                own.journal.make_room(due.len())?;
            }
            Ok(due)
        });
        let mut reached = BTreeSet::new();
        for waiting in due.await? {
            let own = self.clone();
            let taken = blocking(move || Ok(own.journal.take(&own.lock, waiting.id, now)?)).await?;
            let (row, message) = match taken {
                Some(Taken::Ready { row, message }) => (row, message),
                Some(Taken::Damaged(row)) => {
                    let why = row.last_error.unwrap_or_default();
                    warn!(job = row.job.job, session = %row.job.session, row.recipient, "Not mailed: {why}");
                    continue;
                }
                None => continue,
            };
            let sender = row.from.as_ref().map(|from| from.address.clone());
            let letter = Letter {
                from: sender.unwrap_or_else(|| app.loaded.settings.email.from_email.clone()),
                to: row.recipient.clone(),
                message_id: row.message_id.clone(),
                bytes: message,
            };
            info!(job = row.job.job, session = %row.job.session, recipient = row.recipient, "Mailing by {server}");
            let sent = server
                .send_patiently(&letter, &mut |waited, limit| {
                    warn!(
                        recipient = row.recipient,
                        "The mail server has not taken the mail for {} s; it is given up after {} s",
                        waited.as_secs(),
                        limit.as_secs()
                    );
                })
                .await;
            let (own, noted, at) = (self.clone(), row.clone(), app.clock.now());
            let is_unreachable = sent.as_ref().is_err_and(SendError::is_of_connection);
            let is_sent = sent.is_ok();
            blocking(move || own.note(&noted, sent, at)).await?;
            if is_sent && row.job == *job {
                reached.insert(row.recipient);
            }
            if is_unreachable {
                break;
            }
        }
        Ok(reached.len())
    }

    /// Notes what came of a mail that was taken.
    fn note(&self, row: &Outgoing, sent: Result<(), SendError>, at: DateTime<Utc>) -> anyhow::Result<()> {
        let (job, session, recipient) = (&row.job.job, row.job.session, &row.recipient);
        let Err(error) = sent else {
            info!(job, %session, recipient, "Mailed");
            return Ok(self.journal.mark_sent(row.id, at)?);
        };
        let fill = self.journal.class_of(row)?.map(|class| fill_instant(class, session));
        let is_given_up = at >= delivery_ends(fill, row.queued_at);
        if error.kind == Kind::Permanent {
            warn!(
                job, %session, recipient,
                "Not mailed, and not tried again: {error}; once that is put right, `ts run --retry-refused` sends it"
            );
            Ok(self.journal.mark_failed_permanent(row.id, &error.to_string(), at)?)
        } else if is_given_up {
            let why = format!("given up after days of trying: {}", error.in_queue());
            warn!(job, %session, recipient, "Not mailed, {why}; `ts run --retry-refused` tries again");
            Ok(self.journal.mark_failed_permanent(row.id, &why, at)?)
        } else {
            let why = error.in_queue();
            warn!(job, %session, recipient, "Not mailed yet, as far as is known: {why}");
            let again = delivery_again(at, row.attempts);
            Ok(self.journal.mark_failed_transient(row.id, again, &why)?)
        }
    }
}

/// How far the mails of a session are: those of its newest correction, which stands for what it corrects.
fn delivered(mails: &[Outgoing], accepted: usize) -> Delivered {
    let newest = mails.iter().map(|own| own.correction).max();
    let of = |wanted: fn(MailState) -> bool| {
        mails.iter().filter(move |own| Some(own.correction) == newest && wanted(own.state))
    };
    let why = |own: &Outgoing| {
        let error = own.last_error.as_deref().unwrap_or("not tried yet");
        format!("{}: {error}", own.recipient)
    };
    let told = |mails: Vec<&Outgoing>| mails.into_iter().map(why).collect::<Vec<_>>().join("; ");
    let waiting: Vec<&Outgoing> =
        of(|state| matches!(state, MailState::Pending | MailState::Attempting)).collect();
    let failed: Vec<&Outgoing> = of(|state| state == MailState::Failed).collect();
    match (waiting.is_empty(), failed.is_empty()) {
        (false, _) => Delivered::Waiting(told(waiting)),
        (true, false) => Delivered::Refused(told(failed)),
        (true, true) => Delivered::All { mails: accepted },
    }
}

/// Does what blocks where that is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("failed to wait for the disk")?
}

#[cfg(test)]
mod tests;
