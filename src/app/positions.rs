//! The positions file: what the user holds, until the journal keeps it.
//!
//! CSV with a header: `symbol, asset_class, strategy, entry_date, entry_price, quantity,
//! stop_price`, in any order. Prices are as traded. `stop_price` is the stop at the entry; the
//! strategy's own `stop` is replayed over every session since.

use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Refusal;
use crate::domain::AssetClass;
use crate::domain::Position;
use crate::domain::Symbol;

const COLUMNS: [&str; 7] =
    ["symbol", "asset_class", "strategy", "entry_date", "entry_price", "quantity", "stop_price"];

#[derive(Deserialize)]
struct Row {
    symbol: Symbol,
    asset_class: AssetClass,
    strategy: String,
    entry_date: NaiveDate,
    entry_price: f64,
    quantity: f64,
    stop_price: f64,
}

/// Reads a positions file. Each position's last close is its entry price until it is marked.
///
/// # Errors
/// Any row that cannot be read, by file and line: a position is money, so none is skipped.
pub fn read_positions(path: &Path) -> Result<Vec<Position>, Refusal> {
    let refuse = |what: String| Refusal::Configuration(format!("positions file {}: {what}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let header = reader.headers().map_err(|error| refuse(error.to_string()))?.clone();
    if let Some(absent) = COLUMNS.iter().find(|column| !header.iter().any(|name| name == **column)) {
        return Err(refuse(format!("has no column `{absent}`; it needs {}", COLUMNS.join(", "))));
    }
    let mut positions = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| refuse(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row: Row = record.deserialize(Some(&header)).map_err(|error| {
            let cause = match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => {
                    let column = err.field().and_then(|field| header.get(field as usize)).unwrap_or("?");
                    format!("column `{column}`: {}", err.kind())
                }
                _ => error.to_string(),
            };
            refuse(format!("line {line}: {cause}"))
        })?;
        let amounts =
            [("entry_price", row.entry_price), ("quantity", row.quantity), ("stop_price", row.stop_price)];
        if let Some((column, value)) = amounts.iter().find(|(_, value)| !(value.is_finite() && *value > 0.0))
        {
            return Err(refuse(format!("line {line}: column `{column}`: {value} is not a positive number")));
        }
        positions.push(Position {
            symbol: row.symbol,
            asset_class: row.asset_class,
            strategy: row.strategy,
            entry_date: row.entry_date,
            entry_price: row.entry_price,
            quantity: row.quantity,
            stop_price: row.stop_price,
            // The entry session's own close is the first that the rule sees.
            stop_session: row.entry_date.pred_opt().unwrap_or(row.entry_date),
            last_close: row.entry_price,
        });
    }
    Ok(positions)
}
