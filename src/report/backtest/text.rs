//! A backtest for people: what came of it first, then what it rests on.

use super::wording::{compared_with, sessions_a_year};
use super::{BacktestReport, told};
use crate::backtest::as_set;
use crate::domain::format::{count, fixed, percent, price, quantity, signed_money};
use crate::performance::{Figure, Figures, Kind, Trade};

/// The returns that may be of fewer sessions than the others.
pub(super) const OF_BENCHMARK: [&str; 2] = ["benchmark_return", "excess_return"];

/// So many of the newest trades are listed; the JSON has all.
const LISTED: usize = 20;

impl BacktestReport {
    /// Renders the text.
    pub fn text(&self) -> String {
        let mut text = self.heading();
        text.push_str(&self.preface());
        if let Some(sweep) = &self.sweep {
            text.push_str(&format!("{}\nThe best combination by itself\n", sweep.text()));
        }
        if let Some(walk_forward) = &self.walk_forward {
            text.push_str(&format!("{}\nThe joined test stretches\n", walk_forward.text()));
        }
        text.push_str(&self.body());
        if let Some(holdout) = &self.holdout {
            text.push('\n');
            text.push_str(&holdout.line());
            if let Some(shown) = &holdout.shown {
                let part = shown.benchmark.as_ref().and_then(|own| own.part(&shown.result.days));
                let benchmark = compared_with(shown.benchmark.as_ref(), &shown.result.days);
                let basis = format!("{}; benchmark {benchmark}", sessions_a_year(shown.year));
                text.push_str(&told_figures(&shown.figures, part, &[("Reckoned with", basis)]));
            }
        }
        text
    }

