//! All that one session's decision says: what to buy, what to sell, what was left out and why.

use chrono::NaiveDate;
use serde::Serialize;

use super::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Name;
use crate::domain::Position;
use crate::domain::Symbol;
use crate::filters::Filtered;

/// What `decide` found for one asset class on one session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    /// Why nothing was decided, as a sentence, or `None` where the session was decided.
    pub no_decision: Option<String>,
    /// BUYs, the best first.
    pub recommendations: Vec<Recommendation>,
    /// SELLs, by symbol.
    pub exits: Vec<Recommendation>,
    pub filtered: Vec<Filtered>,
    /// Signals close to triggering, the closest first; empty until a caller that shows them puts
    /// [`super::near_misses()`] here.
    pub near_misses: Vec<NearMiss>,
    /// Every held position of the class, by symbol, with its stop advanced to this session.
    pub held: Vec<HeldPosition>,
    pub market: MarketOverview,
}

/// A symbol that nearly triggered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    pub symbol: Symbol,
    pub strategy: String,
    /// The trigger, and the comparison that failed with its values and its distance.
    pub message: String,
    /// How far that comparison is from holding, in few letters: `0.65%`, `0.31 points`, `0.10 sd`.
    pub distance: String,
    /// The same as a fraction of the price or volume that it is about; `None` for other values.
    pub distance_pct: Option<f64>,
    /// From 0 to 1, the farthest that counts as near; by it those of different units are ranked.
    pub nearness: f64,
}

/// A held position as this session leaves it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldPosition {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: Name,
    pub entry_date: NaiveDate,
    pub entry_price: f64,
    pub quantity: f64,
    /// The stop after this session, never lower than before.
    pub stop_price: f64,
    /// The last session up to which every one has been shown to the strategy's `stop`.
    pub stop_session: NaiveDate,
    /// The session's close, or `None` without a bar.
    pub close: Option<f64>,
    /// Profit or loss at the close, in the quote currency.
    pub pnl: Option<f64>,
    /// The same as a fraction of the entry's cost.
    pub pnl_pct: Option<f64>,
    /// Sessions of this symbol since the entry's own.
    pub bars_held: Option<usize>,
    pub status: PositionStatus,
    /// The status in words: the exit's reason, or the distance to the stop.
    pub note: String,
}

impl HeldPosition {
    /// Tells whether this is what the session made of `position`.
    pub(super) fn is_of(&self, position: &Position) -> bool {
        // The date first: it is the quickest to tell most apart.
        self.entry_date == position.entry_date
            && self.asset_class == position.asset_class
            && self.symbol == position.symbol
            && self.strategy == position.strategy
    }
}

/// What the exit rule says of a held position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionStatus {
    Hold,
    Sell,
    /// Bought since the session: its own are still to come.
    New,
    /// The rule is gone, erred, or lacks a bar or a feature: the reader must look.
    Unchecked,
}

/// The state of the market on the session, from the benchmark and the universe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarketOverview {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    pub benchmark: Option<Symbol>,
    pub benchmark_close: Option<f64>,
    /// The benchmark's return on the session, a fraction.
    pub benchmark_return: Option<f64>,
    pub regime: Option<Regime>,
    /// The fraction of the universe's symbols whose close is over their ma50.
    pub breadth: Option<f64>,
    /// The benchmark's 20-session volatility, annualised, a fraction.
    pub volatility: Option<f64>,
    /// Universe symbols with a bar on the session, and in all.
    pub symbols_with_bar: usize,
    pub symbols: usize,
}

/// The benchmark's trend, by its close and its 50- and 200-session means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// ma50 and close over ma200.
    Uptrend,
    /// ma50 and close under ma200.
    Downtrend,
    /// Anything else.
    Mixed,
}

impl Regime {
    /// Returns the word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Regime::Uptrend => "uptrend",
            Regime::Downtrend => "downtrend",
            Regime::Mixed => "mixed",
        }
    }
}
