//! The alert of a failed job: sent to each recipient, and noted with what came of it.
//!
//! It is made anew at each failure and not queued, so that it tells of the failure at hand; that there is one a session is
//! the caller's to see to.

use std::sync::Arc;

use anyhow::Context as _;
use tracing::warn;

use super::log_tail::LogTail;
use super::work::Order;
use crate::app::Courier;
use crate::journal::{AlertState, AlertTry, JobSession};
use crate::mail;
use crate::mail::smtp::{Kind, Server};
use crate::mail::{Recipient, Sender};
use crate::settings::Redactor;

/// Whether anybody heard of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Somebody,
    Nobody,
}

/// Tells the recipients of a failure; whatever stands in the way of that is logged, and noted where `courier` has a
/// journal to note it in.
pub(super) async fn tell(
    order: &Order,
    courier: Option<&Courier>,
    error: &anyhow::Error,
    log: &LogTail,
) -> Hearing {
    let recipients = &order.app.loaded.settings.email.recipients;
    let heard = send(order, error, log).await.unwrap_or_else(|failed| {
        warn!("the alert is not sent: {failed:#}");
        let unheard = || Unheard { kind: Kind::Transient, why: format!("{failed:#}") };
        recipients.iter().map(|to| (to.clone(), Err(unheard()))).collect()
    });
    let tries = tried(heard);
    let is_heard = tries.iter().any(|own| own.state == AlertState::Sent);
    if let Some(courier) = courier
        && let Err(failed) = note(courier, order, tries).await
    {
        warn!("what came of the alert is not noted: {failed:#}");
    }
    if is_heard { Hearing::Somebody } else { Hearing::Nobody }
}

/// Why a recipient was not told.
struct Unheard {
    kind: Kind,
    why: String,
}

/// A recipient of an alert, and what came of it.
type Heard = (String, Result<(), Unheard>);

/// Judges what came of an alert: where nobody was reached it is tried again at the next failure, else not.
fn tried(heard: Vec<Heard>) -> Vec<AlertTry> {
    let is_any_told = heard.iter().any(|(_, result)| result.is_ok());
    let judged = |(recipient, result): Heard| match result {
        Ok(()) => AlertTry { recipient, state: AlertState::Sent, error: None },
        Err(Unheard { kind: Kind::Permanent, why }) => {
            AlertTry { recipient, state: AlertState::Refused, error: Some(why) }
        }
        Err(Unheard { why, .. }) if is_any_told => {
            let why = format!("{why}; not tried again, since others were told");
            AlertTry { recipient, state: AlertState::Refused, error: Some(why) }
        }
        Err(Unheard { why, .. }) => AlertTry { recipient, state: AlertState::Waiting, error: Some(why) },
    };
    heard.into_iter().map(judged).collect()
}

/// Notes what came of it, for `ts status`.
async fn note(courier: &Courier, order: &Order, tries: Vec<AlertTry>) -> anyhow::Result<()> {
    let (journal, now) = (Arc::clone(courier.journal()), order.app.clock.now());
    let key = JobSession { job: order.due.job.clone(), session: order.due.session };
    let noted = tokio::task::spawn_blocking(move || journal.note_alerts(&key, &tries, now)).await;
    Ok(noted.context("failed to write to the journal")??)
}

/// Sends it, and returns what came of it for each recipient.
async fn send(order: &Order, error: &anyhow::Error, log: &LogTail) -> anyhow::Result<Vec<Heard>> {
    let settings = &order.app.loaded.settings;
    if settings.email.recipients.is_empty() {
        return Ok(Vec::new());
    }
    let server = Server::of(&settings.email, &settings.secrets)?;
    let alert = mail::Alert {
        job: order.due.job.clone(),
        session: order.due.session,
        causes: error.chain().map(ToString::to_string).collect(),
        log: log.lines(),
        at: order.app.clock.now(),
    };
    let templates = order.live.current().set.templates.clone();
    let redactor = Redactor::of(&settings.secrets);
    let (made, _) = mail::alert(&alert, &redactor, &templates, &Sender::of(&settings.email)?)?;
    let mut heard: Vec<Heard> = Vec::new();
    let mut unreachable: Option<String> = None;
    for to in &settings.email.recipients {
        if let Some(why) = &unreachable {
            heard.push((to.clone(), Err(Unheard { kind: Kind::Transient, why: why.clone() })));
            continue;
        }
        let letter = made.to(&Recipient::new(to, "EMAIL_RECIPIENTS")?)?;
        let result = server.send(&letter).await.map_err(|error| {
            warn!(recipient = to, "the alert is not sent: {error}");
            let why = error.in_queue();
            // The next one would wait for the same server as long.
            unreachable = error.is_of_connection().then(|| why.clone());
            Unheard { kind: error.kind, why }
        });
        heard.push((to.clone(), result));
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_told_is_tried_again_only_where_nobody_was() {
        use AlertState::{Refused, Sent, Waiting};
        let unheard = |kind| Err(Unheard { kind, why: "450 later".to_owned() });
        let check = |results: Vec<Result<(), Unheard>>, expected: &[AlertState]| {
            let heard = results.into_iter().map(|own| ("a@x.y".to_owned(), own)).collect();
            let states: Vec<AlertState> = tried(heard).iter().map(|own| own.state).collect();
            assert_eq!(states, expected);
        };
        check(vec![], &[]);
        check(vec![unheard(Kind::Transient), unheard(Kind::Permanent)], &[Waiting, Refused]);
        check(vec![unheard(Kind::Transient), Ok(())], &[Refused, Sent]);
        check(vec![unheard(Kind::MaybeAccepted)], &[Waiting]);
    }
}
