//! A backtest for programs: numbers as numbers, in the shape that the README documents.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use super::{BacktestReport, Holdout, StrategyUsed, Sweep, WalkForward};
use crate::backtest::Backtest;
use crate::decide::Regime;
use crate::domain::{AssetClass, Problem, Symbol};
use crate::performance::{Breakdown, Figures, Interval, Timing, Trade};
use crate::settings;
use crate::settings::settings_hash;
use crate::settings::{Risk, SignalSettings};

#[derive(Serialize)]
struct Document<'a> {
    span: Span,
    /// Whether bars are of the simulated market.
    demo: bool,
    settings: Used<'a>,
    figures: Told,
    equity_curve: Vec<Point>,
    signals: Signals<'a>,
    costs_paid: CostsPaid,
    trades: Vec<Row<'a>>,
    open_positions: Vec<Row<'a>>,
    /// The grid that all of this is the best combination of.
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<Value>,
    /// The windows that all of this is joined from.
    #[serde(skip_serializing_if = "Option::is_none")]
    walk_forward: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holdout: Option<Value>,
    /// What the reader should know of the span.
    notes: &'a [String],
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct Span {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    sessions: usize,
    /// Those of them at the beginning on which no strategy was ready; of a walk forward, of the first window's training.
    warm_up: usize,
}

#[derive(Serialize)]
struct Used<'a> {
    asset_classes: &'a [AssetClass],
    strategies: &'a BTreeMap<String, StrategyUsed>,
    fill: &'static str,
    /// Null where trading cost nothing.
    costs: Option<Costs<'a>>,
    limit_recommendations: bool,
    volatility_scaling: bool,
    risk: &'a Risk,
    signals: &'a SignalSettings,
    settings_hash: String,
}

#[derive(Serialize)]
struct Costs<'a> {
    equity: &'a settings::TradingCosts,
    crypto: &'a settings::TradingCosts,
    slippage: &'a settings::SlippageFactors,
}

/// Every figure by its name, null where it is not defined; why not stands in `undefined`.
#[derive(Serialize)]
struct Told {
    /// Null where the span has no session.
    final_equity: Option<f64>,
    /// By which returns are annualised.
    sessions_per_year: f64,
    /// `equity`, `crypto` where every day is a session, or `counted`.
    sessions_per_year_basis: &'static str,
    benchmark: Option<Symbol>,
    /// The first and the last session that it has a close on; null without one.
    benchmark_span: Option<Dates>,
    #[serde(flatten)]
    figures: Figures,
    intervals: Intervals,
    /// Null without a closed trade.
    timing: Option<Timing>,
    #[serde(flatten)]
    breakdown: Breakdown,
}

#[derive(Serialize)]
struct Dates {
    from: NaiveDate,
    to: NaiveDate,
}

/// What became of the signals.
#[derive(Serialize)]
struct Signals<'a> {
    signals: usize,
    filtered: usize,
    /// By the name of the filter.
    filtered_by: &'a BTreeMap<&'static str, usize>,
    ordered: usize,
    /// Bought in part, as far as the cash went.
    cut: usize,
    unfilled: usize,
    /// Orders of the last session, which no session of the span fills.
    waiting: usize,
}

/// Of all fills, in the account's currency.
#[derive(Serialize)]
struct CostsPaid {
    fees: f64,
    slippage: f64,
    total: f64,
}

/// Null where there is too little to draw from.
#[derive(Serialize)]
struct Intervals {
    sharpe: Option<Interval>,
    expectancy: Option<Interval>,
}

#[derive(Serialize)]
struct Point {
    date: NaiveDate,
    equity: f64,
}

/// A trade by the names of the contract.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    symbol: &'a Symbol,
    asset_class: AssetClass,
    strategy: &'a str,
    trigger: &'a str,
    score: f64,
    /// The session at whose close it was decided.
    decided: NaiveDate,
    /// The market's at that close; null where it was not known.
    regime: Option<&'static str>,
    entry_date: NaiveDate,
    entry_price: f64,
    quantity: f64,
    stop_price: f64,
    exit_date: NaiveDate,
    exit_price: f64,
    exit_reason: &'a str,
    costs: f64,
    pnl: f64,
    r_multiple: Option<f64>,
    bars_held: usize,
    open: bool,
}

