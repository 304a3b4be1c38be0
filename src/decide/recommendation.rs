//! What the core tells the reader to do, with every number it rests on.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::AssetClass;
use crate::domain::Conviction;
use crate::domain::Symbol;
use crate::signals::Component;

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    Buy,
    Sell,
}

impl Direction {
    /// Returns the word that mail and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Buy => "BUY",
            Direction::Sell => "SELL",
        }
    }
}

/// One line of action for the next session.
///
/// Prices are in the quote currency, split-adjusted; `_pct` fields are fractions of equity
/// (`0.15` is 15 %), scores run from 0 to 10. A SELL has no target, scores or conviction, its
/// `entry_price` is the position's own, and `risk_pct` is what still stands between close and
/// stop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// UUID v5 of session, strategy, symbol and direction: the same decision has the same id.
    pub id: Uuid,
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub direction: Direction,
    pub conviction: Option<Conviction>,
    pub current_price: f64,
    pub entry_price: f64,
    pub target_price: Option<f64>,
    pub stop_price: f64,
    pub position_size_pct: f64,
    pub risk_pct: f64,
    /// The cap that bound the size, or `None` where risk alone set it.
    pub size_cap: Option<&'static str>,
    /// Units to trade, at the decision's close.
    pub quantity: f64,
    /// 20-session mean dollar volume, in the quote currency.
    pub adv20: Option<f64>,
    pub technical_score: Option<f64>,
    pub news_score: Option<f64>,
    pub sentiment_score: Option<f64>,
    pub combined_score: Option<f64>,
    /// The scorer's parts, by name; of a SELL none.
    pub components: Vec<Component>,
    /// The entry's trigger, or the exit's reason.
    pub signal_type: String,
    /// A plain sentence with the numbers.
    pub reasoning: String,
    pub news_headlines: Vec<String>,
    /// Stamped by the app; the core knows no clock.
    pub generated_at: Option<DateTime<Utc>>,
    pub strategy_name: String,
    pub script_hash: String,
    pub session: NaiveDate,
}

impl Recommendation {
    /// Orders the better one first, over asset classes: by combined score, then 20-session
    /// dollar volume, then symbol, then strategy.
    pub fn rank(a: &Self, b: &Self) -> Ordering {
        let score = |own: &Self| own.combined_score.unwrap_or(0.0);
        let volume = |own: &Self| own.adv20.unwrap_or(0.0);
        score(b)
            .total_cmp(&score(a))
            .then_with(|| volume(b).total_cmp(&volume(a)))
            .then_with(|| a.symbol.cmp(&b.symbol))
            .then_with(|| a.strategy_name.cmp(&b.strategy_name))
    }
}

/// The namespace of recommendation ids: the UUID v5 of `ts.recommendation` under the
/// standard's own namespace for names, so that it can be made again.
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"ts.recommendation")
}

/// Returns the id of a recommendation: the same four parts always give the same id.
pub fn recommendation_id(
    session: NaiveDate,
    strategy: &str,
    asset_class: AssetClass,
    symbol: &Symbol,
    direction: Direction,
) -> Uuid {
    let name = format!("{session}/{strategy}/{asset_class}:{symbol}/{}", direction.as_str());
    Uuid::new_v5(&namespace(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(day: u32, strategy: &str, class: AssetClass, symbol: &str, direction: Direction) -> String {
        let session = NaiveDate::from_ymd_opt(2026, 11, day).expect("a date");
        let symbol = Symbol::new(symbol).expect("a symbol");
        recommendation_id(session, strategy, class, &symbol, direction).to_string()
    }

    #[test]
    fn an_id_is_the_same_for_ever() {
        // Made with Python's uuid.uuid5, so that stored mails keep matching.
        let buy = id(20, "equity_momentum", AssetClass::Equity, "AAPL", Direction::Buy);
        assert_eq!(buy, "3acb7ede-d485-56a2-aee9-c1364825eeee");
    }

    #[test]
    fn each_part_makes_another_id() {
        let ids = std::collections::BTreeSet::from([
            id(20, "a", AssetClass::Equity, "BTC", Direction::Buy),
            id(21, "a", AssetClass::Equity, "BTC", Direction::Buy),
            id(20, "b", AssetClass::Equity, "BTC", Direction::Buy),
            id(20, "a", AssetClass::Crypto, "BTC", Direction::Buy),
            id(20, "a", AssetClass::Equity, "ETH", Direction::Buy),
            id(20, "a", AssetClass::Equity, "BTC", Direction::Sell),
        ]);
        assert_eq!(ids.len(), 6);
    }
}
