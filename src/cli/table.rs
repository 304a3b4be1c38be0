//! Tables for people and programs: aligned text, CSV and JSON of the same cells.

use serde_json::{Map, Number, Value};

/// One cell: text, a number, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    Missing,
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Cell::Missing, Cell::Number)
    }
}

/// A header and its rows, each as long as the header.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Makes a table of rows that are cells by this header.
    pub(super) fn of<const N: usize>(header: [&str; N], rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        Self { header: header.map(str::to_owned).to_vec(), rows: rows.collect() }
    }

    /// Renders CSV: numbers in full, an empty cell where a value is missing.
    pub(super) fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                Cell::Number(number) => number.to_string(),
                Cell::Missing => String::new(),
            }))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    /// Renders a JSON array of objects: numbers in full, `null` where a value is missing.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let object = |row: &Vec<Cell>| -> Map<String, Value> {
            self.header.iter().cloned().zip(row.iter().map(Cell::value)).collect()
        };
        let rows: Vec<_> = self.rows.iter().map(object).collect();
        Ok(serde_json::to_string_pretty(&rows)?)
    }

    /// Renders aligned text: numbers to six significant digits, `-` where a value is missing.
    pub(super) fn text(&self) -> String {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::short).collect()).collect();
        let width = |column: usize| {
            let longest = cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            longest.max(self.header[column].chars().count())
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let is_number = |column: usize| self.rows.iter().any(|row| matches!(row[column], Cell::Number(_)));
        let mut text = String::new();
        for row in std::iter::once(&self.header).chain(&cells) {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                let aligned = if is_number(column) { format!("{pad}{cell}") } else { format!("{cell}{pad}") };
                line.push_str(&aligned);
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

impl Cell {
    fn value(&self) -> Value {
        match self {
            Cell::Text(text) => Value::String(text.clone()),
            Cell::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Cell::Missing => Value::Null,
        }
    }

    fn short(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => significant(*number),
            Cell::Missing => "-".to_owned(),
        }
    }
}

/// Six significant digits without an exponent, trailing zeros cut.
fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(5 - magnitude).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_six_significant_digits() {
        for (number, expected) in [
            (0.0, "0"),
            (187.2, "187.2"),
            (0.0000123456789, "0.0000123457"),
            (-1234567.8, "-1234568"),
            (1e12, "1000000000000"),
        ] {
            assert_eq!(significant(number), expected);
        }
    }

    #[test]
    fn a_missing_cell_is_empty_in_csv_and_null_in_json() {
        let table = Table {
            header: vec!["a".to_owned(), "b".to_owned()],
            rows: vec![
                vec![Cell::Text("x,y".to_owned()), Cell::Missing],
                vec![Cell::Number(0.1), Cell::Number(1.0)],
            ],
        };
        assert_eq!(table.csv().expect("csv of two columns"), "a,b\n\"x,y\",\n0.1,1\n");
        let json: Value =
            serde_json::from_str(&table.json().expect("json of two columns")).expect("valid json");
        assert_eq!(json[0]["b"], Value::Null);
        assert_eq!(json[1]["a"], 0.1);
    }
}
