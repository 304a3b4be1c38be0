//! Brings what a run says to its recipients: its mails are made and stored with it, then sent as stored.
//!
//! The outbox stands between. A run and its mails are one transaction, each attempt is noted before a byte
//! of it is sent, and each recipient is marked alone. So a process that dies anywhere leaves nothing, or
//! mails that the next one sends, of the same bytes and Message-ID. Decides nothing.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use tracing::{info, warn};

use super::inputs::Inputs;
use super::record::{record, render};
use super::tell::tell;
use super::{App, RunOutcome};
use crate::domain::{AssetClass, Problem};
use crate::journal;
use crate::journal::{DaemonLock, Delivery, JobSession, Journal, Lateness, MailFrom, MailState, Outgoing};
use crate::journal::{Recorded, Rendered, RunInputs};
use crate::mail;
use crate::mail::smtp::{Kind, Server};
use crate::mail::{Letter, Occasion, Recipient, Sender};
use crate::schedule::{Timing, timing};
use crate::settings::Email;

/// Where the addresses come from, for messages.
const RECIPIENTS: &str = "EMAIL_RECIPIENTS";

/// The journal, with the right to send what waits in it: one process at a time has that.
#[derive(Clone, Debug)]
pub struct Courier {
    journal: Arc<Journal>,
    lock: Arc<DaemonLock>,
}

/// How far the mails of a session are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Every recipient's server accepted, or there is nobody to tell.
    All { mails: usize },
    /// Some wait for another try, for this reason.
    Waiting(String),
    /// Nothing is left to try, and some were refused for good.
    Refused(String),
}

/// The session that a run is made and mailed for.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub job: JobSession,
    pub asset_class: AssetClass,
    /// 0 for the session's own mail.
    pub correction: u32,
}

impl Assignment {
    /// Tells whether the fill is past at an instant.
    fn lateness(&self, now: DateTime<Utc>) -> Lateness {
        lateness(self.asset_class, self.job.session, now)
    }
}

fn lateness(class: AssetClass, session: NaiveDate, now: DateTime<Utc>) -> Lateness {
    match timing(class, session, now) {
        Timing::OnTime => Lateness::OnTime,
        Timing::Late => Lateness::Late,
    }
}

impl Courier {
    /// Opens the journal and takes the right to send; what a process that died was sending is due at once.
    /// The problems are for the reader of the next report. Blocks.
    ///
    /// # Errors
    /// A journal that cannot be used; [`journal::JournalError::Held`] where another process has the right.
    pub fn open(path: &Path, now: DateTime<Utc>) -> Result<(Self, Vec<Problem>), journal::JournalError> {
        let (journal, lock, problems) = Journal::open_to_send(path, now)?;
        let resumed = journal.resume(&lock, now)?;
        if resumed > 0 {
            info!(mails = resumed, "Sending again what was interrupted");
        }
        Ok((Self { journal: Arc::new(journal), lock: Arc::new(lock) }, problems))
    }

