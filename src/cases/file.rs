//! What a file of cases holds: rows and bars, each with what a script must make of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::features::Feature;
use crate::scripts::PositionView;

/// All cases of one script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFile {
    pub(super) cases: Vec<Case>,
    pub(super) bars: Vec<BarsCase>,
}

/// What a function is expected to answer, or did.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of `eligible` as it is; elsewhere `false` is (): no signal, hold, keep the stop.
    Truth(bool),
    Number(f64),
    /// A trigger or a reason; `not_ready` where a required feature is missing, `error` where the
    /// function fails.
    Word(String),
}

impl Answer {
    pub(super) const NOT_READY: &'static str = "not_ready";
    pub(super) const ERROR: &'static str = "error";

    /// Says the answer for people.
    pub fn words(&self) -> String {
        match self {
            Answer::Truth(truth) => truth.to_string(),
            Answer::Number(number) => number.to_string(),
            Answer::Word(word) if word == Self::NOT_READY => "not ready".to_owned(),
            Answer::Word(word) if word == Self::ERROR => "an error".to_owned(),
            Answer::Word(word) => format!("{word:?}"),
        }
    }
}

/// One row, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub name: String,
    pub line: usize,
    pub row: BTreeMap<Feature, f64>,
    pub position: Option<PositionView>,
    /// The trigger that a score is asked for; else the expected one.
    pub signal: Option<String>,
    pub expected: Vec<(Question, Answer)>,
}

/// What a case asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    Eligible,
    Trigger,
    Stop,
    Exit,
    Component(String),
    Score,
}

/// A series of bars, and the signals expected on its dates.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BarsCase {
    pub name: String,
    pub line: usize,
    pub bars: Given,
    /// Closes of the benchmark on the same dates.
    pub benchmark: Vec<Segment>,
    /// `None` is the last bar.
    pub expected: Vec<(Option<NaiveDate>, Answer)>,
}

/// Where the bars of a case come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Closes {
        start: NaiveDate,
        closes: Vec<Segment>,
        volume: f64,
        /// High over and low under the close, as a fraction of it.
        range: f64,
    },
    /// A CSV file beside the cases.
    File(String),
}

/// One close, or a straight line of them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Segment {
    Close(f64),
    Line(Line),
}

/// So many closes, from the first to the last value.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub bars: usize,
    pub from: f64,
    pub to: f64,
}

/// What is wrong with a file of cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct CaseFileError {
    /// 1-based.
    pub line: usize,
    pub message: String,
}

impl CaseFile {
    /// Reads the cases of a file: those that are sound, and all that is wrong in it by line.
    ///
    /// Text that is no TOML at all has no case.
    pub fn parse(text: &str) -> (Self, Vec<CaseFileError>) {
        super::read::read(text)
    }

    /// Returns the number of cases.
    pub fn len(&self) -> usize {
        self.cases.len() + self.bars.len()
    }

    /// Tells whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
