//! Reads the bars of a Parquet file: a date column of dates, timestamps or texts, and number
//! columns of any integer or float type.
//!
//! A timestamp counts as the date it shows in its own column, without a shift of time zone.

use std::io::Cursor;

use chrono::DateTime;
use chrono::NaiveDate;
use polars::prelude::Column;
use polars::prelude::DataType;
use polars::prelude::ParquetReader;
use polars::prelude::PolarsResult;
use polars::prelude::SerReader;
use polars::prelude::TimeUnit;

use super::COLUMNS;
use super::SourceError;
use super::Table;
use super::bar;
use super::columns;
use super::date;
use super::malformed;

/// Parses a whole file; `file` is only for messages. A row's number counts from 1.
pub(super) fn parse(file: &str, bytes: Vec<u8>) -> Result<Table, SourceError> {
    let broken =
        |error: polars::prelude::PolarsError| malformed(file, format!("not a Parquet file: {error}"));
    if bytes.is_empty() {
        return Err(malformed(
            file,
            format!("the file is empty; it needs the columns {}", COLUMNS.join(", ")),
        ));
    }
    let names: Vec<String> = {
        let schema = ParquetReader::new(Cursor::new(&bytes)).schema().map_err(broken)?;
        schema.iter_names().map(polars::prelude::PlSmallStr::to_string).collect()
    };
    let places = columns(file, &names)?;
    // Only these are decoded: a column that nobody asked for may have any type.
    let wanted = places.iter().map(|place| names[*place].clone()).collect();
    let frame =
        ParquetReader::new(Cursor::new(&bytes)).with_columns(Some(wanted)).finish().map_err(broken)?;
    if frame.height() == 0 {
        return Err(malformed(file, "no rows"));
    }
    let column = |place: usize| frame.column(&names[places[place]]).map_err(broken);
    let dates = dates(file, column(0)?)?;
    let mut numbers = Vec::with_capacity(5);
    for place in 1..COLUMNS.len() {
        numbers.push(floats(file, column(place)?)?);
    }
    let mut table = Table::default();
    for (index, day) in dates.into_iter().enumerate() {
        let line = Some(index as u64 + 1);
        let Some(day) = day else {
            table.drop_row(file, line, None, "date is empty or not a date like 2024-01-02");
            continue;
        };
        let mut values = [0.0; 5];
        let mut empty = None;
        for ((value, column), name) in values.iter_mut().zip(&numbers).zip(&COLUMNS[1..]) {
            match column[index] {
                Some(number) => *value = number,
                None => empty = empty.or(Some(name)),
            }
        }
        match empty {
            Some(name) => table.drop_row(file, line, None, &format!("{name} is empty")),
            None => table.bars.push(bar(day, values)),
        }
    }
    Ok(table)
}

fn dates(file: &str, column: &Column) -> Result<Vec<Option<NaiveDate>>, SourceError> {
    let wrong = |what: String| malformed(file, format!("column {}: {what}", column.name()));
    let physical = || -> PolarsResult<Vec<Option<i64>>> {
        let integers = column.as_materialized_series().to_physical_repr().cast(&DataType::Int64)?;
        Ok(integers.i64()?.iter().collect())
    };
    let instants = |of: fn(i64) -> Option<NaiveDate>| -> Result<Vec<Option<NaiveDate>>, SourceError> {
        let values = physical().map_err(|error| wrong(error.to_string()))?;
        Ok(values.into_iter().map(|value| value.and_then(of)).collect())
    };
    match column.dtype() {
        DataType::Date => instants(|days| {
            let days = i32::try_from(days).ok()?;
            NaiveDate::from_epoch_days(days)
        }),
        DataType::Datetime(TimeUnit::Milliseconds, _) => {
            instants(|millis| Some(DateTime::from_timestamp_millis(millis)?.date_naive()))
        }
        DataType::Datetime(TimeUnit::Microseconds, _) => {
            instants(|micros| Some(DateTime::from_timestamp_micros(micros)?.date_naive()))
        }
        DataType::Datetime(TimeUnit::Nanoseconds, _) => {
            instants(|nanos| Some(DateTime::from_timestamp_nanos(nanos).date_naive()))
        }
        DataType::String => {
            let texts = column.str().map_err(|error| wrong(error.to_string()))?;
            Ok(texts.iter().map(|text| text.and_then(date)).collect())
        }
        other => {
            Err(wrong(format!("{other:?} is no date; write dates, timestamps or texts like 2024-01-02")))
        }
    }
}

fn floats(file: &str, column: &Column) -> Result<Vec<Option<f64>>, SourceError> {
    let wrong = |what: String| malformed(file, format!("column {}: {what}", column.name()));
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong(format!("{:?} is no number type", column.dtype())));
    }
    let series =
        column.as_materialized_series().cast(&DataType::Float64).map_err(|error| wrong(error.to_string()))?;
    let values = series.f64().map_err(|error| wrong(error.to_string()))?;
    Ok(values.iter().collect())
}
