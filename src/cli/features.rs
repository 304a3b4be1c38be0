//! `ts features SYMBOL`: the values that a script would see.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use crate::app;
use crate::app::{FeatureRequest, Sessions, Span};
use crate::domain::AssetClass;

use super::args::Global;
use super::catalogue;
use super::choices::{OneClass, SourceArgs, SpanArgs, TableFormat};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {
    /// The symbol to show
    #[arg(required_unless_present = "list")]
    pub symbol: Option<String>,
    /// Lists every feature that a script may read, instead of values
    #[arg(long, conflicts_with_all = ["symbol", "date", "from", "to", "asset_class", "names", "demo", "source"])]
    pub list: bool,
    /// The one session to show
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
    pub date: Option<NaiveDate>,
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset class, where both list the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// These features instead of the ones that the scripts read, separated by commas
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub names: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Writes the table to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Computes the features of one symbol and prints them.
pub(super) async fn features(global: &Global, args: &FeaturesArgs) -> anyhow::Result<Outcome> {
    // Without a symbol the list was asked for: the arguments allow no third.
    let Some(symbol) = &args.symbol else { return catalogue::catalogue(args) };
    let app = start::app(global)?;
    let request = FeatureRequest {
        symbol: symbol.clone(),
        asset_class: args.asset_class.map(AssetClass::from),
        source: args.source.chosen()?,
        names: args.names.clone(),
        sessions: match (args.date, Span::new(args.span.from, args.span.to)?) {
            (Some(date), _) => Sessions::On(date),
            (None, span) if span.is_open() => Sessions::Newest,
            (None, span) => Sessions::Span(span),
        },
    };
    let progress = Progress::start();
    let found = app::features(&app, &request, &|done, total| progress.calls(done, total)).await;
    drop(progress);
    let found = found?;
    output::Remarks { notes: &found.notes, problems: &found.problems, demo: found.demo }.write();
    let mut table = Table { header: vec!["date".to_owned(), "symbol".to_owned()], rows: Vec::new() };
    table.header.extend(found.features.iter().map(ToString::to_string));
    for (date, values) in &found.rows {
        let mut cells = vec![Cell::Text(date.to_string()), Cell::Text(found.symbol.to_string())];
        cells.extend(values.iter().map(|value| Cell::from(*value)));
        table.rows.push(cells);
    }
    let text = match args.format {
        TableFormat::Csv => table.csv()?,
        TableFormat::Json => table.json()?,
        // One session reads better down the page, many across it.
        TableFormat::Text if table.rows.len() == 1 => upright(&table).text(),
        TableFormat::Text => table.text(),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(Outcome::Done)
}

fn upright(table: &Table) -> Table {
    let row = |(name, cell): (&String, &Cell)| vec![Cell::Text(name.clone()), cell.clone()];
    let rows = table.header.iter().zip(&table.rows[0]).skip(2).map(row).collect();
    let title = |index: usize| match &table.rows[0][index] {
        Cell::Text(text) => text.clone(),
        Cell::Number(_) | Cell::Missing => String::new(),
    };
    Table { header: vec![title(1), title(0)], rows }
}
