//! Reads the bars of a CSV file: quoted fields, CRLF, blank lines and a byte order mark are fine.

use super::COLUMNS;
use super::SourceError;
use super::Table;
use super::bar;
use super::columns;
use super::date;
use super::malformed;

/// What some spreadsheets write before the first name.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Parses a whole file; `file` is only for messages.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Table, SourceError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(malformed(
            file,
            format!("the file is empty; it needs a line with {}", COLUMNS.join(", ")),
        ));
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let names = reader.headers().map_err(|error| malformed(file, error.to_string()))?;
    let names: Vec<String> = names.iter().map(str::to_owned).collect();
    let places = columns(file, &names)?;
    let mut table = Table::default();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map(|start| line(bytes, start));
                row(file, line, &record, places, &mut table);
            }
            Err(error) => {
                let line = error.position().map(|start| line(bytes, start));
                table.drop_row(file, line, None, "not UTF-8 text");
            }
        }
    }
    if table.bars.is_empty() && table.bad_rows.count() == 0 {
        return Err(malformed(file, "no rows under the column names"));
    }
    Ok(table)
}

/// The line of a record. The reader's own position stands before the blank lines that it skips.
fn line(bytes: &[u8], start: &csv::Position) -> u64 {
    let rest = usize::try_from(start.byte()).ok().and_then(|byte| bytes.get(byte..)).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    start.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn row(file: &str, line: Option<u64>, record: &csv::StringRecord, places: [usize; 6], table: &mut Table) {
    let [date_place, numbers @ ..] = places;
    let Some(day) = record.get(date_place).and_then(date) else {
        return bad_cell(file, line, record, (date_place, COLUMNS[0]), "a date like 2024-01-02", table);
    };
    let mut values = [0.0; 5];
    for ((value, place), name) in values.iter_mut().zip(numbers).zip(&COLUMNS[1..]) {
        let Some(number) = record.get(place).and_then(|cell| cell.parse::<f64>().ok()) else {
            return bad_cell(file, line, record, (place, name), "a number", table);
        };
        *value = number;
    }
    table.bars.push(bar(day, values));
}

fn bad_cell(
    file: &str,
    line: Option<u64>,
    record: &csv::StringRecord,
    (place, name): (usize, &str),
    wanted: &str,
    table: &mut Table,
) {
    let found = match record.get(place) {
        None | Some("") => format!("{name} is empty"),
        Some(cell) => format!("{name} is `{}`", cell.chars().take(40).collect::<String>()),
    };
    table.drop_row(file, line, Some(place as u64 + 1), &format!("{found}, not {wanted}"));
}
