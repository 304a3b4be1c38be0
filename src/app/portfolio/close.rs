//! A lot, or a part of one, that was sold.

use chrono::NaiveDate;

use super::prices::AtHand;
use super::{amount, newest_open, open, recommended, symbol, untradable};
use crate::app::{App, Refusal};
use crate::decide::Direction;
use crate::domain::closest;
use crate::domain::format;
use crate::domain::{AssetClass, Symbol};
use crate::journal::{Closing, Lot};

/// A sale as it is typed.
#[derive(Clone, Debug)]
pub struct Sale {
    pub symbol: String,
    /// Needed where both classes hold the symbol.
    pub asset_class: Option<AssetClass>,
    /// Needed where several strategies hold it.
    pub strategy: Option<String>,
    /// The open of its session by default, where a bar tells it.
    pub price: Option<f64>,
    /// The session of the sale; the newest that has opened by default.
    pub date: Option<NaiveDate>,
    /// Units as they are counted on that day; all of them by default.
    pub quantity: Option<f64>,
}

/// What was sold, and what the user should know of it.
#[derive(Clone, Debug)]
pub struct Sold {
    pub lot: Lot,
    /// Units that are left of it, as they were bought.
    pub left: Option<f64>,
    pub remarks: Vec<String>,
}

/// Closes a lot, or a part of it. Blocks.
///
/// # Errors
/// A [`Refusal`] for what cannot be right, with what to do; what the journal says.
pub fn close(app: &App, sale: &Sale) -> anyhow::Result<Sold> {
    let named = symbol(&sale.symbol)?;
    let price = sale.price.map(|price| amount("--price", price)).transpose()?;
    let quantity = sale.quantity.map(|quantity| amount("--quantity", quantity)).transpose()?;
    let (journal, mut remarks) = open(app)?;
    let lot = chosen(journal.open_lots()?, &named, sale)?;
    let held = &lot.position;
    let class = held.asset_class;
    let now = app.clock.now();
    let date = sale.date.unwrap_or_else(|| newest_open(class, now));
    if let Some(why) = untradable(class, date, now) {
        return Err(Refusal::Usage(format!("{named}: {why}")).into());
    }
    let at_hand = AtHand::read(app, class, &named);
    let at_open = at_hand.as_ref().and_then(|own| own.on(date)).map(|bar| bar.open);
    let (price, remark) = match (price, at_open) {
        (Some(price), _) => (price, at_hand.as_ref().and_then(|own| own.far_off(price, date))),
        (None, Some(open)) => {
            let remark = format!("the price is the open of {date}; name yours with --price");
            (open, Some(remark))
        }
        (None, None) => {
            let message = format!("{named}: no bar of {date} is at hand to tell its price; add --price");
            return Err(Refusal::Usage(message).into());
        }
    };
    remarks.extend(remark);
    let rescaled = at_hand.and_then(|own| own.marked(held, date));
    let split_factor = rescaled.map_or(1.0, |own| own.position.split_factor);
    if split_factor != 1.0 {
        remarks.push(format!(
            "splits made {} units of each one bought; quantity and price are taken as of {date}",
            format::quantity(split_factor)
        ));
    }
    let sold = recommended(&journal, class, &named, Direction::Sell, date)?;
    let reason = sold.into_iter().find(|own| own.strategy_name == held.strategy);
    let reason = reason.map_or_else(|| "by hand".to_owned(), |own| own.signal_type);
    let closing = Closing { date, price, split_factor, reason };
    let closed = journal.close_lot(lot.id, quantity, &closing, now)?;
    let left = (closed.id != lot.id).then_some(held.quantity - closed.position.quantity);
    Ok(Sold { lot: closed, left, remarks })
}

/// Finds the one lot that is meant.
fn chosen(lots: Vec<Lot>, named: &Symbol, sale: &Sale) -> Result<Lot, Refusal> {
    let is_meant = |lot: &&Lot| {
        let own = &lot.position;
        own.symbol == *named
            && sale.asset_class.is_none_or(|class| class == own.asset_class)
            && sale.strategy.as_ref().is_none_or(|strategy| *strategy == own.strategy)
    };
    let meant: Vec<&Lot> = lots.iter().filter(is_meant).collect();
    match meant[..] {
        [lot] => Ok(lot.clone()),
        [] => Err(Refusal::Usage(not_held(&lots, named, sale))),
        _ => {
            let held: Vec<String> = meant
                .iter()
                .map(|lot| format!("{} for {}", lot.position.asset_class, lot.position.strategy))
                .collect();
            let message = format!(
                "{named} is held more than once ({}); name one with --strategy or --asset-class",
                held.join(", ")
            );
            Err(Refusal::Usage(message))
        }
    }
}

fn not_held(lots: &[Lot], named: &Symbol, sale: &Sale) -> String {
    let own: Vec<String> = lots
        .iter()
        .filter(|lot| lot.position.symbol == *named)
        .map(|lot| format!("{} for {}", lot.position.asset_class, lot.position.strategy))
        .collect();
    if !own.is_empty() {
        let asked = sale.strategy.as_ref().map_or_else(String::new, |own| format!(" for {own}"));
        return format!("{named} is not held{asked}; it is held as {}", format::clean(&own.join(", ")));
    }
    let symbols = || lots.iter().map(|lot| lot.position.symbol.as_str());
    match closest(named.as_str(), symbols().map(|symbol| (symbol, symbol))) {
        Some(like) => format!("{named} is not held; did you mean {like}?"),
        None if lots.is_empty() => format!("{named} is not held: the journal holds no position"),
        None => format!("{named} is not held; `ts portfolio list` shows what is"),
    }
}
