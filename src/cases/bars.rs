//! The bars of a case, turned into the columns that a script sees.

use chrono::NaiveDate;

use super::file::{BarsCase, Given, Segment};
use crate::bars::{Bars, Panel, check};
use crate::calendar;
use crate::domain::{AssetClass, Bar, Symbol};
use crate::features::Columns;
use crate::scripts::Scripts;

/// More bars than forty years have; a longer line is a slip of the hand.
const MAX_BARS: usize = 15_000;
const SYMBOL: &str = "TEST";
const BENCHMARK: &str = "BENCHMARK";

/// Builds the columns of a case; `read` gives the text of a file beside it.
pub(super) fn columns(
    scripts: &Scripts,
    class: AssetClass,
    case: &BarsCase,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Columns, String> {
    let bars = match &case.bars {
        Given::File(name) => from_csv(&read(name)?).map_err(|why| format!("{name}: {why}"))?,
        Given::Closes { start, closes, volume, range } => {
            let dates = sessions(class, *start, closes)?;
            let bar = |(date, close): (NaiveDate, f64)| Bar {
                date,
                open: close,
                high: close * (1.0 + range),
                low: close * (1.0 - range),
                close,
                volume: *volume,
            };
            dates.into_iter().zip(flat(closes)).map(bar).collect()
        }
    };
    let dates: Vec<NaiveDate> = bars.iter().map(|bar| bar.date).collect();
    let mut series = vec![checked(SYMBOL, bars)?];
    let benchmark = (!case.benchmark.is_empty()).then(|| symbol(BENCHMARK)).transpose()?;
    if benchmark.is_some() {
        let closes = count(&case.benchmark);
        if closes != dates.len() {
            return Err(format!("the benchmark has {closes} closes for {} bars", dates.len()));
        }
        let bar = |(date, close): (&NaiveDate, f64)| Bar {
            date: *date,
            open: close,
            high: close,
            low: close,
            close,
            volume: 0.0,
        };
        series.push(checked(BENCHMARK, dates.iter().zip(flat(&case.benchmark)).map(bar).collect())?);
    }
    let panel = Panel::stack(class, series).map_err(|error| error.to_string())?;
    Ok(Columns::compute(panel, &[symbol(SYMBOL)?].into(), benchmark.as_ref(), &scripts.features(class)))
}

/// The row of the symbol on a date; the last without one.
pub(super) fn row(columns: &Columns, date: Option<NaiveDate>) -> Result<(u32, NaiveDate), String> {
    let panel = columns.panel();
    let owner = panel.position(&symbol(SYMBOL)?).ok_or("there are no bars")?;
    let rows = panel.rows(owner);
    let row = match date {
        Some(date) => panel.row(owner, date),
        None => rows.end.checked_sub(1).filter(|row| rows.contains(row)),
    };
    match row {
        Some(row) => Ok((row as u32, panel.dates()[row])),
        None => {
            let span = panel.dates()[rows].first().zip(panel.dates().last());
            let held = span
                .map_or_else(|| "there are none".to_owned(), |(a, b)| format!("they run from {a} to {b}"));
            Err(format!("there is no bar on {}; {held}", date.unwrap_or_default()))
        }
    }
}

fn symbol(name: &str) -> Result<Symbol, String> {
    Symbol::new(name).map_err(|error| error.to_string())
}

fn count(closes: &[Segment]) -> usize {
    let bars = closes.iter().map(|segment| match segment {
        Segment::Close(_) => 1,
        Segment::Line(line) => line.bars,
    });
    bars.fold(0, usize::saturating_add)
}

/// The sessions of the closes, from the first on or after `start`.
fn sessions(class: AssetClass, start: NaiveDate, closes: &[Segment]) -> Result<Vec<NaiveDate>, String> {
    let bars = count(closes);
    if bars > MAX_BARS {
        return Err(format!("{bars} bars are more than {MAX_BARS}"));
    }
    if let Some(why) = calendar::closed_reason(class, start) {
        return Err(format!(
            "{start} is {why}: no {class} session; begin on {}",
            calendar::next_session(class, start)
        ));
    }
    let mut dates = Vec::with_capacity(bars);
    let mut date = start;
    while dates.len() < bars {
        dates.push(date);
        date = calendar::next_session(class, date);
    }
    Ok(dates)
}

fn flat(closes: &[Segment]) -> impl Iterator<Item = f64> + '_ {
    closes.iter().flat_map(|segment| {
        let line = match segment {
            Segment::Close(close) => super::file::Line { bars: 1, from: *close, to: *close },
            Segment::Line(line) => *line,
        };
        let steps = line.bars.saturating_sub(1).max(1) as f64;
        (0..line.bars).map(move |bar| line.from + (line.to - line.from) * bar as f64 / steps)
    })
}

fn checked(name: &str, bars: Vec<Bar>) -> Result<Bars, String> {
    let (bars, problems) = check(symbol(name)?, bars, NaiveDate::MAX);
    match problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(bars),
    }
}

/// Reads `date,open,high,low,close,volume`, in any order and case.
fn from_csv(text: &str) -> Result<Vec<Bar>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        let place = header.iter().position(|own| own.eq_ignore_ascii_case(name));
        place.ok_or_else(|| format!("there is no column `{name}`"))
    };
    let places = ["open", "high", "low", "close", "volume"].map(column);
    let [open, high, low, close, volume] = places;
    let (date, open, high, low, close, volume) = (column("date")?, open?, high?, low?, close?, volume?);
    let mut bars = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| error.to_string())?;
        let line = number + 2;
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let value = |place: usize| {
            cell(place).parse::<f64>().map_err(|_| format!("line {line}: `{}` is not a number", cell(place)))
        };
        bars.push(Bar {
            date: cell(date).parse().map_err(|_| format!("line {line}: `{}` is not a date", cell(date)))?,
            open: value(open)?,
            high: value(high)?,
            low: value(low)?,
            close: value(close)?,
            volume: value(volume)?,
        });
        if bars.len() > MAX_BARS {
            return Err(format!("more than {MAX_BARS} bars"));
        }
    }
    Ok(bars)
}
