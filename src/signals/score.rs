//! Scores the triggered symbols and sets their stop and target.
//!
//! A signal whose scorer lacks a feature is a problem, never a score of 0; one without a
//! stop that can be placed is dropped with a problem too.

use std::sync::Arc;

use super::found::{Found, Market, Triggered};
use crate::domain::format::price;
use crate::domain::{Problem, ProblemKind};
use crate::features::Column;
use crate::scripts::not_ready;
use crate::scripts::{Budget, RowError, Scorer, SignalView, Strategy};

/// The scores of rows that triggered.
pub(super) struct Scores<'a> {
    market: &'a Market<'a>,
    strategy: (u32, &'a Strategy),
    scorer: &'a Scorer,
    /// By component, then by row.
    parts: Vec<Vec<Option<f64>>>,
    /// The place of each row's symbol in the panel.
    owners: Vec<u32>,
    atr14: Vec<Option<f64>>,
    adv20: Vec<Option<f64>>,
}

impl<'a> Scores<'a> {
    /// Scores the rows on which a strategy triggered, each with its trigger; `None` without a scorer, where no strategy
    /// is loaded, and without a row.
    ///
    /// # Errors
    /// The rows on which the scorer erred: the strategy then makes no signal on their sessions.
    pub(super) fn ask(
        market: &'a Market<'a>,
        strategy: (u32, &'a Strategy),
        (index, triggers): (&[u32], &[Arc<str>]),
        budget: &mut Budget,
    ) -> Result<Option<Self>, Vec<RowError>> {
        let Some(scorer) = market.scripts.scorer_of(strategy.1).filter(|_| !index.is_empty()) else {
            return Ok(None);
        };
        let views = views(strategy.1, triggers);
        let of_rows = |column: Option<&Column>| match column {
            Some(column) => column.of_rows(index),
            None => vec![None; index.len()],
        };
        let mut parts = Vec::with_capacity(scorer.weights().len());
        for component in 0..scorer.weights().len() {
            parts.push(scorer.component(component, market.rows, index, &views, budget).complete()?);
        }
        Ok(Some(Self {
            market,
            strategy,
            scorer,
            parts,
            owners: market.columns.panel().owners(index),
            atr14: of_rows(market.atr14),
            adv20: of_rows(market.adv20),
        }))
    }

    /// Adds the row at a place to what was found on its session, or why it makes no signal.
    pub(super) fn add(&self, place: usize, (row, trigger): (u32, &Arc<str>), found: &mut Found) {
        let first_score = found.scores.len();
        match self.scored(place, row as usize, trigger, found) {
            Ok((score, (close, stop))) => found.triggered.push(Triggered {
                row,
                owner: self.owners[place],
                score,
                close,
                stop,
                adv20: self.adv20[place],
                trigger: Arc::clone(trigger),
                strategy: self.strategy.0,
                first_score: first_score as u32,
            }),
            Err(problem) => {
                found.scores.truncate(first_score);
                found.problems.push(problem);
            }
        }
    }

    /// The row's score, its close and its stop.
    fn scored(
        &self,
        place: usize,
        row: usize,
        trigger: &str,
        found: &mut Found,
    ) -> Result<(f64, (f64, f64)), Problem> {
        let (strategy, scorer) = (self.strategy.1, self.scorer);
        let panel = self.market.columns.panel();
        let owner = self.owners[place] as usize;
        let told = |kind: ProblemKind, why: String| {
            let message =
                format!("{} triggered {trigger} on {}, but {why}", strategy.name(), panel.dates()[row]);
            Problem::new(panel.symbols()[owner].clone(), kind, message)
        };
        let mut sum = 0.0;
        for (component, ((_, weight), scores)) in scorer.weights().iter().zip(&self.parts).enumerate() {
            let Some(score) = scores[place] else {
                let missing = scorer.functions()[component].missing(self.market.rows, row as u32);
                let bars = row + 1 - panel.rows(owner).start;
                let lacks = not_ready(&missing, bars);
                return Err(told(
                    ProblemKind::Score,
                    format!("scorer {} is not ready: {lacks}", scorer.name()),
                ));
            };
            // A scorer's −0 becomes 0.
            let score = score + 0.0;
            found.scores.push(score);
            sum += weight * score;
        }
        let close = panel.close()[row];
        let Some(atr14) = self.atr14[place] else {
            return Err(told(ProblemKind::Stop, "atr14 has no value, so no stop can be placed".to_owned()));
        };
        let stop = close - strategy.stop_atr_mult() * atr14;
        if stop <= 0.0 || stop >= close {
            let (stop, close) = (price(stop), price(close));
            let why = format!("its stop {stop} does not lie between 0 and the close {close}");
            return Err(told(ProblemKind::Stop, why));
        }
        Ok((sum, (close, stop)))
    }
}

/// What the scorer is shown of each row: few triggers, each made into a text once.
fn views(strategy: &Strategy, triggers: &[Arc<str>]) -> Vec<SignalView> {
    let mut known: Vec<SignalView> = Vec::new();
    let view = |trigger: &Arc<str>| {
        if let Some(view) = known.iter().find(|view| *view.trigger == **trigger) {
            return view.clone();
        }
        known.push(SignalView { trigger: trigger.as_ref().into(), strategy: strategy.name().into() });
        known[known.len() - 1].clone()
    };
    triggers.iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, flat, scripts, series};
    use crate::signals::{Signal, scan};

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
