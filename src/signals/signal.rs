//! One raw signal, with every number that a recommendation is made from.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::AssetClass;
use crate::domain::Name;
use crate::domain::Symbol;

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub name: Name,
    /// 0 to 10.
    pub score: f64,
    /// Its part in the weighted sum.
    pub weight: f64,
}

/// An eligible symbol whose entry rule triggered on a session.
///
/// Prices are in the quote currency: `close` is the session's, `stop` lies under it by
/// `STOP_ATR_MULT` × atr14, `target` over it by `REWARD_RISK` × that distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The row of the panel that the scripts saw.
    pub row: usize,
    pub session: NaiveDate,
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub strategy: Arc<str>,
    /// The string that `entry` returned.
    pub trigger: Arc<str>,
    pub components: Vec<Component>,
    /// The weighted sum of the components, 0 to 10.
    pub score: f64,
    pub close: f64,
    pub stop: f64,
    pub target: f64,
    /// 20-session mean dollar volume, or `None` on a shorter history.
    pub adv20: Option<f64>,
    /// The largest order as a fraction of `adv20`, by the strategy.
    pub max_adv_fraction: f64,
}
