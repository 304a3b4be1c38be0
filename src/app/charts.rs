//! The price charts of a report: the last bars of each recommended symbol.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::decide::Prepared;
use crate::decide::Recommendation;
use crate::features::core;
use crate::report::{ChartData, ChartLevel};
use crate::scripts::Rule;
use crate::scripts::Scripts;

/// The sessions that a chart shows.
const SESSIONS: usize = 120;

/// Cuts the chart of every recommendation from the columns that decided it.
pub(super) fn charts(
    prepared: &Prepared,
    scripts: &Scripts,
    recommendations: &[Recommendation],
) -> BTreeMap<Uuid, ChartData> {
    recommendations.iter().filter_map(|own| Some((own.id, chart(prepared, scripts, own)?))).collect()
}

fn chart(prepared: &Prepared, scripts: &Scripts, recommendation: &Recommendation) -> Option<ChartData> {
    let columns = &prepared.columns;
    let panel = columns.panel();
    let position = panel.position(&recommendation.symbol)?;
    let last = panel.row(position, recommendation.session)?;
    let start = panel.rows(position).start;
    let first = start.max((last + 1).saturating_sub(SESSIONS));
    Some(ChartData {
        symbol: recommendation.symbol.clone(),
        dates: panel.dates()[first..=last].to_vec(),
        close: panel.close()[first..=last].to_vec(),
        ma50: columns.history(&core::MA50, position)[first - start..=last - start].to_vec(),
        level: level(prepared, scripts, recommendation, last),
        stop: recommendation.stop_price,
        target: recommendation.target_price,
        entry: recommendation.entry_price,
    })
}

/// The extreme that the entry rule compares with: of the `highest_…` and `lowest_…` features
/// that it reads, the one whose window the trigger's name repeats, like 20 in `breakout_20d`.
fn level(
    prepared: &Prepared,
    scripts: &Scripts,
    recommendation: &Recommendation,
    row: usize,
) -> Option<ChartLevel> {
    let window: String = recommendation.signal_type.chars().filter(char::is_ascii_digit).collect();
    if window.is_empty() {
        return None;
    }
    let entry = scripts.strategy(&recommendation.strategy_name)?.function(Rule::Entry)?;
    let is_level = |name: &str| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        (name.starts_with("highest_") || name.starts_with("lowest_")) && digits == window
    };
    let feature =
        entry.reads().iter().map(|read| &read.feature).find(|feature| is_level(feature.as_str()))?;
    let extreme = if feature.as_str().starts_with("highest_") { "high" } else { "low" };
    Some(ChartLevel {
        label: format!("{window}-day {extreme}"),
        price: prepared.columns.value(feature, row)?,
    })
}
