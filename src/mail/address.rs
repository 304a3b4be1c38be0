//! Who sends and who receives, checked once, and the ids that mails are known by.
//!
//! A Message-ID is made of what the mail is about, never of chance or time: a copy that a server
//! may have taken already carries the same one, and mail programs show such copies once.

use std::fmt;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use lettre::Address;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use crate::domain::format;
use crate::settings::Email;

/// What may stand in a `mailto:` as it is.
const MAILTO: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_');

/// An address that no mail can go to or come from.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{address}` is not a mail address ({cause}); set {setting} to one like me@example.com")]
pub struct AddressError {
    pub address: String,
    pub cause: String,
    /// The variable or flag to mend.
    pub setting: &'static str,
}

/// An address that a mail may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(Address);

impl Recipient {
    /// Reads an address; `setting` is what the error tells to mend.
    ///
    /// # Errors
    /// [`AddressError`] for what is no address.
    pub fn new(address: &str, setting: &'static str) -> Result<Self, AddressError> {
        parsed(address, setting).map(Self)
    }

    pub(super) fn address(&self) -> &Address {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address that mails come from, and the name that readers see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub(super) name: String,
    pub(super) address: Address,
}

impl Sender {
    /// Reads the sender of the settings. Control characters in the name become spaces.
    ///
    /// # Errors
    /// [`AddressError`] where `from_email` is no address.
    pub fn of(email: &Email) -> Result<Self, AddressError> {
        let name = format::clean(&email.from_name).trim().to_owned();
        Ok(Self { name, address: parsed(&email.from_email, "EMAIL_FROM")? })
    }

    /// Reads a sender that was kept with a mail.
    ///
    /// # Errors
    /// [`AddressError`] for what is no address.
    pub fn new(name: &str, address: &str) -> Result<Self, AddressError> {
        Ok(Self { name: name.to_owned(), address: parsed(address, "EMAIL_FROM")? })
    }

    /// Returns the name that readers see; empty where there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns the Message-ID, in angle brackets, of a session's mail; a correction has its own.
    pub(super) fn id_of_session(&self, job: &str, session: NaiveDate, correction: u32) -> String {
        match correction {
            0 => self.id(&format!("{}.{session}", atom(job))),
            number => self.id(&format!("{}.{session}.correction-{number}", atom(job))),
        }
    }

    /// Returns the Message-ID of the alert of a session.
    pub(super) fn id_of_alert(&self, job: &str, session: NaiveDate) -> String {
        self.id(&format!("{}.{session}.alert", atom(job)))
    }

    /// Returns the Message-ID of a test mail: each is one of its own.
    pub(super) fn id_of_trial(&self, at: DateTime<Utc>) -> String {
        self.id(&format!("test.{}", at.format("%Y%m%dT%H%M%S%6f")))
    }

    fn id(&self, left: &str) -> String {
        // A domain in other letters goes as it is written in SMTP; the id needs no meaning, only to be alone.
        let domain: String =
            self.address.domain().chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect();
        format!("<ts.{left}@{}>", domain.trim_start_matches('[').trim_end_matches(']'))
    }

    /// Returns what List-Unsubscribe holds: the one who runs the program takes recipients off.
    pub(super) fn unsubscribe(&self) -> String {
        let address = utf8_percent_encode(self.address.as_ref(), MAILTO);
        format!("<mailto:{address}?subject=unsubscribe>")
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return self.address.fmt(f);
        }
        write!(f, "{} <{}>", self.name, self.address)
    }
}

fn parsed(address: &str, setting: &'static str) -> Result<Address, AddressError> {
    let refused = |cause: String| AddressError { address: format::clean(address), cause, setting };
    if address.chars().any(char::is_control) {
        return Err(refused("it holds a control character".to_owned()));
    }
    address.parse().map_err(|error: lettre::address::AddressError| refused(error.to_string().to_lowercase()))
}

/// Writes a name with the characters that an id may hold.
fn atom(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '-' }).collect()
}

#[cfg(test)]
pub(super) fn example_sender() -> Sender {
    Sender {
        name: "Trading Assistant".to_owned(),
        address: "signals@example.com".parse().expect("an address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_what_the_mail_is_about() {
        let sender = example_sender();
        let session = "2026-11-20".parse().expect("a date");
        let id = |correction| sender.id_of_session("daily_equity_signals", session, correction);
        assert_eq!(id(0), "<ts.daily_equity_signals.2026-11-20@example.com>");
        assert_eq!(id(2), "<ts.daily_equity_signals.2026-11-20.correction-2@example.com>");
        assert_eq!(sender.id_of_alert("a\r\nb>", session), "<ts.a--b-.2026-11-20.alert@example.com>");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_setting_to_mend() {
        for bad in ["", "a", "a@", "@b.c", "a@b@c", "a b@c.d", "a@b.c\r\nBcc: d@e.f", "a@b..c"] {
            let error = Recipient::new(bad, "EMAIL_RECIPIENTS").expect_err(bad);
            let told = error.to_string();
            assert!(told.contains("EMAIL_RECIPIENTS") && !told.contains('\n'), "{told:?}");
        }
        for good in ["a@b.c", "first.last+signals@example.co.uk", "root@localhost", "a@[127.0.0.1]"] {
            assert_eq!(Recipient::new(good, "--to").expect(good).to_string(), good);
        }
    }

    #[test]
    fn an_address_stays_one_within_a_mailto() {
        let mut sender = example_sender();
        assert_eq!(sender.unsubscribe(), "<mailto:signals@example.com?subject=unsubscribe>");
        sender.address = "a+b&c@example.com".parse().expect("an address");
        assert_eq!(sender.unsubscribe(), "<mailto:a%2Bb%26c@example.com?subject=unsubscribe>");
    }
}
