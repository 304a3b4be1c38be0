//! Asks every enabled strategy about every tradable symbol on one session.

use std::sync::Arc;

use chrono::NaiveDate;

use super::Signal;
use super::score;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::features::Columns;
use crate::features::Feature;
use crate::scripts::Scripts;
use crate::scripts::not_ready;
use crate::scripts::{Budget, RowError, Rows, Rule, Strategy};

/// What the scripts said on one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// By strategy, then by symbol.
    pub signals: Vec<Signal>,
    pub not_ready: Vec<NotReady>,
    pub problems: Vec<Problem>,
}

/// A symbol that a strategy was not shown, because a feature it requires has too few bars.
#[derive(Clone, Debug, PartialEq)]
pub struct NotReady {
    pub symbol: Symbol,
    pub strategy: Arc<str>,
    pub missing: Vec<Feature>,
    /// The symbol's bars up to the session.
    pub bars: usize,
}

impl NotReady {
    /// Returns the problem that tells the reader what is missing, and how much of it.
    pub fn problem(&self) -> Problem {
        let missing: Vec<&Feature> = self.missing.iter().collect();
        let message = format!("not ready for {}: {}", self.strategy, not_ready(&missing, self.bars));
        Problem::new(&self.symbol, ProblemKind::NotReady, message)
    }
}

/// Evaluates the scripts on one session.
///
/// `rows` must be `columns` bound to the same `scripts`. `only` limits the strategies by name;
/// empty means all that are enabled. A strategy that errs on any row makes no signal on the
/// session, and a problem names the script, line, symbol and values.
pub fn scan(columns: &Columns, scripts: &Scripts, rows: &Rows, session: NaiveDate, only: &[String]) -> Scan {
    let panel = columns.panel();
    let index: Vec<u32> = columns
        .rows_on(session)
        .iter()
        .copied()
        .filter(|row| columns.is_tradable(panel.owner(*row as usize)))
        .collect();
    let mut found = Scan::default();
    let asked = |strategy: &&Strategy| {
        let named = only.is_empty() || only.iter().any(|name| name == strategy.name());
        strategy.asset_class() == panel.asset_class() && strategy.is_enabled() && named
    };
    for strategy in scripts.strategies().iter().filter(asked) {
        let mut budget = Budget::for_rows(index.len());
        match scan_strategy(columns, scripts, rows, session, strategy, &index, &mut budget) {
            Ok(mut scan) => {
                found.signals.append(&mut scan.signals);
                found.not_ready.append(&mut scan.not_ready);
                found.problems.append(&mut scan.problems);
            }
            Err(errors) => {
                found.problems.extend(errors.iter().map(|error| run_problem(columns, strategy, error)));
            }
        }
    }
    found
}

fn scan_strategy(
    columns: &Columns,
    scripts: &Scripts,
    rows: &Rows,
    session: NaiveDate,
    strategy: &Strategy,
    index: &[u32],
    budget: &mut Budget,
) -> Result<Scan, Vec<RowError>> {
    let mut scan = Scan::default();
    let eligible = strategy.eligible(rows, index, budget).complete()?;
    let shown: Vec<u32> = pick(index, &eligible, |verdict| *verdict);
    let triggers = strategy.entry(rows, &shown, budget).complete()?;
    note_not_ready(&mut scan, columns, rows, strategy, Rule::Eligible, (index, &eligible));
    note_not_ready(&mut scan, columns, rows, strategy, Rule::Entry, (&shown, &triggers));

    let triggered: Vec<(u32, Arc<str>)> = shown
        .iter()
        .zip(triggers)
        .filter_map(|(row, trigger)| Some((*row, trigger??.as_str().into())))
        .collect();
    if triggered.is_empty() {
        return Ok(scan);
    }
    let (signals, mut problems) =
        score::score(columns, scripts, rows, session, strategy, &triggered, budget)?;
    scan.signals = signals;
    scan.problems.append(&mut problems);
    Ok(scan)
}

/// The rows whose verdict is there and holds.
fn pick<T>(index: &[u32], verdicts: &[Option<T>], holds: impl Fn(&T) -> bool) -> Vec<u32> {
    let kept = index.iter().zip(verdicts).filter(|(_, verdict)| verdict.as_ref().is_some_and(&holds));
    kept.map(|(row, _)| *row).collect()
}

fn note_not_ready<T>(
    scan: &mut Scan,
    columns: &Columns,
    rows: &Rows,
    strategy: &Strategy,
    rule: Rule,
    (index, verdicts): (&[u32], &[Option<T>]),
) {
    let panel = columns.panel();
    let Some(function) = strategy.function(rule) else { return };
    for (row, _) in index.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_none()) {
        let owner = panel.owner(*row as usize);
        scan.not_ready.push(NotReady {
            symbol: panel.symbols()[owner].clone(),
            strategy: strategy.name().into(),
            missing: function.missing(rows, *row).into_iter().cloned().collect(),
            bars: *row as usize + 1 - panel.rows(owner).start,
        });
    }
}

/// Tells of a script that erred on a row: which script, where, on which symbol, with what values.
fn run_problem(columns: &Columns, strategy: &Strategy, error: &RowError) -> Problem {
    let panel = columns.panel();
    let row = error.row as usize;
    let symbol = &panel.symbols()[panel.owner(row)];
    let values: Vec<String> = strategy
        .features()
        .iter()
        .map(|feature| match columns.value(feature, row) {
            Some(value) => format!("{feature} {value}"),
            None => format!("{feature} missing"),
        })
        .collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    let message = format!(
        "{} on {symbol}, {}{values}; no entries from {} on this session",
        error.error,
        panel.dates()[row],
        strategy.name()
    );
    Problem::new(strategy.name(), ProblemKind::ScriptRun, message)
}
