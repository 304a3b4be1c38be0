//! Keeps the portfolio from becoming one bet (`risk.correlation_guard`).
//!
//! Once at least [`MIN_POSITIONS`] positions of the asset class move together, a candidate
//! that moves with them is refused. Positions of the other class are left out: their sessions
//! do not match.

use crate::domain::Symbol;

use super::{Candidate, Context};

/// The guard sleeps below this many positions.
const MIN_POSITIONS: usize = 4;
/// Daily returns that a correlation is taken over.
const WINDOW: usize = 20;
/// The mean pairwise correlation above which the positions are one bet.
const MAX_MEAN_OF_HELD: f64 = 0.70;
/// The mean correlation with them above which a candidate joins that bet.
const MAX_MEAN_OF_CANDIDATE: f64 = 0.75;

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    if !context.settings.risk.correlation_guard {
        return None;
    }
    let class = candidate.signal.asset_class;
    let book = context.book;
    let held = book.positions.iter().filter(|p| p.asset_class == class).map(|p| &p.symbol);
    let ordered = book.pending.iter().filter(|o| o.asset_class == class).map(|o| &o.symbol);
    let picked = kept.iter().map(|other| &other.signal.symbol);
    let returns: Vec<Vec<f64>> =
        held.chain(ordered).chain(picked).filter_map(|symbol| recent_returns(context, symbol)).collect();
    if returns.len() < MIN_POSITIONS {
        return None;
    }
    let pairs = (0..returns.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let among = mean(pairs.filter_map(|(i, j)| correlation(&returns[i], &returns[j])))?;
    if among <= MAX_MEAN_OF_HELD {
        return None;
    }
    let own = recent_returns(context, &candidate.signal.symbol)?;
    let with = mean(returns.iter().filter_map(|other| correlation(&own, other)))?;
    (with > MAX_MEAN_OF_CANDIDATE).then(|| {
        format!(
            "moves with the {} positions: mean correlation {with:.2} over {MAX_MEAN_OF_CANDIDATE:.2}, \
             theirs {among:.2} (risk.correlation_guard)",
            returns.len()
        )
    })
}

/// The last [`WINDOW`] daily returns up to the session, or `None` where a bar is missing on
/// any of the market's sessions in between: returns of different days cannot be compared.
fn recent_returns(context: &Context<'_>, symbol: &Symbol) -> Option<Vec<f64>> {
    let panel = context.columns.panel();
    let sessions = context.columns.sessions();
    let end = sessions.partition_point(|day| *day <= context.session);
    let window = &sessions[end.checked_sub(WINDOW + 1)?..end];
    let position = panel.position(symbol)?;
    let last = panel.row(position, context.session)?;
    let first = last.checked_sub(WINDOW).filter(|first| panel.rows(position).contains(first))?;
    if panel.dates()[first..=last] != *window {
        return None;
    }
    Some(panel.close()[first..=last].windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect())
}

/// Pearson's correlation of two series of the same length, or `None` where one is constant.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean_of = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean_of(a), mean_of(b));
    let covariance: f64 = a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum();
    let spread = |x: &[f64], mean: f64| x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let scale = (spread(a, mean_a) * spread(b, mean_b)).sqrt();
    (scale > 0.0).then(|| covariance / scale)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}
