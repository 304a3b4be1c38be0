//! The pure core: `prepare` once, `decide` a session, `fill` at the next open.

mod decision;
mod recommendation;

pub use decision::{Decision, HeldPosition, MarketOverview, NearMiss, PositionStatus, Regime};
pub use recommendation::{Direction, Recommendation, recommendation_id};
