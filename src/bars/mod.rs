//! Daily bars that passed every check, and the panel of all symbols of an asset class.
//!
//! A [`Bars`] cannot hold an impossible price, a duplicate date or a future one, so nothing
//! above this layer checks prices again. Nothing here fetches: sources hand over raw
//! [`crate::domain::Bar`]s, `check` sorts the good from the bad.

mod check;
mod days;
mod health;
mod jump;
mod panel;
mod series;

pub use check::{check, check_sessions};
pub use health::{Gap, Health};
pub use jump::{Jump, LISTED_AFTER, Split, jumps};
pub use panel::{OnDay, Panel, PanelError};
pub use series::Bars;
