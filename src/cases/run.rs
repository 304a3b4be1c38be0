//! Runs the cases of a script, one after the other.

use std::collections::BTreeSet;

use super::ask::{Asked, Subject};
use super::bars;
use super::coverage::Coverage;
use super::file::{BarsCase, Case, CaseFile};
use crate::features::Feature;
use crate::scripts::{Scorer, Scripts, Trace};

/// What became of the cases of one script.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptResult {
    pub script: String,
    /// In the order of the file, rows before bars.
    pub cases: Vec<CaseResult>,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseResult {
    pub name: String,
    /// Where it begins in its file, 1-based.
    pub line: usize,
    /// Empty where it passed.
    pub failures: Vec<Failure>,
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `trigger`, or `signal on 2026-03-02`.
    pub what: String,
    /// `None` where the question could not be asked.
    pub expected: Option<String>,
    /// What was answered instead, or why nothing could be asked.
    pub got: String,
    /// What the functions that were asked did; empty where none was.
    pub traces: Vec<Trace>,
}

impl Failure {
    /// Says what failed, for people.
    pub fn words(&self) -> String {
        let Self { what, expected, got, .. } = self;
        match expected {
            Some(expected) => format!("{what}: expected {expected}, got {got}"),
            None => format!("{what} could not be asked: {got}"),
        }
    }
}

/// Runs the cases of a script whose name `is_chosen` accepts.
///
/// `read` gives the text of a file beside the cases. What the script did is noted in `coverage`,
/// which must be made of the same scripts.
pub fn run(
    scripts: &Scripts,
    script: &str,
    file: &CaseFile,
    is_chosen: &dyn Fn(&str) -> bool,
    read: &dyn Fn(&str) -> Result<String, String>,
    coverage: &mut Coverage,
) -> ScriptResult {
    let subject = match (scripts.strategy(script), scripts.scorer(script)) {
        (Some(strategy), _) => Some(Subject::Strategy(strategy)),
        (None, Some(scorer)) => Some(Subject::Scorer(scorer)),
        (None, None) => None,
    };
    let mut result = ScriptResult { script: script.to_owned(), cases: Vec::new() };
    for case in file.cases.iter().filter(|case| is_chosen(&case.name)) {
        let failures = match subject {
            Some(subject) => of_row(scripts, subject, case, coverage),
            None => vec![unasked("the script is not loaded".to_owned())],
        };
        result.cases.push(CaseResult { name: case.name.clone(), line: case.line, failures });
    }
    for case in file.bars.iter().filter(|case| is_chosen(&case.name)) {
        let failures = match subject {
            Some(subject) => of_bars(scripts, subject, case, read, coverage),
            None => vec![unasked("the script is not loaded".to_owned())],
        };
        result.cases.push(CaseResult { name: case.name.clone(), line: case.line, failures });
    }
    result
}

fn of_row(scripts: &Scripts, subject: Subject<'_>, case: &Case, coverage: &mut Coverage) -> Vec<Failure> {
    let read = read_by(scripts, subject);
    if let Some(idle) = case.row.keys().find(|feature| !read.contains(*feature)) {
        return vec![unasked(format!("the row has `{idle}`, which the script does not read; remove it"))];
    }
    let rows = scripts.rows(std::slice::from_ref(&case.row));
    let mut asked = Asked { scripts, subject, rows: &rows, row: 0, coverage };
    let questions = case.expected.iter();
    questions.filter_map(|(question, expected)| asked.question(case, question, expected)).collect()
}

fn of_bars(
    scripts: &Scripts,
    subject: Subject<'_>,
    case: &BarsCase,
    read: &dyn Fn(&str) -> Result<String, String>,
    coverage: &mut Coverage,
) -> Vec<Failure> {
    let Subject::Strategy(strategy) = subject else {
        return vec![unasked("only a strategy has signals on bars".to_owned())];
    };
    let columns = match bars::columns(scripts, strategy.asset_class(), case, read) {
        Ok(columns) => columns,
        Err(why) => return vec![unasked(why)],
    };
    let rows = scripts.bind(&columns);
    let mut failures = Vec::new();
    for (date, expected) in &case.expected {
        match bars::row(&columns, *date) {
            Ok((row, date)) => {
                let mut asked = Asked { scripts, subject, rows: &rows, row, coverage };
                failures.extend(asked.signal(format!("signal on {date}"), expected));
            }
            Err(why) => failures.push(unasked(why)),
        }
    }
    failures
}

/// The features that a script or its scorer reads.
fn read_by(scripts: &Scripts, subject: Subject<'_>) -> BTreeSet<Feature> {
    match subject {
        Subject::Scorer(scorer) => scorer.features(),
        Subject::Strategy(strategy) => {
            let mut read = strategy.features();
            read.extend(scripts.scorer_of(strategy).into_iter().flat_map(Scorer::features));
            read
        }
    }
}

/// A case that could not be asked.
fn unasked(why: String) -> Failure {
    Failure { what: "the case".to_owned(), expected: None, got: why, traces: Vec::new() }
}
