//! A mail as it travels: one MIME message a recipient, the same bytes whenever it is made again.
//!
//! The plain text stands alone; beside it the HTML with its pictures by Content-ID:
//! `alternative[plain, related[html, png…]]`. Boundaries come from the Message-ID, not from
//! chance. No text that reaches a header holds a line break.

use std::time::SystemTime;

use chrono::DateTime;
use chrono::Utc;
use lettre::Message;
use lettre::message::Attachment;
use lettre::message::Mailbox;
use lettre::message::MultiPart;
use lettre::message::MultiPartKind;
use lettre::message::SinglePart;
use lettre::message::header::ContentType;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use sha2::Digest;
use sha2::Sha256;

use super::address::Recipient;
use super::address::Sender;
use super::compose::ComposeError;
use crate::domain::format;

/// A mail, ready to be addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub from: Sender,
    pub subject: String,
    pub date: DateTime<Utc>,
    /// In angle brackets; all recipients' copies have the same.
    pub message_id: String,
    /// The mail that this one corrects.
    pub in_reply_to: Option<String>,
    pub text: String,
    pub html: String,
    pub images: Vec<Picture>,
}

/// A picture that the HTML shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Without brackets.
    pub content_id: String,
    pub file_name: String,
    pub png: Vec<u8>,
}

/// A mail for one recipient, as SMTP carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub message_id: String,
    /// The whole message, with CRLF line ends.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// Addresses the mail to one recipient, whom alone it names.
    ///
    /// # Errors
    /// [`ComposeError::Message`] for what no message can be built from.
    pub fn to(&self, recipient: &Recipient) -> Result<Letter, ComposeError> {
        let refused = |cause: String| ComposeError::Message { to: recipient.to_string(), cause };
        let name = (!self.from.name.is_empty()).then(|| self.from.name.clone());
        let mut builder = Message::builder()
            .from(Mailbox::new(name, self.from.address.clone()))
            .to(Mailbox::new(None, recipient.address().clone()))
            .subject(format::clean(&self.subject))
            .date(SystemTime::from(self.date))
            .message_id(Some(self.message_id.clone()));
        if let Some(earlier) = &self.in_reply_to {
            builder = builder.in_reply_to(earlier.clone()).references(earlier.clone());
        }
        let headers =
            [("List-Unsubscribe", self.from.unsubscribe()), ("Auto-Submitted", "auto-generated".to_owned())];
        for (name, value) in headers {
            builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
        }
        let png = ContentType::parse("image/png").map_err(|error| refused(error.to_string()))?;
        let mut related = self.part(MultiPartKind::Related).singlepart(SinglePart::html(self.html.clone()));
        for image in &self.images {
            let part = Attachment::new_inline_with_name(image.content_id.clone(), image.file_name.clone());
            related = related.singlepart(part.body(image.png.clone(), png.clone()));
        }
        let body = self
            .part(MultiPartKind::Alternative)
            .singlepart(SinglePart::plain(self.text.clone()))
            .multipart(related);
        let message = builder.multipart(body).map_err(|error| refused(error.to_string()))?;
        Ok(Letter {
            from: self.from.address.to_string(),
            to: recipient.to_string(),
            message_id: self.message_id.clone(),
            bytes: message.formatted(),
        })
    }

    /// Begins a part whose boundary is the mail's own: no line of text or base64 begins so.
    fn part(&self, kind: MultiPartKind) -> MultiPart {
        let word = if matches!(kind, MultiPartKind::Related) { "related" } else { "alternative" };
        let hash = Sha256::digest(format!("{word} {}", self.message_id).as_bytes());
        let digits: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        MultiPart::builder().kind(kind).boundary(format!("=_ts-{digits}")).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::example_sender;

    fn mail() -> Mail {
        Mail {
            from: example_sender(),
            subject: "Trading Signals for Nov 20 - 3 Recommendations".to_owned(),
            date: "2026-11-20T21:35:04Z".parse().expect("an instant"),
            message_id: "<ts.daily_equity_signals.2026-11-20@example.com>".to_owned(),
            in_reply_to: None,
            text: "Buy −1 ×\n".to_owned(),
            html: "<p>Buy</p>\n".to_owned(),
            images: vec![Picture {
                content_id: "chart-1@ts".to_owned(),
                file_name: "AAPL.png".to_owned(),
                png: vec![0x89, b'P', b'N', b'G'],
            }],
        }
    }

    fn sent(mail: &Mail) -> String {
        let to = Recipient::new("me@example.org", "--to").expect("an address");
        String::from_utf8(mail.to(&to).expect("a message").bytes).expect("a message is ASCII")
    }

    fn headers(message: &str) -> Vec<&str> {
        let (headers, _) = message.split_once("\r\n\r\n").expect("a message has a body");
        headers.split("\r\n").collect()
    }

    #[test]
    fn the_same_mail_gives_the_same_bytes() {
        assert_eq!(sent(&mail()), sent(&mail()));
    }

    #[test]
    fn the_headers_are_those_that_are_told() {
        let message = sent(&mail());
        assert_eq!(
            headers(&message)[..8],
            [
                "From: \"Trading Assistant\" <signals@example.com>",
                "To: me@example.org",
                "Subject: Trading Signals for Nov 20 - 3 Recommendations",
                "Date: Fri, 20 Nov 2026 21:35:04 +0000",
                "Message-ID: <ts.daily_equity_signals.2026-11-20@example.com>",
                "List-Unsubscribe: <mailto:signals@example.com?subject=unsubscribe>",
                "Auto-Submitted: auto-generated",
                "MIME-Version: 1.0",
            ]
        );
        assert!(message.is_ascii(), "no server needs 8BITMIME");
        assert!(message.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn a_line_break_never_begins_a_header() {
        let attack = "x\r\nBcc: thief@example.net\r\n\r\n<script>";
        let mut mail = mail();
        mail.subject = attack.to_owned();
        mail.from = Sender { name: format::clean(attack), address: mail.from.address.clone() };
        let message = sent(&mail);
        let headers = headers(&message);
        assert!(headers.iter().any(|line| line.starts_with("MIME-Version")), "{headers:?}");
        assert!(!headers.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{headers:?}");
    }
}
