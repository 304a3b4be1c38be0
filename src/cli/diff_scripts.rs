//! `ts diff-scripts OLD NEW`: what a later version of the scripts says differently.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::app;
use crate::app::{DiffRequest, ScriptDiff, Span};
use crate::domain::Problem;
use crate::domain::format;
use crate::domain::has_failed_script;
use crate::signals::{Signal, SignalDiff};

use super::args::Global;
use super::choices::{ClassChoice, SourceArgs, SpanArgs};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Args)]
pub(super) struct DiffScriptsArgs {
    /// The earlier version: a folder of scripts, one that holds `strategies/` or `scorers/`, or one script
    pub old: PathBuf,
    /// The later version, likewise
    pub new: PathBuf,
    #[command(flatten)]
    pub span: SpanArgs,
    /// The asset classes to scan
    #[arg(long, value_enum, default_value_t = ClassChoice::All)]
    pub asset_class: ClassChoice,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// Writes the differences to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    Text,
    Json,
}

/// Compares and prints; a difference is no failure, a script that failed is.
pub(super) async fn diff_scripts(global: &Global, args: &DiffScriptsArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let progress = Arc::new(Progress::start());
    let fetching = |done: usize, total: usize| progress.calls(done, total);
    let scanning = {
        let progress = Arc::clone(&progress);
        move |done: usize, total: usize| progress.sessions(done, total)
    };
    let request = DiffRequest {
        old: args.old.clone(),
        new: args.new.clone(),
        asked: args.asset_class.asked(),
        source: args.source.chosen()?,
        span: Span::new(args.span.from, args.span.to)?,
    };
    let found = app::diff_scripts(&app, &request, &fetching, scanning).await;
    drop(progress);
    let found = found?;
    output::Remarks { notes: &found.notes, problems: &found.problems, demo: found.demo }.write();
    let text = match args.format {
        DiffFormat::Text => text(&found),
        DiffFormat::Json => json(&found)?,
    };
    output::write(&text, args.output.as_deref())?;
    Ok(if has_failed_script(&found.problems) { Outcome::Findings } else { Outcome::Done })
}

#[derive(Serialize)]
struct Document<'a> {
    /// The sessions compared; null without bars.
    span: Option<Ends>,
    /// How many raw signals each version has.
    signals: Counts,
    #[serde(flatten)]
    diff: &'a SignalDiff,
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct Ends {
    from: NaiveDate,
    to: NaiveDate,
}

#[derive(Serialize)]
struct Counts {
    old: usize,
    new: usize,
}

fn json(found: &ScriptDiff) -> anyhow::Result<String> {
    let document = Document {
        span: found.sessions.map(|(from, to)| Ends { from, to }),
        signals: Counts { old: found.signals[0], new: found.signals[1] },
        diff: &found.diff,
        problems: &found.problems,
    };
    Ok(serde_json::to_string_pretty(&document)?)
}

fn text(found: &ScriptDiff) -> String {
    let Some((from, to)) = found.sessions else {
        return "No sessions to compare.".to_owned();
    };
    let SignalDiff { gained, lost, moved } = &found.diff;
    let [old, new] = found.signals;
    let number = |number: usize| format::fixed(number as f64, 0);
    let (old, new) = (format::count(old, "signal"), number(new));
    let span = format!("{from} to {to}: {old} in the old version, {new} in the new");
    if found.diff.is_empty() {
        return format!("{span}; no difference\n");
    }
    let header =
        ["change", "date", "symbol", "asset_class", "strategy", "trigger", "score", "stop", "target"];
    let mut rows: Vec<(NaiveDate, Vec<Cell>)> = Vec::new();
    rows.extend(gained.iter().map(|signal| (signal.session, row("gained", signal, signal))));
    rows.extend(lost.iter().map(|signal| (signal.session, row("lost", signal, signal))));
    rows.extend(moved.iter().map(|own| (own.after.session, row("moved", &own.before, &own.after))));
    rows.sort_by_key(|(session, _)| *session);
    let table = Table {
        header: header.map(str::to_owned).to_vec(),
        rows: rows.into_iter().map(|(_, cells)| cells).collect(),
    };
    let [gained, lost, moved] = [gained.len(), lost.len(), moved.len()].map(number);
    let counts = format!("{gained} gained, {lost} lost, {moved} moved");
    format!("{span}; {counts}\n\n{}", table.text())
}

/// One line of the table; what is different stands as before → after.
fn row(kind: &str, before: &Signal, after: &Signal) -> Vec<Cell> {
    let number = |pick: fn(&Signal) -> f64, write: fn(f64) -> String| {
        let (one, two) = (pick(before), pick(after));
        if one == two { write(two) } else { format!("{} → {}", write(one), write(two)) }
    };
    let score = |score: f64| format::fixed(score, 2);
    let trigger = match before.trigger == after.trigger {
        true => after.trigger.to_string(),
        false => format!("{} → {}", before.trigger, after.trigger),
    };
    let cells = [
        kind.to_owned(),
        after.session.to_string(),
        after.symbol.to_string(),
        after.asset_class.to_string(),
        after.strategy.to_string(),
        format::clean(&trigger),
        number(|own| own.score, score),
        number(|own| own.stop, format::price),
        number(|own| own.target, format::price),
    ];
    cells.map(Cell::Text).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_counts_are_written_alike() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date of the calendar");
        let found = ScriptDiff {
            sessions: Some((day, day)),
            signals: [51_849, 51_849],
            diff: SignalDiff::default(),
            problems: Vec::new(),
            notes: Vec::new(),
            demo: false,
        };
        let expected =
            "2026-11-20 to 2026-11-20: 51,849 signals in the old version, 51,849 in the new; no difference\n";
        assert_eq!(text(&found), expected);
    }
}
