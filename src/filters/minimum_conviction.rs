//! Drops what the score speaks for too weakly (`signals.min_conviction`).

use crate::domain::format::fixed;

use super::{Candidate, Context, Kept};

pub(super) fn reject(candidate: &Candidate, _kept: &Kept, context: &Context<'_>) -> Option<String> {
    let least = context.settings.signals.min_conviction;
    let reason = || {
        let conviction = candidate.conviction.as_str();
        let score = fixed(candidate.combined_score, 1);
        format!(
            "conviction {conviction} (score {score}) is under {} (signals.min_conviction)",
            least.as_str()
        )
    };
    (candidate.conviction < least).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Conviction;
    use crate::filters::fixtures::Desk;

    fn check(least: Conviction, score: f64, expected: Option<&str>) {
        let mut desk = Desk::new();
        desk.settings.signals.min_conviction = least;
        assert_eq!(
            reject(&desk.candidate("X", score), &Kept::default(), &desk.context()).as_deref(),
            expected
        );
    }

    #[test]
    fn the_least_conviction_itself_passes() {
        check(Conviction::Medium, 6.0, None);
        check(
            Conviction::Medium,
            5.5,
            Some("conviction LOW (score 5.5) is under MEDIUM (signals.min_conviction)"),
        );
        check(
            Conviction::High,
            7.5,
            Some("conviction MEDIUM (score 7.5) is under HIGH (signals.min_conviction)"),
        );
        check(Conviction::Low, 0.0, None);
    }
}
