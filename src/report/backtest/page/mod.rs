//! A backtest as one page for a browser: the figures, the curves, the trades on their charts, and what it rests on.
//!
//! The page refers to nothing outside itself, asks no clock, and says everything without its script, which only
//! sorts the trades and reads the curves where one points. Every text from scripts and settings is escaped.

mod basis;
mod curves;
mod figures;
mod heat_map;
mod histogram;
mod plot;
mod price_chart;
mod scale;
mod study;
#[cfg(test)]
mod tests;
mod trade_rows;

use serde::Serialize;

use self::basis::{Said, StrategyView};
use self::curves::Curves;
use self::figures::{FigureView, GroupTable};
use self::heat_map::HeatRow;
use self::price_chart::PriceChart;
use self::study::StudyView;
use self::trade_rows::{LISTED, TradeRow};
use super::BacktestReport;
use crate::domain::format::{clean, count, fixed};
use crate::domain::{Problem, said_once};
use crate::performance::{Breakdown, Figures, Trade, months};
use crate::report::templates::{RenderError, Templates};
use crate::scripts::Engine;

pub use self::price_chart::PriceHistory;

/// A backtest and what its page shows beside the figures.
#[derive(Clone, Copy, Debug)]
pub struct BacktestPage<'a> {
    pub report: &'a BacktestReport,
    /// The closes of those symbols whose trades are drawn, in the order of their charts.
    pub prices: &'a [PriceHistory],
    pub engine: Engine,
}

/// What the template is given: every number as people read it.
#[derive(Debug, Serialize)]
struct PageView {
    title: String,
    span: String,
    /// What a reader must know of all numbers.
    warnings: Vec<&'static str>,
    notes: Vec<String>,
    /// Why there is little to see, in a sentence; empty where there were trades.
    quiet: String,
    studies: Vec<StudyView>,
    equity: String,
    headline: Vec<FigureView>,
    curves: Option<CurvesView>,
    months: Vec<HeatRow>,
    results: Option<ResultsView>,
    groups: Vec<GroupTable>,
    charts: Vec<PriceChart>,
    /// The traded symbols without a chart.
    left_out: String,
    open: Vec<TradeRow>,
    trades: Vec<TradeRow>,
    /// How many trades are not listed; empty where all are.
    not_listed: String,
    orders: Vec<Said>,
    figures: Vec<FigureView>,
    problems: Vec<String>,
    problem_count: String,
    strategies: Vec<StrategyView>,
    basis: Vec<Said>,
}

/// The account over time.
#[derive(Debug, Serialize)]
struct CurvesView {
    equity: String,
    equity_note: String,
    /// Empty where the account never lay under a former high.
    drawdown: String,
    /// A line for each day that can be pointed at: its place, a bar and what is said there.
    readings: String,
    /// What is said of the last day.
    last: String,
}

/// How the results in R are spread.
#[derive(Debug, Serialize)]
struct ResultsView {
    svg: String,
    note: String,
}

