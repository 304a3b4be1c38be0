//! What sets a mail apart from its session's usual one: that it corrects an earlier one, or comes late.
//!
//! A mark belongs to the sending, not to the decision, so a report has none: the view is marked.

use serde::Serialize;

/// A mark on a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The mail replaces the session's earlier one.
    Correction,
    /// The open at which the recommendations would have been filled has passed.
    Late,
}

/// A mark in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarkView {
    /// In two or three words.
    pub title: String,
    /// What it means to the reader, in a sentence.
    pub text: String,
}

impl Mark {
    pub(super) fn view(&self) -> MarkView {
        let (title, text) = match self {
            Mark::Correction => ("Correction.", "This mail replaces the earlier one for this session."),
            Mark::Late => (
                "Late: the open has passed.",
                "The prices below are those of the session's close; look at today's before you act.",
            ),
        };
        MarkView { title: title.to_owned(), text: text.to_owned() }
    }

    pub(super) fn in_subject(self, subject: &str) -> String {
        match self {
            Mark::Correction => format!("Correction: {subject}"),
            Mark::Late => format!("{subject} (late)"),
        }
    }
}
