//! A signal on its way to a recommendation: its combined score, conviction, rank and size.

use std::cmp::Ordering;

use crate::domain::AssetClass;
use crate::domain::Conviction;
use crate::domain::{Problem, ProblemKind};
use crate::settings::Settings;
use crate::signals::Signal;

/// A signal with the numbers that filters judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub signal: Signal,
    /// 0 to 10.
    pub combined_score: f64,
    pub conviction: Conviction,
    pub size: Size,
}

/// How much to buy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// The position as a fraction of equity: of the whole shares, where they are.
    pub fraction: f64,
    /// What is lost at the stop, as a fraction of equity.
    pub risk: f64,
    /// The cap that bound the fraction, or `None` where risk alone set it.
    pub cap: Option<&'static str>,
    /// Units to buy at the close: whole for equities, fractional for crypto.
    pub quantity: f64,
    /// Their price at the close, in the account's currency.
    pub notional: f64,
}

impl Candidate {
    /// Scores and sizes a signal for an account worth `equity`.
    ///
    /// # Errors
    /// A problem that names the signal where none of its scores has a weight; the settings'
    /// own checks rule that out.
    pub fn new(signal: Signal, settings: &Settings, equity: f64) -> Result<Self, Problem> {
        let weights = &settings.signals;
        let scores = [(weights.technical_weight, Some(signal.score)), (weights.news_weight, None)];
        let combined_score = combined(&scores).ok_or_else(|| without_weight(&signal))?;
        let size = size(&signal, settings, equity);
        Ok(Self { combined_score, conviction: Conviction::of_score(combined_score), size, signal })
    }

    /// Orders the better candidate first: by score, then 20-session dollar volume, then
    /// symbol, then strategy.
    pub fn rank(a: &Self, b: &Self) -> Ordering {
        let volume = |candidate: &Self| candidate.signal.adv20.unwrap_or(0.0);
        b.combined_score
            .total_cmp(&a.combined_score)
            .then_with(|| volume(b).total_cmp(&volume(a)))
            .then_with(|| a.signal.symbol.cmp(&b.signal.symbol))
            .then_with(|| a.signal.strategy.cmp(&b.signal.strategy))
    }
}

fn without_weight(signal: &Signal) -> Problem {
    let message = format!(
        "{} triggered {} on {}, but none of its scores has a weight; set signals.technical_weight over 0",
        signal.strategy, signal.trigger, signal.session
    );
    Problem::new(&signal.symbol, ProblemKind::Score, message)
}

/// The mean of the scores that exist, by their weights, or `None` where none weighs.
fn combined(scores: &[(f64, Option<f64>)]) -> Option<f64> {
    let known = || scores.iter().filter_map(|(weight, score)| score.map(|score| (*weight, score)));
    let total: f64 = known().map(|(weight, _)| weight).sum();
    // Each weight is divided first, so that a score that stands alone stays as it is.
    (total > 0.0).then(|| known().map(|(weight, score)| weight / total * score).sum())
}

