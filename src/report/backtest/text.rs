//! A backtest for people: what came of it first, then what it rests on.

use super::BacktestReport;
use crate::domain::AssetClass;
use crate::domain::format::{count, fixed, percent, price, quantity, signed_money};
use crate::performance::{Figure, Figures, Kind, Trade, Unit};
use crate::settings;
use crate::settings::FillTime;

/// So many of the newest trades are listed; the JSON has all.
const LISTED: usize = 20;

impl BacktestReport {
    /// Renders the text.
    pub fn text(&self) -> String {
        let mut text = self.heading();
        let (Some((from, to)), Some(equity)) = (self.span(), self.final_equity()) else {
            text.push_str("No session in the span: nothing was decided.\n");
            return text;
        };
        let start = self.settings.risk.account_equity;
        text.push_str(&lines(&[
            ("Equity", format!("{} to {}", fixed(start, 2), fixed(equity, 2))),
            ("Trades", format!("{} closed, {} open", self.closed().count(), self.open().count())),
            ("Signals", self.signals()),
            ("Costs paid", self.costs.as_ref().map_or("none".to_owned(), |_| fixed(self.costs_paid(), 2))),
            ("Span", format!("{from} to {to}")),
            ("Strategies", self.strategies.keys().cloned().collect::<Vec<_>>().join(", ")),
            ("Orders", self.orders()),
            ("Costs", self.costs.as_ref().map_or("none".to_owned(), |own| self.charged(own))),
        ]));
        text.push('\n');
        text.push_str(&self.figures());
        if self.result.trades.is_empty() {
            text.push_str("\nNo trade: no strategy bought anything in the span.\n");
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
        let told = |(kind, figure): (&'static Kind, Figure)| {
            let told = match figure {
                Ok(value) => told(kind.unit, value),
                Err(why) => format!("– ({})", why.0),
            };
            (kind.label, told)
        };
        let mut rows: Vec<(&str, String)> = Figures::of(&evidence).iter().map(told).collect();
        let symbol = self.benchmark.as_ref().map_or("none", |own| own.symbol.as_str());
        let basis = format!("{} sessions a year; benchmark {symbol}", fixed(evidence.sessions_per_year, 0));
        rows.push(("Reckoned with", basis));
        lines(&rows)
    }

    fn heading(&self) -> String {
        let classes: Vec<&str> = self.asset_classes.iter().map(|class| class.as_str()).collect();
        let sessions = self.result.days.len();
        format!("Backtest of {}, {}\n\n", classes.join(" and "), count(sessions, "session"))
    }

    fn signals(&self) -> String {
        let counts = &self.result.counts;
        let part = |number: usize| fixed(number as f64, 0);
        let (signals, filtered) = (part(counts.signals), part(counts.filtered));
        let waiting = match self.result.book.pending.len() {
            0 => String::new(),
            orders => format!("; {} of the last session not filled yet", count(orders, "order")),
        };
        format!("{signals}: {filtered} filtered, {} ordered{waiting}", part(counts.ordered))
    }

    fn orders(&self) -> String {
        let has_crypto = self.asset_classes.contains(&AssetClass::Crypto);
        match self.fill {
            FillTime::NextOpen if has_crypto => {
                "decided at the close, filled at the next open; crypto fills at 00:00 UTC, the instant of its decision"
                    .to_owned()
            }
            FillTime::NextOpen => "decided at the close, filled at the next open".to_owned(),
            FillTime::NextClose => "decided at the close, filled at the close of the next bar".to_owned(),
        }
    }

    fn charged(&self, costs: &settings::Backtest) -> String {
        let side = |class: &AssetClass| {
            let own = costs.of(*class);
            let bps = |fraction: f64| fixed(fraction * 1e4, 1);
            format!("{class} {} bp fee and {} bp slippage", bps(own.fee), bps(own.slippage))
        };
        let sides: Vec<String> = self.asset_classes.iter().map(side).collect();
        format!("a side, before the day's factors: {}", sides.join("; "))
    }
}

/// A figure as a person reads it.
fn told(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Fraction => percent(value, 2),
        Unit::Ratio => fixed(value, 2),
        Unit::R => format!("{} R", fixed(value, 2)),
        // Means and medians of counts may be broken.
        Unit::Count => fixed(value, if value.fract() == 0.0 { 0 } else { 1 }),
    }
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
            trade.strategy.clone(),
            trade.entry_date.to_string(),
            price(trade.entry_price),
            quantity(trade.quantity),
            sold,
            price(trade.exit_price),
            signed_money(trade.pnl()),
            trade.r_multiple().map_or("–".to_owned(), |r| fixed(r, 2)),
            trade.bars_held.to_string(),
            trade.exit_reason.clone(),
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
