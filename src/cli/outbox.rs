//! `ts journal outbox`: every mail that was queued and every alert, with how far it is.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::journal::{AlertRow, Lateness, MailState, Outgoing};

use super::choices::TextFormat;
use super::journal::minute;
use super::table::{Cell, Table};

/// A mail to one recipient, whatever it tells.
struct Row<'a> {
    queued_at: DateTime<Utc>,
    job: &'a str,
    session: NaiveDate,
    kind: &'static str,
    recipient: &'a str,
    state: &'static str,
    attempts: u32,
    next_attempt: Option<DateTime<Utc>>,
    error: Option<&'a str>,
}

/// Renders the mails of the outbox and the alerts, the newest first.
pub(super) fn outbox(mails: &[Outgoing], alerts: &[AlertRow], format: TextFormat) -> anyhow::Result<String> {
    let mut rows: Vec<Row<'_>> = mails.iter().map(mail).chain(alerts.iter().map(alert)).collect();
    rows.sort_by(|a, b| b.queued_at.cmp(&a.queued_at).then_with(|| a.recipient.cmp(b.recipient)));
    if format == TextFormat::Json {
        return Ok(serde_json::to_string_pretty(&rows.iter().map(row_json).collect::<Vec<_>>())?);
    }
    if rows.is_empty() {
        return Ok("No mail was queued and no alert sent in this time.".to_owned());
    }
    let header = ["queued", "job", "session", "kind", "recipient", "state", "attempts", "next try", "why"];
    let cells = |row: &Row<'_>| {
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            Cell::Text(minute(row.queued_at)),
            text(row.job),
            Cell::Text(row.session.to_string()),
            text(row.kind),
            text(row.recipient),
            text(row.state),
            Cell::Number(f64::from(row.attempts)),
            row.next_attempt.map_or(Cell::Missing, |at| Cell::Text(minute(at))),
            row.error.map_or(Cell::Missing, text),
        ]
    };
    Ok(Table::of(header, rows.iter().map(cells)).text())
}

fn mail(own: &Outgoing) -> Row<'_> {
    let waits = matches!(own.state, MailState::Pending | MailState::Attempting);
    Row {
        queued_at: own.queued_at,
        job: &own.job.job,
        session: own.job.session,
        kind: match (own.correction > 0, own.lateness) {
            (false, Lateness::OnTime) => "mail",
            (false, Lateness::Late) => "late mail",
            (true, Lateness::OnTime) => "correction",
            (true, Lateness::Late) => "late correction",
        },
        recipient: &own.recipient,
        state: match own.state {
            MailState::Pending => "waiting",
            MailState::Attempting => "being sent",
            MailState::Sent => "sent",
            MailState::Failed => "refused",
        },
        attempts: own.attempts,
        next_attempt: waits.then_some(own.next_attempt),
        error: own.last_error.as_deref(),
    }
}

fn alert(own: &AlertRow) -> Row<'_> {
    Row {
        queued_at: own.first_attempt,
        job: &own.job.job,
        session: own.job.session,
        kind: "alert",
        recipient: &own.recipient,
        state: own.state.as_str(),
        attempts: own.attempts,
        // With the session's next failure.
        next_attempt: None,
        error: own.last_error.as_deref(),
    }
}

fn row_json(row: &Row<'_>) -> Value {
    json!({
        "queued_at": row.queued_at,
        "job": row.job,
        "session": row.session,
        "kind": row.kind,
        "recipient": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt": row.next_attempt,
        "last_error": row.error,
    })
}
