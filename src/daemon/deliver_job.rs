//! A job's run: the session decided, recorded with its mails and sent, and how far it came noted.
//!
//! What was recorded is never decided again: a run that was interrupted afterwards goes on with the
//! stored mails. A failure is told to the recipients once a session, and tried again by the schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use tracing::{info, warn};

use super::alert;
use super::alert::Hearing;
use super::log_tail::LogTail;
use super::status::Unsent;
use super::work::{JobResult, Order, Outbox, Role, Standing, Work};
use crate::app;
use crate::app::{App, Asked, Assignment, Courier, Delivered, RunRequest};
use crate::cache::Patience;
use crate::calendar;
use crate::domain::Problem;
use crate::journal::{Alert, AlertRow, AlertState, JobSession, Journal, JournalError};
use crate::journal::{MailState, Outgoing, RunState, SessionState};
use crate::schedule::{Entry, History, State, Timing, Why, timing};

/// How far back the sessions are looked up: longer than any of them is still of interest.
const LOOK_BACK: Duration = Duration::days(40);

/// How long after its close a session is held back for the bar of a position, without which its stop is not checked.
/// One that is halted or delisted has none at all, and the rest of the mail must not wait for it till the morning.
const HELD_BARS_PATIENCE: Duration = Duration::hours(3);

/// Does jobs by a journal, which it takes the right to send from at the first need and keeps.
#[derive(Debug)]
pub struct Deliver {
    /// Shown to whoever is told of a failure.
    log: LogTail,
    courier: Mutex<Option<(Courier, Vec<Problem>)>>,
    /// Sessions of whose failure was told where the journal could not note it.
    told_unnoted: Mutex<BTreeSet<JobSession>>,
    has_said_that_it_waits: AtomicBool,
}

impl Deliver {
    /// Makes it with nothing done yet.
    pub fn new(log: LogTail) -> Self {
        Self {
            log,
            courier: Mutex::default(),
            told_unnoted: Mutex::default(),
            has_said_that_it_waits: AtomicBool::default(),
        }
    }

    /// Returns the right to send, and what the reader of the next report is to know of the journal.
    fn courier(&self, app: &App) -> Result<(Courier, Vec<Problem>), JournalError> {
        let mut held = self.courier.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((courier, problems)) = &*held {
            return Ok((courier.clone(), problems.clone()));
        }
        let (courier, problems) = Courier::open(&app.loaded.settings.journal.path, app.clock.now())?;
        // A report may be long in coming.
        problems.iter().for_each(|problem| warn!("{problem}"));
        *held = Some((courier.clone(), problems.clone()));
        Ok((courier, problems))
    }

    /// Forgets what a report told of the journal.
    fn told(&self) {
        if let Some((_, problems)) = &mut *self.courier.lock().unwrap_or_else(PoisonError::into_inner) {
            problems.clear();
        }
    }

    async fn done(&self, order: &Order, courier: &Courier, notes: Vec<Problem>) -> JobResult {
        let key = key(order);
        let mut told = None;
        if order.due.why != Why::Undelivered {
            match decided(order, courier, notes).await {
                Ok(Decided::Recorded { problems }) => {
                    told = Some(problems);
                    self.told();
                }
                Ok(Decided::BarsMissing(why)) => return JobResult::BarsMissing(why),
                Err(error) => {
                    self.alert(order, Some(courier), &error).await;
                    return JobResult::Failed(format!("{error:#}"));
                }
            }
        }
        match courier.send(&order.app, &key).await {
            Ok(Delivered::All { mails }) => {
                info!(mails, "Delivered");
                JobResult::Done { problems: told, lacking: lacking(courier, key).await }
            }
            Ok(Delivered::Waiting(why)) => JobResult::Undelivered(why),
            Ok(Delivered::Refused(why)) => JobResult::Refused(why),
            Err(error) => JobResult::Undelivered(format!("{error:#}")),
        }
    }

