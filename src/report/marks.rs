//! What sets a mail apart from its session's usual one: that it corrects an earlier one, or comes late.
//!
//! A mark belongs to the sending, not to the decision, so a report has none: the view is marked.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::format;

/// A mark on a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The mail replaces the session's earlier one.
    Correction,
    /// The open of this session, at which the recommendations would have been filled, has passed.
    Late(NaiveDate),
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
            Mark::Correction => {
                ("Correction.".to_owned(), "This mail replaces the earlier one for this session.")
            }
            Mark::Late(open) => (
                format!("Late: the open of {} has passed.", format::day(*open)),
                "The prices below are those of the session's close; look at today's before you act.",
            ),
        };
        MarkView { title, text: text.to_owned() }
    }

    pub(super) fn in_subject(self, subject: &str) -> String {
        match self {
            Mark::Correction => format!("Correction: {subject}"),
            // The session's own year stands before it, where it is another.
            Mark::Late(open) => {
                format!("{subject} (late: the open of {} has passed)", format::subject_day(open, open))
            }
        }
    }

    /// Says in the headline and in the line beside the subject what must not be missed.
    pub(super) fn in_line(self, line: &str) -> String {
        match self {
            Mark::Correction => line.to_owned(),
            Mark::Late(open) => {
                format!("Late, the open of {} has passed: {line}", format::day(open))
            }
        }
    }
}
