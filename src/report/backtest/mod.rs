//! What a backtest says: text and a page for people, JSON for programs.
//!
//! Holds every value of them as plain data, made by the app. Nothing is decided here and nothing left out of the
//! JSON that the text tells; the page shows closes beside it. A sweep, a walk forward or a holdout stands beside the
//! one result that is told in full.

mod aligned;
#[cfg(test)]
mod fixtures;
mod holdout;
mod json;
mod page;
mod sweep;
mod sweep_text;
mod text;
mod walk_forward;
mod wording;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use self::wording::told;
use crate::backtest::Backtest;
use crate::decide::Prepared;
use crate::domain::AssetClass;
use crate::domain::{Problem, Symbol};
use crate::performance::{Day, Evidence, Figures, Interval, Timing, Trade, Undefined, Year};
use crate::performance::{closes_on, expectancy_interval, sharpe_interval};
use crate::settings;
use crate::settings::{FillTime, Settings};

pub use self::holdout::{Choice, Holdout, Looks, Shown};
pub use self::page::{BacktestPage, PriceHistory};
pub use self::sweep::{HeatMap, Sweep, Trial};
pub use self::walk_forward::{WalkForward, WalkedWindow};

/// What the intervals are drawn with: the same each time.
const SEED: u64 = 6;

/// A backtest and what it went by.
#[derive(Clone, Debug)]
pub struct BacktestReport {
    /// The classes that have a session in the result, in the order in which they are decided; those that were asked for
    /// where none has.
    pub asset_classes: Vec<AssetClass>,
    pub strategies: BTreeMap<String, StrategyUsed>,
    pub settings: Settings,
    pub fill: FillTime,
    /// `None` where trading cost nothing.
    pub costs: Option<settings::Backtest>,
    /// What the account is compared with; that of equities where both classes have sessions.
    pub benchmark: Option<BenchmarkCloses>,
    pub result: Backtest,
    /// Whether bars are of the simulated market, some or all.
    pub demo: bool,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    /// The sessions that it begins with and on which no strategy was ready; `None` where it begins with one that some
    /// strategy was ready on.
    pub warm_up: Option<WarmUp>,
    /// The constants that were set, as far as one set holds for all of the result.
    pub constants: Vec<(String, f64)>,
    /// Whether the entries were well timed.
    pub timing: Result<Timing, Undefined>,
    /// The grid that `result` is the best of.
    pub sweep: Option<Sweep>,
    /// The windows that `result` is joined from.
    pub walk_forward: Option<WalkForward>,
    pub holdout: Option<Holdout>,
    /// Of the bars, the scripts and all sessions.
    pub problems: Vec<Problem>,
}

/// Sessions on which nothing could be bought, at the beginning of a result or of its first window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmUp {
    pub sessions: usize,
    /// The first session on which a strategy has all that it requires of some symbol; `None` where none ever has.
    pub ready: Option<NaiveDate>,
}

/// The benchmark beside the account.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchmarkCloses {
    pub symbol: Symbol,
    /// One for each day of the result, as it was known then; `None` where it has no bar up to a week before.
    pub closes: Vec<Option<f64>>,
}

impl BenchmarkCloses {
    /// Reads the closes on the days of a result; `None` without a benchmark that has bars.
    pub fn of(prepared: &Prepared, result: &Backtest) -> Option<Self> {
        let columns = prepared.benchmark.as_ref()?;
        let panel = columns.panel();
        let symbol = panel.symbols().first()?.clone();
        let rows = panel.rows(0);
        let dates = panel.dates()[rows.clone()].iter().copied();
        let bars: Vec<(NaiveDate, f64)> = dates.zip(panel.close()[rows].iter().copied()).collect();
        Some(Self { symbol, closes: closes_on(&result.days, &bars) })
    }

    /// Returns the first and the last of the days that it has a close on; `None` without one.
    pub fn span(&self, days: &[Day]) -> Option<(NaiveDate, NaiveDate)> {
        let mut known = self.closes.iter().zip(days).filter(|(close, _)| close.is_some());
        let (_, first) = known.next()?;
        Some((first.date, known.next_back().map_or(first.date, |(_, last)| last.date)))
    }

