//! Holds every position against its own exit rule, and its stop against the close.
//!
//! A held position is never skipped. The strategy's `stop` may raise the stop, session by
//! session in order; then `exit` speaks; and whatever the script lacks, the core itself sells
//! at a close at or under the stop and names every position whose rule could not run.

use std::ops::Range;

use chrono::NaiveDate;

use super::reasoning;
use super::{Direction, HeldPosition, PositionStatus, Prepared, Recommendation, recommendation_id};
use crate::bars::Panel;
use crate::domain::Book;
use crate::domain::Position;
use crate::domain::{Problem, ProblemKind};
use crate::scripts::Scripts;
use crate::scripts::not_ready;
use crate::scripts::{Budget, PositionView, RowError, Rows, Rule, Strategy};

/// The reason of an exit by the core's own check.
const HARD_STOP: &str = "hard_stop";

/// What the exit rules say of the book.
pub(super) struct Exits {
    pub(super) held: Vec<HeldPosition>,
    pub(super) sells: Vec<Recommendation>,
    pub(super) problems: Vec<Problem>,
}

/// Evaluates every position of the prepared asset class.
pub(super) fn exits(
    prepared: &Prepared,
    scripts: &Scripts,
    rows: &Rows,
    book: &Book,
    session: NaiveDate,
) -> Exits {
    let class = prepared.columns.panel().asset_class();
    let mut positions: Vec<&Position> = book.positions.iter().filter(|p| p.asset_class == class).collect();
    positions
        .sort_by(|a, b| (&a.symbol, &a.strategy, a.entry_date).cmp(&(&b.symbol, &b.strategy, b.entry_date)));
    let mut exits = Exits { held: Vec::new(), sells: Vec::new(), problems: Vec::new() };
    for position in positions {
        let verdict = judge(prepared, scripts, rows, position, session, &mut exits.problems);
        let held = held(position, &verdict);
        if let Some(reason) = &verdict.sell {
            exits.sells.push(sell(scripts, book, position, &held, reason, session));
        }
        exits.held.push(held);
    }
    exits
}

/// What one position's rule and stop gave.
struct Verdict {
    stop_price: f64,
    close: Option<f64>,
    bars_held: Option<usize>,
    sell: Option<String>,
    /// Whether the strategy's own rule ran on this session, or why it could not.
    ran: Result<(), String>,
}

fn judge(
    prepared: &Prepared,
    scripts: &Scripts,
    rows: &Rows,
    position: &Position,
    session: NaiveDate,
    problems: &mut Vec<Problem>,
) -> Verdict {
    let panel = prepared.columns.panel();
    let mut verdict =
        Verdict { stop_price: position.stop_price, close: None, bars_held: None, sell: None, ran: Ok(()) };
    let mut name = |why: &str| {
        let message = format!("held since {}: {why}", position.entry_date);
        problems.push(Problem::new(&position.symbol, ProblemKind::Position, message));
    };
    let owner = panel.position(&position.symbol);
    let Some((owner, row)) = owner.and_then(|owner| Some((owner, panel.row(owner, session)?))) else {
        let newest = owner.and_then(|owner| panel.dates()[panel.rows(owner)].last());
        let newest =
            newest.map_or("it has no bars at all".to_owned(), |date| format!("its newest is of {date}"));
        let why = format!("no bar on {session}, {newest}: neither its stop nor its exit rule was checked");
        name(&why);
        verdict.ran = Err(why);
        return verdict;
    };
    let close = panel.close()[row];
    let held_rows = rows_since(panel, owner, position.entry_date, row);
    verdict.close = Some(close);
    verdict.bars_held = Some(held_rows.len() - 1);
    if let Some(gap) = prepared.health.gap(row) {
        name(&format!("unhealthy bars: {gap}"));
    }
    let ruled = match scripts.strategy(&position.strategy) {
        None => Err(format!("strategy {} is not loaded, so its exit rule is gone", position.strategy)),
        // A stop that could not be raised still leaves the exit rule to be asked.
        Some(strategy) => {
            let raised = raise_stop(panel, strategy, rows, position, &held_rows, &mut verdict.stop_price);
            let exited = exit(panel, strategy, rows, position, &held_rows, verdict.stop_price);
            exited.and_then(|reason| {
                verdict.sell = reason;
                raised
            })
        }
    };
    if let Err(why) = &ruled {
        name(why);
    }
    verdict.ran = ruled;
    if verdict.sell.is_none() && close <= verdict.stop_price {
        verdict.sell = Some(HARD_STOP.to_owned());
    }
    verdict
}