/// Risks `risk_per_trade` of equity between entry and stop, at most `max_position` of it.
fn size(signal: &Signal, settings: &Settings, equity: f64) -> Size {
    let stop_distance = (signal.close - signal.stop) / signal.close;
    let by_risk = settings.risk.risk_per_trade / stop_distance;
    let max = settings.risk.max_position;
    let (fraction, cap) = if by_risk > max { (max, Some("max_position")) } else { (by_risk, None) };
    let units = fraction * equity / signal.close;
    // Shares are whole, and the size that is told is that of the order.
    let (quantity, fraction) = match signal.asset_class {
        AssetClass::Equity => (units.floor(), units.floor() * signal.close / equity),
        AssetClass::Crypto => (units, fraction),
    };
    Size { fraction, risk: fraction * stop_distance, cap, quantity, notional: quantity * signal.close }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixtures::{signal, symbol};

    fn candidate(signal: Signal) -> Candidate {
        Candidate::new(signal, &Settings::defaults(), 100_000.0).expect("a weighted score")
    }

    #[test]
    fn a_score_that_does_not_exist_weighs_nothing() {
        for (scores, expected) in [
            (vec![(1.0, Some(7.0)), (0.0, None)], Some(7.0)),
            (vec![(0.6, Some(7.0)), (0.4, None)], Some(7.0)),
            (vec![(0.75, Some(8.0)), (0.25, Some(4.0))], Some(7.0)),
            (vec![(3.0, Some(8.0)), (1.0, Some(4.0))], Some(7.0)),
            (vec![(0.0, Some(7.0)), (1.0, None)], None),
        ] {
            assert_eq!(combined(&scores), expected, "{scores:?}");
        }
    }

    #[test]
    fn a_signal_whose_scores_weigh_nothing_is_a_problem() {
        let mut settings = Settings::defaults();
        settings.signals.technical_weight = 0.0;
        let message = "always triggered always on 2024-01-30, but none of its scores has a weight; \
                       set signals.technical_weight over 0";
        let expected = Problem::new("X", ProblemKind::Score, message);
        assert_eq!(Candidate::new(signal("X", 7.0), &settings, 100_000.0), Err(expected));
    }

    #[test]
    fn conviction_turns_at_six_and_eight() {
        for (score, expected) in [
            (5.999, Conviction::Low),
            (6.0, Conviction::Medium),
            (7.999, Conviction::Medium),
            (8.0, Conviction::High),
        ] {
            assert_eq!(candidate(signal("X", score)).conviction, expected, "{score}");
        }
    }

    /// The fraction, risk and cap of a stop so far under a close of 100, with the default limits
    /// of 0.0075 at risk and 0.15 in all.
    #[track_caller]
    fn check(stop: f64, fraction: f64, risk: f64, cap: Option<&str>) {
        let coin = Signal { stop, asset_class: AssetClass::Crypto, ..signal("X", 7.0) };
        let size = candidate(coin).size;
        assert!((size.fraction - fraction).abs() < 1e-12, "{size:?}");
        assert!((size.risk - risk).abs() < 1e-12, "{size:?}");
        assert_eq!(size.cap, cap);
    }

    #[test]
    fn the_size_loses_the_risk_at_the_stop_until_the_cap_binds() {
        check(90.0, 0.075, 0.0075, None);
        check(70.0, 0.025, 0.0075, None);
        check(98.0, 0.15, 0.003, Some("max_position"));
    }

    #[test]
    fn shares_are_whole_and_coins_are_not() {
        let dear = Signal { close: 1_000.0, stop: 900.0, ..signal("X", 7.0) };
        let size = candidate(dear.clone()).size;
        assert_eq!((size.quantity, size.notional), (7.0, 7_000.0));
        // Of the order, not of the 7.5 shares that the risk allows.
        assert!((size.fraction - 0.07).abs() < 1e-12 && (size.risk - 0.007).abs() < 1e-12, "{size:?}");
        let coins = candidate(Signal { asset_class: AssetClass::Crypto, ..dear }).size;
        assert!((coins.quantity - 7.5).abs() < 1e-9, "{coins:?}");
        assert!((coins.notional - 7_500.0).abs() < 1e-6, "{coins:?}");
    }

    #[test]
    fn ties_go_to_volume_then_symbol_then_strategy() {
        let ranked = [
            Signal { adv20: Some(1.0), ..signal("Z", 9.0) },
            Signal { adv20: Some(9.0), ..signal("Y", 7.0) },
            Signal { adv20: Some(5.0), ..signal("A", 7.0) },
            Signal { adv20: Some(5.0), strategy: "aa".into(), ..signal("B", 7.0) },
            Signal { adv20: Some(5.0), strategy: "bb".into(), ..signal("B", 7.0) },
            Signal { adv20: None, ..signal("A", 7.0) },
        ]
        .map(candidate);
        let mut mixed: Vec<Candidate> = [4, 0, 5, 2, 1, 3].map(|place: usize| ranked[place].clone()).into();
        mixed.sort_by(Candidate::rank);
        assert_eq!(mixed, ranked);
        assert_eq!(mixed[0].signal.symbol, symbol("Z"));
    }
}