    /// Returns the journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Sends every mail that waits, each once, and returns how far those of a session are.
    ///
    /// # Errors
    /// A journal that cannot be written. What a server says is in the answer.
    pub async fn send(&self, app: &App, job: &JobSession) -> anyhow::Result<Delivered> {
        let now = app.clock.now();
        let settings = &app.loaded.settings;
        let unable = match Server::of(&settings.email, &settings.secrets) {
            Ok(server) => {
                let own = self.clone();
                let jobs: Vec<(String, AssetClass)> =
                    settings.schedule.iter().map(|job| (job.job.clone(), job.asset_class)).collect();
                let sender = Sender::of(&settings.email)?;
                blocking(move || {
                    own.journal.hasten(&own.lock, now)?;
                    own.mark_late(&jobs, &sender, now)
                })
                .await?;
                self.send_all(app, &server, now).await?;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        let (own, job) = (self.clone(), job.clone());
        let mails = blocking(move || Ok(own.journal.mails_of(&job)?)).await?;
        Ok(match (delivered(&mails), unable) {
            (Delivered::Waiting(_), Some(unable)) => Delivered::Waiting(unable),
            (far, _) => far,
        })
    }

    async fn send_all(&self, app: &App, server: &Server, now: DateTime<Utc>) -> anyhow::Result<()> {
        let from = &app.loaded.settings.email.from_email;
        loop {
            let own = self.clone();
            let taken = blocking(move || Ok(own.journal.take_next(&own.lock, now)?)).await?;
            let Some((row, stored)) = taken else { return Ok(()) };
            let letter = Letter {
                from: from.clone(),
                to: row.recipient.clone(),
                message_id: row.message_id.clone(),
                bytes: stored.message,
            };
            let sent = server.send(&letter).await;
            let (own, id, at) = (self.clone(), row.id, app.clock.now());
            let (session, recipient) = (row.job.session, &row.recipient);
            match sent {
                Ok(()) => {
                    info!(job = row.job.job, %session, recipient, "Mailed");
                    blocking(move || Ok(own.journal.mark_sent(id, at)?)).await?;
                }
                Err(error) if error.kind == Kind::Permanent => {
                    warn!(job = row.job.job, %session, recipient, "Not mailed, and not tried again: {error}");
                    blocking(move || Ok(own.journal.mark_failed_permanent(id, &error.to_string(), at)?))
                        .await?;
                }
                Err(error) => {
                    warn!(job = row.job.job, %session, recipient, "Not mailed yet: {error}");
                    // Once in this round; the next one hastens it.
                    let again = now + Duration::seconds(1);
                    let note =
                        move || Ok(own.journal.mark_failed_transient(id, again, &error.to_string())?);
                    blocking(note).await?;
                }
            }
        }
    }

    /// Makes anew, marked as late, each waiting mail whose fill went by. Recipient and Message-ID stay.
    fn mark_late(
        &self,
        jobs: &[(String, AssetClass)],
        sender: &Sender,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        for row in self.journal.mails_since(now)? {
            let class = jobs.iter().find(|(name, _)| *name == row.job.job).map(|(_, class)| *class);
            let (Some(class), Some(run)) = (class, row.run) else { continue };
            let is_late = lateness(class, row.job.session, now) == Lateness::Late;
            if row.state != MailState::Pending || row.lateness == Lateness::Late || !is_late {
                continue;
            }
            let outcome = tell(Inputs::restored(self.journal.stored(run)?.inputs)?)?;
            let assignment =
                Assignment { job: row.job.clone(), asset_class: class, correction: row.correction };
            let mails =
                mails(&outcome, sender, std::slice::from_ref(&row.recipient), &assignment, Lateness::Late)?;
            for mail in &mails {
                self.journal.replace_by_late(row.id, mail)?;
            }
        }
        Ok(())
    }
}

/// Makes the mails of a run of [`super::run_recorded`], and records it whole with them. Blocks.
///
/// # Errors
/// A mail that cannot be made, or a journal that cannot be written; nothing of the run is in it then.
pub fn keep(
    journal: &Journal,
    email: &Email,
    outcome: &mut RunOutcome,
    inputs: RunInputs,
    assignment: &Assignment,
    now: DateTime<Utc>,
) -> anyhow::Result<(Rendered, Recorded)> {
    let late = assignment.lateness(now);
    let sender = Sender::of(email)?;
    let mails = mails(outcome, &sender, &email.recipients, assignment, late)?;
    let rendered = render(outcome)?;
    let delivery = Delivery {
        job: assignment.job.clone(),
        correction: assignment.correction,
        lateness: late,
        from: MailFrom { name: sender.name().to_owned(), address: sender.address() },
        mails,
    };
    let recorded = record(journal, outcome, inputs, rendered.clone(), Some(&delivery), now)?;
    Ok((rendered, recorded))
}

/// The mails of a run, one a recipient.
fn mails(
    outcome: &RunOutcome,
    sender: &Sender,
    recipients: &[String],
    assignment: &Assignment,
    late: Lateness,
) -> anyhow::Result<Vec<journal::Mail>> {
    let occasion = Occasion {
        job: assignment.job.job.clone(),
        session: assignment.job.session,
        correction: assignment.correction,
        is_late: late == Lateness::Late,
    };
    let RunOutcome { report, charts, templates, .. } = outcome;
    let (made, _) =
        mail::daily(report, charts, templates, sender, &occasion).context("failed to make the mail")?;
    let addressed = |to: &String| -> anyhow::Result<journal::Mail> {
        let letter = made.to(&Recipient::new(to, RECIPIENTS)?)?;
        Ok(journal::Mail {
            recipient: letter.to,
            message_id: letter.message_id,
            subject: made.subject.clone(),
            text: made.text.clone(),
            html: made.html.clone(),
            message: letter.bytes,
        })
    };
    recipients.iter().map(addressed).collect()
}

/// How far the mails of a session are.
fn delivered(mails: &[Outgoing]) -> Delivered {
    let of = |wanted: fn(MailState) -> bool| mails.iter().filter(move |own| wanted(own.state));
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
        (true, true) => Delivered::All { mails: mails.len() },
    }
}

/// Does what blocks where that is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("failed to wait for the disk")?
}
