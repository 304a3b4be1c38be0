//! One view model, three renderings: text, self-contained HTML, and JSON.
//!
//! The view model holds every number as the text that people read, so templates hold no
//! arithmetic and the two for people cannot disagree. JSON goes its own way, from the same
//! report: programs get numbers. Nothing here sees a clock, a file or the network; templates
//! that a user edited come in as text.

mod axis;
mod backtest;
mod cards;
pub mod chart;
mod html;
mod json;
mod lettering;
mod marks;
mod past;
mod reload;
mod run;
mod sections;
mod templates;
mod text;
mod view;

#[cfg(test)]
pub(crate) mod example;

pub use backtest::WarmUp;
pub use backtest::figures as backtest_figures;
pub use backtest::{BacktestPage, BacktestReport, BenchmarkCloses, PriceHistory, StrategyUsed};
pub use backtest::{Choice, HeatMap, Holdout, Looks, Shown, Sweep, Trial, WalkForward, WalkedWindow};
pub use chart::{ChartData, ChartLevel};
pub use html::{Charts, chart_content_id, html, view_with_charts};
pub use json::{JsonError, json};
pub use marks::Mark;
pub use past::{Past, PastRecommendation};
pub use reload::{Changes, LastReload, Reload, difference};
pub use run::{Part, Report, RunRecord};
pub use templates::{RenderError, Templates, built_in_templates};
pub use text::text;
pub use view::View;