    /// Says what part of the days it covers; `None` where it is all or nothing of them.
    fn part(&self, days: &[Day]) -> Option<String> {
        let (first, last) = self.span(days)?;
        let is_whole = days.first()?.date == first && days.last()?.date == last;
        (!is_whole).then(|| format!("{first} to {last} alone"))
    }
}

/// A strategy as it was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrategyUsed {
    pub hash: String,
    /// Its numeric constants, those that were overridden among them.
    pub constants: BTreeMap<String, f64>,
}

/// Computes the figures of a result beside its benchmark. The classes are those that have a session in it.
pub fn figures(
    asset_classes: &[AssetClass],
    result: &Backtest,
    benchmark: Option<&BenchmarkCloses>,
) -> Figures {
    Figures::of(&Evidence {
        days: &result.days,
        trades: &result.trades,
        benchmark: benchmark.map(|own| own.closes.as_slice()).unwrap_or_default(),
        year: Year::of(asset_classes, &result.days),
    })
}

impl BacktestReport {
    /// Returns the first and the last date that was walked; `None` where the span has no session.
    fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let days = &self.result.days;
        Some((days.first()?.date, days.last()?.date))
    }

    /// Returns the account's worth at the end; `None` where the span has no session.
    fn final_equity(&self) -> Option<f64> {
        self.result.days.last().map(|day| day.equity)
    }

    /// What returns are annualised by.
    fn year(&self) -> Year {
        Year::of(&self.asset_classes, &self.result.days)
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            days: &self.result.days,
            trades: &self.result.trades,
            benchmark: self.benchmark.as_ref().map(|own| own.closes.as_slice()).unwrap_or_default(),
            year: self.year(),
        }
    }

    fn sharpe_interval(&self) -> Result<Interval, Undefined> {
        sharpe_interval(&self.result.days, self.year().sessions(), SEED)
    }

    fn expectancy_interval(&self) -> Result<Interval, Undefined> {
        expectancy_interval(&self.result.trades, SEED)
    }

    fn open(&self) -> impl Iterator<Item = &Trade> {
        self.result.trades.iter().filter(|trade| trade.open)
    }

    fn closed(&self) -> impl Iterator<Item = &Trade> {
        self.result.trades.iter().filter(|trade| !trade.open)
    }

    /// The orders that found no bar, no cash, or an open under their stop: each that filled is a trade.
    fn unfilled(&self) -> usize {
        let Backtest { counts, trades, book, .. } = &self.result;
        counts.ordered.saturating_sub(trades.len() + book.pending.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixtures::example;
    use super::*;
    use crate::signals::fixtures::{day, symbol};

    #[test]
    fn programs_read_what_the_contract_names() {
        let document: serde_json::Value =
            serde_json::from_str(&example(34).json().expect("finite")).expect("JSON");
        let keys: Vec<&String> = document.as_object().expect("an object").keys().collect();
        let expected = [
            "costs_paid",
            "demo",
            "equity_curve",
            "figures",
            "notes",
            "open_positions",
            "problems",
            "settings",
            "signals",
            "span",
            "trades",
        ];
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(sorted, expected.iter().collect::<Vec<_>>());
        let trade = &document["trades"][0];
        assert_eq!((&trade["symbol"], &trade["open"]), (&"A".into(), &false.into()));
        let mut names: Vec<&str> = trade.as_object().expect("an object").keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut contract: Vec<&str> =
            "symbol, asset_class, strategy, trigger, score, decided, regime, entry_date, entry_price, \
            quantity, stop_price, exit_date, exit_price, exit_reason, costs, pnl, r_multiple, bars_held, open"
                .split(", ")
                .collect();
        contract.sort_unstable();
        assert_eq!(names, contract);
        assert_eq!((&trade["decided"], &trade["regime"]), (&"2024-01-20".into(), &json!(null)));
        assert_eq!((&trade["entry_date"], &trade["exit_date"]), (&"2024-01-21".into(), &"2024-02-01".into()));
        assert_eq!((&trade["exit_price"], &trade["exit_reason"]), (&131.0.into(), &"too_high".into()));
        assert_eq!(document["open_positions"][0]["symbol"], "B");
        assert_eq!(document["span"], json!({"from": day(0), "to": day(33), "sessions": 34, "warm_up": 0}));
        assert_eq!(document["equity_curve"][0], serde_json::json!({"date": day(0), "equity": 100_000.0}));
        assert_eq!(document["settings"]["strategies"]["always"]["constants"]["STOP_ATR_MULT"], 5.0);
        assert_eq!(document["settings"]["costs"], serde_json::Value::Null);
        let figures = &document["figures"];
        assert_eq!((&figures["trades"], &figures["sessions_per_year"]), (&2.into(), &252.0.into()));
        assert_eq!(
            (&figures["sessions_per_year_basis"], &figures["benchmark_span"]),
            (&"equity".into(), &json!(null))
        );
        assert_eq!(figures["sessions_per_year_by_year"], json!({ "2024": 252.0 }));
        assert_eq!(
            document["signals"],
            json!({
                "signals": 42, "filtered": 38, "filtered_by": { "capacity": 12, "held": 26 },
                "ordered": 4, "cut": 0, "unfilled": 0, "waiting": 1,
            })
        );
        assert_eq!(document["costs_paid"], json!({ "fees": 0.0, "slippage": 0.0, "total": 0.0 }));
        assert_eq!(figures["timing"]["p_value"], 0.25);
        assert_eq!(figures["by_strategy"]["always"]["trades"], 2);
        assert!(figures["intervals"]["sharpe"]["high"].as_f64() > figures["sharpe"].as_f64(), "{figures}");
    }

    #[test]
    fn a_span_without_a_session_has_no_figures() {
        let document: serde_json::Value =
            serde_json::from_str(&example(0).json().expect("finite")).expect("JSON");
        assert_eq!(document["figures"]["total_return"], serde_json::Value::Null);
        assert_eq!(document["figures"]["undefined"]["total_return"], "fewer than two sessions");
        assert_eq!(document["span"], json!({"from": null, "to": null, "sessions": 0, "warm_up": 0}));
        assert!(example(0).text().contains("No session in the span"), "{}", example(0).text());
    }

    #[test]
    fn people_read_the_result_first_and_where_the_fills_come_from() {
        insta::assert_snapshot!(example(34).text());
    }

    #[test]
    fn a_benchmark_of_a_part_of_the_days_is_marked() {
        let told = |closes: Vec<Option<f64>>| {
            let mut report = example(34);
            report.benchmark = Some(BenchmarkCloses { symbol: symbol("SPY"), closes });
            let document: serde_json::Value =
                serde_json::from_str(&report.json().expect("finite")).expect("JSON");
            let figures = document["figures"].clone();
            (report.text(), figures["benchmark_span"].clone(), figures["excess_return"].clone())
        };
        let (text, span, _) =
            told((0..34).map(|n| (10..30).contains(&n).then_some(400.0 + f64::from(n))).collect());
        assert!(text.contains("4.63% (2024-01-11 to 2024-01-30 alone)"), "{text}");
        assert_eq!(
            text.matches(" alone)").count(),
            2,
            "the return above it is of these sessions, too: {text}"
        );
        assert_eq!(span, json!({ "from": day(10), "to": day(29) }));
        let (text, ..) = told((0..34).map(|n| Some(400.0 + f64::from(n))).collect());
        assert!(!text.contains("alone"), "{text}");
        // The account has stood still since its last trade, before which the benchmark has no close.
        let (.., excess) = told((0..34).map(|n| (n >= 31).then_some(f64::from(n + 169))).collect());
        let excess = excess.as_f64().expect("a number");
        assert!((excess + 0.01).abs() < 1e-12, "{excess}");
    }

    #[test]
    fn what_never_trades_is_said_plainly() {
        let text = example(10).text();
        assert!(text.contains("No trade: no strategy bought anything in the span."), "{text}");
    }
}
