//! What a backtest rests on: span, classes, scripts with their hashes and constants, risk, costs and engine.

use serde::Serialize;

use crate::domain::format;
use crate::domain::format::short_hash;
use crate::report::backtest::{BacktestReport, StrategyUsed};
use crate::scripts::Engine;
use crate::settings::settings_hash;

/// A name and what is said of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Said {
    pub name: String,
    pub text: String,
}

impl Said {
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into() }
    }
}

/// A strategy as it was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct StrategyView {
    pub name: String,
    pub hash: String,
    pub constants: Vec<Said>,
}

impl StrategyView {
    pub fn of((name, used): (&String, &StrategyUsed)) -> Self {
        let constants = used.constants.iter().map(|(name, value)| Said::new(name, value.to_string()));
        Self { name: format::clean(name), hash: short_hash(&used.hash), constants: constants.collect() }
    }
}

/// Says what the result rests on beside the strategies.
pub(super) fn basis(report: &BacktestReport, engine: Engine) -> Vec<Said> {
    let mut said = Vec::new();
    said.extend(report.walked().map(|walked| Said::new("Span", walked)));
    said.extend(report.warmed_up().map(|sessions| Said::new("Warm-up", sessions)));
    said.extend([
        Said::new("Markets", report.markets()),
        Said::new("Benchmark", report.compared_with()),
        Said::new(
            "Year",
            format!("{}, by which returns are annualised; no interest", report.sessions_a_year()),
        ),
        Said::new("Orders", report.orders()),
        Said::new("Costs", report.costs.as_ref().map_or("none".to_owned(), |own| report.charged(own))),
        Said::new("Risk", report.risk()),
        Said::new("Intervals", "bootstrap with a fixed seed: of sessions in blocks, of trades one by one"),
        Said::new("Engine", engine.as_str()),
        Said::new("Settings", short_hash(&settings_hash(&report.settings))),
        Said::new("Program", concat!("ts ", env!("CARGO_PKG_VERSION"))),
    ]);
    said
}
