//! `ts portfolio`: what was bought and sold, and what is held.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::portfolio;
use crate::app::portfolio::{HeldRow, NewPosition, Sale, Sold};
use crate::domain::AssetClass;
use crate::domain::format;
use crate::journal::{Lot, Undone};

use super::args::Global;
use super::choices::{OneClass, TextFormat};
use super::exit::Outcome;
use super::output;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Subcommand)]
pub(super) enum PortfolioAction {
    /// Adds what you bought, so that its stop and exit rule are checked each session
    Add(AddArgs),
    /// Tells that you sold a position, or a part of it
    Close(CloseArgs),
    /// Shows what you hold at the newest cached prices, without the network
    List {
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Adds the positions of a CSV file, all or none (the README says which columns)
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Takes back the last add, close or import; called again, the one before it
    Undo,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    pub symbol: String,
    /// How many units
    #[arg(long, value_name = "UNITS", allow_negative_numbers = true)]
    pub quantity: f64,
    /// What one unit cost
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    pub price: f64,
    /// The session on which you bought; the newest that has opened by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// The strategy that sells it; by default the one that recommended it
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// The stop at the entry; by default the one that was recommended
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    pub stop: Option<f64>,
    /// The asset class, where the universes do not tell it
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    pub symbol: String,
    /// What one unit brought; by default the open of the session, where its bar is at hand
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    pub price: Option<f64>,
    /// The session on which you sold; the newest that has opened by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// How many units, as they were counted on that day; all by default
    #[arg(long, value_name = "UNITS", allow_negative_numbers = true)]
    pub quantity: Option<f64>,
    /// The strategy, where several hold the symbol
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// The asset class, where both hold the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

/// Adds, closes, imports or lists positions, or takes the last change back.
pub(super) fn portfolio(global: &Global, action: &PortfolioAction) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let (text, remarks) = match action {
        PortfolioAction::Add(args) => {
            let added = portfolio::add(&app, &new_position(args))?;
            (lines(&added.lots), added.remarks)
        }
        PortfolioAction::Import { file } => {
            let added = portfolio::import(&app, file)?;
            let count = format::count(added.lots.len(), "position");
            (format!("{}Imported {count}.\n", lines(&added.lots)), added.remarks)
        }
        PortfolioAction::Close(args) => {
            let sold = portfolio::close(&app, &sale(args))?;
            (told(&sold), sold.remarks)
        }
        PortfolioAction::Undo => (undone(&portfolio::undo(&app)?), Vec::new()),
        PortfolioAction::List { format } => {
            let rows = portfolio::held_rows(&app)?;
            let doubts =
                rows.iter().filter_map(|own| Some(format!("{}: {}", own.symbol, own.doubt.as_ref()?)));
            (list(&rows, *format)?, doubts.collect())
        }
    };
    for remark in remarks {
        output::remark(format_args!("note: {remark}"));
    }
    output::write(&text, None)?;
    Ok(Outcome::Done)
}

fn new_position(args: &AddArgs) -> NewPosition {
    NewPosition {
        symbol: args.symbol.clone(),
        asset_class: args.asset_class.map(AssetClass::from),
        quantity: args.quantity,
        price: args.price,
        date: args.date,
        strategy: args.strategy.clone(),
        stop: args.stop,
    }
}

fn sale(args: &CloseArgs) -> Sale {
    Sale {
        symbol: args.symbol.clone(),
        asset_class: args.asset_class.map(AssetClass::from),
        strategy: args.strategy.clone(),
        price: args.price,
        date: args.date,
        quantity: args.quantity,
    }
}

/// One line a lot: what is held from now on, and what it risks.
fn lines(lots: &[Lot]) -> String {
    let mut text = String::new();
    for lot in lots {
        let own = &lot.position;
        let at_risk = own.quantity * (own.entry_price - own.stop_price);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{} {} {} bought at {} on {}, stop {} (risks {}), sold by {}",
            own.asset_class,
            own.symbol,
            format::quantity(own.quantity),
            format::price(own.entry_price),
            own.entry_date,
            format::price(own.stop_price),
            format::fixed(at_risk, 2),
            own.strategy,
        );
    }
    text
}

