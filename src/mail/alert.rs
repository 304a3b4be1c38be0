//! The mail that says that a job failed: which, for what session, why, and the last lines of its log.
//!
//! It is made of values alone and goes through the redactor, since an error or a log line may hold
//! what a vendor or a server echoed. That there is one a job and session is the journal's to see to.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use serde::Serialize;

use super::address::Sender;
use super::compose::ComposeError;
use super::message::Mail;
use super::pages::pages;
use crate::domain::Problem;
use crate::domain::format;
use crate::report::Templates;
use crate::settings::Redactor;

/// The templates of the alert, without their ending.
const TEMPLATE: &str = "error_alert";
/// The lines of the log that are told, the newest ones.
const LOG_LINES: usize = 20;
/// The links of the error chain that are told.
const CAUSES: usize = 12;

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub job: String,
    pub session: NaiveDate,
    /// The error and what lies under it, outermost first.
    pub causes: Vec<String>,
    /// The last lines of the log, oldest first.
    pub log: Vec<String>,
    pub at: DateTime<Utc>,
}

/// The alert, ready for a template.
#[derive(Clone, Debug, Serialize)]
struct AlertView {
    subject: String,
    /// The line that mail programs show beside the subject.
    preview: String,
    title: String,
    /// The session: `Fri 20 Nov 2026`.
    date: String,
    summary: String,
    consequence: String,
    causes: Vec<String>,
    log: Vec<String>,
    job: String,
    /// `20 Nov 2026 21:35 UTC`.
    made: String,
    problems: Vec<String>,
}

/// Makes the mail of a failed job, free of secrets. The problems are those of edited templates.
///
/// # Errors
/// [`ComposeError::Render`] where even the built-in templates fail.
pub fn alert(
    alert: &Alert,
    redactor: &Redactor,
    templates: &Templates,
    sender: &Sender,
) -> Result<(Mail, Vec<Problem>), ComposeError> {
    let session = format::day(alert.session);
    let job = redactor.clean(&alert.job);
    let day = format::subject_day(alert.session, alert.at.date_naive());
    let subject = format!("Trading Signals for {day} - Failed ({job})");
    let causes: Vec<String> = alert.causes.iter().take(CAUSES).map(|cause| redactor.clean(cause)).collect();
    let first = causes.first().cloned().unwrap_or_else(|| "no error was given".to_owned());
    let unread = alert.log.len().saturating_sub(LOG_LINES);
    let view = |problems: &[Problem]| AlertView {
        subject: subject.clone(),
        preview: format!("{job} failed: {first}"),
        title: "A job failed".to_owned(),
        date: session.clone(),
        summary: format!("{job}: nothing was mailed for {session}"),
        consequence:
            "This is not a day without signals: there may be positions to sell that nobody looked at."
                .to_owned(),
        causes: causes.clone(),
        log: alert.log.iter().skip(unread).map(|line| redactor.clean(line)).collect(),
        job: job.clone(),
        made: alert.at.format("%-d %b %Y %H:%M UTC").to_string(),
        problems: problems.iter().map(|problem| redactor.clean(&problem.to_string())).collect(),
    };
    let id = sender.id_of_alert(&alert.job, alert.session);
    Ok(pages(templates, TEMPLATE, view)?.into_mail(sender, &subject, alert.at, id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::SecretString;

    use super::*;
    use crate::mail::address::example_sender;
    use crate::settings::Secrets;

    const SECRET: &str = "SG.s3cr3t/key+1";

    fn failed() -> Alert {
        Alert {
            job: "daily_equity_signals".to_owned(),
            session: "2026-11-20".parse().expect("a date"),
            causes: vec![
                "failed to fetch bars".to_owned(),
                format!("https://vendor/?apiKey=SG.s3cr3t%2Fkey%2B1 answered 500 <b>{SECRET}</b>"),
            ],
            log: (0..30).map(|line| format!("INFO line {line} {SECRET}")).collect(),
            at: "2026-11-20T21:35:04Z".parse().expect("an instant"),
        }
    }

    fn made(alert_of: &Alert, overrides: &[(&str, &str)]) -> (Mail, Vec<Problem>) {
        let secrets = Secrets { smtp_password: Some(SecretString::from(SECRET)), ..Secrets::default() };
        let overrides: BTreeMap<String, String> =
            overrides.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let (templates, _) = Templates::load(&overrides).expect("the built-in templates parse");
        alert(alert_of, &Redactor::of(&secrets), &templates, &example_sender()).expect("renders")
    }

    #[test]
    fn an_alert_reads_well() {
        let (mail, problems) = made(&failed(), &[]);
        assert_eq!(problems, []);
        assert_eq!(mail.subject, "Trading Signals for Nov 20 - Failed (daily_equity_signals)");
        assert_eq!(mail.message_id, "<ts.daily_equity_signals.2026-11-20.alert@example.com>");
        insta::assert_snapshot!("alert", mail.text);
    }

    #[test]
    fn no_secret_and_no_markup_gets_through() {
        let (mail, _) = made(&failed(), &[]);
        for body in [&mail.html, &mail.text] {
            assert!(!body.contains("s3cr3t") && body.contains("***"), "{body}");
            assert!(body.contains("line 29") && !body.contains("line 9 "), "the last lines are told");
        }
        assert!(mail.html.contains("&lt;b&gt;") && !mail.html.contains("<b>***"));
    }

    #[test]
    fn a_job_s_name_breaks_no_header() {
        let mut own = failed();
        own.job = "x\r\nBcc: thief@example.net".to_owned();
        let (mail, _) = made(&own, &[]);
        assert!(!mail.subject.contains(['\r', '\n']) && !mail.message_id.contains(['\r', '\n', ' ']));
    }

    #[test]
    fn a_broken_template_is_named_and_the_built_in_one_used() {
        for name in ["error_alert.html", "error_alert.txt"] {
            let (mail, problems) = made(&failed(), &[(name, "{{ no_such_value }}")]);
            assert_eq!(problems.len(), 1, "{name}");
            for body in [&mail.html, &mail.text] {
                assert!(
                    body.contains("failed to fetch bars") && body.contains("no_such_value"),
                    "{name}: {body}"
                );
            }
        }
    }
}