    /// Tells the recipients of a failure, once a session; whatever stands in the way of that is logged.
    async fn alert(&self, order: &Order, courier: Option<&Courier>, error: &anyhow::Error) {
        let claim = self.claim(order, courier).await;
        if claim == Claim::Taken {
            return;
        }
        if alert::tell(order, courier, error, &self.log).await == Hearing::Somebody {
            return;
        }
        // Nobody was told: the next failure of the session tries again.
        match (claim, courier) {
            (Claim::Noted, Some(courier)) => {
                let (journal, key) = (Arc::clone(courier.journal()), key(order));
                match tokio::task::spawn_blocking(move || journal.release_alert(&key)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(failed)) => warn!("no other alert is sent: {failed}"),
                    Err(failed) => warn!("no other alert is sent: {failed}"),
                }
            }
            _ => {
                self.told_unnoted.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(order));
            }
        }
    }

    /// Claims the alert of a session in the journal, or where that cannot be written in this process alone: a
    /// failure that nobody hears of is worse than one that is told twice.
    async fn claim(&self, order: &Order, courier: Option<&Courier>) -> Claim {
        if let Some(courier) = courier {
            let (journal, key, now) = (Arc::clone(courier.journal()), key(order), order.app.clock.now());
            match tokio::task::spawn_blocking(move || journal.claim_alert(&key, now)).await {
                Ok(Ok(Alert::Ours)) => return Claim::Noted,
                Ok(Ok(Alert::Claimed(_))) => return Claim::Taken,
                Ok(Err(failed)) => warn!("the alert is not noted: {failed}"),
                Err(failed) => warn!("the alert is not noted: {failed}"),
            }
        }
        let mut told = self.told_unnoted.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(key(order)) { Claim::Unnoted } else { Claim::Taken }
    }
}

impl Work for Deliver {
    async fn standing(&self, app: &App) -> anyhow::Result<Standing> {
        let now = app.clock.now();
        let (journal, role) = match self.courier(app) {
            Ok((courier, _)) => {
                if self.has_said_that_it_waits.swap(false, Ordering::Relaxed) {
                    info!("The other process is gone: this one delivers now");
                }
                (Arc::clone(courier.journal()), Role::Delivers)
            }
            // Another process sends; what it did can be read all the same.
            Err(held @ JournalError::Held { .. }) => {
                if !self.has_said_that_it_waits.swap(true, Ordering::Relaxed) {
                    warn!("this process delivers nothing as long as another does: {held}");
                }
                (Arc::new(Journal::open_to_read(&app.loaded.settings.journal.path)?), Role::StandsBy)
            }
            Err(error) => return Err(error.into()),
        };
        let read = tokio::task::spawn_blocking(move || standing(&journal, now)).await;
        Ok(Standing { role, ..read.context("failed to read the journal")?? })
    }

    async fn run(&self, mut order: Order) -> JobResult {
        let (courier, notes) = match self.courier(&order.app) {
            Ok(had) => had,
            Err(error @ JournalError::Held { .. }) => return JobResult::Elsewhere(error.to_string()),
            Err(error) => {
                let error = anyhow::Error::from(error);
                self.alert(&order, None, &error).await;
                return JobResult::Failed(format!("{error:#}"));
            }
        };
        if order.due.why != Why::Undelivered
            && let Err(error) = note(&courier, &order, SessionState::Begun, "").await
        {
            self.alert(&order, Some(&courier), &error).await;
            return JobResult::Failed(format!("{error:#}"));
        }
        order.begun.tell();
        let result = self.done(&order, &courier, notes).await;
        let state = match &result {
            JobResult::Done { .. } => SessionState::Done,
            JobResult::BarsMissing(_) => SessionState::BarsMissing,
            JobResult::Undelivered(_) => SessionState::Undelivered,
            JobResult::Refused(_) => SessionState::Refused,
            JobResult::Failed(_) => SessionState::Failed,
            JobResult::Elsewhere(_) => return result,
        };
        let reason = if state == SessionState::Done { "" } else { result.reason() };
        if let Err(error) = note(&courier, &order, state, reason).await {
            warn!("what came of the run cannot be noted: {error:#}");
        }
        result
    }
}

