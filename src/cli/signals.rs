//! `ts signals`: every raw signal over a span of sessions.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app;
use crate::app::{SignalTable, Span};
use crate::domain::has_failed_script;

use super::args::Global;
use super::choices::{ClassChoice, SourceArgs, SpanArgs, TableFormat};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Args)]
pub(super) struct SignalsArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to scan
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    /// Only these strategies
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Writes the table to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Scans the span and prints the table.
pub(super) async fn signals(global: &Global, args: &SignalsArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let span = Span::new(args.span.from, args.span.to)?;
    let (asked, source) = (args.asset_class.asked(), args.source.chosen()?);
    let progress = Arc::new(Progress::start());
    let fetching = |done: usize, total: usize| progress.calls(done, total);
    let scanning = {
        let progress = Arc::clone(&progress);
        move |done: usize, total: usize| progress.sessions(done, total)
    };
    let found = app::signals(&app, asked, source, span, &args.strategy, &fetching, scanning).await;
    drop(progress);
    let found = found?;
    output::Remarks { notes: &found.notes, problems: &found.problems, demo: found.demo }.write();
    let table = table(&found);
    let text = match args.format {
        TableFormat::Csv => table.csv()?,
        TableFormat::Json => table.json()?,
        TableFormat::Text if table.rows.is_empty() => "No signals in the span.".to_owned(),
        TableFormat::Text => table.text(),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(if has_failed_script(&found.problems) { Outcome::Findings } else { Outcome::Done })
}

fn table(found: &SignalTable) -> Table {
    let mut header: Vec<String> =
        ["date", "symbol", "asset_class", "strategy", "trigger"].map(str::to_owned).to_vec();
    header.extend(found.components.iter().cloned());
    header.extend(["score", "close", "stop", "target"].map(str::to_owned));
    let row = |signal: &crate::signals::Signal| {
        let mut cells = vec![
            Cell::Text(signal.session.to_string()),
            Cell::Text(signal.symbol.to_string()),
            Cell::Text(signal.asset_class.to_string()),
            Cell::Text(signal.strategy.to_string()),
            Cell::Text(signal.trigger.to_string()),
        ];
        cells.extend(found.components.iter().map(|name| {
            let part = signal.components.iter().find(|part| *part.name == **name);
            Cell::from(part.map(|part| part.score))
        }));
        cells.extend([signal.score, signal.close, signal.stop, signal.target].map(Cell::Number));
        cells
    };
    Table { header, rows: found.signals.iter().map(row).collect() }
}
