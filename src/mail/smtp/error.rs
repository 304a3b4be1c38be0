//! What went wrong with a message, whether trying again can help, and what a person can do.
//!
//! An answer of 4xx may change by itself, one of 5xx does not. Of everything that breaks without an
//! answer, only a server without STARTTLS is sure to be the same next time. After the message is on
//! its way, silence says nothing about whether it was taken: then a copy is possible.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;

use super::step::Step;
use crate::domain::format;
use crate::settings::Redactor;

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing was taken; a later try may do.
    Transient,
    /// The server may have taken the message; a later try may bring a second copy, of the same
    /// Message-ID.
    MaybeAccepted,
    /// Trying again does not help this recipient.
    Permanent,
}

/// A message that was not accepted, as far as one knows.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{step}: {cause}; {remedy}")]
pub struct SendError {
    pub step: Step,
    pub kind: Kind,
    /// One line, free of secrets.
    pub cause: String,
    /// What to do next.
    pub remedy: &'static str,
    has_timed_out: bool,
}

impl SendError {
    /// Judges what lettre says of a step.
    pub(super) fn of(step: Step, error: &SmtpError, redactor: &Redactor) -> Self {
        let Some(code) = error.status() else {
            let cause = chain(error);
            let is_unmet = error.is_client();
            let kind = if is_unmet { Kind::Permanent } else { broken(step) };
            let remedy = remedy(step, None, &cause);
            return Self { step, kind, remedy, cause: redactor.clean(&cause), has_timed_out: false };
        };
        let number = code.to_string().parse().unwrap_or(0);
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        let kind = if error.is_permanent() { Kind::Permanent } else { Kind::Transient };
        let cause = redactor.clean(&format!("the server said {number} {said}"));
        Self { step, kind, remedy: remedy(step, Some(number), &cause), cause, has_timed_out: false }
    }

    /// Says that a step broke without an answer, for a reason of the machine's.
    pub(super) fn broken(step: Step, error: &io::Error) -> Self {
        let cause = format::clean(&chain(error));
        Self { step, kind: broken(step), remedy: remedy(step, None, &cause), cause, has_timed_out: false }
    }

    /// Says that the time for the whole exchange ran out in a step.
    pub(super) fn timeout(step: Step, limit: Duration) -> Self {
        let cause = format!("no answer within the {} s that a mail may take", limit.as_secs_f64());
        Self { step, kind: broken(step), remedy: remedy(step, None, &cause), cause, has_timed_out: true }
    }

    /// Says that a step cannot be gone with this server, now or later.
    pub(super) fn refused(step: Step, cause: &str, remedy: &'static str) -> Self {
        Self { step, kind: Kind::Permanent, cause: cause.to_owned(), remedy, has_timed_out: false }
    }

    /// Tells whether the next message would most likely meet it too: the server was not reached, or does not answer.
    pub fn is_of_connection(&self) -> bool {
        self.step <= Step::Tls || self.has_timed_out
    }
}

fn broken(step: Step) -> Kind {
    if step == Step::Message { Kind::MaybeAccepted } else { Kind::Transient }
}

/// Returns an error and what lies under it, without what an outer text says already.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        let told = inner.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        next = inner.source();
    }
    // lettre's words for its kinds of error tell a reader nothing.
    for noise in ["Connection error: ", "connection error: ", "network error: ", "internal client error: "] {
        text = text.replace(noise, "");
    }
    text.replace("response error: incomplete response", "the server closed the connection")
}

fn remedy(step: Step, code: Option<u16>, cause: &str) -> &'static str {
    let is_certificate = cause.contains("certificate");
    match (step, code) {
        (_, Some(421)) => "the server is busy or shutting down: try again later",
        (Step::Resolve, _) => "check SMTP_HOST for typing errors, and this machine's network",
        (Step::Connect, _) => {
            "check SMTP_HOST and SMTP_PORT, and that this network lets mail out: many providers close ports 25 and 587"
        }
        (Step::Greeting, None) => {
            "check SMTP_PORT: 587 goes with tls = \"starttls\", 465 with tls = \"implicit\""
        }
        (Step::Greeting, Some(_)) => "the server turns this machine away: ask who runs it",
        (Step::Tls, None) if is_certificate => {
            "check that SMTP_HOST is the name in the server's certificate; for a private authority set email.ca_file"
        }
        (Step::Tls, _) => "check email.tls and SMTP_PORT: 587 goes with \"starttls\", 465 with \"implicit\"",
        (Step::Login, Some(..500)) => "the server cannot check logins now: try again later",
        (Step::Login, _) => {
            "check SMTP_USER and SMTP_PASSWORD; with SendGrid the user is `apikey` and the password a valid API key"
        }
        (Step::Sender, _) => "set EMAIL_FROM to an address that this server lets you send from",
        (Step::Recipient, Some(500..)) => "check this address in EMAIL_RECIPIENTS",
        (Step::Recipient, _) => "try again later: many servers put off a sender that they do not know yet",
        (Step::Data, _) => "try again later; if it stays, ask who runs the server",
        (Step::Message, Some(500..)) => {
            "the server does not want this message: it often says why; look for a full quota or a sender that is not verified"
        }
        (Step::Message, Some(_)) => "try again later",
        (Step::Message, None) => "look whether it came before you send again: the server may have taken it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_on_its_way_may_have_been_taken() {
        for step in [Step::Resolve, Step::Connect, Step::Tls, Step::Login, Step::Recipient, Step::Data] {
            assert_eq!(SendError::timeout(step, Duration::from_secs(60)).kind, Kind::Transient, "{step}");
        }
        assert_eq!(SendError::timeout(Step::Message, Duration::from_secs(60)).kind, Kind::MaybeAccepted);
    }

    #[test]
    fn a_server_that_is_not_reached_or_silent_is_so_for_every_message() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        for (error, expected) in [
            (SendError::broken(Step::Resolve, &reset), true),
            (SendError::broken(Step::Connect, &reset), true),
            (SendError::broken(Step::Tls, &reset), true),
            (SendError::timeout(Step::Message, Duration::from_secs(60)), true),
            (SendError::broken(Step::Message, &reset), false),
            (SendError::refused(Step::Recipient, "no such user", "mend it"), false),
        ] {
            assert_eq!(error.is_of_connection(), expected, "{error}");
        }
    }

    #[test]
    fn an_error_reads_as_step_cause_and_remedy() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "Connection refused");
        let told = SendError::broken(Step::Connect, &refused).to_string();
        assert!(told.starts_with("connect: Connection refused; check SMTP_HOST and SMTP_PORT"), "{told}");
    }
}