/// Reads what was done so far. Blocks.
///
/// # Errors
/// A journal that cannot be read.
pub fn standing(journal: &Journal, now: DateTime<Utc>) -> anyhow::Result<Standing> {
    let since = now - LOOK_BACK;
    let (mut history, mut reasons, mut lacking) = (History::default(), BTreeMap::new(), BTreeMap::new());
    for row in journal.sessions(since.date_naive())? {
        let state = match row.state {
            SessionState::Begun => State::Begun,
            SessionState::BarsMissing => State::BarsMissing,
            SessionState::Failed => State::Failed,
            SessionState::Undelivered => State::Undelivered,
            SessionState::Refused => State::Refused,
            SessionState::Done => State::Done,
        };
        let entry = Entry { state, attempts: row.attempts, last_attempt: row.last_attempt };
        history.insert(&row.job.job, row.job.session, entry);
        if let Some(what) = row.answer.and_then(RunState::lacking) {
            lacking.insert((row.job.job.clone(), row.job.session), what);
        }
        if !row.reason.is_empty() {
            reasons.insert((row.job.job, row.job.session), row.reason);
        }
    }
    let mails = journal.mails_since(since)?;
    Ok(Standing {
        history,
        outbox: counted(&mails),
        alerts: counted_alerts(&journal.alerts_since(since)?),
        reasons,
        lacking,
        unsent: unsent(&mails),
        role: Role::Delivers,
    })
}

/// Returns the mail of each job that waits longest after a try.
fn unsent(mails: &[Outgoing]) -> BTreeMap<String, Unsent> {
    let mut unsent: BTreeMap<String, Unsent> = BTreeMap::new();
    for mail in mails.iter().filter(|own| own.state == MailState::Pending) {
        let Some(why) = &mail.last_error else { continue };
        if unsent.get(&mail.job.job).is_some_and(|known| known.since <= mail.queued_at) {
            continue;
        }
        let own = Unsent {
            session: mail.job.session,
            recipient: mail.recipient.clone(),
            since: mail.queued_at,
            next_try: mail.next_attempt,
            why: why.clone(),
        };
        unsent.insert(mail.job.job.clone(), own);
    }
    unsent
}

/// Counts mails by what became of them. A refused one that a correction stands for is nobody's trouble any more.
fn counted(mails: &[Outgoing]) -> Outbox {
    let mut newest: BTreeMap<&JobSession, u32> = BTreeMap::new();
    for mail in mails {
        let correction = newest.entry(&mail.job).or_default();
        *correction = mail.correction.max(*correction);
    }
    let mut outbox = Outbox::default();
    for mail in mails {
        match mail.state {
            MailState::Pending | MailState::Attempting => outbox.waiting += 1,
            MailState::Sent => outbox.sent += 1,
            MailState::Failed if newest.get(&mail.job).is_some_and(|own| *own > mail.correction) => {}
            MailState::Failed => outbox.refused += 1,
        }
    }
    outbox
}

/// Counts alerts by what became of them.
fn counted_alerts(alerts: &[AlertRow]) -> Outbox {
    let of = |state| alerts.iter().filter(|own| own.state == state).count();
    Outbox { waiting: of(AlertState::Waiting), sent: of(AlertState::Sent), refused: of(AlertState::Refused) }
}

/// Looks up what the readers of a session's mail did not get.
async fn lacking(courier: &Courier, key: JobSession) -> Option<&'static str> {
    let journal = Arc::clone(courier.journal());
    let row = tokio::task::spawn_blocking(move || journal.session(&key)).await.ok()?.ok()??;
    row.answer?.lacking()
}

fn key(order: &Order) -> JobSession {
    JobSession { job: order.due.job.clone(), session: order.due.session }
}

async fn note(courier: &Courier, order: &Order, state: SessionState, reason: &str) -> anyhow::Result<()> {
    let (journal, key) = (Arc::clone(courier.journal()), key(order));
    let (reason, now) = (reason.to_owned(), order.app.clock.now());
    let noted = tokio::task::spawn_blocking(move || journal.note_session(&key, state, &reason, now)).await;
    Ok(noted.context("failed to write to the journal")??)
}

