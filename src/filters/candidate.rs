//! A signal on its way to a recommendation: its combined score, conviction, rank and size.

use std::cmp::Ordering;

use crate::domain::AssetClass;
use crate::domain::Conviction;
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
    /// The position as a fraction of equity.
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
    /// Returns `None` where no weighted score exists, which the settings' checks rule out.
    pub fn new(signal: Signal, settings: &Settings, equity: f64) -> Option<Self> {
        let weights = &settings.signals;
        let scores = [(weights.technical_weight, Some(signal.score)), (weights.news_weight, None)];
        let combined_score = combined(&scores)?;
        let size = size(&signal, settings, equity);
        Some(Self { combined_score, conviction: Conviction::of_score(combined_score), size, signal })
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

/// The mean of the scores that exist, by their weights, or `None` where none weighs.
fn combined(scores: &[(f64, Option<f64>)]) -> Option<f64> {
    let known = || scores.iter().filter_map(|(weight, score)| score.map(|score| (*weight, score)));
    let weight: f64 = known().map(|(weight, _)| weight).sum();
    let sum: f64 = known().map(|(weight, score)| weight * score).sum();
    (weight > 0.0).then(|| sum / weight)
}

/// Risks `risk_per_trade` of equity between entry and stop, at most `max_position` of it.
fn size(signal: &Signal, settings: &Settings, equity: f64) -> Size {
    let stop_distance = (signal.close - signal.stop) / signal.close;
    let by_risk = settings.risk.risk_per_trade / stop_distance;
    let max = settings.risk.max_position;
    let (fraction, cap) = if by_risk > max { (max, Some("max_position")) } else { (by_risk, None) };
    let units = fraction * equity / signal.close;
    let quantity = match signal.asset_class {
        AssetClass::Equity => units.floor(),
        AssetClass::Crypto => units,
    };
    Size { fraction, risk: fraction * stop_distance, cap, quantity, notional: quantity * signal.close }
}