/// The rows of a holding up to `row`, its entry's own first; the whole loaded history where
/// the entry lies before it.
fn rows_since(panel: &Panel, owner: usize, entry_date: NaiveDate, row: usize) -> Range<usize> {
    let rows = panel.rows(owner);
    let start = rows.start;
    let first = start + panel.dates()[rows].partition_point(|date| *date < entry_date);
    first.min(row)..row + 1
}

/// Shows every session since the last one shown to the strategy's `stop`, in order.
fn raise_stop(
    panel: &Panel,
    strategy: &Strategy,
    rows: &Rows,
    position: &Position,
    held: &Range<usize>,
    stop_price: &mut f64,
) -> Result<(), String> {
    if strategy.function(Rule::Stop).is_none() {
        return Ok(());
    }
    let mut failed = Ok(());
    for row in held.clone().filter(|row| panel.dates()[*row] > position.stop_session) {
        let view = view(panel, position, held.start, row, *stop_price);
        let mut budget = Budget::for_rows(1);
        let verdicts = strategy.stop(rows, &[row as u32], &[view], &mut budget);
        match verdicts.complete().map(|mut values| values.pop().flatten()) {
            Ok(Some(Some(raised))) => *stop_price = stop_price.max(raised),
            Ok(Some(None)) => {}
            Ok(None) => failed = Err(lacks(panel, strategy, rows, Rule::Stop, row)),
            Err(errors) => failed = Err(told(&errors)),
        }
    }
    failed
}

fn exit(
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

fn held(position: &Position, verdict: &Verdict) -> HeldPosition {
    let pnl = verdict.close.map(|close| (close - position.entry_price) * position.quantity);
    let pnl_pct = verdict.close.map(|close| close / position.entry_price - 1.0);
    let (status, note) = match (&verdict.sell, &verdict.ran, verdict.close) {
        (Some(reason), _, _) => (PositionStatus::Sell, reason.clone()),
        (None, Err(why), _) => (PositionStatus::Unchecked, why.clone()),
        (None, Ok(()), Some(close)) => {
            (PositionStatus::Hold, reasoning::above_stop(close, verdict.stop_price))
        }
        (None, Ok(()), None) => (PositionStatus::Unchecked, "no bar".to_owned()),
    };
    HeldPosition {
        symbol: position.symbol.clone(),
        asset_class: position.asset_class,
        strategy: position.strategy.clone(),
        entry_date: position.entry_date,
        entry_price: position.entry_price,
        quantity: position.quantity,
        stop_price: verdict.stop_price,
        close: verdict.close,
        pnl,
        pnl_pct,
        bars_held: verdict.bars_held,
        status,
        note,
    }
}

fn sell(
    scripts: &Scripts,
    book: &Book,
    position: &Position,
    held: &HeldPosition,
    reason: &str,
    session: NaiveDate,
) -> Recommendation {
    // A sale is only ever decided on a close.
    let close = held.close.unwrap_or(position.last_close);
    let size = position.quantity * close / book.equity;
    Recommendation {
        id: recommendation_id(
            session,
            &position.strategy,
            position.asset_class,
            &position.symbol,
            Direction::Sell,
        ),
        symbol: position.symbol.clone(),
        asset_class: position.asset_class,
        direction: Direction::Sell,
        conviction: None,
        current_price: close,
        entry_price: position.entry_price,
        target_price: None,
        stop_price: held.stop_price,
        position_size_pct: size,
        risk_pct: size * ((close - held.stop_price) / close).max(0.0),
        size_cap: None,
        quantity: position.quantity,
        technical_score: None,
        news_score: None,
        sentiment_score: None,
        combined_score: None,
        components: Vec::new(),
        signal_type: reason.to_owned(),
        reasoning: reasoning::of_exit(position, held, reason, close),
        news_headlines: Vec::new(),
        generated_at: None,
        strategy_name: position.strategy.clone(),
        script_hash: scripts
            .strategy(&position.strategy)
            .map(|own| own.hash().to_owned())
            .unwrap_or_default(),
        session,
    }
}
