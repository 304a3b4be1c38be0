//! `ts fetch-data`: bars into the cache, a table of what came, and files of it on request.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::app;
use crate::app::{ExportFormat, FetchRequest, FetchTable};
use crate::domain::AssetClass;

use super::args::Global;
use super::choices::{OneClass, SourceArgs};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Args)]
pub(super) struct FetchDataArgs {
    /// The symbols; without them the universe of the class and its benchmark
    #[arg(long, value_name = "SYMBOL", num_args = 1.., value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// The asset class; not needed for symbols of one universe
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// How many days up to the last finished session; the two years of a run by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=40_000))]
    pub days: Option<u32>,
    /// Shows the calls that it would take, and makes none
    #[arg(long, conflicts_with = "output")]
    pub plan: bool,
    /// Writes one file a symbol to this folder
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// The form of those files
    #[arg(long, value_enum, default_value_t = FileFormat::Csv, requires = "output")]
    pub format: FileFormat,
    #[command(flatten)]
    pub source: SourceArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    Csv,
    Parquet,
}

impl From<FileFormat> for ExportFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => ExportFormat::Csv,
            FileFormat::Parquet => ExportFormat::Parquet,
        }
    }
}

/// Fetches, or shows what fetching would take.
pub(super) async fn fetch_data(global: &Global, args: &FetchDataArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let request = FetchRequest {
        symbols: args.symbols.clone(),
        asset_class: args.asset_class.map(AssetClass::from),
        days: args.days,
        source: args.source.chosen()?,
    };
    if args.plan {
        let plans = app::fetch_plans(&app, &request).await?;
        output::write(&plans.concat(), None)?;
        return Ok(Outcome::Done);
    }
    let progress = Progress::start();
    let fetched = app::fetch_data(&app, &request, &|done, total| progress.calls(done, total)).await;
    drop(progress);
    let fetched = fetched?;
    output::Remarks { notes: &[], problems: &fetched.problems, demo: fetched.demo }.write();
    output::write(&told(&fetched), None)?;
    if let Some(folder) = &args.output {
        export(&fetched, folder, args)?;
    }
    let is_without_bars = fetched.rows.iter().any(|row| row.bars.is_empty());
    Ok(if is_without_bars { Outcome::Findings } else { Outcome::Done })
}

/// The table, and below it what the numbers in its last column stand for.
fn told(fetched: &FetchTable) -> String {
    let mut messages: Vec<&str> = Vec::new();
    for message in fetched.rows.iter().flat_map(|row| &row.problems) {
        if !messages.contains(&message.as_str()) {
            messages.push(message);
        }
    }
    let mut text = table(fetched, &messages).text();
    if !messages.is_empty() {
        text.push('\n');
    }
    for (place, message) in messages.iter().enumerate() {
        text.push_str(&format!("[{}] {message}\n", place + 1));
    }
    text
}

fn table(fetched: &FetchTable, messages: &[&str]) -> Table {
    let header = ["symbol", "rows", "first", "last", "from", "problems"].map(str::to_owned).to_vec();
    let date =
        |date: Option<&chrono::NaiveDate>| date.map_or(Cell::Missing, |date| Cell::Text(date.to_string()));
    let number = |problem: &String| {
        let place = messages.iter().position(|message| message == problem)?;
        Some(format!("[{}]", place + 1))
    };
    let row = |row: &app::FetchRow| {
        let dates = row.bars.dates();
        let problems: Vec<String> = row.problems.iter().filter_map(number).collect();
        vec![
            Cell::Text(row.bars.symbol().to_string()),
            Cell::Number(row.bars.len() as f64),
            date(dates.first()),
            date(dates.last()),
            if row.came_from.is_empty() { Cell::Missing } else { Cell::Text(row.came_from.clone()) },
            Cell::Text(problems.join(" ")),
        ]
    };
    Table { header, rows: fetched.rows.iter().map(row).collect() }
}

fn export(fetched: &FetchTable, folder: &Path, args: &FetchDataArgs) -> anyhow::Result<()> {
    for row in fetched.rows.iter().filter(|row| !row.bars.is_empty()) {
        let (path, bytes) = app::export(folder, &row.bars, args.format.into())?;
        output::write_bytes(&path, &bytes)?;
        output::remark(format_args!("wrote {}", path.display()));
    }
    Ok(())
}
