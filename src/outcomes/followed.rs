//! One past BUY and how far it has come.
//!
//! All prices are at the scale at which the recommendation was told: a split since then changes neither them nor the
//! result. Nothing is stored that the prices can tell, so that a result and its prices cannot disagree.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::decide::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Symbol;

/// A BUY as the reader was told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: Uuid,
    /// The run that told it.
    pub run: Uuid,
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: String,
    /// The session that decided it.
    pub session: NaiveDate,
    /// That session's close.
    pub close: f64,
    pub stop_price: f64,
    pub target_price: Option<f64>,
    /// Units of the asset.
    pub quantity: f64,
}

/// A trade at an open, or a mark at a close: the session and the price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    pub session: NaiveDate,
    pub price: f64,
}

/// How far a past BUY has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// The session of its fill is yet to come.
    Waiting,
    /// It opened at or under its stop, or not at all; why, in words.
    NotFilled(String),
    Open,
    /// Open, but its strategy is not loaded: only the core's stop is checked.
    StrategyGone,
    Closed,
    /// No bar came for [`super::DELISTED_AFTER`] sessions: counted at its last close.
    Delisted,
}

/// Which of the two prices was traded at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Target(NaiveDate),
    Stop(NaiveDate),
    /// Both within one bar, which does not tell their order: the stop counts as first.
    StopBeforeTarget(NaiveDate),
}

/// A past BUY, followed up to a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub told: Told,
    pub stage: Stage,
    pub entry: Option<Fill>,
    pub exit: Option<Fill>,
    /// Why it was sold; of an open one, why it is sold at the next open.
    pub exit_reason: Option<String>,
    /// As the strategy's `stop` has raised it.
    pub stop_price: f64,
    /// The last session up to which every one has been shown to the strategy's `stop`.
    pub stop_session: NaiveDate,
    /// The first session whose high reached the target.
    pub target_touched: Option<NaiveDate>,
    /// The first session whose low reached the stop of the session before.
    pub stop_touched: Option<NaiveDate>,
    /// The newest session that was looked at; at first the one that decided.
    pub last_session: NaiveDate,
    /// The last close that was looked at since the fill.
    pub last_close: Option<f64>,
    /// Sessions of the symbol from the entry's to the last close; `None` where that is not known any more.
    pub bars_held: Option<usize>,
    /// Why its own exit rule could not run on the newest session.
    pub unchecked: Option<String>,
}

impl Told {
    /// Takes what is followed from a recommendation of a run.
    pub fn of(recommendation: &Recommendation, run: Uuid) -> Self {
        Self {
            id: recommendation.id,
            run,
            symbol: recommendation.symbol.clone(),
            asset_class: recommendation.asset_class,
            strategy: recommendation.strategy_name.clone(),
            session: recommendation.session,
            close: recommendation.entry_price,
            stop_price: recommendation.stop_price,
            target_price: recommendation.target_price,
            quantity: recommendation.quantity,
        }
    }
}

impl Followed {
    /// Makes the beginning: nothing after the session that decided was looked at.
    pub fn waiting(told: Told) -> Self {
        Self {
            stage: Stage::Waiting,
            entry: None,
            exit: None,
            exit_reason: None,
            stop_price: told.stop_price,
            stop_session: told.session,
            target_touched: None,
            stop_touched: None,
            last_session: told.session,
            last_close: None,
            bars_held: None,
            unchecked: None,
            told,
        }
    }

    /// Tells whether nothing more can become of it.
    pub fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::NotFilled(_) | Stage::Closed | Stage::Delisted)
    }

    /// Tells whether it is bought and not sold.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::StrategyGone)
    }

    /// Tells whether it was bought and its result is final.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::Delisted)
    }

    /// Returns the exit's price, or the last close while it is open.
    pub fn last_price(&self) -> Option<f64> {
        self.exit.map(|exit| exit.price).or(self.last_close)
    }

    /// Returns the result in units of the risk at the fill: (last − entry) / (entry − the stop as told). An exit
    /// that opened under the stop is worse than −1.
    pub fn r_multiple(&self) -> Option<f64> {
        let entry = self.entry?.price;
        Some((self.last_price()? - entry) / (entry - self.told.stop_price))
    }

    /// Returns the result as a fraction of the entry.
    pub fn result(&self) -> Option<f64> {
        Some(self.last_price()? / self.entry?.price - 1.0)
    }

    /// Tells which of target and stop was traded at first, `None` where neither was.
    pub fn touch(&self) -> Option<Touch> {
        match (self.target_touched, self.stop_touched) {
            (None, None) => None,
            (Some(target), None) => Some(Touch::Target(target)),
            (None, Some(stop)) => Some(Touch::Stop(stop)),
            (Some(target), Some(stop)) if target == stop => Some(Touch::StopBeforeTarget(stop)),
            (Some(target), Some(stop)) if target < stop => Some(Touch::Target(target)),
            (Some(_), Some(stop)) => Some(Touch::Stop(stop)),
        }
    }

    /// Returns the oldest session that following it further asks about.
    pub fn oldest_session_asked(&self) -> NaiveDate {
        self.last_session.min(self.stop_session)
    }
}
