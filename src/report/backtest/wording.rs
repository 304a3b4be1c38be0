//! What the text and the page say in the same words.

use super::BacktestReport;
use crate::domain::AssetClass;
use crate::domain::format::{count, fixed, percent};
use crate::performance::Unit;
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

/// A figure as a person reads it.
pub(super) fn told(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Fraction => percent(value, 2),
        Unit::Ratio => fixed(value, 2),
        Unit::R => format!("{} R", fixed(value, 2)),
        // Means and medians of counts may be broken.
        Unit::Count => fixed(value, if value.fract() == 0.0 { 0 } else { 1 }),
    }
}
