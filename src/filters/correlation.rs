//! Keeps the portfolio from becoming one bet (`risk.correlation_guard`).
//!
//! Once at least [`MIN_POSITIONS`] positions of the asset class move together, a candidate
//! that moves with them is refused. Positions of the other class are left out: their sessions
//! do not match.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::domain::AssetClass;
use crate::domain::Symbol;

use super::{Candidate, Context, Kept};

/// The guard sleeps below this many positions.
const MIN_POSITIONS: usize = 4;
/// Daily returns that a correlation is taken over.
const WINDOW: usize = 20;
/// The mean pairwise correlation above which the positions are one bet.
const MAX_MEAN_OF_HELD: f64 = 0.70;
/// The mean correlation with them above which a candidate joins that bet.
const MAX_MEAN_OF_CANDIDATE: f64 = 0.75;

/// How the positions of a session move, remembered from one candidate to the next: it changes only when one is kept.
#[derive(Debug, Default)]
pub struct Moves(RefCell<Option<Positions>>);

#[derive(Debug)]
struct Positions {
    /// The candidates that were kept when they were looked at.
    kept: Vec<Symbol>,
    /// The recent returns of each symbol that is held, ordered or kept, as far as they can be compared.
    returns: Vec<Vec<f64>>,
    /// Their mean pairwise correlation.
    among: Option<f64>,
}

impl Positions {
    fn of(kept: &[Box<Candidate>], context: &Context<'_>, class: AssetClass) -> Self {
        let (held, ordered) = (context.book.held(class), context.book.ordered(class));
        let picked = kept.iter().map(|other| &other.signal.symbol);
        // A symbol that two strategies hold moves with itself: it counts once.
        let symbols: BTreeSet<&Symbol> = held.chain(ordered).chain(picked).collect();
        let returns: Vec<Vec<f64>> =
            symbols.into_iter().filter_map(|symbol| recent_returns(context, symbol)).collect();
        let pairs = (0..returns.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let among = mean(pairs.filter_map(|(i, j)| correlation(&returns[i], &returns[j])));
        Self { kept: kept.iter().map(|other| other.signal.symbol.clone()).collect(), returns, among }
    }

    fn are_of(&self, kept: &[Box<Candidate>]) -> bool {
        self.kept.iter().eq(kept.iter().map(|other| &other.signal.symbol))
    }
}

pub(super) fn reject(candidate: &Candidate, kept: &Kept, context: &Context<'_>) -> Option<String> {
    if !context.settings.risk.correlation_guard {
        return None;
    }
    let mut moves = context.moves.0.borrow_mut();
    if !moves.as_ref().is_some_and(|own| own.are_of(kept)) {
        *moves = Some(Positions::of(kept, context, context.columns.panel().asset_class()));
    }
    let Positions { returns, among, .. } = moves.as_ref()?;
    let among = (*among)?;
    if returns.len() < MIN_POSITIONS || among <= MAX_MEAN_OF_HELD {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bars;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::series;

    #[test]
    fn a_correlation_reckoned_by_hand() {
        // Deviations ±0.5 and ±1.5: the products add up to 3, either spread to 5.
        let found = correlation(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 4.0, 3.0]);
        assert!((found.expect("both vary") - 0.6).abs() < 1e-12, "{found:?}");
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
    }

    /// Thirty closes that swing `times` in twenty days: of two such, different numbers of
    /// swings do not correlate.
    fn swinging(name: &str, times: f64, height: f64) -> Bars {
        let turn = std::f64::consts::TAU * times / 20.0;
        let closes: Vec<f64> = (0..30).map(|n| 100.0 + height * (turn * f64::from(n)).sin()).collect();
        series(name, 0, &closes)
    }

    fn desk(held: &[Bars], candidate: Bars) -> Desk {
        let mut all = held.to_vec();
        all.push(candidate);
        let mut desk = Desk::with(all);
        for bars in held {
            desk.hold(bars.symbol().as_str(), 1.0);
        }
        desk
    }

    fn four_alike() -> Vec<Bars> {
        ["A", "B", "C", "D"].map(|name| swinging(name, 2.0, 1.0)).into()
    }

    fn judged(desk: &Desk) -> Option<String> {
        reject(&desk.candidate("X", 7.0), &Kept::default(), &desk.context())
    }

    #[test]
    fn what_moves_with_four_alike_is_refused() {
        let desk = desk(&four_alike(), swinging("X", 2.0, 1.1));
        let told = "moves with the 4 positions: mean correlation 1.00 over 0.75, theirs 1.00 \
                    (risk.correlation_guard)";
        assert_eq!(judged(&desk).as_deref(), Some(told));
    }

    #[test]
    fn orders_and_better_candidates_count_as_positions() {
        let mut desk = desk(&four_alike()[..2], swinging("X", 2.0, 1.1));
        desk = Desk { book: desk.book, ..Desk::with([four_alike(), vec![swinging("X", 2.0, 1.1)]].concat()) };
        desk.order("C", 1.0);
        assert_eq!(judged(&desk), None);
        let kept = [desk.candidate("D", 9.0)].into_iter().collect();
        assert!(reject(&desk.candidate("X", 7.0), &kept, &desk.context()).is_some());
    }

    #[test]
    fn the_guard_lets_pass_what_it_is_not_for() {
        let other_way = desk(&four_alike(), swinging("X", 2.0, -1.0));
        assert_eq!(judged(&other_way), None, "it moves the other way");
        let three = desk(&four_alike()[..3], swinging("X", 2.0, 1.0));
        assert_eq!(judged(&three), None, "three positions are too few");
        let mixed: Vec<Bars> =
            [("A", 1.0), ("B", 2.0), ("C", 3.0), ("D", 4.0)].map(|(name, n)| swinging(name, n, 1.0)).into();
        assert_eq!(judged(&desk(&mixed, swinging("X", 2.0, 1.0))), None, "the positions are no one bet");
        let mut twice = desk(&four_alike()[..3], swinging("X", 2.0, 1.0));
        twice.hold("A", 1.0);
        assert_eq!(judged(&twice), None, "a symbol held twice is one");
        let mut off = desk(&four_alike(), swinging("X", 2.0, 1.0));
        off.settings.risk.correlation_guard = false;
        assert_eq!(judged(&off), None, "it is switched off");
    }

    #[test]
    fn returns_of_different_days_are_not_compared() {
        let mut held = four_alike();
        let rows = held[0].iter().filter(|bar| bar.date != held[0].dates()[20]).collect();
        held[0] = crate::bars::check(held[0].symbol().clone(), rows, held[0].dates()[29]).0;
        assert_eq!(judged(&desk(&held, swinging("X", 2.0, 1.0))), None);
    }
}
