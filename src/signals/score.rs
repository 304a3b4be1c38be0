//! Scores the triggered symbols and sets their stop and target.
//!
//! A signal whose scorer lacks a feature is a problem, never a score of 0; one without a
//! stop that can be placed is dropped with a problem too.

use std::sync::Arc;

use super::{Component, Signal};
use crate::domain::format::price;
use crate::domain::{Problem, ProblemKind};
use crate::features::Column;
use crate::features::Columns;
use crate::features::core;
use crate::scripts::Scripts;
use crate::scripts::not_ready;
use crate::scripts::{Budget, RowError, Rows, Scorer, SignalView, Strategy};

/// Scores the rows on which `strategy` triggered, each with its trigger; a row's signal, or why it
/// has none, stands at its place.
///
/// # Errors
/// The rows on which the scorer erred: the strategy then makes no signal on their sessions.
pub(super) fn score(
    columns: &Columns,
    scripts: &Scripts,
    rows: &Rows,
    strategy: &Strategy,
    triggered: &[(u32, Arc<str>)],
    budget: &mut Budget,
) -> Result<Vec<Result<Signal, Problem>>, Vec<RowError>> {
    // A strategy without a scorer is not loaded.
    let Some(scorer) = scripts.scorer_of(strategy) else { return Ok(Vec::new()) };
    let index: Vec<u32> = triggered.iter().map(|(row, _)| *row).collect();
    let view = |(_, trigger): &(u32, Arc<str>)| SignalView {
        trigger: trigger.as_ref().into(),
        strategy: strategy.name().into(),
    };
    let views: Vec<SignalView> = triggered.iter().map(view).collect();
    let mut parts = Vec::with_capacity(scorer.weights().len());
    for component in 0..scorer.weights().len() {
        parts.push(scorer.component(component, rows, &index, &views, budget).complete()?);
    }
    let market = Market {
        columns,
        rows,
        strategy,
        name: strategy.name().into(),
        scorer,
        atr14: columns.column(&core::ATR14),
        adv20: columns.column(&core::ADV20),
    };
    let scored = triggered.iter().enumerate().map(|(place, (row, trigger))| {
        let scores: Vec<Option<f64>> = parts.iter().map(|part| part[place]).collect();
        signal(&market, *row as usize, trigger, &scores)
    });
    Ok(scored.collect())
}

/// What all signals of a strategy are made from, looked up once.
struct Market<'a> {
    columns: &'a Columns,
    rows: &'a Rows,
    strategy: &'a Strategy,
    name: Arc<str>,
    scorer: &'a Scorer,
    atr14: Option<&'a Column>,
    adv20: Option<&'a Column>,
}

