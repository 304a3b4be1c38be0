//! What a decision rests on that may not be true.
//!
//! A jump withholds a BUY for five sessions only, but a mean over 200 sessions sees an unadjusted
//! split for 200. For as long as a rule looks back on one, it is named beside what the rule says.

use super::Prepared;
use crate::features::Feature;
use crate::scripts::{Scorer, Scripts};

/// Says that a jump lies inside the windows that a strategy and its scorer read at a row, or
/// `None` where none does.
pub(super) fn doubt(prepared: &Prepared, scripts: &Scripts, strategy: &str, row: usize) -> Option<String> {
    let strategy = scripts.strategy(strategy)?;
    let mut features = strategy.features();
    features.extend(scripts.scorer_of(strategy).into_iter().flat_map(Scorer::features));
    let longest = features.iter().max_by_key(|feature| feature.first_bar())?;
    let bars = Feature::first_bar(longest) + 1;
    let jump = prepared.health.jump_within(prepared.columns.panel(), row, bars)?;
    Some(format!("{jump}, and {longest} looks back on it: check for a split first"))
}
