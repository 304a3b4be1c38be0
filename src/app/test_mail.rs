//! The test of the mail's settings: one real mail to each recipient, every step told as it is gone.

use super::{App, Refusal};
use crate::domain::Problem;
use crate::mail;
use crate::mail::smtp::{Kind, SendError, Server, Step};
use crate::mail::{Recipient, Sender, Trial};
use crate::reload::Texts;
use crate::report::Templates;
use crate::settings::check_mail;

/// What happens during the test.
#[derive(Clone, Debug)]
pub enum MailTold<'a> {
    /// What will be tried.
    Begin {
        server: &'a Server,
        sender: &'a Sender,
    },
    /// What is wrong with edited templates; the mail names it too.
    Problem(&'a Problem),
    /// A mail to the next recipient begins.
    To(&'a Recipient),
    /// A step was gone, with what was seen there.
    Done(Step, &'a str),
    Failed(&'a SendError),
}

/// How many mails of a test were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailsTried {
    pub all: usize,
    /// The server said that it took them.
    pub sent: usize,
    /// They were on their way when the server fell silent: it may have taken them.
    pub unknown: usize,
}

/// Sends the test mail to `to`, or to every recipient of the settings, and returns how many were taken. A recipient
/// that fails keeps the others from nothing.
///
/// # Errors
/// A [`Refusal`] where the settings are not complete or the address is none.
pub async fn send_test_mail(
    app: &App,
    to: Option<&str>,
    told: &mut (dyn FnMut(MailTold<'_>) + Send),
) -> anyhow::Result<MailsTried> {
    let settings = &app.loaded.settings;
    let wrong = |cause: String| Refusal::Configuration(cause);
    let recipients = match to {
        Some(address) => {
            vec![Recipient::new(address, "--to").map_err(|error| Refusal::Usage(error.to_string()))?]
        }
        None => {
            let listed = settings.email.recipients.iter();
            let read = listed.map(|address| Recipient::new(address, "EMAIL_RECIPIENTS"));
            read.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?
        }
    };
    // With --to it does not matter that nobody else receives anything.
    let is_needed = |problem: &Problem| to.is_none() || problem.symbol != "email.recipients";
    let missing: Vec<String> =
        check_mail(&app.loaded).iter().filter(|own| is_needed(own)).map(ToString::to_string).collect();
    if !missing.is_empty() {
        return Err(wrong(format!("no mail can be sent yet\n{}", missing.join("\n"))).into());
    }
    let server = Server::of(&settings.email, &settings.secrets).map_err(|error| wrong(error.to_string()))?;
    let sender = Sender::of(&settings.email).map_err(|error| wrong(error.to_string()))?;
    told(MailTold::Begin { server: &server, sender: &sender });

    let texts = Texts::read(&app.loaded.root);
    let overrides = texts.templates.into_iter().map(|file| (file.name, file.text)).collect();
    let (templates, of_templates) = Templates::load(&overrides)?;
    let trial = Trial { server: server.to_string(), at: app.clock.now(), version: env!("CARGO_PKG_VERSION") };
    let (mail, of_mail) = mail::trial(&trial, &templates, &sender)?;
    for problem in of_templates.iter().chain(&of_mail) {
        told(MailTold::Problem(problem));
    }
    let mut tried = MailsTried { all: recipients.len(), sent: 0, unknown: 0 };
    for recipient in &recipients {
        told(MailTold::To(recipient));
        let letter = mail.to(recipient)?;
        match server.send_told(&letter, &mut |step, seen| told(MailTold::Done(step, seen))).await {
            Ok(()) => tried.sent += 1,
            Err(error) => {
                tried.unknown += usize::from(error.kind == Kind::MaybeAccepted);
                told(MailTold::Failed(&error));
            }
        }
    }
    Ok(tried)
}
