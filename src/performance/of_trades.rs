//! Figures of the closed trades.

use super::curve::NOISE;
use super::figure::{Evidence, Figure, Kind, Undefined, Unit};
use super::sample::{deviation, mean, median};
use super::trade::Trade;

const NO_TRADE: Undefined = Undefined("no trade was closed");

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "trades",
        label: "Trades",
        unit: Unit::Count,
        formula: "trades that were closed",
        compute: |evidence| Ok(closed(evidence.trades).count() as f64),
    },
    Kind {
        name: "win_rate",
        label: "Win rate",
        unit: Unit::Fraction,
        formula: "trades that won / all, those that broke even among them",
        compute: win_rate,
    },
    Kind {
        name: "profit_factor",
        label: "Profit factor",
        unit: Unit::Ratio,
        formula: "sum of all profits / sum of all losses, in currency",
        compute: profit_factor,
    },
    Kind {
        name: "expectancy",
        label: "Expectancy",
        unit: Unit::R,
        formula: "mean result in R",
        compute: |evidence| mean(&results(evidence.trades)).ok_or(NO_TRADE),
    },
    Kind {
        name: "sqn",
        label: "System quality (SQN)",
        unit: Unit::Ratio,
        formula: "√(trades) × mean result in R / sample deviation (Tharp 2008)",
        compute: sqn,
    },
    Kind {
        name: "mean_holding",
        label: "Mean holding",
        unit: Unit::Sessions,
        formula: "mean of the sessions from entry to exit",
        compute: |evidence| mean(&holdings(evidence)).ok_or(NO_TRADE),
    },
    Kind {
        name: "median_holding",
        label: "Median holding",
        unit: Unit::Sessions,
        formula: "median of the sessions from entry to exit",
        compute: |evidence| median(&holdings(evidence)).ok_or(NO_TRADE),
    },
    Kind {
        name: "longest_losing_run",
        label: "Longest losing run",
        unit: Unit::Count,
        formula: "most losing trades in a row, by the session of their exit",
        compute: longest_losing_run,
    },
];

fn closed(trades: &[Trade]) -> impl Iterator<Item = &Trade> {
    trades.iter().filter(|trade| !trade.open)
}

/// Returns the result in R of every closed trade that has one.
pub(super) fn results(trades: &[Trade]) -> Vec<f64> {
    closed(trades).filter_map(Trade::r_multiple).collect()
}

fn holdings(evidence: &Evidence<'_>) -> Vec<f64> {
    closed(evidence.trades).map(|trade| trade.bars_held as f64).collect()
}

fn win_rate(evidence: &Evidence<'_>) -> Figure {
    let won: Vec<f64> =
        closed(evidence.trades).map(|trade| if trade.pnl() > 0.0 { 1.0 } else { 0.0 }).collect();
    mean(&won).ok_or(NO_TRADE)
}

fn profit_factor(evidence: &Evidence<'_>) -> Figure {
    let (mut won, mut lost) = (0.0, 0.0);
    for pnl in closed(evidence.trades).map(Trade::pnl) {
        if pnl > 0.0 {
            won += pnl;
        } else {
            lost -= pnl;
        }
    }
    match closed(evidence.trades).next() {
        None => Err(NO_TRADE),
        Some(_) if lost == 0.0 => Err(Undefined("no trade lost")),
        Some(_) => Ok(won / lost),
    }
}

fn sqn(evidence: &Evidence<'_>) -> Figure {
    let results = results(evidence.trades);
    let spread = deviation(&results).ok_or(Undefined("fewer than two trades were closed"))?;
    let mean = mean(&results).ok_or(NO_TRADE)?;
    let largest = results.iter().fold(0.0_f64, |largest, own| largest.max(own.abs()));
    if spread <= largest * NOISE {
        return Err(Undefined("all results are the same"));
    }
    Ok((results.len() as f64).sqrt() * mean / spread)
}

fn longest_losing_run(evidence: &Evidence<'_>) -> Figure {
    let mut trades: Vec<&Trade> = closed(evidence.trades).collect();
    trades.sort_by_key(|trade| (trade.exit_date, trade.entry_date, trade.symbol.clone()));
    let (mut longest, mut run) = (0, 0);
    for trade in &trades {
        run = if trade.pnl() < 0.0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    if trades.is_empty() { Err(NO_TRADE) } else { Ok(f64::from(longest)) }
}
