//! Lots that were bought: one as it is typed, or a file of them, all or none.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use super::prices::AtHand;
use super::{UNDO, absurd, amount, class_of, newest_open, open, recommended, symbol, untradable};
use crate::app::positions::{read_lines, read_positions};
use crate::app::{App, Refusal, load_scripts};
use crate::calendar;
use crate::decide::{Direction, Recommendation};
use crate::domain::closest;
use crate::domain::format;
use crate::domain::{AssetClass, Position, Symbol};
use crate::journal::{Journal, Lot, NewLot};
use crate::scripts::{Scripts, Strategy};

/// A purchase as it is typed.
#[derive(Clone, Debug)]
pub struct NewPosition {
    pub symbol: String,
    /// Needed where the universes do not tell.
    pub asset_class: Option<AssetClass>,
    pub quantity: f64,
    pub price: f64,
    /// The session of the purchase; the newest that has opened by default.
    pub date: Option<NaiveDate>,
    /// Who sells it; the one that recommended it by default, or the only one of its class.
    pub strategy: Option<String>,
    /// The stop at the entry; the recommendation's by default.
    pub stop: Option<f64>,
}

/// What was added, and what the user should know of it.
#[derive(Clone, Debug)]
pub struct Added {
    pub lots: Vec<Lot>,
    pub remarks: Vec<String>,
}

/// Adds one lot. Blocks.
///
/// # Errors
/// A [`Refusal`] for what cannot be right, with what to do; what the journal says.
pub fn add(app: &App, new: &NewPosition) -> anyhow::Result<Added> {
    let named = symbol(&new.symbol)?;
    let (quantity, price) = (amount("--quantity", new.quantity)?, amount("--price", new.price)?);
    let desk = Desk::of(app)?;
    let (journal, mut remarks) = open(app)?;
    refuse_unknown_file(app, &journal)?;
    let class = desk.class(app, &named, new)?;
    let refuse = |why: String| Refusal::Usage(format!("{named}: {why}"));
    let date = new.date.unwrap_or_else(|| newest_open(class, desk.now));
    // What is wrong is said before more is asked for.
    if let Some(why) = untradable(class, date, desk.now) {
        return Err(refuse(why).into());
    }
    if let Some(strategy) = &new.strategy {
        desk.sells(strategy, class).map_err(refuse)?;
    }
    let told = recommended(&journal, class, &named, Direction::Buy, date)?;
    // Whoever names the date knows when it was bought.
    let is_complete = new.date.is_some() || new.strategy.is_some() && new.stop.is_some();
    if !is_complete
        && told.is_empty()
        && let Some(why) = not_filled(&journal, class, &named, date)?
    {
        return Err(refuse(why).into());
    }
    let strategy = desk.strategy(new.strategy.as_deref(), class, &told)?;
    let (stop_price, stop_of) = stop(new, &named, &strategy, &told)?;
    let lot = NewLot {
        symbol: named,
        asset_class: class,
        strategy,
        entry_date: date,
        entry_price: price,
        quantity,
        stop_price,
    };
    desk.check(&lot).map_err(|why| Refusal::Usage(format!("{}: {why}", lot.symbol)))?;
    remarks.extend(stop_of);
    remarks.extend(oddity(app, &lot));
    remarks.extend(desk.outsized(&lot));
    Ok(Added { lots: vec![journal.add_lot(&lot, desk.now)?], remarks })
}

