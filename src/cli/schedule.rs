//! `ts schedule`: when each job will run next, and what it will decide.

use chrono::{DateTime, Utc};
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;

use crate::domain::AssetClass;
use crate::schedule::{Job, Run};

use super::args::Global;
use super::choices::TextFormat;
use super::exit::Outcome;
use super::output;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Args)]
pub(super) struct ScheduleArgs {
    /// The instant to look ahead from (RFC 3339), itself included; now by default
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<DateTime<Utc>>,
    /// How many runs of each job to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub count: usize,
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

/// Lists the next runs of every job, the earliest first.
pub(super) fn schedule(global: &Global, args: &ScheduleArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let from = args.from.unwrap_or_else(|| app.clock.now());
    // A run at the very instant is one of the next.
    let just_before = from - TimeDelta::nanoseconds(1);
    let mut runs: Vec<(String, AssetClass, Run)> = Vec::new();
    for job in Job::all(&app.loaded.settings)? {
        let next = job.runs_after(just_before).take(args.count);
        runs.extend(next.map(|run| (job.name.clone(), job.asset_class, run)));
    }
    // Stable: at the same instant the settings' order stays.
    runs.sort_by_key(|(_, _, run)| run.at);
    if runs.is_empty() {
        output::remark("no job will run: the settings have no [[schedule]] with symbols to trade");
    }
    let header = ["job", "asset_class", "local", "utc", "session"].map(str::to_owned).to_vec();
    let row = |(job, class, run): &(String, AssetClass, Run)| {
        let utc = run.at.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true);
        let local = run.at.to_rfc3339();
        [job.clone(), class.to_string(), local, utc, run.session.to_string()].map(Cell::Text).to_vec()
    };
    let table = Table { header, rows: runs.iter().map(row).collect() };
    let text = match args.format {
        TextFormat::Text => table.text(),
        TextFormat::Json => table.json()?,
    };
    output::write(&text, None)?;
    Ok(Outcome::Done)
}
