//! Who sends what a run queued: this process, or the one that has the right to.
//!
//! What another process holds is waited for, since that may be a run that has done its round already: then the right
//! is free a moment later. Nothing is said to be sent that is not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::app::{App, Courier, Delivered};
use crate::domain::Problem;
use crate::domain::format;
use crate::journal::{JobSession, Journal, JournalError, MailState, Outgoing};

use super::exit::Outcome;
use super::output;

/// How often another process is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// For how long: a daemon looks for what waits every minute.
const PATIENCE: Duration = Duration::from_secs(75);

/// The journal, and who sends from it.
pub(super) enum Sending {
    Here(Courier),
    /// Another process has the right.
    Elsewhere(Arc<Journal>),
}

/// What became of waiting for another process.
enum Awaited {
    /// It let go of the right.
    Ours(Courier),
    /// It did what it could.
    Tried(Vec<Outgoing>),
    /// It goes on holding the right, and something waits.
    Held(Option<u32>),
}

impl Sending {
    /// Opens the journal, with the right to send from it where nobody has it. Blocks.
    ///
    /// # Errors
    /// A journal that cannot be used.
    pub(super) fn open(app: &App) -> Result<(Self, Vec<Problem>), JournalError> {
        let (path, now) = (&app.loaded.settings.journal.path, app.clock.now());
        match Courier::open(path, now) {
            Ok((courier, notes)) => Ok((Sending::Here(courier), notes)),
            Err(JournalError::Held { .. }) => {
                let (journal, notes) = Journal::open(path, now)?;
                Ok((Sending::Elsewhere(Arc::new(journal)), notes))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the journal.
    pub(super) fn journal(&self) -> &Arc<Journal> {
        match self {
            Sending::Here(courier) => courier.journal(),
            Sending::Elsewhere(journal) => journal,
        }
    }

    /// Sends what waits of a session, or has it sent, and says how far it is.
    ///
    /// # Errors
    /// A journal that cannot be used.
    pub(super) async fn send(&self, app: &App, job: &JobSession) -> anyhow::Result<Outcome> {
        let journal = match self {
            Sending::Here(courier) => return send(app, courier, job).await,
            Sending::Elsewhere(journal) => journal,
        };
        let mails = match awaited(journal, job).await? {
            Awaited::Ours(courier) => return send(app, &courier, job).await,
            Awaited::Tried(mails) => mails,
            Awaited::Held(process) => {
                let who = process.map_or("another process".to_owned(), |id| format!("process {id}"));
                output::remark(format_args!(
                    "{who} has the lock and has not mailed it yet: `ts status` tells when it has"
                ));
                return Ok(Outcome::Findings);
            }
        };
        let told = |state: MailState| {
            let of = mails.iter().filter(move |own| own.state == state);
            of.map(|own| {
                format!("{}: {}", own.recipient, own.last_error.as_deref().unwrap_or("not tried yet"))
            })
            .collect::<Vec<_>>()
            .join("; ")
        };
        let (waiting, refused) = (told(MailState::Pending), told(MailState::Failed));
        Ok(if !waiting.is_empty() {
            say(&Delivered::Waiting(waiting), job)
        } else if !refused.is_empty() {
            say(&Delivered::Refused(refused), job)
        } else {
            Outcome::Done
        })
    }
}

async fn send(app: &App, courier: &Courier, job: &JobSession) -> anyhow::Result<Outcome> {
    Ok(say(&courier.send(app, job).await?, job))
}

fn say(delivered: &Delivered, job: &JobSession) -> Outcome {
    match delivered {
        Delivered::All { mails: 0 } => Outcome::Done,
        Delivered::All { mails } => {
            output::remark(format_args!("Mailed to {}", format::count(*mails, "recipient")));
            Outcome::Done
        }
        Delivered::Waiting(why) => {
            output::remark(format_args!(
                "not mailed yet, as far as is known: {why}\nThe next `ts run` or the daemon tries again"
            ));
            Outcome::Findings
        }
        Delivered::Refused(why) => {
            output::remark(format_args!(
                "not mailed: {why}; once that is put right, `ts run --retry-refused --date {}` sends it again",
                job.session
            ));
            Outcome::Findings
        }
    }
}

/// Waits until another process has tried each mail of a session, or lets go of the right to.
async fn awaited(journal: &Arc<Journal>, job: &JobSession) -> anyhow::Result<Awaited> {
    let mut tried_before: Option<BTreeMap<i64, u32>> = None;
    let mut left = PATIENCE;
    loop {
        let (looked, asked) = (Arc::clone(journal), job.clone());
        let look = move || Ok::<_, JournalError>(newest(looked.mails_of(&asked)?));
        let mails = tokio::task::spawn_blocking(look).await.context("failed to read the journal")??;
        let before =
            tried_before.get_or_insert_with(|| mails.iter().map(|own| (own.id, own.attempts)).collect());
        let is_tried = |own: &Outgoing| match own.state {
            MailState::Sent | MailState::Failed => true,
            MailState::Attempting => false,
            MailState::Pending => before.get(&own.id).is_some_and(|attempts| own.attempts > *attempts),
        };
        if mails.iter().all(is_tried) {
            return Ok(Awaited::Tried(mails));
        }
        let wanted = Arc::clone(journal);
        let taken = tokio::task::spawn_blocking(move || Courier::of(&wanted)).await;
        let process = match taken.context("failed to lock the journal")? {
            Ok(courier) => return Ok(Awaited::Ours(courier)),
            Err(JournalError::Held { process, .. }) => process,
            Err(error) => return Err(error.into()),
        };
        if left.is_zero() {
            return Ok(Awaited::Held(process));
        }
        if left == PATIENCE {
            output::remark(
                "queued; another process has the lock and mails it within a minute: waiting for that",
            );
        }
        tokio::time::sleep(PAUSE).await;
        left = left.saturating_sub(PAUSE);
    }
}

/// Returns the mails of a session's newest correction, which stands for what it corrects.
fn newest(mails: Vec<Outgoing>) -> Vec<Outgoing> {
    let newest = mails.iter().map(|own| own.correction).max();
    mails.into_iter().filter(|own| Some(own.correction) == newest).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::journal::{Delivery, Lateness, Mail, MailFrom};

    fn now() -> DateTime<Utc> {
        "2026-11-20T21:30:00Z".parse().expect("an instant")
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_is_waited_for_until_it_lets_go_but_not_for_ever() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (journal, _) = Journal::open(&folder.path().join("ts.db"), now()).expect("made");
        let journal = Arc::new(journal);
        let job = JobSession { job: "j".to_owned(), session: now().date_naive() };
        let mail = Mail {
            recipient: "a@x.y".to_owned(),
            message_id: "<1@ts>".to_owned(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            message: Vec::new(),
        };
        let from = MailFrom { name: String::new(), address: "s@x.y".to_owned() };
        let delivery =
            Delivery { job: job.clone(), correction: 0, lateness: Lateness::OnTime, from, mails: vec![mail] };
        let id = 1;
        let lock = journal.lock_daemon().expect("nobody holds it");
        let nothing = awaited(&journal, &job).await.expect("readable");
        assert!(matches!(nothing, Awaited::Tried(mails) if mails.is_empty()));

        journal.enqueue(&delivery, None, now()).expect("writable");
        let held = awaited(&journal, &job).await.expect("readable");
        assert!(matches!(held, Awaited::Held(Some(process)) if process == std::process::id()));

        let waiting = tokio::spawn({
            let (journal, job) = (Arc::clone(&journal), job.clone());
            async move { awaited(&journal, &job).await }
        });
        tokio::time::sleep(PAUSE * 2).await;
        journal.take(&lock, id, now()).expect("writable");
        journal.mark_failed_transient(id, now(), "450 later").expect("taken");
        let tried = waiting.await.expect("no panic").expect("readable");
        assert!(matches!(tried, Awaited::Tried(mails) if mails[0].attempts == 1));

        drop(lock);
        let ours = awaited(&journal, &job).await.expect("readable");
        assert!(matches!(ours, Awaited::Ours(_)));
    }
}
