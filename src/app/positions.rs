//! What the user holds: by the file that a flag names, else by the journal, else by the settings' file.
//!
//! The journal speaks from the first lot that was ever added to it, sold ones included: a file that was right
//! before must not bring back what was sold since.
//!
//! The file is CSV with a header: `symbol, asset_class, strategy, entry_date, entry_price, quantity,
//! stop_price`, in any order and letter case. Prices are as traded. `stop_price` is the stop at the entry; the
//! strategy's own `stop` is replayed over every session since. A strategy holds one lot of a
//! symbol: a sale names class, symbol and strategy, and could not tell two lots apart.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;

use chrono::NaiveDate;
use csv::StringRecord;

use super::{App, Refusal};
use crate::domain::Position;
use crate::journal::{Journal, JournalError};
use crate::settings::SourceName;

const COLUMNS: [&str; 7] =
    ["symbol", "asset_class", "strategy", "entry_date", "entry_price", "quantity", "stop_price"];

/// Reads what is held. On the simulated market the journal's real positions have no place.
///
/// # Errors
/// As [`read_positions`], and a journal that cannot be read.
pub(super) fn positions(
    app: &App,
    named: Option<&Path>,
    source: Option<SourceName>,
) -> Result<Vec<Position>, Refusal> {
    if let Some(file) = named {
        return read_positions(file);
    }
    if source != Some(SourceName::Simulated)
        && let Some(kept) = kept(&app.loaded.settings.journal.path)?
    {
        return Ok(kept);
    }
    app.loaded.settings.portfolio.file.as_deref().map_or(Ok(Vec::new()), read_positions)
}

/// Reads the positions of the journal; `None` where it never held one.
fn kept(journal: &Path) -> Result<Option<Vec<Position>>, Refusal> {
    match Journal::open_to_read(journal).and_then(|journal| journal.positions()) {
        Ok(kept) => Ok(kept),
        Err(JournalError::Missing { .. }) => Ok(None),
        Err(error) => Err(Refusal::Configuration(format!(
            "failed to {error}\nwhat you hold is not known; name a file of it with --positions to go on"
        ))),
    }
}

/// Reads a positions file. Each position's last close is its entry price until it is marked.
///
/// # Errors
/// Any row that cannot be read, by file and line, and the second of two lots that one strategy
/// holds of a symbol: a position is money, so none is skipped.
pub fn read_positions(path: &Path) -> Result<Vec<Position>, Refusal> {
    Ok(read_lines(path)?.into_iter().map(|(_, position)| position).collect())
}

/// Does the same, each position with its line.
pub(super) fn read_lines(path: &Path) -> Result<Vec<(u64, Position)>, Refusal> {
    let refuse = |what: String| Refusal::Configuration(format!("positions file {}: {what}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(path)
        .map_err(|error| refuse(unread(&error)))?;
    let header = reader.headers().map_err(|error| refuse(unread(&error)))?;
    let header: StringRecord = header.iter().map(str::to_lowercase).collect();
    let twice = COLUMNS.iter().find(|column| header.iter().filter(|name| name == *column).count() > 1);
    if let Some(column) = twice {
        return Err(refuse(format!("has the column `{column}` twice; leave one")));
    }
    if let Some(absent) = COLUMNS.iter().find(|column| !header.iter().any(|name| name == **column)) {
        return Err(refuse(format!("has no column `{absent}`; it needs {}", COLUMNS.join(", "))));
    }
    let mut positions = Vec::new();
    let mut lines = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| refuse(unread(&error)))?;
        let line = record.position().map_or(0, csv::Position::line);
        let read = position(&header, &record).map_err(|what| refuse(format!("line {line}: {what}")))?;
        let lot = (read.asset_class, read.symbol.clone(), read.strategy.clone());
        if let Some(before) = lines.insert(lot, line) {
            return Err(refuse(format!(
                "lines {before} and {line} both hold {} {} for {}; a strategy holds one lot, so add the \
                 quantities together in one line",
                read.asset_class, read.symbol, read.strategy
            )));
        }
        positions.push((line, read));
    }
    Ok(positions)
}

/// Says why the file cannot be read, as the end of a sentence.
fn unread(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == ErrorKind::NotFound => {
            "cannot be read, since there is no such file; check the path".to_owned()
        }
        csv::ErrorKind::Io(error) => {
            format!("cannot be read ({error}); check the path, and who may read it")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(1, csv::Position::line);
            format!("line {line}: it is not text in UTF-8; save the file as CSV in UTF-8")
        }
        _ => {
            let line = error.position().map_or(1, csv::Position::line);
            format!("line {line}: it cannot be read as CSV; write the columns with commas between them")
        }
    }
}

/// Reads one row, or says which of its columns is wrong.
fn position(header: &StringRecord, record: &StringRecord) -> Result<Position, String> {
    if record.len() != header.len() {
        return Err(format!("has {} columns and the header {}", record.len(), header.len()));
    }
    let cells = Cells(header.iter().zip(record.iter()).collect());
    let entry_date: NaiveDate = cells.parse("entry_date", "a date like 2026-11-02")?;
    let entry_price = cells.amount("entry_price")?;
    Ok(Position {
        symbol: cells.parse("symbol", "a symbol like BRK.B")?,
        asset_class: cells.parse("asset_class", "equity or crypto")?,
        strategy: cells.get("strategy").into(),
        entry_date,
        entry_price,
        quantity: cells.amount("quantity")?,
        stop_price: cells.amount("stop_price")?,
        // The entry session's own close is the first that the rule sees.
        stop_session: entry_date.pred_opt().unwrap_or(entry_date),
        last_close: entry_price,
        split_factor: 1.0,
    })
}

/// The cells of a row, by the name of their column.
struct Cells<'a>(BTreeMap<&'a str, &'a str>);

impl Cells<'_> {
    fn get(&self, column: &str) -> &str {
        self.0.get(column).copied().unwrap_or_default()
    }

    fn parse<T: FromStr>(&self, column: &str, wanted: &str) -> Result<T, String> {
        let cell = self.get(column);
        cell.parse().map_err(|_| format!("column `{column}`: `{cell}` is not {wanted}"))
    }

    fn amount(&self, column: &str) -> Result<f64, String> {
        const WANTED: &str = "a number over zero";
        let amount: f64 = self.parse(column, WANTED)?;
        if amount.is_finite() && amount > 0.0 {
            return Ok(amount);
        }
        Err(format!("column `{column}`: `{}` is not {WANTED}", self.get(column)))
    }
}
