//! Whether the entries were well timed, or any others of the same symbols would have done as well.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::draws::Draws;
use super::figure::Undefined;
use super::sample::mean;
use super::trade::Trade;
use crate::domain::AssetClass;
use crate::domain::Symbol;

/// Rounds in which all entries are drawn anew.
const ROUNDS: usize = 1_000;

/// The prices of a symbol at which trades may be filled, oldest first: its opens, or its closes where these fill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opens {
    pub dates: Vec<NaiveDate>,
    pub prices: Vec<f64>,
}

/// What the test came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Mean gain of the trades from open to open, as a fraction.
    pub mean_gain: f64,
    /// The same over trades that were drawn.
    pub mean_gain_of_drawn: f64,
    /// The part of the rounds that did at least as well, the trades themselves counted as one.
    pub p_value: f64,
}

/// Compares the trades with as many of the same symbols and lengths whose entries are drawn from all sessions
/// of the symbol: (1 + rounds at least as good) / (1 + rounds) (Phipson, Smyth 2010).
///
/// # Errors
/// No closed trade whose symbol has opens enough.
pub fn timing(
    trades: &[Trade],
    opens: &BTreeMap<(AssetClass, Symbol), Opens>,
    seed: u64,
) -> Result<Timing, Undefined> {
    let own: Vec<(&[f64], usize, f64)> = trades
        .iter()
        .filter(|trade| !trade.open)
        .filter_map(|trade| {
            let prices = opens.get(&(trade.asset_class, trade.symbol.clone()))?.prices.as_slice();
            let is_long_enough = prices.len() > trade.bars_held;
            is_long_enough.then(|| (prices, trade.bars_held, trade.exit_price / trade.entry_price - 1.0))
        })
        .collect();
    let gains: Vec<f64> = own.iter().map(|(.., gain)| *gain).collect();
    let mean_gain = mean(&gains).ok_or(Undefined("no trade was closed"))?;
    let first = Draws::new(seed);
    let mut drawn = vec![0.0; ROUNDS];
    // All rounds of one trade before the next trade: its prices are at hand then, and the draws are those of the rounds
    // one after the other.
    for (place, (prices, held, _)) in own.iter().enumerate() {
        for (round, gain) in drawn.iter_mut().enumerate() {
            let entry = first.after(round * own.len() + place).place(prices.len() - held);
            *gain += prices[entry + held] / prices[entry] - 1.0;
        }
    }
    drawn.iter_mut().for_each(|gain| *gain /= own.len() as f64);
    let as_good = drawn.iter().filter(|gain| **gain >= mean_gain).count();
    let p_value = (1 + as_good) as f64 / (1 + ROUNDS) as f64;
    Ok(Timing { mean_gain, mean_gain_of_drawn: drawn.iter().sum::<f64>() / ROUNDS as f64, p_value })
}
