//! A run as it is written and as it is read back.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rusqlite::Row;
use uuid::Uuid;

use super::Queued;
use super::RecommendationRow;
use super::RunInputs;
use super::StopAdvance;
use super::values::one_of;
use super::values::parsed;
use super::values::parsed_if_there;
use crate::decide::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::report::RunRecord;

/// How much a run could say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    Decided,
    /// No asset class could be decided.
    Undecided,
    /// A script did not load or failed, or a position could not be checked.
    Incomplete,
}

impl RunState {
    pub(super) const ALL: [Self; 3] = [Self::Decided, Self::Undecided, Self::Incomplete];

    /// Returns the word that the journal and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Undecided => "undecided",
            Self::Incomplete => "incomplete",
        }
    }

    /// Returns what a reader of the run did not get; `None` where it was decided whole.
    pub fn lacking(self) -> Option<&'static str> {
        match self {
            Self::Decided => None,
            Self::Undecided => Some("nothing was decided, for want of bars; its mail says why"),
            Self::Incomplete => Some("a script failed or a position was not checked; its mail says which"),
        }
    }
}

/// A script of a run, with its constants as used.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptEntry {
    pub name: String,
    pub hash: String,
    pub constants: BTreeMap<String, f64>,
}

/// What a run says, in its three forms. The page shows its charts by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub json: String,
}

/// A finished run, as it is written.
#[derive(Clone, Debug)]
pub struct RunEntry {
    pub run: RunRecord,
    /// The version of `ts`.
    pub version: String,
    pub state: RunState,
    /// Why a class was not decided.
    pub undecided: BTreeMap<AssetClass, String>,
    pub scripts: Vec<ScriptEntry>,
    pub problems: Vec<Problem>,
    /// BUYs by rank, then SELLs.
    pub recommendations: Vec<Recommendation>,
    pub stops: Vec<StopAdvance>,
    pub rendered: Rendered,
    pub inputs: RunInputs,
}

/// What became of a request to record a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is written, and so many mails wait.
    New { mails: usize },
    /// Its delivery was queued before by another run; nothing was written.
    Already(Queued),
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    pub id: Uuid,
    /// The job that it was decided for, or `None` for none.
    pub job: Option<String>,
    /// `None` where two classes have different ones.
    pub session: Option<NaiveDate>,
    pub asset_class: String,
    pub generated_at: DateTime<Utc>,
    pub version: String,
    pub state: RunState,
    pub settings_hash: String,
    pub positions_hash: String,
    pub duration_ms: u64,
    pub subject: String,
    pub buys: usize,
    pub sells: usize,
    pub problems: usize,
    pub mails: usize,
}

/// One run with all that is told of it, without its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    pub row: RunRow,
    pub scripts: Vec<ScriptEntry>,
    pub problems: Vec<(String, String, String)>,
    pub recommendations: Vec<RecommendationRow>,
}

/// What a run said, and what it said it from.
#[derive(Clone, Debug)]
pub struct Stored {
    pub rendered: Rendered,
    pub inputs: RunInputs,
}

/// Reads a run of a list.
pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: parsed(row, "id")?,
        job: row.get("job")?,
        session: parsed_if_there(row, "session")?,
        asset_class: row.get("asset_class")?,
        generated_at: parsed(row, "generated_at")?,
        version: row.get("version")?,
        state: one_of(row, "state", &RunState::ALL, RunState::as_str)?,
        settings_hash: row.get("settings_hash")?,
        positions_hash: row.get("positions_hash")?,
        duration_ms: row.get("duration_ms")?,
        subject: row.get("subject")?,
        buys: row.get("buys")?,
        sells: row.get("sells")?,
        problems: row.get("problems")?,
        mails: row.get("mails")?,
    })
}
