//! Bars to the bytes of a Parquet file, and back.
//!
//! The options are those for many small files: no statistics (nobody filters a file that is read
//! whole), one row group, columns read one after the other since the files themselves are read side
//! by side. LZ4, because of 10,000 files of 520 bars, read back on two busy cores (`benches/cache.rs`),
//! uncompressed ones take 0.5 s and 242 MB, LZ4 1.0 s and 152 MB, Zstandard 2.3 s and 107 MB.

use std::io::Cursor;

use chrono::NaiveDate;
use polars::prelude::DataFrame;
use polars::prelude::DataType;
use polars::prelude::IntoColumn;
use polars::prelude::NamedFrom;
use polars::prelude::ParallelStrategy;
use polars::prelude::ParquetCompression;
use polars::prelude::ParquetReader;
use polars::prelude::ParquetWriter;
use polars::prelude::PolarsResult;
use polars::prelude::SerReader;
use polars::prelude::Series;
use polars::prelude::StatisticsOptions;

use crate::bars::Bars;
use crate::bars::check;
use crate::domain::Bar;
use crate::domain::Symbol;

const DATE: &str = "date";
const NUMBERS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Writes bars as a Parquet file of the columns `date, open, high, low, close, volume`.
///
/// # Errors
/// What the writer says.
pub fn encode(bars: &Bars) -> PolarsResult<Vec<u8>> {
    let days: Vec<i32> = bars.dates().iter().map(NaiveDate::to_epoch_days).collect();
    let mut columns = vec![Series::new(DATE.into(), days).cast(&DataType::Date)?.into_column()];
    let numbers: [Vec<f64>; 5] = [
        bars.iter().map(|bar| bar.open).collect(),
        bars.iter().map(|bar| bar.high).collect(),
        bars.iter().map(|bar| bar.low).collect(),
        bars.iter().map(|bar| bar.close).collect(),
        bars.iter().map(|bar| bar.volume).collect(),
    ];
    for (name, values) in NUMBERS.into_iter().zip(numbers) {
        columns.push(Series::new(name.into(), values).into_column());
    }
    let mut frame = DataFrame::new(bars.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Lz4Raw)
        .with_statistics(StatisticsOptions::empty())
        .set_parallel(false)
        .finish(&mut frame)?;
    Ok(bytes)
}

/// Reads the file back. Every bar is checked again, so that a file which another hand wrote cannot
/// bring in what no source could.
///
/// # Errors
/// What is wrong with the file, as the end of a sentence.
pub(super) fn decode(symbol: &Symbol, bytes: &[u8]) -> Result<Bars, String> {
    let rows = rows(bytes).map_err(|error| format!("it is no Parquet file of bars: {error}"))?;
    let Some(rows) = rows else { return Err("a row has an empty cell".to_owned()) };
    let Some(last) = rows.iter().map(|bar| bar.date).max() else { return Err("it has no rows".to_owned()) };
    let (bars, problems) = check(symbol.clone(), rows, last);
    match problems.into_iter().next() {
        None => Ok(bars),
        Some(problem) => Err(format!("the check {}", problem.message)),
    }
}

/// Reads the rows, or `None` where a cell is empty.
fn rows(bytes: &[u8]) -> PolarsResult<Option<Vec<Bar>>> {
    let frame = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None).finish()?;
    let days = frame.column(DATE)?.date()?.physical().clone();
    let column =
        |name: &str| -> PolarsResult<Vec<Option<f64>>> { Ok(frame.column(name)?.f64()?.iter().collect()) };
    let numbers: Vec<Vec<Option<f64>>> = NUMBERS.into_iter().map(column).collect::<PolarsResult<_>>()?;
    let row = |index: usize, day: Option<i32>| {
        Some(Bar {
            date: NaiveDate::from_epoch_days(day?)?,
            open: numbers[0][index]?,
            high: numbers[1][index]?,
            low: numbers[2][index]?,
            close: numbers[3][index]?,
            volume: numbers[4][index]?,
        })
    };
    Ok(days.iter().enumerate().map(|(index, day)| row(index, day)).collect())
}

#[cfg(test)]
mod tests {
    use polars::prelude::Column;

    use super::super::tests::bars;
    use super::*;

    #[test]
    fn bars_come_back_bit_for_bit() {
        let bars = bars("AAPL", "2023-12-28", 700);
        let bytes = encode(&bars).expect("bars have a Parquet form");
        assert_eq!(decode(bars.symbol(), &bytes), Ok(bars.clone()));
        let odd = Bar {
            open: 0.1 + 0.2,
            high: f64::MAX,
            low: f64::MIN_POSITIVE,
            close: 1.0 / 3.0,
            ..bars.get(0).expect("a bar")
        };
        let (odd, _) = check(bars.symbol().clone(), vec![odd], odd.date);
        let bytes = encode(&odd).expect("bars have a Parquet form");
        assert_eq!(decode(odd.symbol(), &bytes), Ok(odd));
    }

    #[test]
    fn the_same_bars_make_the_same_bytes() {
        let bars = bars("AAPL", "2024-01-02", 30);
        assert_eq!(encode(&bars).ok(), encode(&bars).ok());
    }

    #[test]
    fn a_broken_file_is_an_error_at_every_length() {
        let bars = bars("AAPL", "2024-01-02", 30);
        let bytes = encode(&bars).expect("bars have a Parquet form");
        for length in (0..bytes.len()).step_by(7) {
            assert!(decode(bars.symbol(), &bytes[..length]).is_err(), "{length} bytes of {}", bytes.len());
        }
    }

    #[test]
    fn a_file_of_another_shape_is_refused() {
        let frame = DataFrame::new(1, vec![Column::new("close".into(), [1.0])]);
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame.expect("a frame")).expect("a file");
        let refusal = decode(&Symbol::new("X").expect("a symbol"), &bytes).expect_err("no dates");
        assert!(refusal.contains("date"), "{refusal}");
    }
}
