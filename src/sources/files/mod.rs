//! Bars from a folder on this machine: `DIR/equity/AAPL.csv`, `DIR/crypto/BTC.parquet`, one file
//! a symbol, columns `date, open, high, low, close, volume` in any order and case.
//!
//! Refuses to guess: two files of one symbol, a column that is missing or there twice, and a file
//! without rows are errors that name the file. A row that cannot be read is dropped and told.

mod csv;
mod parquet;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::NaiveDate;

use super::BadRows;
use super::BoxFuture;
use super::Fetched;
use super::Limits;
use super::Request;
use super::Source;
use super::SourceError;
use super::error::place_text;
use crate::domain::AssetClass;
use crate::domain::Bar;

/// The columns, in the order in which [`bar`] takes their values.
const COLUMNS: [&str; 6] = ["date", "open", "high", "low", "close", "volume"];

/// The files of a folder, sorted, by their stem in capitals.
type Tables = BTreeMap<String, Vec<PathBuf>>;

/// A folder of CSV and Parquet files. Reading blocks: call it where that is allowed.
///
/// What is in the folder is listed once, with the first request, and shared by all clones: make a
/// source anew for each run.
#[derive(Clone, Debug)]
pub struct Files {
    dir: PathBuf,
    listed: Arc<Mutex<BTreeMap<AssetClass, Arc<Tables>>>>,
}

impl Files {
    /// Names the folder, which is looked at only when bars are asked for.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), listed: Arc::default() }
    }

    /// Reads a symbol's file and keeps the rows within the span.
    ///
    /// # Errors
    /// [`SourceError::UnknownSymbol`] without a file, [`SourceError::Malformed`] where the file as a
    /// whole cannot be used, [`SourceError::Transport`] where the disk fails.
    pub fn read(&self, request: &Request) -> Result<Fetched, SourceError> {
        let path = self.find(request)?;
        let file = path.display().to_string();
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let table = if has_extension(&path, "csv") {
            csv::parse(&file, &bytes)
        } else {
            parquet::parse(&file, bytes)
        }?;
        let problems = table.bad_rows.problem(&request.symbol).into_iter().collect();
        let is_wanted = |bar: &Bar| request.from <= bar.date && bar.date <= request.to;
        let bars = table.bars.into_iter().filter(is_wanted).collect();
        Ok(Fetched { bars, problems, ..Fetched::default() })
    }

    fn find(&self, request: &Request) -> Result<PathBuf, SourceError> {
        let folder = self.dir.join(request.asset_class.as_str());
        let tables = self.tables(request.asset_class, &folder)?;
        match tables.get(&request.symbol.as_str().to_ascii_uppercase()).map(Vec::as_slice) {
            None | Some([]) => {
                let (folder, symbol) = (folder.display(), &request.symbol);
                let hint = format!("put {symbol}.csv or {symbol}.parquet into {folder}");
                Err(SourceError::UnknownSymbol { symbol: symbol.clone(), hint })
            }
            Some([path]) => Ok(path.clone()),
            Some([first, second, ..]) => {
                let what = format!("{} is there too; keep only one of them", second.display());
                Err(malformed(&first.display().to_string(), what))
            }
        }
    }

    /// Lists a folder on the first request: a list for each of 10,000 symbols would take a minute.
    fn tables(&self, class: AssetClass, folder: &Path) -> Result<Arc<Tables>, SourceError> {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = listed.get(&class) {
            return Ok(Arc::clone(tables));
        }
        let tables = Arc::new(tables(folder).map_err(|error| unreadable(folder, &error))?);
        listed.insert(class, Arc::clone(&tables));
        Ok(tables)
    }
}

/// Lists the CSV and Parquet files of a folder; a folder that is not there has none.
fn tables(folder: &Path) -> io::Result<Tables> {
    let mut tables = Tables::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(tables),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && (has_extension(&path, "csv") || has_extension(&path, "parquet"))
        {
            tables.entry(stem.to_ascii_uppercase()).or_default().push(path);
        }
    }
    tables.values_mut().for_each(|paths| paths.sort());
    Ok(tables)
}

impl Source for Files {
    fn name(&self) -> &str {
        "files"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        let (files, request) = (self.clone(), request.clone());
        Box::pin(async move {
            let place = request.symbol.to_string();
            let read = tokio::task::spawn_blocking(move || files.read(&request)).await;
            read.unwrap_or_else(|error| Err(malformed(&place, format!("its file cannot be read: {error}"))))
        })
    }
}

/// What a file holds: the rows that could be read and those that could not.
#[derive(Debug, Default)]
struct Table {
    bars: Vec<Bar>,
    bad_rows: BadRows,
}

impl Table {
    /// Notes a bad row: where it is, and what is wrong with it.
    fn drop_row(&mut self, file: &str, line: Option<u64>, column: Option<u64>, what: &str) {
        self.bad_rows.push(|| format!("{}: {what}", place_text(file, line, column)));
    }
}

/// Finds the place of each of [`COLUMNS`] among a file's names. `Adj Close` is not `close`.
fn columns(file: &str, names: &[String]) -> Result<[usize; 6], SourceError> {
    let mut places = [0; 6];
    let mut missing = Vec::new();
    for (place, wanted) in places.iter_mut().zip(COLUMNS) {
        let mut fitting =
            names.iter().enumerate().filter(|(_, name)| name.trim().eq_ignore_ascii_case(wanted));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => *place = index,
            (Some((_, first)), Some((_, second))) => {
                return Err(malformed(
                    file,
                    format!("two columns are named {wanted}: `{first}` and `{second}`"),
                ));
            }
            (None, _) => missing.push(wanted),
        }
    }
    if missing.is_empty() {
        return Ok(places);
    }
    let what = format!("no column {}; the columns are {}", missing.join(", "), names.join(", "));
    Err(malformed(file, what))
}

/// Reads `2024-01-02`, alone or with a time after a space or a `T`.
fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10)?;
    if !(rest.is_empty() || rest.starts_with([' ', 'T'])) {
        return None;
    }
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()
}

fn bar(date: NaiveDate, [open, high, low, close, volume]: [f64; 5]) -> Bar {
    Bar { date, open, high, low, close, volume }
}

fn malformed(file: &str, what: impl Into<String>) -> SourceError {
    SourceError::Malformed { file: file.to_owned(), line: None, column: None, what: what.into() }
}

fn unreadable(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Transport { place: path.display().to_string(), what: error.to_string() }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests;
