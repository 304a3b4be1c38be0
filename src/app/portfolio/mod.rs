//! What the user bought and sold, as they tell it: checked, and kept in the journal.
//!
//! A position is money, and its stop is reckoned from what is typed here; so whatever cannot be right is refused
//! with what to do, and what is merely odd is remarked. Never asks a source: bars are those of the cache and of
//! files.

mod add;
mod close;
mod list;
mod prices;
mod undo;

pub use add::{Added, NewPosition, add, import};
pub use close::{Sale, Sold, close};
pub use list::{HeldRow, held_rows};
pub use undo::undo;

use chrono::{DateTime, NaiveDate, Utc};

use super::{App, Refusal};
use crate::calendar;
use crate::decide::{Direction, Recommendation};
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::format;
use crate::journal::Journal;

/// How many sessions back a recommendation may lie that a trade follows.
const RECENT: usize = 5;

/// How a slip is mended, as a part of a sentence.
const UNDO: &str = "`ts portfolio undo` takes it back";

/// Opens the journal for writing, and never in the place of a corrupt one; what was wrong with it is for the reader.
fn open(app: &App) -> anyhow::Result<(Journal, Vec<String>)> {
    let (journal, problems) = Journal::open_to_change(&app.loaded.settings.journal.path)?;
    Ok((journal, problems.iter().map(ToString::to_string).collect()))
}

/// Reads a ticker.
fn symbol(text: &str) -> Result<Symbol, Refusal> {
    Symbol::new(text).map_err(|error| Refusal::Usage(error.to_string()))
}

/// Returns the newest session that has opened.
fn newest_open(class: AssetClass, now: DateTime<Utc>) -> NaiveDate {
    let today = calendar::local_date(class, now);
    if calendar::is_session(class, today) && calendar::open_instant(class, today) <= now {
        return today;
    }
    calendar::previous_session(class, today)
}

/// Says why nothing can have been traded on a date, as the end of a sentence; `None` where it can.
fn untradable(class: AssetClass, date: NaiveDate, now: DateTime<Utc>) -> Option<String> {
    let newest = newest_open(class, now);
    let today = calendar::local_date(class, now);
    if date > today {
        return Some(format!(
            "{date} has not come yet, today is {today}; give the session on which it was traded"
        ));
    }
    if let Some(reason) = calendar::closed_reason(class, date) {
        let before = calendar::previous_session(class, date).min(newest);
        return Some(format!("{date} is {reason}, no session; the one before it is {before}"));
    }
    (date > newest).then(|| format!("{date} has not opened yet; the newest session that has is {newest}"))
}

/// Returns the number where it is over zero.
fn amount(what: &str, number: f64) -> Result<f64, Refusal> {
    if number.is_finite() && number > 0.0 {
        return Ok(number);
    }
    Err(Refusal::Usage(format!("{what} {number} is not a number over zero")))
}

/// Says that nobody holds so much, as the end of a sentence: a slip of the keyboard, and no sum that counts to the
/// cent any more; or, of an account of `equity`, one that would leave every other position without a place.
fn absurd(quantity: f64, price: f64, equity: f64) -> Option<String> {
    const MOST: f64 = 1e12;
    const MOST_EQUITIES: f64 = 100.0;
    let times = quantity * price / equity;
    if quantity.max(quantity * price) <= MOST && times > MOST_EQUITIES {
        return Some(format!(
            "{} in all ({} at {}) are {} times risk.account_equity ({}); check quantity and price, or set \
             risk.account_equity to what the account holds",
            format::fixed(quantity * price, 0),
            format::quantity(quantity),
            format::price(price),
            format::fixed(times, 0),
            format::fixed(equity, 0)
        ));
    }
    let (what, number) = match (quantity > MOST, quantity * price > MOST) {
        (true, _) => ("units", quantity),
        (false, true) => ("in all", quantity * price),
        (false, false) => return None,
    };
    Some(format!(
        "{} {what} cannot be meant ({} at {}); check quantity and price",
        format::fixed(number, 0),
        format::quantity(quantity),
        format::price(price)
    ))
}

/// Finds the class of a symbol that the universes name; `None` where none does.
fn class_of(app: &App, symbol: &Symbol) -> Result<Option<AssetClass>, Refusal> {
    let settings = &app.loaded.settings;
    let names = |class: &AssetClass| {
        settings.universe.of(*class).contains(symbol) || settings.benchmark.of(*class) == symbol
    };
    let classes: Vec<AssetClass> = AssetClass::ALL.into_iter().filter(names).collect();
    match classes[..] {
        [] => Ok(None),
        [class] => Ok(Some(class)),
        _ => Err(Refusal::Usage(format!("{symbol} is in both universes; name one with --asset-class"))),
    }
}

/// Returns what was recommended of a symbol in the sessions before it was traded, the newest first: a trade that is
/// told without strategy or stop is taken to follow it.
fn recommended(
    journal: &Journal,
    class: AssetClass,
    symbol: &Symbol,
    direction: Direction,
    traded: NaiveDate,
) -> anyhow::Result<Vec<Recommendation>> {
    let mut since = traded;
    for _ in 0..RECENT {
        since = calendar::previous_session(class, since);
    }
    let rows = journal.recommendations(since)?.into_iter().map(|row| row.recommendation);
    let is_meant = |own: &Recommendation| {
        own.asset_class == class
            && own.symbol == *symbol
            && own.direction == direction
            && own.session < traded
    };
    Ok(rows.filter(is_meant).collect())
}
