//! Why a symbol did or did not signal: the shape that text and JSON are made from.

use chrono::NaiveDate;
use serde::Serialize;

use super::PositionStatus;
use crate::domain::{AssetClass, Conviction, Problem, Symbol};
use crate::scripts::trace::{Seen, Step};

/// Everything that one session's decision has to say of a symbol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    /// The session's close, or `None` without a bar.
    pub close: Option<f64>,
    /// The symbol's bars up to the session.
    pub bars: usize,
    /// The newest session up to this one on which the symbol has a bar.
    pub newest: Option<NaiveDate>,
    /// Why nothing was decided on the session, or `None`.
    pub no_decision: Option<String>,
    /// By name.
    pub strategies: Vec<StrategyExplained>,
    pub held: Vec<HeldExplained>,
    /// What went wrong with the symbol or the strategies that were asked.
    pub problems: Vec<Problem>,
}

/// What a strategy made of the symbol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrategyExplained {
    pub strategy: String,
    pub path: String,
    pub verdict: Verdict,
    /// The verdict as a sentence.
    pub summary: String,
    pub eligible: Option<RuleExplained>,
    /// `None` where the symbol is not eligible: the rule is then not asked.
    pub entry: Option<RuleExplained>,
    /// The parts of the score; empty without a trigger.
    pub components: Vec<ComponentExplained>,
    pub signal: Option<SignalExplained>,
    /// Every filter in its order; empty without a signal.
    pub filters: Vec<FilterVerdict>,
}

/// How far the symbol came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is no bar on the session.
    NoBar,
    /// The session, or this symbol, is not one that entries are made for.
    NotAsked,
    NotReady,
    NotEligible,
    NoSignal,
    /// The script failed, on this symbol or another, so it makes no entries on the session.
    Failed,
    /// Triggered, but without a score or a stop.
    Dropped,
    Filtered,
    Recommended,
}

/// One function of a script, as it was asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleExplained {
    pub function: String,
    pub line: usize,
    pub column: usize,
    #[serde(flatten)]
    pub outcome: RuleOutcome,
    pub steps: Vec<Step>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RuleOutcome {
    Gave {
        value: Seen,
    },
    NotReady {
        missing: Vec<Lacks>,
    },
    Failed {
        message: String,
    },
    /// The steps did not come to what the script gave, so none are shown.
    Unexplained {
        message: String,
    },
}

/// A feature that the symbol lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lacks {
    pub feature: String,
    /// `ma200 needs 200 bars, has 143`.
    pub why: String,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentExplained {
    pub name: String,
    pub weight: f64,
    /// 0 to 10; `None` where the scorer has none.
    pub score: Option<f64>,
    pub rule: Option<RuleExplained>,
}

/// A signal with what it would risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalExplained {
    pub trigger: String,
    pub score: f64,
    pub combined_score: f64,
    pub conviction: Conviction,
    pub close: f64,
    pub stop: f64,
    pub target: f64,
    /// Fractions of equity.
    pub position_size_pct: f64,
    pub risk_pct: f64,
    pub size_cap: Option<&'static str>,
}

/// What one filter said of the signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilterVerdict {
    pub filter: &'static str,
    pub verdict: Judged,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a filter judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    Passed,
    Rejected,
    /// An earlier one had rejected the signal.
    NotReached,
}

/// A held position of the symbol, with its rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldExplained {
    pub strategy: String,
    /// The strategy's file; `None` where it is not loaded.
    pub path: Option<String>,
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    /// The stop after this session.
    pub stop_price: f64,
    pub status: PositionStatus,
    pub note: String,
    /// `None` where the strategy has no `stop`, or it was shown this session before.
    pub stop: Option<RuleExplained>,
    pub exit: Option<RuleExplained>,
}
