//! Asks a strategy's own `stop` and `exit` about a position.
//!
//! Says what the rule said, or why it could not be asked; what follows from either is the
//! caller's.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use chrono::NaiveDate;

use crate::bars::Panel;
use crate::domain::format::count;
use crate::domain::{Name, Position};
use crate::scripts::not_ready;
use crate::scripts::{Budget, PositionView, RowError, Rows, Rule, Strategy};

/// The rows of a holding up to `row`, its entry's own first; the whole loaded history where
/// the entry lies before it.
pub(super) fn rows_since(panel: &Panel, owner: usize, entry_date: NaiveDate, row: usize) -> Range<usize> {
    first_row(panel, owner, entry_date).min(row)..row + 1
}

/// The row of an entry, or the first one after it.
pub(super) fn first_row(panel: &Panel, owner: usize, entry_date: NaiveDate) -> usize {
    let rows = panel.rows(owner);
    let start = rows.start;
    // The entry has a bar of its own, but where a history was cut.
    panel
        .row(owner, entry_date)
        .unwrap_or_else(|| start + panel.dates()[rows].partition_point(|date| *date < entry_date))
}

/// What each strategy may still use of each session, over all positions that it holds.
///
/// A session that is replayed for its stops has a budget of its own, as it had on its day.
pub(super) struct Budgets<'a> {
    positions: BTreeMap<&'a str, usize>,
    left: BTreeMap<(&'a str, NaiveDate), Budget>,
}

impl<'a> Budgets<'a> {
    pub(super) fn of(positions: impl IntoIterator<Item = &'a Position>) -> Self {
        let mut counts = BTreeMap::new();
        for position in positions {
            *counts.entry(position.strategy.as_str()).or_default() += 1;
        }
        Self { positions: counts, left: BTreeMap::new() }
    }

    fn on(&mut self, strategy: &'a str, session: NaiveDate) -> &mut Budget {
        let positions = self.positions.get(strategy).copied().unwrap_or(1);
        self.left.entry((strategy, session)).or_insert_with(|| Budget::for_positions(positions))
    }
}

/// Why a rule said nothing on a session.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Silence {
    /// It lacks a feature, as a sentence.
    NotReady(String),
    /// It erred.
    Failed(Vec<RowError>),
}

impl Silence {
    /// Returns why as a sentence, and puts what erred with the rest.
    pub(super) fn told(self, failed: &mut Vec<RowError>) -> String {
        let told = self.to_string();
        if let Silence::Failed(errors) = self {
            failed.extend(errors);
        }
        told
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::NotReady(why) => f.write_str(why),
            Silence::Failed(errors) => {
                let told: Vec<String> = errors.iter().map(|error| error.error.to_string()).collect();
                f.write_str(&told.join("; "))
            }
        }
    }
}

/// A stop after all sessions that could be shown to the strategy's `stop`.
pub(super) struct Raised {
    /// Never lower than before.
    pub(super) stop_price: f64,
    /// The last session up to which every one has been shown; a session on which the rule
    /// failed is shown again next time.
    pub(super) session: NaiveDate,
    /// The sessions on which the rule failed, in order, each with why.
    pub(super) failed: Vec<(NaiveDate, Silence)>,
}

impl Raised {
    /// Returns why the rule failed on the decided session, and what to tell of earlier ones: the
    /// first, from which on the stop may be too low.
    pub(super) fn failures(mut self, decided: NaiveDate) -> (Result<(), Silence>, Option<String>) {
        let now = self.failed.pop_if(|(date, _)| *date == decided).map_or(Ok(()), |(_, why)| Err(why));
        let Some((date, why)) = self.failed.first() else { return (now, None) };
        let more = match self.failed.len() - 1 {
            0 => String::new(),
            more => format!(" and {}", count(more, "later session")),
        };
        // A rule that fails every day for the same reason is told of once.
        let is_told = now.as_ref().is_err_and(|now| now.to_string() == why.to_string());
        let earlier = format!("its stop could not be replayed on {date}{more}: {why}");
        (now, (!is_told).then_some(earlier))
    }
}

/// Shows every session since the last one shown to the strategy's `stop`, in order.
pub(super) fn raise_stop<'a>(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    position: &'a Position,
    held: &Range<usize>,
    budgets: &mut Budgets<'a>,
) -> Raised {
    let mut raised =
        Raised { stop_price: position.stop_price, session: position.stop_session, failed: Vec::new() };
    let has_rule = strategy.function(Rule::Stop).is_some();
    for row in held.clone().filter(|row| panel.dates()[*row] > position.stop_session) {
        let session = panel.dates()[row];
        let shown = if has_rule {
            let view = view(panel, position, held.start, row, raised.stop_price);
            stop(panel, strategy, rows, row, view, budgets.on(&position.strategy, session))
        } else {
            Ok(None)
        };
        match shown {
            Ok(price) => {
                raised.stop_price = price.map_or(raised.stop_price, |price| raised.stop_price.max(price));
                if raised.failed.is_empty() {
                    raised.session = session;
                }
            }
            Err(why) => raised.failed.push((session, why)),
        }
    }
    raised
}

fn stop(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    row: usize,
    view: PositionView,
    budget: &mut Budget,
) -> Result<Option<f64>, Silence> {
    let mut values =
        strategy.stop(rows, &[row as u32], &[view], budget).complete().map_err(Silence::Failed)?;
    values.pop().flatten().ok_or_else(|| lacks(panel, strategy, rows, Rule::Stop, row))
}

/// Asks the strategy's `exit` on the last of the held rows: the reason to sell, or `None`.
pub(super) fn exit<'a>(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    position: &'a Position,
    held: &Range<usize>,
    stop_price: f64,
    budgets: &mut Budgets<'a>,
) -> Result<Option<Name>, Silence> {
    let row = held.end - 1;
    let view = view(panel, position, held.start, row, stop_price);
    let budget = budgets.on(&position.strategy, panel.dates()[row]);
    let mut values =
        strategy.exit(rows, &[row as u32], &[view], budget).complete().map_err(Silence::Failed)?;
    match values.pop().flatten() {
        Some(reason) => Ok(reason.map(|reason| reason.as_str().into())),
        None => Err(lacks(panel, strategy, rows, Rule::Exit, row)),
    }
}

fn lacks(panel: &Panel, strategy: &Strategy, rows: &Rows, rule: Rule, row: usize) -> Silence {
    let missing = strategy.function(rule).map(|own| own.missing(rows, row as u32)).unwrap_or_default();
    let bars = row + 1 - panel.rows(panel.owner(row)).start;
    Silence::NotReady(format!("its rule is not ready: {}", not_ready(&missing, bars)))
}

/// A position on the last of the held rows, whose closes are looked at anew.
pub(super) fn view(
    panel: &Panel,
    position: &Position,
    first: usize,
    row: usize,
    stop_price: f64,
) -> PositionView {
    let highest_close = panel.close()[first..=row].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    view_at(position, row - first, highest_close, stop_price)
}

/// A position that was held for so many bars, with the highest close of them.
pub(super) fn view_at(
    position: &Position,
    bars_held: usize,
    highest_close: f64,
    stop_price: f64,
) -> PositionView {
    PositionView {
        entry_price: position.entry_price,
        stop_price,
        entry_date: position.entry_date,
        bars_held: bars_held as u32,
        highest_close,
        quantity: position.quantity,
    }
}
