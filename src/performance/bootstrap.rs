//! How sure a figure is: the interval in which it lies when its sample is drawn again.

use serde::Serialize;

use super::curve::{Day, returns};
use super::draws::Draws;
use super::figure::Undefined;
use super::of_curve::sharpe;
use super::of_trades::results;
use super::sample::mean;
use super::trade::Trade;

/// Samples that are drawn.
const ROUNDS: usize = 2_000;
/// The part of the samples that lies within the interval.
const LEVEL: f64 = 0.95;
/// Fewer observations tell nothing of how they vary.
const FEWEST: usize = 10;
const FEW: Undefined = Undefined("fewer than ten observations");

/// The middle part of what a figure came to over many samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// The part of the samples within it.
    pub level: f64,
}

/// Returns the interval of the Sharpe ratio, by the stationary bootstrap: blocks of n^(1/3) sessions in the
/// mean, so that what lasts over days lasts in the samples too (Politis, Romano 1994).
///
/// # Errors
/// Fewer than ten returns, or none that vary.
pub fn sharpe_interval(days: &[Day], sessions_per_year: f64, seed: u64) -> Result<Interval, Undefined> {
    let returns = returns(days);
    if returns.len() < FEWEST {
        return Err(FEW);
    }
    sharpe(&returns, sessions_per_year)?;
    let go_on = 1.0 - (returns.len() as f64).cbrt().recip();
    let mut draws = Draws::new(seed);
    interval(|sample| {
        sample.clear();
        let mut place = draws.place(returns.len());
        for _ in 0..returns.len() {
            sample.push(returns[place]);
            place = if draws.fraction() < go_on {
                (place + 1) % returns.len()
            } else {
                draws.place(returns.len())
            };
        }
        sharpe(sample, sessions_per_year).ok()
    })
}

/// Returns the interval of the mean result in R, each trade drawn by itself (Efron 1979).
///
/// # Errors
/// Fewer than ten closed trades.
pub fn expectancy_interval(trades: &[Trade], seed: u64) -> Result<Interval, Undefined> {
    let results = results(trades);
    if results.len() < FEWEST {
        return Err(FEW);
    }
    let mut draws = Draws::new(seed);
    interval(|sample| {
        sample.clear();
        sample.extend((0..results.len()).map(|_| results[draws.place(results.len())]));
        mean(sample)
    })
}

/// The interval of what a figure comes to; a sample in which it is not defined is left out.
fn interval(mut draw: impl FnMut(&mut Vec<f64>) -> Option<f64>) -> Result<Interval, Undefined> {
    let mut sample = Vec::new();
    let mut found: Vec<f64> = (0..ROUNDS).filter_map(|_| draw(&mut sample)).collect();
    found.sort_by(f64::total_cmp);
    let outside = (1.0 - LEVEL) / 2.0;
    let low = quantile(&found, outside).ok_or(FEW)?;
    let high = quantile(&found, 1.0 - outside).ok_or(FEW)?;
    Ok(Interval { low, high, level: LEVEL })
}

/// The quantile of sorted values, between two of them in proportion.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}
