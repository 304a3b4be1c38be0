//! A file of cases: TOML in, checked cases with their lines out. An unknown key is an error: a
//! misspelt expectation would pass for ever.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::features::Feature;
use crate::scripts::PositionView;

/// Says of a row's feature that the file's own `[row]` does not count.
const MISSING: &str = "missing";

/// All cases of one script.
#[derive(Clone, Debug, PartialEq)]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    row: BTreeMap<String, f64>,
    #[serde(default)]
    case: Vec<Spanned<CaseText>>,
    #[serde(default)]
    bars: Vec<Spanned<BarsText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseText {
    name: String,
    #[serde(default)]
    row: BTreeMap<String, Answer>,
    position: Option<PositionText>,
    signal: Option<String>,
    eligible: Option<Answer>,
    trigger: Option<Answer>,
    stop: Option<Answer>,
    exit: Option<Answer>,
    #[serde(default)]
    components: BTreeMap<String, Answer>,
    score: Option<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionText {
    entry_price: f64,
    stop_price: f64,
    entry_date: Option<NaiveDate>,
    bars_held: Option<u32>,
    highest_close: Option<f64>,
    quantity: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BarsText {
    name: String,
    start: Option<NaiveDate>,
    #[serde(default)]
    closes: Vec<Segment>,
    csv: Option<String>,
    #[serde(default)]
    benchmark: Vec<Segment>,
    volume: Option<f64>,
    range: Option<f64>,
    expect: BTreeMap<String, Answer>,
}

impl CaseFile {
    /// Reads the cases of a file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, CaseFileError> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let file: FileText = toml::from_str(text).map_err(|error| CaseFileError {
            line: error.span().map_or(1, |span| line(span.start)),
            message: error.message().to_owned(),
        })?;
        let base = features(&file.row).map_err(|message| CaseFileError { line: 1, message })?;
        let mut parsed = Self { cases: Vec::new(), bars: Vec::new() };
        for spanned in file.case {
            let line = line(spanned.span().start);
            let case = case(spanned.into_inner(), line, &base);
            parsed.cases.push(case.map_err(|message| CaseFileError { line, message })?);
        }
        for spanned in file.bars {
            let line = line(spanned.span().start);
            let bars = bars_case(spanned.into_inner(), line);
            parsed.bars.push(bars.map_err(|message| CaseFileError { line, message })?);
        }
        Ok(parsed)
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

fn feature(name: &str) -> Result<Feature, String> {
    Feature::parse(name).map_err(|error| error.to_string())
}

fn features(row: &BTreeMap<String, f64>) -> Result<BTreeMap<Feature, f64>, String> {
    row.iter().map(|(name, value)| Ok((feature(name)?, *value))).collect()
}

fn case(text: CaseText, line: usize, base: &BTreeMap<Feature, f64>) -> Result<Case, String> {
    let mut row = base.clone();
    for (name, value) in &text.row {
        let feature = feature(name)?;
        match value {
            Answer::Number(number) => drop(row.insert(feature, *number)),
            Answer::Word(word) if word == MISSING => drop(row.remove(&feature)),
            _ => return Err(format!("`{name}` is a number, or \"{MISSING}\" where the file's [row] has it")),
        }
    }
    let asked = [
        (Question::Eligible, text.eligible),
        (Question::Trigger, text.trigger),
        (Question::Stop, text.stop),
        (Question::Exit, text.exit),
    ];
    let mut expected: Vec<(Question, Answer)> =
        asked.into_iter().filter_map(|(question, answer)| Some((question, answer?))).collect();
    expected.extend(text.components.into_iter().map(|(name, answer)| (Question::Component(name), answer)));
    expected.extend(text.score.map(|answer| (Question::Score, answer)));
    if expected.is_empty() {
        return Err(format!(
            "the case \"{}\" expects nothing; state `eligible`, `trigger`, `stop`, `exit`, `components` or `score`",
            text.name
        ));
    }
    let is_held = |question: &Question| matches!(question, Question::Stop | Question::Exit);
    if text.position.is_none() && expected.iter().any(|(question, _)| is_held(question)) {
        return Err(format!("the case \"{}\" asks for `stop` or `exit` and has no `position`", text.name));
    }
    let position = text.position.map(|own| PositionView {
        entry_price: own.entry_price,
        stop_price: own.stop_price,
        entry_date: own.entry_date.unwrap_or_default(),
        bars_held: own.bars_held.unwrap_or(1),
        highest_close: own.highest_close.unwrap_or(own.entry_price),
        quantity: own.quantity.unwrap_or(1.0),
    });
    Ok(Case { name: text.name, line, row, position, signal: text.signal, expected })
}

fn bars_case(text: BarsText, line: usize) -> Result<BarsCase, String> {
    let name = text.name;
    let bars = match (text.csv, text.start, text.closes.is_empty()) {
        (Some(file), None, true) => Given::File(file),
        (None, Some(start), false) => Given::Closes {
            start,
            closes: text.closes,
            volume: text.volume.unwrap_or(1e6),
            range: text.range.unwrap_or(0.01),
        },
        _ => return Err(format!("the bars \"{name}\" are either `csv`, or `start` and `closes`")),
    };
    let mut expected = Vec::new();
    for (date, answer) in text.expect {
        let date = match date.as_str() {
            "last" => None,
            other => Some(other.parse().map_err(|_| format!("`{other}` is neither YYYY-MM-DD nor `last`"))?),
        };
        expected.push((date, answer));
    }
    if expected.is_empty() {
        return Err(format!("the bars \"{name}\" expect nothing; state `expect = {{ last = \"…\" }}`"));
    }
    Ok(BarsCase { name, line, bars, benchmark: text.benchmark, expected })
}
