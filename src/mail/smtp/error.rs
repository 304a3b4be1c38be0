//! What went wrong with a message, whether trying again can help, and what a person can do.
//!
//! An answer of 4xx may change by itself, one of 5xx does not. Of everything that breaks without an
//! answer, only a server without STARTTLS is sure to be the same next time. After the message is on
//! its way, silence says nothing about whether it was taken: then a copy is possible.

use std::error::Error as StdError;
use std::fmt;
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
    pub remedy: Remedy,
    has_timed_out: bool,
}

/// What to do next about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Something is to be put right, or looked at.
    Act(&'static str),
    /// Time alone can help; the text says why, where that is known.
    Wait(&'static str),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Act(text) => f.write_str(text),
            Remedy::Wait("") => f.write_str("try again later"),
            Remedy::Wait(why) => write!(f, "{why}: try again later"),
        }
    }
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
        let remedy = Remedy::Act(remedy);
        Self { step, kind: Kind::Permanent, cause: cause.to_owned(), remedy, has_timed_out: false }
    }

    /// Says it of a mail that is tried again without anybody's doing: what a person would wait for, or look after
    /// before sending again, is left out.
    pub fn in_queue(&self) -> String {
        let Self { step, cause, .. } = self;
        match (self.kind, self.remedy) {
            (Kind::MaybeAccepted, _) => format!(
                "{step}: {cause}; the server may have taken it all the same, so it may come twice, with one Message-ID"
            ),
            (_, Remedy::Wait("")) => format!("{step}: {cause}"),
            (_, Remedy::Wait(why)) => format!("{step}: {cause}; {why}"),
            (_, Remedy::Act(_)) => self.to_string(),
        }
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
    certificate(&text).unwrap_or_else(|| {
        text.replace("response error: incomplete response", "the server closed the connection")
    })
}

fn remedy(step: Step, code: Option<u16>, cause: &str) -> Remedy {
    use Remedy::{Act, Wait};
    let is_certificate = cause.contains("certificate");
    match (step, code) {
        (_, Some(421)) => Wait("the server is busy or shutting down"),
        (Step::Resolve, _) => Act("check SMTP_HOST for typing errors, and this machine's network"),
        (Step::Connect, _) => Act(
            "check SMTP_HOST and SMTP_PORT, and that this network lets mail out: many providers close ports 25 and 587",
        ),
        (Step::Greeting, None) => {
            Act("check SMTP_PORT: 587 goes with tls = \"starttls\", 465 with tls = \"implicit\"")
        }
        (Step::Greeting, Some(_)) => Act("the server turns this machine away: ask who runs it"),
        (Step::Tls, None) if is_certificate => Act(
            "check that SMTP_HOST is the name in the server's certificate; for a private authority set email.ca_file",
        ),
        (Step::Tls, _) => {
            Act("check email.tls and SMTP_PORT: 587 goes with \"starttls\", 465 with \"implicit\"")
        }
        (Step::Login, Some(..500)) => Wait("the server cannot check logins now"),
        (Step::Login, _) => Act(
            "check SMTP_USER and SMTP_PASSWORD; with SendGrid the user is `apikey` and the password a valid API key",
        ),
        (Step::Sender, _) => Act("set EMAIL_FROM to an address that this server lets you send from"),
        (Step::Recipient, Some(500..)) => Act("check this address in EMAIL_RECIPIENTS"),
        (Step::Recipient, _) => Wait("many servers put off a sender that they do not know yet"),
        (Step::Data | Step::Message, Some(500..)) => Act(
            "the server does not want this message, whatever the address: it often says why; look for a full quota, a \
             sender that is not verified, or a rule about its content",
        ),
        (Step::Data, _) | (Step::Message, Some(_)) => Wait(""),
        (Step::Message, None) => {
            Act("look whether it came before you send again: the server may have taken it")
        }
    }
}

/// What is the matter with a server's certificate, in words for a person; `None` where it is something else.
///
/// The text of rustls is a value's debug form, which a change of its version may change; then it is told as it is.
fn certificate(text: &str) -> Option<String> {
    let (_, matter) = text.split_once("invalid peer certificate: ")?;
    let told = [
        ("UnknownIssuer", "nobody whom this machine trusts has signed it"),
        ("CaUsedAsEndEntity", "it is an authority's own certificate and not a server's"),
        ("Expired", "it has expired"),
        ("certificate expired", "it has expired"),
        ("NotValidYet", "it is not valid yet: is this machine's clock right?"),
        ("certificate not valid yet", "it is not valid yet: is this machine's clock right?"),
        ("NotValidForName", "it is another name's"),
        ("certificate not valid for name", "it is another name's"),
        ("Revoked", "its authority has withdrawn it"),
        ("BadSignature", "its signature is wrong"),
        ("BadEncoding", "it cannot be read"),
    ];
    let (_, told) = told.into_iter().find(|(word, _)| matter.contains(word))?;
    Some(format!("the server's certificate is not trusted: {told}"))
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

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_in_words() {
        let check = |matter: &str, expected: &str| {
            let error = io::Error::other(format!("invalid peer certificate: {matter}"));
            let told = SendError::broken(Step::Tls, &error);
            assert_eq!(told.cause, format!("the server's certificate is not trusted: {expected}"));
            assert!(told.remedy.to_string().contains("email.ca_file"), "{}", told.remedy);
        };
        check("UnknownIssuer", "nobody whom this machine trusts has signed it");
        check("certificate not valid for name \"a\"; certificate is only valid for", "it is another name's");
        check("certificate expired: verification time 1 (UNIX)", "it has expired");
        let told = SendError::broken(Step::Tls, &io::Error::other("invalid peer certificate: Other(x)"));
        assert_eq!(told.cause, "invalid peer certificate: Other(x)");
    }

    #[test]
    fn a_message_that_is_refused_is_not_blamed_on_its_address() {
        for step in [Step::Data, Step::Message] {
            let told = remedy(step, Some(550), "the server said 550 content rejected").to_string();
            assert!(told.contains("whatever the address") && !told.contains("EMAIL_RECIPIENTS"), "{told}");
        }
        assert!(remedy(Step::Recipient, Some(550), "").to_string().contains("EMAIL_RECIPIENTS"));
    }

    #[test]
    fn what_is_tried_again_by_itself_asks_nobody_to() {
        let silent = SendError::timeout(Step::Message, Duration::from_secs(90)).in_queue();
        assert!(silent.contains("may come twice, with one Message-ID"), "{silent}");
        assert!(!silent.contains("before you send again"), "{silent}");
        for code in [421, 450, 451] {
            for step in [Step::Login, Step::Recipient, Step::Data, Step::Message] {
                let cause = format!("the server said {code} later");
                let remedy = remedy(step, Some(code), &cause);
                let error = SendError { step, kind: Kind::Transient, cause, remedy, has_timed_out: false };
                assert!(error.to_string().ends_with("try again later"), "{error}");
                assert!(!error.in_queue().contains("again"), "{}", error.in_queue());
            }
        }
    }
}