impl<'a> Row<'a> {
    pub(super) fn of(trade: &'a Trade) -> Self {
        Self {
            symbol: &trade.symbol,
            asset_class: trade.asset_class,
            strategy: &trade.strategy,
            trigger: &trade.trigger,
            score: trade.score,
            decided: trade.decided,
            regime: trade.regime.map(Regime::as_str),
            entry_date: trade.entry_date,
            entry_price: trade.entry_price,
            quantity: trade.quantity,
            stop_price: trade.stop_price,
            exit_date: trade.exit_date,
            exit_price: trade.exit_price,
            exit_reason: &trade.exit_reason,
            costs: trade.costs,
            pnl: trade.pnl(),
            r_multiple: trade.r_multiple(),
            bars_held: trade.bars_held,
            open: trade.open,
        }
    }
}

impl BacktestReport {
    /// Renders one indented JSON object that ends in a newline. `trades` holds all of them, `open_positions` those
    /// of them that are still held.
    ///
    /// # Errors
    /// What the writer says.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let (from, to) = self.span().unzip();
        let settings = &self.settings;
        let Backtest { counts, paid, .. } = &self.result;
        let evidence = self.evidence();
        let document = Document {
            span: Span {
                from,
                to,
                sessions: self.result.days.len(),
                warm_up: self.warm_up.map_or(0, |own| own.sessions),
            },
            demo: self.demo,
            settings: Used {
                asset_classes: &self.asset_classes,
                strategies: &self.strategies,
                fill: self.fill.as_str(),
                costs: self.costs.as_ref().map(|own| Costs {
                    equity: &own.equity,
                    crypto: &own.crypto,
                    slippage: &own.slippage,
                }),
                limit_recommendations: settings.backtest.limit_recommendations,
                volatility_scaling: settings.backtest.volatility_scaling,
                risk: &settings.risk,
                signals: &settings.signals,
                settings_hash: settings_hash(settings),
            },
            figures: Told {
                final_equity: self.final_equity(),
                sessions_per_year: evidence.year.sessions(),
                sessions_per_year_basis: evidence.year.as_str(),
                benchmark: self.benchmark.as_ref().map(|own| own.symbol.clone()),
                benchmark_span: self
                    .benchmark
                    .as_ref()
                    .and_then(|own| own.span(&self.result.days))
                    .map(|(from, to)| Dates { from, to }),
                figures: Figures::of(&evidence),
                intervals: Intervals {
                    sharpe: self.sharpe_interval().ok(),
                    expectancy: self.expectancy_interval().ok(),
                },
                timing: self.timing.ok(),
                breakdown: Breakdown::of(&evidence),
            },
            equity_curve: self
                .result
                .days
                .iter()
                .map(|day| Point { date: day.date, equity: day.equity })
                .collect(),
            signals: Signals {
                signals: counts.signals,
                filtered: counts.filtered,
                filtered_by: &counts.filtered_by,
                ordered: counts.ordered,
                cut: counts.cut,
                unfilled: self.unfilled(),
                waiting: self.result.book.pending.len(),
            },
            costs_paid: CostsPaid { fees: paid.fees, slippage: paid.slippage, total: paid.total() },
            trades: self.result.trades.iter().map(Row::of).collect(),
            open_positions: self.open().map(Row::of).collect(),
            sweep: self.sweep.as_ref().map(Sweep::json),
            walk_forward: self.walk_forward.as_ref().map(WalkForward::json),
            holdout: self.holdout.as_ref().map(Holdout::json),
            notes: &self.notes,
            problems: &self.problems,
        };
        let mut text = serde_json::to_string_pretty(&document)?;
        text.push('\n');
        Ok(text)
    }
}
