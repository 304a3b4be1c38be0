//! How values stand in the database, and how they are read back: days and instants as text that sorts, words
//! for what is one of a few.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use rusqlite::Row;
use rusqlite::types::Type;

/// Writes an instant with all its decimals, so that instants sort as text and come back exactly.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Reads a text as what it stands for.
pub(super) fn parsed<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    row.get::<_, String>(column)?.parse().map_err(|error| unreadable(column, error))
}

/// Reads a text as what it stands for, where there is one.
pub(super) fn parsed_if_there<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    let text = row.get::<_, Option<String>>(column)?;
    text.map(|text| text.parse().map_err(|error| unreadable(column, error))).transpose()
}

/// Reads JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|error| unreadable(column, error))
}

/// Reads a word that stands for one of a few values.
pub(super) fn one_of<T: Copy>(
    row: &Row<'_>,
    column: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    all.iter()
        .copied()
        .find(|value| word(*value) == text)
        .ok_or_else(|| unreadable(column, UnknownWord(text)))
}

/// Says that the value of a column is not what was stored there.
pub(super) fn unreadable(column: &str, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    let told = Unreadable { column: column.to_owned(), source: Box::new(error) };
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(told))
}

#[derive(Debug)]
struct Unreadable {
    column: String,
    source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.source)
    }
}

impl Error for Unreadable {}

/// A word that stands for nothing known.
#[derive(Debug)]
pub(super) struct UnknownWord(pub(super) String);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` stands for nothing known", self.0)
    }
}

impl Error for UnknownWord {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_as_text_and_come_back_exactly() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let row = ["2026-11-20T21:30:00Z", "2026-11-20T21:30:00.000000001Z", "2026-11-20T21:30:01Z"];
        let written: Vec<String> = row.iter().map(|text| instant(at(text))).collect();
        assert!(written.is_sorted(), "{written:?}");
        assert!(written.iter().zip(row).all(|(written, text)| at(written) == at(text)));
    }
}
