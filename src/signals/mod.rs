//! Raw signals: eligible and triggered, before filters and ranking.

use serde::Serialize;

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    pub name: String,
    /// 0 to 10.
    pub score: f64,
    /// Its part in the weighted sum.
    pub weight: f64,
}
