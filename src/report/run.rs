//! What a rendering is made from: the run's record and the report that the app assembled.
//!
//! Plain values. The core's decisions come from below; ids, durations and instants are
//! stamped by the app, since nothing here asks a clock.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::past::Past;
use super::reload::Reload;
use crate::decide::Decision;
use crate::decide::NearMiss;
use crate::decide::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Order;
use crate::domain::Problem;
use crate::domain::format;
use crate::domain::has_failed_script;
use crate::filters::Filtered;

/// What one run was: enough to find it again and to tell two of them apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRecord {
    pub id: Uuid,
    /// The session decided, or `None` where two classes have different ones.
    pub session: Option<NaiveDate>,
    /// `equity`, `crypto` or `all`, as the run was asked.
    pub asset_class: String,
    pub parts: Vec<Part>,
    pub dry_run: bool,
    /// The bars are of the simulated market.
    pub demo: bool,
    /// Each script's hash, by its name.
    pub scripts: BTreeMap<String, String>,
    pub settings_hash: String,
    /// Of the positions that the run began with.
    pub positions_hash: String,
    pub duration_ms: u64,
    /// Each recommendation carries it; the run's own JSON does not repeat it.
    #[serde(skip)]
    pub generated_at: DateTime<Utc>,
}

/// One asset class of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    pub source: String,
    pub data_hash: String,
}

/// Everything that a mail, a preview or the JSON of one run says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub run: RunRecord,
    /// One per asset class; the market, positions and undecided classes are read from these.
    pub decisions: Vec<Decision>,
    /// Of classes that were not decided here: they hold their slots and their money until they fill.
    pub pending: Vec<Order>,
    /// BUYs of all classes, merged, ranked and cut.
    pub recommendations: Vec<Recommendation>,
    /// SELLs of all classes, never cut.
    pub exits: Vec<Recommendation>,
    pub filtered: Vec<Filtered>,
    pub near_misses: Vec<NearMiss>,
    /// How earlier recommendations did.
    pub past: Past,
    pub problems: Vec<Problem>,
    /// The version of the scripts in force; `None` in a command that runs once.
    pub reload: Option<Reload>,
}

impl Report {
    /// Returns a report that has nothing to tell, to try templates with.
    pub(super) fn nothing() -> Self {
        Self {
            run: RunRecord {
                id: Uuid::nil(),
                session: None,
                asset_class: String::new(),
                parts: Vec::new(),
                dry_run: false,
                demo: false,
                scripts: BTreeMap::new(),
                settings_hash: String::new(),
                positions_hash: String::new(),
                duration_ms: 0,
                generated_at: DateTime::UNIX_EPOCH,
            },
            decisions: Vec::new(),
            pending: Vec::new(),
            recommendations: Vec::new(),
            exits: Vec::new(),
            filtered: Vec::new(),
            near_misses: Vec::new(),
            past: Past::default(),
            problems: Vec::new(),
            reload: None,
        }
    }

    /// Returns the newest session that the report is about.
    pub fn newest_session(&self) -> NaiveDate {
        let decided = self.decisions.iter().map(|d| d.session);
        let planned = self.run.parts.iter().map(|p| p.session);
        decided
            .max()
            .or(planned.max())
            .or(self.run.session)
            .unwrap_or_else(|| self.run.generated_at.date_naive())
    }

    /// Tells whether only crypto was decided.
    pub fn is_crypto_only(&self) -> bool {
        let all_crypto = self.decisions.iter().all(|d| d.asset_class == AssetClass::Crypto);
        self.run.asset_class == AssetClass::Crypto.as_str() || (!self.decisions.is_empty() && all_crypto)
    }

    /// Returns the report with more problems, found while it was rendered; each is told once.
    pub fn with_problems(&self, problems: &[Problem]) -> Self {
        let mut report = self.clone();
        for problem in problems {
            if !report.problems.contains(problem) {
                report.problems.push(problem.clone());
            }
        }
        report
    }

    /// Returns the mail's subject, made of nothing but words and numbers of its own. A session of another year than the
    /// report's own carries its year.
    ///
    /// A class without a decision never reads as one without signals, and neither does one whose
    /// script failed: the subject says so.
    pub fn subject(&self) -> String {
        let undecided = self.decisions.is_empty() || self.decisions.iter().any(|d| d.no_decision.is_some());
        let outcome = match self.recommendations.len() + self.exits.len() {
            0 if undecided => "No Decision: bars missing".to_owned(),
            0 if has_failed_script(&self.problems) => "No Recommendations: a script failed".to_owned(),
            0 => "No Recommendations".to_owned(),
            number => format::count(number, "Recommendation"),
        };
        let is_silent = self.is_quiet() || !has_failed_script(&self.problems);
        let outcome = if is_silent { outcome } else { format!("{outcome}, a script failed") };
        let day = format::subject_day(self.newest_session(), self.run.generated_at.date_naive());
        let class = if self.is_crypto_only() { " (crypto)" } else { "" };
        format!("Trading Signals for {day} - {outcome}{class}")
    }

    /// Tells whether there is nothing to act on.
    pub fn is_quiet(&self) -> bool {
        self.recommendations.is_empty() && self.exits.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProblemKind;
    use crate::report::example;

    fn check(report: &Report, expected: &str) {
        assert_eq!(report.subject(), expected);
    }

    #[test]
    fn the_subject_counts_buys_and_sells() {
        let mut report = example::full();
        check(&report, "Trading Signals for Nov 20 - 3 Recommendations");
        report.recommendations.clear();
        check(&report, "Trading Signals for Nov 20 - 1 Recommendation");
        report.exits.clear();
        check(&report, "Trading Signals for Nov 20 - No Recommendations");
    }

    #[test]
    fn a_failed_script_never_reads_as_no_signals() {
        let mut report = example::empty();
        report.problems.push(Problem::new("mine", ProblemKind::ScriptLoad, "mine.rhai:3:1: odd"));
        check(&report, "Trading Signals for Nov 20 - No Recommendations: a script failed");
        let mut report = example::full();
        report.problems.push(Problem::new("mine", ProblemKind::ScriptLoad, "mine.rhai:3:1: odd"));
        check(&report, "Trading Signals for Nov 20 - 3 Recommendations, a script failed");
    }

    #[test]
    fn missing_bars_never_read_as_no_signals() {
        check(&example::undecided(), "Trading Signals for Nov 20 - No Decision: bars missing");
        let mut nothing = example::empty();
        nothing.decisions.clear();
        check(&nothing, "Trading Signals for Nov 20 - No Decision: bars missing");
        let mut half = example::two_classes();
        half.recommendations.clear();
        half.exits.clear();
        half.decisions[0].no_decision = Some("bars missing".to_owned());
        check(&half, "Trading Signals for Nov 22 - No Decision: bars missing");
    }

    #[test]
    fn a_session_of_another_year_carries_it() {
        let mut report = example::full();
        report.run.generated_at = "2029-01-02T09:00:00Z".parse().expect("an instant");
        check(&report, "Trading Signals for Nov 20, 2026 - 3 Recommendations");
    }

    #[test]
    fn a_crypto_subject_threads_apart() {
        let mut report = example::two_classes();
        check(&report, "Trading Signals for Nov 22 - 4 Recommendations");
        report.decisions.remove(0);
        check(&report, "Trading Signals for Nov 22 - 4 Recommendations (crypto)");
    }
}
