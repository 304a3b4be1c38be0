//! The mail of `ts send-test-email`: says by which way it came.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;

use super::address::Sender;
use super::compose::ComposeError;
use super::message::Mail;
use super::pages::pages;
use crate::domain::Problem;
use crate::report::Templates;

/// The templates of the test mail, without their ending.
const TEMPLATE: &str = "test_email";

/// What the test mail says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The server and how the connection is protected: `smtp.sendgrid.net:587, STARTTLS`.
    pub server: String,
    pub at: DateTime<Utc>,
    pub version: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct TrialView {
    subject: String,
    preview: String,
    rows: Vec<TrialRow>,
    problems: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct TrialRow {
    name: &'static str,
    value: String,
}

/// Makes the test mail. The problems are those of edited templates.
///
/// # Errors
/// [`ComposeError::Render`] where even the built-in templates fail.
pub fn trial(
    trial: &Trial,
    templates: &Templates,
    sender: &Sender,
) -> Result<(Mail, Vec<Problem>), ComposeError> {
    let subject = "Trading Signals: test mail";
    let row = |name, value: String| TrialRow { name, value };
    let view = |problems: &[Problem]| TrialView {
        subject: subject.to_owned(),
        preview: "The mail works: this is the test that you asked for.".to_owned(),
        rows: vec![
            row("Server", trial.server.clone()),
            row("Sender", sender.to_string()),
            row("Sent", trial.at.format("%-d %b %Y %H:%M:%S UTC").to_string()),
            row("Version", format!("ts {}", trial.version)),
        ],
        problems: problems.iter().map(ToString::to_string).collect(),
    };
    let id = sender.id_of_trial(trial.at);
    Ok(pages(templates, TEMPLATE, view)?.into_mail(sender, subject, trial.at, id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mail::address::example_sender;

    #[test]
    fn a_test_mail_says_by_which_way_it_came() {
        let own = Trial {
            server: "smtp.example.com:587, STARTTLS".to_owned(),
            at: "2026-11-20T21:35:04.123456Z".parse().expect("an instant"),
            version: "0.1.0",
        };
        let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
        let (mail, problems) = trial(&own, &templates, &example_sender()).expect("renders");
        assert_eq!(problems, []);
        assert_eq!(mail.message_id, "<ts.test.20261120T213504123456@example.com>");
        for body in [&mail.html, &mail.text] {
            assert!(body.contains("smtp.example.com:587, STARTTLS") && body.contains("ts 0.1.0"), "{body}");
        }
        insta::assert_snapshot!("trial", mail.text);
    }
}