/// Adds the lots of a positions file, all or none; every line that is wrong is named. Blocks.
///
/// # Errors
/// As [`add`].
pub fn import(app: &App, file: &Path) -> anyhow::Result<Added> {
    let desk = Desk::of(app)?;
    let (mut lots, mut wrong) = (Vec::new(), Vec::new());
    // The file is what the command line asks for, and no setting.
    for (line, position) in read_lines(file).map_err(|error| Refusal::Usage(error.to_string()))? {
        let lot = lot_of(position);
        match desk.check(&lot) {
            Ok(()) => lots.push(lot),
            Err(why) => wrong.push(format!("line {line}: {}: {why}", lot.symbol)),
        }
    }
    if !wrong.is_empty() {
        let shown = wrong.len().min(SHOWN);
        let more = match wrong.len() - shown {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        let told = wrong[..shown].join("\n");
        let message = format!("{}: nothing was imported\n{told}{more}", file.display());
        return Err(Refusal::Usage(message).into());
    }
    if lots.is_empty() {
        return Err(Refusal::Usage(format!("{}: it has no line besides its header", file.display())).into());
    }
    let (journal, mut remarks) = open(app)?;
    remarks.extend(lots.iter().filter_map(|lot| oddity(app, lot)));
    remarks.extend(lots.iter().filter_map(|lot| desk.outsized(lot)));
    Ok(Added { lots: journal.import_lots(&lots, desk.now)?, remarks })
}

/// The lines named of a file that is wrong; an error is for reading.
const SHOWN: usize = 3;

/// The scripts that sell, the account, and the hour.
struct Desk {
    scripts: Scripts,
    /// What the settings take the account to hold.
    equity: f64,
    now: DateTime<Utc>,
}

impl Desk {
    fn of(app: &App) -> Result<Self, Refusal> {
        let equity = app.loaded.settings.risk.account_equity;
        Ok(Self { scripts: load_scripts(app)?.scripts, equity, now: app.clock.now() })
    }

    fn class(&self, app: &App, symbol: &Symbol, new: &NewPosition) -> Result<AssetClass, Refusal> {
        if let Some(class) = new.asset_class {
            return Ok(class);
        }
        if let Some(class) = class_of(app, symbol)? {
            return Ok(class);
        }
        let strategy = new.strategy.as_ref().and_then(|name| self.scripts.strategy(name));
        strategy.map(Strategy::asset_class).ok_or_else(|| {
            let message = format!("{symbol} is in no universe, so its class is not known; add --asset-class");
            Refusal::Usage(message)
        })
    }

    /// Chooses who sells: as named, as recommended, or the only one there is.
    fn strategy(
        &self,
        named: Option<&str>,
        class: AssetClass,
        told: &[Recommendation],
    ) -> Result<String, Refusal> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        if let Some(newest) = told.first() {
            return Ok(newest.strategy_name.clone());
        }
        match &self.names(class)[..] {
            [] => Err(Refusal::Usage(format!("no strategy for {class} is loaded to sell it; add one"))),
            [only] => Ok(only.clone()),
            several => Err(Refusal::Usage(format!(
                "no recent recommendation tells who sells it; add --strategy, one of {}",
                several.join(", ")
            ))),
        }
    }

    fn names(&self, class: AssetClass) -> Vec<String> {
        let own = self.scripts.strategies().iter().filter(|own| own.asset_class() == class);
        own.map(|own| own.name().to_owned()).collect()
    }

    /// Says why a strategy cannot sell what is of a class, as the end of a sentence.
    fn sells(&self, strategy: &str, class: AssetClass) -> Result<(), String> {
        let names = self.names(class);
        match self.scripts.strategy(strategy) {
            None => {
                let hint = closest(strategy, names.iter().map(|name| (name, name)))
                    .map(|name| format!("; did you mean `{name}`?"))
                    .unwrap_or_else(|| format!("; it is one of {}", names.join(", ")));
                Err(format!("no strategy is called `{}`{hint}", format::clean(strategy)))
            }
            Some(own) if own.asset_class() != class => Err(format!(
                "{strategy} trades {}, and this is {class}; name one of {}",
                own.asset_class(),
                names.join(", ")
            )),
            Some(_) => Ok(()),
        }
    }

    /// Says what cannot be right about a lot, as the end of a sentence.
    fn check(&self, lot: &NewLot) -> Result<(), String> {
        self.sells(&lot.strategy, lot.asset_class)?;
        if let Some(why) = untradable(lot.asset_class, lot.entry_date, self.now) {
            return Err(why);
        }
        if let Some(why) = absurd(lot.quantity, lot.entry_price, self.equity) {
            return Err(why);
        }
        if lot.stop_price >= lot.entry_price {
            return Err(format!(
                "its stop of {} is not under its entry of {}; give the stop as it was at the entry",
                format::price(lot.stop_price),
                format::price(lot.entry_price)
            ));
        }
        Ok(())
    }
}

impl Desk {
    /// Remarks a lot that cost more than the whole account is said to hold.
    fn outsized(&self, lot: &NewLot) -> Option<String> {
        let cost = lot.quantity * lot.entry_price;
        (cost > self.equity).then(|| {
            format!(
                "{}: {} in all is more than risk.account_equity ({}): check quantity and price ({UNDO}), or set \
                 risk.account_equity to what the account holds",
                lot.symbol,
                format::fixed(cost, 0),
                format::fixed(self.equity, 0)
            )
        })
    }
}

/// Says that what was recommended on the very session that is taken for the purchase's can be bought at the next open
/// only; `None` where nothing was.
fn not_filled(
    journal: &Journal,
    class: AssetClass,
    symbol: &Symbol,
    date: NaiveDate,
) -> anyhow::Result<Option<String>> {
    let next = calendar::next_session(class, date);
    let told = recommended(journal, class, symbol, Direction::Buy, next)?;
    Ok(told.iter().any(|own| own.session == date).then(|| {
        format!(
            "it was recommended after the close of {date}, to be bought at the open of {next}: add it once it is \
             bought, with --date {next}; for a purchase before that name --strategy and --stop"
        )
    }))
}

/// Takes the stop as typed, or the one of the strategy's own recommendation, and says where it is from.
fn stop(
    new: &NewPosition,
    symbol: &Symbol,
    strategy: &str,
    told: &[Recommendation],
) -> Result<(f64, Option<String>), Refusal> {
    if let Some(stop) = new.stop {
        return Ok((amount("--stop", stop)?, None));
    }
    let newest = told.iter().find(|own| own.strategy_name == strategy);
    let Some(newest) = newest else {
        let message =
            format!("no recent recommendation of {symbol} by {strategy} tells its stop; add --stop PRICE");
        return Err(Refusal::Usage(message));
    };
    let remark = format!(
        "the stop of {} is the one that was recommended on {}",
        format::price(newest.stop_price),
        newest.session
    );
    Ok((newest.stop_price, Some(remark)))
}

/// Remarks a price that is far from what was traded, where bars tell.
fn oddity(app: &App, lot: &NewLot) -> Option<String> {
    AtHand::read(app, lot.asset_class, &lot.symbol)?.far_off(lot.entry_price, lot.entry_date)
}

/// With its first lot the journal speaks in the place of the settings' file: what that holds must not be lost.
fn refuse_unknown_file(app: &App, journal: &Journal) -> anyhow::Result<()> {
    let Some(file) = &app.loaded.settings.portfolio.file else { return Ok(()) };
    if journal.positions()?.is_some() || read_positions(file)?.is_empty() {
        return Ok(());
    }
    let file = file.display();
    let message = format!(
        "portfolio.file = {file} holds positions that the journal does not, and would not be read any more; first \
         run `ts portfolio import {file}`"
    );
    Err(Refusal::Usage(message).into())
}

fn lot_of(own: Position) -> NewLot {
    NewLot {
        symbol: own.symbol,
        asset_class: own.asset_class,
        strategy: own.strategy.to_string(),
        entry_date: own.entry_date,
        entry_price: own.entry_price,
        quantity: own.quantity,
        stop_price: own.stop_price,
    }
}
