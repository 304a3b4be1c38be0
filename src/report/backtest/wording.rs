//! What the text and the page say in the same words.

use std::cmp::Reverse;

use super::BacktestReport;
use super::{BenchmarkCloses, WarmUp};
use crate::domain::AssetClass;
use crate::domain::format::{count, fixed, percent};
use crate::domain::has_failed_script;
use crate::performance::{Day, Unit, Year};
use crate::settings;
use crate::settings::FillTime;

impl BacktestReport {
    /// Names the classes that were walked.
    pub(super) fn markets(&self) -> String {
        let classes: Vec<&str> = self.asset_classes.iter().map(|class| class.as_str()).collect();
        classes.join(" and ")
    }

    /// Names the dates that were walked; `None` where the span has no session.
    pub(super) fn walked(&self) -> Option<String> {
        let (from, to) = self.span()?;
        let dates = if from == to { from.to_string() } else { format!("{from} to {to}") };
        Some(format!("{dates}, {}", count(self.result.days.len(), "session")))
    }

    /// Says what a reader must know of all numbers, a sentence each.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.demo {
            warnings.push(
                "DEMO: the bars are simulated, not real prices, and their trends are easier than any market's. What a rule \
                 earns on them says nothing about it.",
            );
        }
        if has_failed_script(&self.problems) {
            warnings.push("A script failed: all numbers are of what was left to trade.");
        }
        warnings
    }

    /// Counts the sessions of the warm-up; `None` where there are none.
    pub(super) fn warmed_up(&self) -> Option<String> {
        let WarmUp { sessions, ready } = self.warm_up?;
        let ready = ready.map_or("no strategy is ever ready".to_owned(), |own| {
            format!("no strategy is ready before {own}")
        });
        let whose = if self.walk_forward.is_some() { " that the first window chooses on" } else { "" };
        Some(format!("{}{whose}, in cash: {ready}", count(sessions, "session")))
    }

    /// Says how much is risked, and by which settings of a backtest alone.
    pub(super) fn risk(&self) -> String {
        let (risk, backtest) = (&self.settings.risk, &self.settings.backtest);
        let limit = if backtest.limit_recommendations {
            format!(
                ", {} a session (limit_recommendations)",
                count(self.settings.signals.max_recommendations, "recommendation")
            )
        } else {
            String::new()
        };
        let scaling =
            if backtest.volatility_scaling { ", scaled by volatility (volatility_scaling)" } else { "" };
        format!(
            "{} of equity a trade{scaling}, {} at most in one position, {}, {} invested{limit}",
            percent(risk.risk_per_trade, 2),
            percent(risk.max_position, 0),
            count(risk.max_positions, "position"),
            percent(risk.max_exposure, 0),
        )
    }

    /// Says what a year is by which returns are annualised.
    pub(super) fn sessions_a_year(&self) -> String {
        sessions_a_year(self.year())
    }

    /// Names the benchmark, and the part of the span that it covers where that is not all of it.
    pub(super) fn compared_with(&self) -> String {
        compared_with(self.benchmark.as_ref(), &self.result.days)
    }

    /// Says which filters rejected how many signals, the busiest first; empty where none did.
    pub(super) fn filtered_by(&self) -> String {
        let mut filters: Vec<(&str, usize)> =
            self.result.counts.filtered_by.iter().map(|(name, rejected)| (*name, *rejected)).collect();
        filters.sort_by_key(|(name, rejected)| (Reverse(*rejected), *name));
        let told = |(name, rejected): (&str, usize)| format!("{name} {}", fixed(rejected as f64, 0));
        filters.into_iter().map(told).collect::<Vec<_>>().join(", ")
    }

    /// Says what all fills cost.
    pub(super) fn paid(&self) -> String {
        let paid = self.result.paid;
        let money = |own: f64| fixed(own, 2);
        format!("{}: fees {}, slippage {}", money(paid.total()), money(paid.fees), money(paid.slippage))
    }

    /// Says when orders are decided and filled.
    pub(super) fn orders(&self) -> String {
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

    /// Says what a side costs.
    pub(super) fn charged(&self, costs: &settings::Backtest) -> String {
        let side = |class: &AssetClass| {
            let own = costs.of(*class);
            let bps = |fraction: f64| fixed(fraction * 1e4, 1);
            format!("{class} {} bp fee and {} bp slippage", bps(own.fee), bps(own.slippage))
        };
        let sides: Vec<String> = self.asset_classes.iter().map(side).collect();
        format!("a side, before the day's factors: {}", sides.join("; "))
    }
}

/// Means and medians of counts may be broken.
fn counted(value: f64) -> String {
    fixed(value, if value.fract() == 0.0 { 0 } else { 1 })
}

/// A figure as a person reads it.
pub(super) fn told(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Fraction => percent(value, 2),
        Unit::Ratio => fixed(value, 2),
        Unit::R => format!("{} R", fixed(value, 2)),
        Unit::Count => counted(value),
        Unit::Sessions if value == 1.0 => "1 session".to_owned(),
        Unit::Sessions => format!("{} sessions", counted(value)),
    }
}

/// Says what returns are annualised by.
pub(super) fn sessions_a_year(year: Year) -> String {
    match year {
        Year::Equity => format!("{} sessions a year", fixed(year.sessions(), 0)),
        Year::Crypto => format!("{} sessions a year: every day is one", fixed(year.sessions(), 0)),
        Year::Counted(sessions) => format!(
            "{} sessions a year, counted: not every day is a session, though weekends are among them",
            fixed(sessions, 1)
        ),
    }
}

/// Names a benchmark, and the part of a curve that it covers where that is not all of it.
pub(super) fn compared_with(benchmark: Option<&BenchmarkCloses>, days: &[Day]) -> String {
    let Some(own) = benchmark else { return "none".to_owned() };
    match own.part(days) {
        Some(part) => format!("{}, {part}", own.symbol),
        None => own.symbol.to_string(),
    }
}
