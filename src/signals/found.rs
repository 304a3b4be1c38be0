//! What the scripts said on a session, in rows and numbers.
//!
//! A [`Scan`] is made from it for who reads. A walk over years looks at most of what triggers only to see that it is
//! held already, and has no use for its words.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{Component, NotReady, Scan, Signal};
use crate::domain::Problem;
use crate::features::Column;
use crate::features::Columns;
use crate::features::core;
use crate::scripts::{Rows, Rule, Scorer, Scripts, Strategy};

/// What the scripts said on one session, in rows and numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// By strategy, then by symbol.
    pub triggered: Vec<Triggered>,
    /// Rows that a strategy was not shown.
    pub lacking: Vec<Lacking>,
    pub problems: Vec<Problem>,
    /// The scores of the components, one triggered row after the other.
    pub(super) scores: Vec<f64>,
    pub(super) session: NaiveDate,
}

/// A row on which a strategy triggered, with a score and a stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Triggered {
    /// The row of the panel.
    pub row: u32,
    /// The place of its symbol in the panel.
    pub owner: u32,
    /// The weighted sum of the components, 0 to 10.
    pub(super) score: f64,
    /// The close, and the stop between 0 and it, in the quote currency.
    pub(super) close: f64,
    pub(super) stop: f64,
    /// 20-session mean dollar volume, or `None` on a shorter history.
    pub(super) adv20: Option<f64>,
    pub(super) trigger: Arc<str>,
    /// The place of the strategy among the scripts'.
    pub(super) strategy: u32,
    /// Where its components' scores begin.
    pub(super) first_score: u32,
}

/// A row that a strategy was not shown, because a feature that one of its rules requires is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The row of the panel.
    pub row: u32,
    /// The place of its symbol in the panel.
    pub owner: u32,
    /// The place of the strategy among the scripts'.
    pub strategy: u32,
    pub(super) rule: Rule,
}

/// What scripts are asked about, and what each signal is made from, looked up once.
#[derive(Clone, Debug)]
pub struct Market<'a> {
    pub(super) columns: &'a Columns,
    pub(super) scripts: &'a Scripts,
    pub(super) rows: &'a Rows,
    /// Those of the strategies, in their order.
    names: Vec<Arc<str>>,
    pub(super) atr14: Option<&'a Column>,
    pub(super) adv20: Option<&'a Column>,
}

impl<'a> Market<'a> {
    /// Takes columns, and the rows that they were bound to the scripts as.
    pub fn new(columns: &'a Columns, scripts: &'a Scripts, rows: &'a Rows) -> Self {
        Self {
            columns,
            scripts,
            rows,
            names: scripts.strategies().iter().map(|own| own.name().into()).collect(),
            atr14: columns.column(&core::ATR14),
            adv20: columns.column(&core::ADV20),
        }
    }

    /// Puts everything that was found into words.
    pub fn told(&self, found: Found) -> Scan {
        Scan {
            signals: found.triggered.iter().map(|own| self.signal(&found, own)).collect(),
            not_ready: found.lacking.iter().map(|own| self.not_ready(own)).collect(),
            problems: found.problems,
        }
    }

    /// Returns the whole signal of one of the rows that triggered.
    pub fn signal(&self, found: &Found, own: &Triggered) -> Signal {
        let panel = self.columns.panel();
        let strategy = self.strategy(own.strategy);
        let weights = self.scripts.scorer_of(strategy).map(Scorer::weights).unwrap_or_default();
        let scores = &found.scores[own.first_score as usize..][..weights.len()];
        let component = |((name, weight), score): (&(_, f64), &f64)| {
            let name = Clone::clone(name);
            Component { name, score: *score, weight: *weight }
        };
        let close = own.close;
        Signal {
            row: own.row as usize,
            session: found.session,
            symbol: panel.symbols()[own.owner as usize].clone(),
            asset_class: panel.asset_class(),
            strategy: Arc::clone(&self.names[own.strategy as usize]),
            trigger: Arc::clone(&own.trigger),
            components: weights.iter().zip(scores).map(component).collect(),
            score: own.score,
            close,
            stop: own.stop,
            target: close + strategy.reward_risk() * (close - own.stop),
            adv20: own.adv20,
            max_adv_fraction: strategy.max_adv_fraction(),
        }
    }

    /// Returns what a row lacks that a strategy was not shown.
    pub fn not_ready(&self, own: &Lacking) -> NotReady {
        let panel = self.columns.panel();
        let missing =
            self.strategy(own.strategy).function(own.rule).map(|rule| rule.missing(self.rows, own.row));
        NotReady {
            symbol: panel.symbols()[own.owner as usize].clone(),
            strategy: Arc::clone(&self.names[own.strategy as usize]),
            missing: missing.unwrap_or_default().into_iter().cloned().collect(),
            bars: own.row as usize + 1 - panel.rows(own.owner as usize).start,
        }
    }

    fn strategy(&self, place: u32) -> &'a Strategy {
        &self.scripts.strategies()[place as usize]
    }
}
