//! The same trades by strategy, trigger, year and regime.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use serde::Serialize;

use super::figure::{Evidence, Figures};
use super::trade::Trade;
use crate::decide::Regime;

/// Figures by group, each group by its name.
#[derive(Clone, Debug, Serialize)]
pub struct Breakdown {
    pub by_strategy: BTreeMap<String, Figures>,
    /// By `strategy: trigger`: two strategies may use one word.
    pub by_trigger: BTreeMap<String, Figures>,
    /// By the year of the exit; the curve's figures are of that year too.
    pub by_year: BTreeMap<String, Figures>,
    /// By which the figures of each year are annualised.
    pub sessions_per_year_by_year: BTreeMap<String, f64>,
    /// By the market's regime when the entry was decided.
    pub by_regime: BTreeMap<String, Figures>,
}

impl Breakdown {
    /// Groups the evidence. A group without a closed trade is left out, but for years, which have a curve.
    pub fn of(evidence: &Evidence<'_>) -> Self {
        let (by_year, sessions_per_year_by_year) = by_year(evidence);
        let regime = |trade: &Trade| trade.regime.map_or("unknown", Regime::as_str).to_owned();
        Self {
            by_strategy: grouped(evidence.trades, |trade| trade.strategy.to_string()),
            by_trigger: grouped(evidence.trades, |trade| format!("{}: {}", trade.strategy, trade.trigger)),
            by_year,
            sessions_per_year_by_year,
            by_regime: grouped(evidence.trades, regime),
        }
    }
}

fn grouped(trades: &[Trade], name: impl Fn(&Trade) -> String) -> BTreeMap<String, Figures> {
    let mut groups: BTreeMap<String, Vec<Trade>> = BTreeMap::new();
    for trade in trades.iter().filter(|trade| !trade.open) {
        groups.entry(name(trade)).or_default().push(trade.clone());
    }
    groups.into_iter().map(|(name, trades)| (name, Figures::of_trades(&trades))).collect()
}

/// The figures of each year, and the sessions that a year then has.
fn by_year(evidence: &Evidence<'_>) -> (BTreeMap<String, Figures>, BTreeMap<String, f64>) {
    let days = evidence.days;
    let (mut years, mut lengths) = (BTreeMap::new(), BTreeMap::new());
    let mut from = 0;
    while from < days.len() {
        let year = days[from].date.year();
        let until = from + days[from..].partition_point(|day| day.date.year() == year);
        // A year's first return is from the last close of the year before.
        let span = from.saturating_sub(1)..until;
        let trades: Vec<Trade> = evidence
            .trades
            .iter()
            .filter(|trade| !trade.open && trade.exit_date.year() == year)
            .cloned()
            .collect();
        let own = Evidence {
            days: &days[span.clone()],
            trades: &trades,
            benchmark: evidence.benchmark.get(span.clone()).unwrap_or_default(),
            year: evidence.year.of_stretch(&days[span]),
        };
        lengths.insert(year.to_string(), own.year.sessions());
        years.insert(year.to_string(), Figures::of(&own));
        from = until;
    }
    (years, lengths)
}