/// Whose the alert of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// Ours, by the journal.
    Noted,
    /// Ours as far as this process knows.
    Unnoted,
    Taken,
}

/// What deciding a session came to.
enum Decided {
    /// It is recorded with its mails, which tell so many problems.
    Recorded { problems: usize },
    /// Nothing is recorded: its bars may still come, and this is why they are awaited.
    BarsMissing(String),
}

/// Decides a session and records it with its mails.
async fn decided(order: &Order, courier: &Courier, notes: Vec<Problem>) -> anyhow::Result<Decided> {
    let due = &order.due;
    let request = RunRequest {
        asked: Asked::ByName(due.asset_class),
        date: Some(due.session),
        source: None,
        positions: None,
        // What a vendor did not have a while ago is the very thing to ask for.
        patience: match due.why {
            Why::BarsMissing | Why::Failed => Patience::Ignored,
            _ => Patience::Kept,
        },
    };
    let ran = app::run_recorded(&order.app, &request, Some(&order.live), notes, &|_, _| {}).await;
    let (mut outcome, inputs) = ran?;
    // Asked again: the run may have crossed the fill.
    let now = order.app.clock.now();
    if let (Timing::OnTime, Some(why)) = (timing(due.asset_class, due.session, now), outcome.missing_bars()) {
        let cause = outcome.why_bars_are_missing().map(|cause| format!("; {cause}"));
        return Ok(Decided::BarsMissing(format!("{why}{}", cause.unwrap_or_default())));
    }
    let held = outcome.held_without_bar();
    if !held.is_empty() && now < calendar::close_instant(due.asset_class, due.session) + HELD_BARS_PATIENCE {
        let why = format!("held, and without a bar of {}: {}", due.session, held.join(", "));
        return Ok(Decided::BarsMissing(why));
    }
    let assignment = Assignment { job: key(order), asset_class: due.asset_class, correction: 0 };
    let (journal, email) = (Arc::clone(courier.journal()), order.app.loaded.settings.email.clone());
    let keep = move || {
        app::keep(&journal, &email, &mut outcome, inputs, &assignment, now)?;
        anyhow::Ok(outcome.report.problems.len())
    };
    let problems = tokio::task::spawn_blocking(keep).await.context("failed to keep the run")??;
    Ok(Decided::Recorded { problems })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Delivery, Lateness, Mail, MailFrom};

    #[test]
    fn a_refused_mail_that_a_correction_stands_for_is_not_counted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let now: DateTime<Utc> = "2026-11-20T22:00:00Z".parse().expect("an instant");
        let (courier, _) = Courier::open(&folder.path().join("ts.db"), now).expect("made");
        let journal = Arc::clone(courier.journal());
        drop(courier);
        let lock = journal.lock_daemon().expect("nobody holds it");
        let job = JobSession { job: "j".to_owned(), session: now.date_naive() };
        for correction in [0, 1] {
            let mail = Mail {
                recipient: "a@x.y".to_owned(),
                message_id: format!("<{correction}@ts>"),
                subject: String::new(),
                text: String::new(),
                html: String::new(),
                message: b"To: a@x.y\r\n\r\nx".to_vec(),
            };
            let delivery = Delivery {
                job: job.clone(),
                correction,
                lateness: Lateness::OnTime,
                from: MailFrom { name: String::new(), address: "s@x.y".to_owned() },
                mails: vec![mail],
            };
            journal.enqueue(&delivery, None, now).expect("writable");
            let id = journal.mails_of(&job).expect("readable").last().expect("queued").id;
            journal.take(&lock, id, now).expect("writable");
            if correction > 0 {
                journal.mark_sent(id, now).expect("taken");
                continue;
            }
            journal.mark_failed_permanent(id, "550 no", now).expect("taken");
            assert_eq!(standing(&journal, now).expect("readable").outbox.refused, 1);
        }
        let outbox = standing(&journal, now).expect("readable").outbox;
        assert_eq!(outbox, Outbox { waiting: 0, sent: 1, refused: 0 });
    }
}
