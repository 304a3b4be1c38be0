//! Daily bars that passed every check, and the panel of all symbols of an asset class.
//!
//! A [`Bars`] cannot hold an impossible price, a duplicate date or a future one, so nothing
//! above this layer checks prices again. Nothing here fetches: sources hand over raw
//! [`crate::domain::Bar`]s, `check` sorts the good from the bad.

mod check;
mod days;
mod health;
mod jump;
mod on_day;
mod panel;
mod series;
mod table;

pub use check::{check, check_sessions};
pub use health::{Gap, Health};
pub use jump::{Jump, LISTED_AFTER, Split, jumps};
pub use on_day::{Closes, OnDay};
pub use panel::{Panel, PanelError};
pub use series::Bars;