    /// What a reader must know of all numbers, who has this text alone.
    fn preface(&self) -> String {
        let mut text: String = self.warnings().iter().map(|own| format!("{own}\n")).collect();
        if !self.problems.is_empty() {
            text.push_str(&format!(
                "{}: on stderr, in the JSON and on the page.\n",
                count(self.problems.len(), "problem")
            ));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// The one result that is told in full.
    fn body(&self) -> String {
        let mut text = String::new();
        let (Some((from, to)), Some(equity)) = (self.span(), self.final_equity()) else {
            text.push_str("No session in the span: nothing was decided.\n");
            return text;
        };
        let start = self.settings.risk.account_equity;
        if self.result.trades.is_empty() {
            text.push_str("No trade: no strategy bought anything in the span.\n\n");
        }
        let mut rows = vec![
            ("Equity", format!("{} to {}", fixed(start, 2), fixed(equity, 2))),
            ("Trades", format!("{} closed, {} open", self.closed().count(), self.open().count())),
            ("Signals", self.signals()),
            ("Filtered by", Some(self.filtered_by()).filter(|own| !own.is_empty()).unwrap_or("–".to_owned())),
            ("Costs paid", self.costs.as_ref().map_or("none".to_owned(), |_| self.paid())),
            ("Span", format!("{from} to {to}")),
        ];
        rows.extend(self.warmed_up().map(|own| ("Warm-up", own)));
        rows.push(("Strategies", self.strategies.keys().cloned().collect::<Vec<_>>().join(", ")));
        if !self.constants.is_empty() {
            rows.push(("Set", as_set(&self.constants)));
        }
        rows.extend([
            ("Risk", self.risk()),
            ("Orders", self.orders()),
            ("Costs", self.costs.as_ref().map_or("none".to_owned(), |own| self.charged(own))),
        ]);
        text.push_str(&lines(&rows));
        text.push('\n');
        text.push_str(&self.figures());
        if self.result.trades.is_empty() {
            return text;
        }
        let open: Vec<&Trade> = self.open().collect();
        if !open.is_empty() {
            text.push_str("\nStill held, marked at the last close\n");
            text.push_str(&table(&open));
        }
        let mut closed: Vec<&Trade> = self.closed().collect();
        closed.sort_by_key(|trade| trade.exit_date);
        let newest = &closed[closed.len().saturating_sub(LISTED)..];
        if !newest.is_empty() {
            match closed.len() - newest.len() {
                0 => text.push_str("\nTrades, the newest last\n"),
                more => text.push_str(&format!(
                    "\nThe newest {} ({} before them: --format json)\n",
                    count(newest.len(), "trade"),
                    fixed(more as f64, 0)
                )),
            }
            text.push_str(&table(newest));
        }
        text
    }

    /// Every figure, or why there is none.
    fn figures(&self) -> String {
        let evidence = self.evidence();
        let basis = format!("{}; benchmark {}", self.sessions_a_year(), self.compared_with());
        let part = self.benchmark.as_ref().and_then(|own| own.part(&self.result.days));
        let more = [("Entry timing", self.timing()), ("Reckoned with", basis)];
        told_figures(&Figures::of(&evidence), part, &more)
    }

    /// Says what the test of entry timing came to.
    pub(super) fn timing(&self) -> String {
        match &self.timing {
            Err(why) => format!("– ({})", why.0),
            Ok(own) => format!(
                "a mean gain of {} a trade; entered on any sessions instead, {}; as good by chance in {} of draws",
                percent(own.mean_gain, 2),
                percent(own.mean_gain_of_drawn, 2),
                percent(own.p_value, 1)
            ),
        }
    }

    fn heading(&self) -> String {
        let sessions = self.result.days.len();
        format!("Backtest of {}, {}\n\n", self.markets(), count(sessions, "session"))
    }

    fn signals(&self) -> String {
        let counts = &self.result.counts;
        let part = |number: usize| fixed(number as f64, 0);
        let (signals, filtered) = (part(counts.signals), part(counts.filtered));
        let waiting = match self.result.book.pending.len() {
            0 => String::new(),
            orders => format!("; {} of the last session waiting", count(orders, "order")),
        };
        let (ordered, unfilled) = (part(counts.ordered), part(self.unfilled()));
        let cut = match counts.cut {
            0 => String::new(),
            cut => format!(", {} bought in part, as far as the cash went", part(cut)),
        };
        format!("{signals}: {filtered} filtered, {ordered} ordered, {unfilled} not filled{cut}{waiting}")
    }
}

/// Every figure, or why there is none, and more rows below. `part` is what the benchmark covers, where that is less.
fn told_figures(figures: &Figures, part: Option<String>, more: &[(&'static str, String)]) -> String {
    let row = |(kind, figure): (&'static Kind, Figure)| {
        let told = match figure {
            Ok(value) => told(kind.unit, value),
            Err(why) => format!("– ({})", why.0),
        };
        let part = part.as_ref().filter(|_| OF_BENCHMARK.contains(&kind.name) && figure.is_ok());
        (kind.label, part.map_or(told.clone(), |part| format!("{told} ({part})")))
    };
    let mut rows: Vec<(&str, String)> = figures.iter().map(row).collect();
    rows.extend(more.iter().cloned());
    lines(&rows)
}

/// Names and what stands beside them, aligned.
fn lines(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, what)| format!("{name:<width$}  {what}\n")).collect()
}

fn table(trades: &[&Trade]) -> String {
    let header =
        ["symbol", "strategy", "bought", "at", "units", "sold", "at", "result", "R", "bars", "reason"]
            .map(str::to_owned);
    let row = |trade: &&Trade| {
        let sold = if trade.open { "–".to_owned() } else { trade.exit_date.to_string() };
        [
            trade.symbol.to_string(),
            trade.strategy.to_string(),
            trade.entry_date.to_string(),
            price(trade.entry_price),
            quantity(trade.quantity),
            sold,
            price(trade.exit_price),
            signed_money(trade.pnl()),
            trade.r_multiple().map_or("–".to_owned(), |r| fixed(r, 2)),
            trade.bars_held.to_string(),
            trade.exit_reason.to_string(),
        ]
    };
    let rows: Vec<[String; 11]> = std::iter::once(header).chain(trades.iter().map(row)).collect();
    let is_number = |column: usize| matches!(column, 3 | 4 | 6..=9);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..11).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            let aligned = if is_number(column) { format!("{pad}{cell}") } else { format!("{cell}{pad}") };
            line.push_str("  ");
            line.push_str(&aligned);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
