//! The pure core: [`prepare()`] once for all loaded sessions, [`decide()`] one of them, [`fill()`]
//! what was decided at the next open.
//!
//! The live run, the dry run, the backtest and the replay of an old mail are callers of these
//! three and differ in nothing else. Here is no clock, file, network or random number, and
//! nothing in `decide` can reach a bar after its session, so the same input gives the same
//! bytes and look-ahead has no way in.

mod check;
mod day;
mod decision;
mod doubt;
mod exit_rule;
mod exits;
mod explain;
mod explanation;
mod fill;
mod lot;
mod market;
mod near_misses;
mod prepare;
mod reasoning;
mod reasons;
mod recommendation;
mod round;
mod session;
mod splits;
mod together;
mod track;
mod verdict;

#[cfg(test)]
mod fixtures;

pub use decision::{Decision, HeldPosition, MarketOverview, NearMiss, PositionStatus, Regime};
pub use exits::{Exits, exits};
pub use explain::explain;
pub use explanation::{
    ComponentExplained, Explanation, FilterVerdict, HeldExplained, Judged, Lacks, RuleExplained, RuleOutcome,
    SignalExplained, StrategyExplained, Verdict,
};
pub use fill::{Fill, FillOutcome, buy, fill, mark, order, sell, settle};
pub use lot::Check;
pub use near_misses::near_misses;
pub use prepare::{
    MarketBars, Prepared, bars_needed, bars_needed_by, prepare, prepare_reading, prepare_since,
};
pub use recommendation::{Direction, Recommendation, recommendation_id};
pub use round::{Ready, Round, book_of, decide_round};
pub use session::{Choice, Decider, decide};
pub use splits::{entry_doubt, rescale};
pub use track::Track;
