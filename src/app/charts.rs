//! The price charts of a report: the last bars of each recommended symbol.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::decide::Direction;
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

/// The extreme that the entry rule of a BUY compares with: of the `highest_…` and `lowest_…` features
/// that it reads, the one whose window the trigger's name repeats, like 20 in `breakout_20d`.
fn level(
    prepared: &Prepared,
    scripts: &Scripts,
    recommendation: &Recommendation,
    row: usize,
) -> Option<ChartLevel> {
    if recommendation.direction == Direction::Sell {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar;
    use crate::decide::{MarketBars, decide, prepare};
    use crate::domain::{AssetClass, Bar, Book, Position, Symbol};
    use crate::scripts::{Options, ScriptSource};
    use crate::settings::Settings;

    const RULES: &str = r#"const META = #{ asset_class: "equity" };
const STOP_ATR_MULT = 2.0;
fn eligible(row) { true }
fn entry(row) { if row.close > row.highest_close_20d { return "breakout_20d"; } }
fn exit(row, position) { return "ma20_cross"; }
"#;
    const SCORER: &str = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 9.0 }";

    #[test]
    fn only_a_buy_has_the_level_that_its_entry_broke() {
        let source = |name: &str, text: &str| ScriptSource {
            name: name.to_owned(),
            path: format!("{name}.rhai"),
            text: text.to_owned(),
        };
        let options = Options { default_scorer: "graded".to_owned(), ..Options::of(&Settings::defaults()) };
        let (scripts, problems) =
            Scripts::compile(&[source("rule", RULES), source("graded", SCORER)], &options);
        assert_eq!(problems, []);
        let last = "2026-11-20".parse().expect("a date");
        let dates = calendar::sessions(AssetClass::Equity, "2026-08-03".parse().expect("a date"), last);
        let rising = |symbol: &str| {
            let bar = |(index, date): (usize, &chrono::NaiveDate)| {
                let close = 100.0 + index as f64;
                Bar { date: *date, open: close, high: close + 1.0, low: close - 1.0, close, volume: 1e7 }
            };
            let rows = dates.iter().enumerate().map(bar).collect();
            crate::bars::check(Symbol::new(symbol).expect("a symbol"), rows, last).0
        };
        let market = MarketBars::of(AssetClass::Equity, vec![rising("HELD"), rising("NEW")]);
        let prepared = prepare(market, &scripts, |_, _| 0).expect("distinct symbols");
        let held = Position {
            symbol: Symbol::new("HELD").expect("a symbol"),
            asset_class: AssetClass::Equity,
            strategy: "rule".into(),
            entry_date: dates[0],
            entry_price: 100.0,
            quantity: 1.0,
            stop_price: 90.0,
            stop_session: dates[0],
            last_close: 100.0,
            split_factor: 1.0,
        };
        let book = Book::of_positions(1e5, vec![held]);
        let (decision, _) = decide(&prepared, &scripts, &Settings::defaults(), &book, last);
        let level = |recommendations: &[Recommendation]| {
            let drawn = charts(&prepared, &scripts, recommendations);
            let chart = drawn.into_values().next().expect("one recommendation");
            (chart.symbol.to_string(), chart.level.map(|level| level.label))
        };
        assert_eq!(level(&decision.recommendations), ("NEW".to_owned(), Some("20-day high".to_owned())));
        assert_eq!(level(&decision.exits), ("HELD".to_owned(), None));
    }
}
