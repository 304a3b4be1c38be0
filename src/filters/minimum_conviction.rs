//! Drops what the score speaks for too weakly (`signals.min_conviction`).

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, _kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let least = context.settings.signals.min_conviction;
    (candidate.conviction < least).then(|| {
        let conviction = candidate.conviction.as_str();
        let score = candidate.combined_score;
        format!(
            "conviction {conviction} (score {score:.1}) is under {} (signals.min_conviction)",
            least.as_str()
        )
    })
}
