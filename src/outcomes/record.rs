//! The record of each strategy: all that it recommended, winners and losers alike.
//!
//! A trade counts from its exit on, at the month of its exit; what is open stands apart at its last close and is
//! never mixed in. Refuses to make a figure of nothing: a rate of no trades is no rate.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::followed::{Followed, Stage};

/// Results nearer to zero than this are what rounding left of a break-even.
const EVEN: f64 = 1e-9;

/// What trades came to, in units of the risk of each at its fill.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Trades that are over, delisted ones included.
    pub closed: usize,
    pub wins: usize,
    pub losses: usize,
    pub break_evens: usize,
    /// Wins over all closed, break-evens included: a fraction; `None` without any.
    pub win_rate: Option<f64>,
    /// Mean result; `None` without any.
    pub mean_r: Option<f64>,
    /// Their sum; `None` without any.
    pub sum_r: Option<f64>,
    /// The worst and the best of them; `None` without any.
    pub worst_r: Option<f64>,
    pub best_r: Option<f64>,
}

/// How the recommendations of one strategy did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyRecord {
    pub strategy: String,
    pub all: Figures,
    /// Those whose exit filled in the month of the report.
    pub month: Figures,
    /// Bought and not sold.
    pub open: usize,
    /// The sum of the open ones' results at their last closes; `None` without any.
    pub open_r: Option<f64>,
    /// Their fill is yet to come.
    pub waiting: usize,
    /// Opened at or under the stop, or had no bar.
    pub not_filled: usize,
}

impl Figures {
    /// Counts results.
    pub fn of(results: &[f64]) -> Self {
        if results.is_empty() {
            return Self::default();
        }
        let count = |wanted: Ordering| results.iter().filter(|r| sign(**r) == wanted).count();
        let (wins, losses) = (count(Ordering::Greater), count(Ordering::Less));
        let (number, sum) = (results.len(), results.iter().sum::<f64>());
        let by = |pick: fn(f64, f64) -> f64| results.iter().copied().reduce(pick);
        Self {
            closed: number,
            wins,
            losses,
            break_evens: number - wins - losses,
            win_rate: Some(wins as f64 / number as f64),
            mean_r: Some(sum / number as f64),
            sum_r: Some(sum),
            worst_r: by(f64::min),
            best_r: by(f64::max),
        }
    }
}

impl StrategyRecord {
    /// Says why there are no figures; `None` where there are.
    pub fn no_figures(&self) -> Option<&'static str> {
        match (self.all.closed, self.open + self.waiting) {
            (0, 0) => Some("none was filled"),
            (0, _) => Some("none is closed yet"),
            _ => None,
        }
    }
}

/// Counts by strategy, in the order of their names; `session` names the month that is told apart.
pub fn records(past: &[Followed], session: NaiveDate) -> Vec<StrategyRecord> {
    let mut by_strategy: BTreeMap<&str, Vec<&Followed>> = BTreeMap::new();
    for own in past {
        by_strategy.entry(&own.told.strategy).or_default().push(own);
    }
    by_strategy.into_iter().map(|(strategy, own)| record(strategy, &own, session)).collect()
}

fn record(strategy: &str, own: &[&Followed], session: NaiveDate) -> StrategyRecord {
    let month = |date: NaiveDate| (date.year(), date.month());
    let is_of_month = |one: &Followed| one.exit.is_some_and(|exit| month(exit.session) == month(session));
    let results = |is_chosen: &dyn Fn(&Followed) -> bool| -> Vec<f64> {
        own.iter().filter(|one| is_chosen(one)).filter_map(|one| one.r_multiple()).collect()
    };
    let open = results(&Followed::is_open);
    let count = |is_chosen: &dyn Fn(&Stage) -> bool| own.iter().filter(|one| is_chosen(&one.stage)).count();
    StrategyRecord {
        strategy: strategy.to_owned(),
        all: Figures::of(&results(&Followed::is_closed)),
        month: Figures::of(&results(&|one| one.is_closed() && is_of_month(one))),
        open: own.iter().filter(|one| one.is_open()).count(),
        open_r: (!open.is_empty()).then(|| open.iter().sum()),
        waiting: count(&|stage| *stage == Stage::Waiting),
        not_filled: count(&|stage| matches!(stage, Stage::NotFilled(_))),
    }
}

fn sign(r: f64) -> Ordering {
    if r.abs() < EVEN { Ordering::Equal } else { r.total_cmp(&0.0) }
}