impl BacktestPage<'_> {
    /// Renders the page. The same arguments give the same bytes. The problems are those of an edited template that
    /// failed, in whose place the built-in one was used.
    ///
    /// # Errors
    /// [`RenderError`] where even the built-in template fails.
    pub fn html(&self, templates: &Templates) -> Result<(String, Vec<Problem>), RenderError> {
        templates.render("backtest.html", |problems| self.view(problems))
    }

    fn view(&self, of_templates: &[Problem]) -> PageView {
        let report = self.report;
        let evidence = report.evidence();
        let breakdown = Breakdown::of(&evidence);
        let figures = Figures::of(&evidence);
        let intervals = [("sharpe", report.sharpe_interval()), ("expectancy", report.expectancy_interval())];
        let part = report.benchmark.as_ref().and_then(|own| own.part(&report.result.days));
        let all = figures::all(&figures, &intervals, part);
        let has_trades = !report.result.trades.is_empty();
        let (charts, left_out) = price_chart::price_charts(self.prices, &report.result.trades);
        let problems: Vec<&Problem> = report.problems.iter().chain(of_templates).collect();
        PageView {
            title: format!("Backtest of {}", report.markets()),
            span: report.walked().unwrap_or_default(),
            warnings: report.warnings(),
            notes: report.notes.clone(),
            quiet: self.quiet(),
            studies: study::studies(report),
            equity: report.final_equity().map_or_else(String::new, |last| {
                format!("{} to {}", fixed(report.settings.risk.account_equity, 2), fixed(last, 2))
            }),
            headline: if report.final_equity().is_some() { figures::headline(&all) } else { Vec::new() },
            // An account that never bought is a flat line.
            curves: has_trades.then(|| self.curves()).flatten(),
            months: if has_trades {
                heat_map::heat_map(&months(&report.result.days), &breakdown)
            } else {
                Vec::new()
            },
            results: figures.get("expectancy").and_then(Result::ok).and_then(|mean| self.results(mean)),
            groups: [
                figures::of_trades("By strategy", "Strategy", &breakdown.by_strategy),
                figures::of_trades("By trigger", "Strategy: trigger", &breakdown.by_trigger),
                figures::of_years(&breakdown.by_year).filter(|_| has_trades),
                figures::of_trades("By regime at the decision", "Regime", &breakdown.by_regime),
            ]
            .into_iter()
            .flatten()
            .collect(),
            charts,
            left_out: left_out.join(", "),
            open: trade_rows::newest_first(report.open()),
            trades: trade_rows::newest_first(report.result.trades.iter()),
            not_listed: match report.result.trades.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => count(more, "older trade"),
            },
            orders: self.orders(),
            figures: all,
            problem_count: count(problems.len(), "problem"),
            problems: said(&problems),
            strategies: report.strategies.iter().map(StrategyView::of).collect(),
            basis: basis::basis(report, self.engine),
        }
    }

    fn quiet(&self) -> String {
        if self.report.result.days.is_empty() {
            "No session in the span: nothing was decided.".to_owned()
        } else if self.report.result.trades.is_empty() {
            "No trade: no strategy bought anything in the span.".to_owned()
        } else {
            String::new()
        }
    }

    fn curves(&self) -> Option<CurvesView> {
        let curves = Curves::of(&self.report.result.days, self.report.benchmark.as_ref())?;
        let drawn = curves.draw()?;
        let beside = curves.benchmark().map_or_else(String::new, |name| {
            format!(", beside the same money in {name} from its first close to its last, without costs")
        });
        let scale = if drawn.of_ratios { " The scale is logarithmic." } else { "" };
        let readings = curves.readings();
        let last = readings.last().map(|(_, text)| text.clone()).unwrap_or_default();
        let lines: Vec<String> =
            readings.into_iter().map(|(place, text)| format!("{place}|{text}")).collect();
        Some(CurvesView {
            equity: drawn.equity,
            equity_note: format!(
                "Cash and positions at the close, in the account's currency{beside}.{scale}"
            ),
            drawdown: drawn.drawdown.unwrap_or_default(),
            readings: lines.join("\n"),
            last,
        })
    }

    fn results(&self, mean: f64) -> Option<ResultsView> {
        let closed: Vec<&Trade> = self.report.closed().collect();
        let results: Vec<f64> = closed.iter().filter_map(|trade| trade.r_multiple()).collect();
        let svg = histogram::histogram(&results, mean)?;
        let without = match closed.len() - results.len() {
            0 => String::new(),
            some => format!(" {} had no risk to measure by.", count(some, "trade")),
        };
        let note = format!(
            "Trades by their result after costs; 1 R is what would have been lost at the stop.{without}"
        );
        Some(ResultsView { svg, note })
    }

    /// What became of the signals.
    fn orders(&self) -> Vec<Said> {
        let (report, counts) = (self.report, &self.report.result.counts);
        let number = |own: usize| fixed(own as f64, 0);
        let waiting = report.result.book.pending.len();
        let mut said = vec![
            Said::new("Signals", number(counts.signals)),
            Said::new("Filtered", number(counts.filtered)),
            Said::new("Filtered by", report.filtered_by()),
            Said::new("Ordered", number(counts.ordered)),
            Said::new("Not filled", number(report.unfilled())),
            Said::new("Bought in part, as far as the cash went", number(counts.cut)),
            Said::new("Waiting for their fill", number(waiting)),
            Said::new("Trades closed", number(report.closed().count())),
            Said::new("Still held", number(report.open().count())),
            Said::new("Entry timing", report.timing()),
        ];
        if report.costs.is_some() {
            said.push(Said::new("Costs paid", report.paid()));
        }
        said
    }
}

/// Gathers problems that share a message.
fn said(problems: &[&Problem]) -> Vec<String> {
    let line = |(text, subjects): (&str, Vec<&str>)| {
        let subjects: Vec<&str> = subjects.into_iter().filter(|subject| !subject.is_empty()).collect();
        let whose = if subjects.is_empty() { String::new() } else { format!("{}: ", subjects.join(", ")) };
        clean(&format!("{whose}{text}"))
    };
    said_once(problems.iter().copied()).into_iter().map(line).collect()
}
