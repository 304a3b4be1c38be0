//! The mails of a run: made and recorded with it, and made again, marked as late, where the fill went by.
//!
//! What a mail was when it was queued decides what its late version is: its run's inputs and class, its sender, its
//! Message-ID. Settings that were edited meanwhile change nothing of it. Sends nothing.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use tracing::warn;
use uuid::Uuid;

use super::RunOutcome;
use super::inputs::Inputs;
use super::record::{record, render};
use super::tell::tell;
use crate::calendar;
use crate::domain::AssetClass;
use crate::journal;
use crate::journal::{Delivery, JobSession, Journal, Lateness, MailFrom, Outgoing};
use crate::journal::{Recorded, Rendered, RunInputs};
use crate::mail;
use crate::mail::{Occasion, Recipient, Sender};
use crate::schedule::{Timing, timing};
use crate::settings::Email;

/// Where the addresses come from, for messages.
const RECIPIENTS: &str = "EMAIL_RECIPIENTS";

/// The session that a run is made and mailed for.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub job: JobSession,
    pub asset_class: AssetClass,
    /// 0 for the session's own mail.
    pub correction: u32,
}

fn lateness(class: AssetClass, session: NaiveDate, now: DateTime<Utc>) -> Lateness {
    match timing(class, session, now) {
        Timing::OnTime => Lateness::OnTime,
        Timing::Late => Lateness::Late,
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
    let late = lateness(assignment.asset_class, assignment.job.session, now);
    let sender = Sender::of(email)?;
    let made = made(outcome, &sender, assignment, late)?;
    let mails = email.recipients.iter().map(|to| addressed(&made, to)).collect::<anyhow::Result<_>>()?;
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

/// Puts a late version in the place of each waiting mail whose fill went by. One that cannot be made is logged, and
/// its mail goes as it is stored: late is better told than not, and told plainly is better than never. Blocks.
pub(super) fn mark_late(journal: &Journal, email: &Email, waiting: &[Outgoing], now: DateTime<Utc>) {
    let mut told = None;
    for row in waiting {
        if let Err(error) = mark_one(journal, email, row, now, &mut told) {
            let (session, recipient) = (row.job.session, &row.recipient);
            warn!(job = row.job.job, %session, recipient, "Sent as it is stored, not marked late: {error:#}");
        }
    }
}

/// `told` is the run of the row before, which is mostly that of this one.
fn mark_one(
    journal: &Journal,
    email: &Email,
    row: &Outgoing,
    now: DateTime<Utc>,
    told: &mut Option<(Uuid, RunOutcome)>,
) -> anyhow::Result<()> {
    let (Some(run), Some(class)) = (row.run, journal.class_of(row)?) else { return Ok(()) };
    if row.lateness == Lateness::Late || lateness(class, row.job.session, now) == Lateness::OnTime {
        return Ok(());
    }
    let outcome = match told.take().filter(|(of, _)| *of == run) {
        Some((_, outcome)) => outcome,
        None => tell(Inputs::restored(journal.stored(run)?.inputs)?)?,
    };
    let sender = match &row.from {
        Some(from) => Sender::new(&from.name, &from.address)?,
        None => Sender::of(email)?,
    };
    let assignment = Assignment { job: row.job.clone(), asset_class: class, correction: row.correction };
    let mut late = made(&outcome, &sender, &assignment, Lateness::Late)?;
    *told = Some((run, outcome));
    // A copy of the earlier version may have been taken: programs know the two for one by the id.
    late.message_id.clone_from(&row.message_id);
    Ok(journal.replace_by_late(row.id, &addressed(&late, &row.recipient)?)?)
}

/// Makes the mail of a run, for nobody yet.
fn made(
    outcome: &RunOutcome,
    sender: &Sender,
    assignment: &Assignment,
    late: Lateness,
) -> anyhow::Result<mail::Mail> {
    let occasion = Occasion {
        job: assignment.job.job.clone(),
        session: assignment.job.session,
        correction: assignment.correction,
        missed_open: (late == Lateness::Late)
            .then(|| calendar::next_session(assignment.asset_class, assignment.job.session)),
    };
    let RunOutcome { report, charts, templates, .. } = outcome;
    let (made, _) =
        mail::daily(report, charts, templates, sender, &occasion).context("failed to make the mail")?;
    Ok(made)
}

fn addressed(made: &mail::Mail, to: &str) -> anyhow::Result<journal::Mail> {
    let letter = made.to(&Recipient::new(to, RECIPIENTS)?)?;
    Ok(journal::Mail {
        recipient: letter.to,
        message_id: letter.message_id,
        subject: made.subject.clone(),
        text: made.text.clone(),
        html: made.html.clone(),
        message: letter.bytes,
    })
}
