//! Bars as stored values: one a symbol and calendar month, so that the next run adds only the months that
//! changed.
//!
//! Bars come back to the bit. Columns stand one behind the other and their bytes are sorted by significance: the
//! high bytes of neighbouring prices are the same, which is what compresses.

use chrono::Datelike as _;
use chrono::NaiveDate;
use rusqlite::Connection;

use super::blobs;
use super::blobs::Packer;
use super::error::Fault;
use crate::bars::Bars;
use crate::bars::check;
use crate::domain::Bar;
use crate::domain::Symbol;

/// The bytes of a bar: a day and five numbers.
const WIDTH: usize = 4 + 5 * 8;

/// Stores a symbol's bars and returns the rows of its months: the first, then the steps to the next.
pub(super) fn put(connection: &Connection, packer: &mut Packer, bars: &Bars) -> rusqlite::Result<Vec<i64>> {
    let rows: Vec<Bar> = bars.iter().collect();
    let months = rows.chunk_by(|a, b| (a.date.year(), a.date.month()) == (b.date.year(), b.date.month()));
    let mut steps = Vec::new();
    let mut last = 0;
    for month in months {
        let id = blobs::put(connection, packer, &encode(month))?;
        steps.push(id - last);
        last = id;
    }
    Ok(steps)
}

/// Returns the bars of a symbol by the rows of its months. They are checked again: what another hand put there
/// cannot bring in what no source could.
pub(super) fn get(connection: &Connection, symbol: Symbol, steps: &[i64]) -> Result<Bars, Fault> {
    let damaged = |what: &str| Fault::Damaged(format!("the bars of {symbol} ({what})"));
    let mut rows = Vec::new();
    let mut id = 0;
    for step in steps {
        id += step;
        rows.extend(decode(&blobs::get(connection, id)?).ok_or_else(|| damaged("they are no bars"))?);
    }
    let Some(last) = rows.iter().map(|bar| bar.date).max() else { return Ok(Bars::empty(symbol)) };
    let (bars, problems) = check(symbol.clone(), rows, last);
    match problems.first() {
        None => Ok(bars),
        Some(problem) => Err(damaged(&problem.message)),
    }
}

fn encode(rows: &[Bar]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * WIDTH);
    let days: Vec<[u8; 4]> = rows.iter().map(|bar| bar.date.to_epoch_days().to_le_bytes()).collect();
    bytes.extend((0..4).flat_map(|byte| days.iter().map(move |day| day[byte])));
    let columns: [fn(&Bar) -> f64; 5] =
        [|bar| bar.open, |bar| bar.high, |bar| bar.low, |bar| bar.close, |bar| bar.volume];
    for column in columns {
        let numbers: Vec<[u8; 8]> = rows.iter().map(|bar| column(bar).to_le_bytes()).collect();
        bytes.extend((0..8).flat_map(|byte| numbers.iter().map(move |number| number[byte])));
    }
    bytes
}

/// Reads what [`encode`] wrote; `None` for anything else.
fn decode(bytes: &[u8]) -> Option<Vec<Bar>> {
    let count = bytes.len() / WIDTH;
    if count * WIDTH != bytes.len() {
        return None;
    }
    let (days, numbers) = bytes.split_at(4 * count);
    let number = |column: usize, row: usize| {
        let column = &numbers[column * 8 * count..];
        f64::from_le_bytes(std::array::from_fn(|byte| column[byte * count + row]))
    };
    let bar = |row: usize| {
        let day = i32::from_le_bytes(std::array::from_fn(|byte| days[byte * count + row]));
        Some(Bar {
            date: NaiveDate::from_epoch_days(day)?,
            open: number(0, row),
            high: number(1, row),
            low: number(2, row),
            close: number(3, row),
            volume: number(4, row),
        })
    };
    (0..count).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn bars(until: &str) -> Bars {
        let until: NaiveDate = until.parse().expect("a date");
        let first: NaiveDate = "2026-01-20".parse().expect("a date");
        let days = first.iter_days().take_while(|day| *day <= until);
        let rows = days.enumerate().map(|(at, date)| {
            let close = 100.0 + (at as f64) / 3.0;
            Bar { date, open: close, high: close + 0.1 + 0.2, low: close - 1.0, close, volume: 1e6 / 7.0 }
        });
        Bars::for_tests(Symbol::new("AAPL").expect("a symbol"), &rows.collect::<Vec<_>>())
    }

    fn stored(journal: &Journal, bars: &Bars) -> Vec<i64> {
        let put = |transaction: &rusqlite::Transaction<'_>| Ok(put(transaction, &mut Packer::new(), bars)?);
        journal.write(put).expect("stored")
    }

    #[test]
    fn bars_come_back_to_the_bit() {
        let journal = Journal::in_memory().expect("memory");
        for bars in [bars("2026-04-03"), bars("2026-01-20"), Bars::empty(bars("2026-02-01").symbol().clone())]
        {
            let steps = stored(&journal, &bars);
            let back = journal.read(|connection| get(connection, bars.symbol().clone(), &steps));
            assert_eq!(back.expect("there"), bars);
        }
    }

    #[test]
    fn the_next_day_adds_its_month_alone() {
        let journal = Journal::in_memory().expect("memory");
        let first = stored(&journal, &bars("2026-04-03"));
        let next = stored(&journal, &bars("2026-04-04"));
        assert_eq!((first.len(), next.len()), (4, 4));
        assert_eq!(first[..3], next[..3]);
        let count = |connection: &Connection| {
            Ok(connection.query_row("SELECT count(*) FROM blobs", [], |row| row.get::<_, i64>(0))?)
        };
        assert_eq!(journal.read(count).expect("a count"), 5);
    }

    #[test]
    fn bytes_of_another_length_are_no_bars() {
        for length in 0..WIDTH * 2 {
            assert_eq!(decode(&vec![0; length]).is_some(), length % WIDTH == 0, "{length}");
        }
    }
}
