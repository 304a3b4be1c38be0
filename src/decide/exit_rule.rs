//! Asks a strategy's own `stop` and `exit` about a position.
//!
//! Says what the rule said, or why it could not be asked; what follows from either is the
//! caller's.

use std::ops::Range;

use chrono::NaiveDate;

use crate::bars::Panel;
use crate::domain::Position;
use crate::scripts::not_ready;
use crate::scripts::{Budget, PositionView, RowError, Rows, Rule, Strategy};

/// The rows of a holding up to `row`, its entry's own first; the whole loaded history where
/// the entry lies before it.
pub(super) fn rows_since(panel: &Panel, owner: usize, entry_date: NaiveDate, row: usize) -> Range<usize> {
    let rows = panel.rows(owner);
    let start = rows.start;
    let first = start + panel.dates()[rows].partition_point(|date| *date < entry_date);
    first.min(row)..row + 1
}

/// A stop after all sessions that could be shown to the strategy's `stop`.
pub(super) struct Raised {
    /// Never lower than before.
    pub(super) stop_price: f64,
    /// The last session up to which every one has been shown; a session on which the rule
    /// failed is shown again next time.
    pub(super) session: NaiveDate,
    /// Why the newest failure was one.
    pub(super) failed: Result<(), String>,
}

/// Shows every session since the last one shown to the strategy's `stop`, in order.
pub(super) fn raise_stop(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    position: &Position,
    held: &Range<usize>,
) -> Raised {
    let mut raised =
        Raised { stop_price: position.stop_price, session: position.stop_session, failed: Ok(()) };
    let has_rule = strategy.function(Rule::Stop).is_some();
    for row in held.clone().filter(|row| panel.dates()[*row] > position.stop_session) {
        let shown = if has_rule {
            let view = view(panel, position, held.start, row, raised.stop_price);
            stop(panel, strategy, rows, row, view)
        } else {
            Ok(None)
        };
        match shown {
            Ok(price) => {
                raised.stop_price = price.map_or(raised.stop_price, |price| raised.stop_price.max(price));
                if raised.failed.is_ok() {
                    raised.session = panel.dates()[row];
                }
            }
            Err(why) => raised.failed = Err(why),
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
) -> Result<Option<f64>, String> {
    let mut budget = Budget::for_rows(1);
    match strategy.stop(rows, &[row as u32], &[view], &mut budget).complete() {
        Ok(mut values) => values.pop().flatten().ok_or_else(|| lacks(panel, strategy, rows, Rule::Stop, row)),
        Err(errors) => Err(told(&errors)),
    }
}

/// Asks the strategy's `exit` on the last of the held rows: the reason to sell, or `None`.
pub(super) fn exit(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    position: &Position,
    held: &Range<usize>,
    stop_price: f64,
) -> Result<Option<String>, String> {
    let row = held.end - 1;
    let view = view(panel, position, held.start, row, stop_price);
    let mut budget = Budget::for_rows(1);
    match strategy.exit(rows, &[row as u32], &[view], &mut budget).complete() {
        Ok(mut values) => match values.pop().flatten() {
            Some(reason) => Ok(reason.map(|reason| reason.to_string())),
            None => Err(lacks(panel, strategy, rows, Rule::Exit, row)),
        },
        Err(errors) => Err(told(&errors)),
    }
}

fn lacks(panel: &Panel, strategy: &Strategy, rows: &Rows, rule: Rule, row: usize) -> String {
    let missing = strategy.function(rule).map(|own| own.missing(rows, row as u32)).unwrap_or_default();
    let bars = row + 1 - panel.rows(panel.owner(row)).start;
    format!("its rule is not ready: {}", not_ready(&missing, bars))
}

fn told(errors: &[RowError]) -> String {
    errors.iter().map(|error| error.error.to_string()).collect::<Vec<_>>().join("; ")
}

fn view(panel: &Panel, position: &Position, first: usize, row: usize, stop_price: f64) -> PositionView {
    let highest_close = panel.close()[first..=row].iter().copied().fold(position.entry_price, f64::max);
    PositionView {
        entry_price: position.entry_price,
        stop_price,
        entry_date: position.entry_date,
        bars_held: (row - first) as u32,
        highest_close,
        quantity: position.quantity,
    }
}