fn told(sold: &Sold) -> String {
    let (own, Some(closing)) = (&sold.lot.position, &sold.lot.closing) else { return String::new() };
    let units = own.quantity * closing.split_factor;
    let pnl = sold.lot.pnl().map(format::signed_money).unwrap_or_default();
    let risk = own.entry_price - sold.lot.entry_stop;
    let in_r = (closing.price * closing.split_factor - own.entry_price) / risk;
    let left = sold.left.map_or_else(
        || ", none is left".to_owned(),
        |left| format!(", {} are left", format::quantity(left * closing.split_factor)),
    );
    format!(
        "{} {} {} sold at {} on {} ({}): {pnl}, {} R{left}\n",
        own.asset_class,
        own.symbol,
        format::quantity(units),
        format::price(closing.price),
        closing.date,
        format::clean(&closing.reason),
        format::fixed(in_r, 2),
    )
}

fn undone(undone: &Undone) -> String {
    match undone {
        Undone::Added { lots, told_at } => {
            let number = lots.len();
            let are = if number == 1 { "is" } else { "are" };
            let count = format::count(number, "position");
            format!(
                "{}Undone: {count} added on {} {are} held no longer.\n",
                lines(lots),
                told_at.format("%Y-%m-%d at %H:%M UTC")
            )
        }
        Undone::Closed { sold, held, told_at } => {
            let own = &held.position;
            let sale = sold.closing.as_ref().map_or_else(String::new, |closing| {
                let units = format::quantity(sold.position.quantity * closing.split_factor);
                format!(" of {units} at {} on {}", format::price(closing.price), closing.date)
            });
            format!(
                "{}Undone: the sale{sale}, told on {}; {} {} are held again.\n",
                lines(std::slice::from_ref(&**held)),
                told_at.format("%Y-%m-%d at %H:%M UTC"),
                format::quantity(own.quantity),
                own.symbol,
            )
        }
    }
}

fn list(rows: &[HeldRow], form: TextFormat) -> anyhow::Result<String> {
    if form == TextFormat::Json {
        return Ok(serde_json::to_string_pretty(&rows.iter().map(json_of).collect::<Vec<_>>())?);
    }
    if rows.is_empty() {
        return Ok("No positions are held.".to_owned());
    }
    let header = [
        "symbol", "class", "strategy", "since", "sessions", "quantity", "entry", "stop", "close", "of",
        "value", "P&L", "P&L %", "R",
    ];
    let with = |value: Option<f64>, form: fn(f64) -> String| Cell::Text(value.map_or("-".to_owned(), form));
    let cells = |own: &HeldRow| {
        vec![
            Cell::Text(own.symbol.clone()),
            Cell::Text(own.asset_class.to_string()),
            Cell::Text(own.strategy.clone()),
            Cell::Text(own.entry_date.to_string()),
            own.sessions_held.map_or(Cell::Missing, |held| Cell::Number(held as f64)),
            Cell::Text(format::quantity(own.quantity)),
            Cell::Text(format::price(own.entry_price)),
            Cell::Text(format::price(own.stop_price)),
            with(own.close.map(|(_, close)| close), format::price),
            own.close.map_or(Cell::Missing, |(date, _)| Cell::Text(date.to_string())),
            with(own.value, |value| format::fixed(value, 2)),
            with(own.pnl, format::signed_money),
            with(own.pnl_pct, |pnl| format::signed_percent(pnl, 2)),
            with(own.r_multiple, |r| format::fixed(r, 2)),
        ]
    };
    Ok(Table::of(header, rows.iter().map(cells)).text())
}

fn json_of(own: &HeldRow) -> Value {
    json!({
        "symbol": own.symbol,
        "asset_class": own.asset_class,
        "strategy": own.strategy,
        "entry_date": own.entry_date,
        "entry_price": own.entry_price,
        "quantity": own.quantity,
        "stop_price": own.stop_price,
        "close": own.close.map(|(_, close)| close),
        "close_date": own.close.map(|(date, _)| date),
        "value": own.value,
        "pnl": own.pnl,
        "pnl_pct": own.pnl_pct,
        "r_multiple": own.r_multiple,
        "sessions_held": own.sessions_held,
        "split_factor": own.split_factor,
        "doubt": own.doubt,
    })
}