fn signal(
    market: &Market<'_>,
    row: usize,
    trigger: &Arc<str>,
    scores: &[Option<f64>],
) -> Result<Signal, Problem> {
    let Market { columns, rows, strategy, name, scorer, atr14, adv20 } = market;
    let panel = columns.panel();
    let symbol = panel.symbols()[panel.owner(row)].clone();
    let session = panel.dates()[row];
    let what = || format!("{} triggered {trigger} on {session}, but", strategy.name());
    let mut components = Vec::with_capacity(scores.len());
    for (place, ((name, weight), score)) in scorer.weights().iter().zip(scores).enumerate() {
        let Some(score) = *score else {
            let missing = scorer.functions()[place].missing(rows, row as u32);
            let bars = row + 1 - panel.rows(panel.owner(row)).start;
            let message =
                format!("{} scorer {} is not ready: {}", what(), scorer.name(), not_ready(&missing, bars));
            return Err(Problem::new(symbol, ProblemKind::Score, message));
        };
        // A scorer's −0 becomes 0.
        components.push(Component { name: name.clone(), score: score + 0.0, weight: *weight });
    }
    let score = components.iter().map(|part| part.weight * part.score).sum::<f64>();
    let close = panel.close()[row];
    let Some(atr14) = atr14.and_then(|column| column.get(row)) else {
        let message = format!("{} atr14 has no value, so no stop can be placed", what());
        return Err(Problem::new(symbol, ProblemKind::Stop, message));
    };
    let stop = close - strategy.stop_atr_mult() * atr14;
    if stop <= 0.0 || stop >= close {
        let message = format!(
            "{} its stop {} does not lie between 0 and the close {}",
            what(),
            price(stop),
            price(close)
        );
        return Err(Problem::new(symbol, ProblemKind::Stop, message));
    }
    Ok(Signal {
        row,
        session,
        symbol,
        asset_class: panel.asset_class(),
        strategy: Arc::clone(name),
        trigger: Arc::clone(trigger),
        components,
        score,
        close,
        stop,
        target: close + strategy.reward_risk() * (close - stop),
        adv20: adv20.and_then(|column| column.get(row)),
        max_adv_fraction: strategy.max_adv_fraction(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, flat, scripts, series};
    use crate::signals::scan;

    fn run(strategy: &str, scorer: &str, bars: Vec<crate::bars::Bars>) -> (Vec<Signal>, Vec<Problem>) {
        let strategy = strategy.replace("\"equity\"", "\"equity\", scorer: \"own\"");
        let scripts = scripts(&[("rule", &strategy), ("own", scorer)]);
        let columns = columns(AssetClass::Equity, bars, &scripts);
        let scan = scan(&columns, &scripts, &scripts.bind(&columns), day(29), &[]);
        (scan.signals, scan.problems)
    }

    const TWO_PARTS: &str =
        "const WEIGHTS = #{ a: 0.75, b: 0.25 };\nfn a(row, signal) { 8.0 }\nfn b(row, signal) { 4.0 }";

    #[test]
    fn the_score_is_the_weighted_sum_and_the_prices_follow_from_the_range() {
        let (signals, problems) = run(ALWAYS, TWO_PARTS, vec![flat("X", 80.0)]);
        assert_eq!(problems, []);
        let signal = &signals[0];
        let parts: Vec<_> =
            signal.components.iter().map(|part| (&*part.name, part.score, part.weight)).collect();
        assert_eq!(parts, [("a", 8.0, 0.75), ("b", 4.0, 0.25)]);
        // A flat 80 has an atr14 of 1.6; five of them are 8; the reward is twice the risk.
        let numbers = [
            (signal.score, 7.0),
            (signal.close, 80.0),
            (signal.stop, 72.0),
            (signal.target, 96.0),
            (signal.adv20.expect("thirty bars are enough"), 80e6),
        ];
        for (number, expected) in numbers {
            assert!((number - expected).abs() < 1e-9 * expected, "{number} {expected}");
        }
    }

    #[test]
    fn a_scorer_without_its_feature_is_a_problem_and_not_a_score_of_zero() {
        let scorer = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { clamp(row.ma50, 0.0, 10.0) }";
        let (signals, problems) = run(ALWAYS, scorer, vec![flat("X", 80.0), series("Y", 0, &[90.0; 29])]);
        assert_eq!(signals, []);
        let message =
            "rule triggered always on 2024-01-30, but scorer own is not ready: ma50 needs 50 bars, has 30";
        assert_eq!(problems, [Problem::new("X", ProblemKind::Score, message)]);
    }

    #[test]
    fn a_stop_at_or_under_zero_drops_its_signal_alone() {
        let wide = ALWAYS.replace("STOP_ATR_MULT = 5.0", "STOP_ATR_MULT = 51.0");
        let bars = vec![flat("X", 80.0), series("Y", 20, &[80.0; 10])];
        let (signals, problems) = run(&wide, TWO_PARTS, bars);
        assert_eq!(signals, []);
        let kinds: Vec<_> = problems.iter().map(|own| (own.symbol.as_str(), own.kind)).collect();
        assert_eq!(kinds, [("X", ProblemKind::Stop), ("Y", ProblemKind::Stop)]);
        assert!(problems[0].message.contains("does not lie between 0 and the close 80.00"), "{problems:?}");
        assert!(problems[1].message.contains("atr14 has no value"), "{problems:?}");
    }

    #[test]
    fn a_price_that_never_moved_has_no_stop() {
        let rows = (0..30)
            .map(|n| crate::domain::Bar {
                date: day(n),
                open: 80.0,
                high: 80.0,
                low: 80.0,
                close: 80.0,
                volume: 1.0,
            })
            .collect();
        let (still, _) = crate::bars::check(crate::signals::fixtures::symbol("X"), rows, day(29));
        let (signals, problems) = run(ALWAYS, TWO_PARTS, vec![still]);
        assert_eq!(signals, []);
        assert_eq!(problems[0].kind, ProblemKind::Stop, "{problems:?}");
    }

    #[test]
    fn a_negative_zero_of_a_scorer_becomes_zero() {
        let scorer = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { row.close * -0.0 }";
        let (signals, problems) = run(ALWAYS, scorer, vec![flat("X", 80.0)]);
        assert_eq!(problems, []);
        assert_eq!(signals[0].components[0].score.to_bits(), 0);
        assert_eq!(signals[0].score.to_bits(), 0);
    }
}
