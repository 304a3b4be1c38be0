//! What a decision rests on that may not be true.
//!
//! A jump withholds a BUY for five sessions only, but a mean over 200 sessions sees an unadjusted
//! split for 200. For as long as a rule looks back on one, it is named beside what the rule says.

use super::Prepared;
use crate::scripts::{Scorer, Scripts};

/// Says that a jump lies in the last five sessions up to a row, or inside the windows that a
/// strategy and its scorer read there; `None` where none does.
pub(super) fn doubt(prepared: &Prepared, scripts: &Scripts, strategy: &str, row: usize) -> Option<String> {
    if let Some(jump) = prepared.health.suspect(row) {
        return Some(format!("{jump}: check for a split first"));
    }
    let strategy = scripts.strategy(strategy)?;
    let mut features = strategy.features();
    features.extend(scripts.scorer_of(strategy).into_iter().flat_map(Scorer::features));
    let longest = features.iter().max_by_key(|feature| feature.first_bar())?;
    let jump = prepared.health.jump_within(prepared.columns.panel(), row, longest.first_bar() + 1)?;
    Some(format!("{jump}, and {longest} looks back on it: check for a split first"))
}

#[cfg(test)]
mod tests {
    use crate::decide::fixtures::{Case, position, told};
    use crate::domain::{Conviction, ProblemKind};
    use crate::signals::fixtures::{ALWAYS, scripts, series};

    /// Halved on day 10 of thirty.
    fn halved(rules: &str) -> Case {
        let mut closes = vec![100.0; 10];
        closes.extend([50.0; 20]);
        let mut case = Case::new(scripts(&[("rule", rules)]), vec![series("X", 0, &closes)]);
        case.settings.signals.min_conviction = Conviction::Low;
        case
    }

    fn reading(feature: &str) -> String {
        ALWAYS.replace("row.close > 1.0", &format!("row.{feature} > 0.0"))
    }

    #[test]
    fn a_buy_is_in_doubt_for_as_long_as_its_rule_looks_back_on_the_jump() {
        let suspects = |feature: &str| told(&halved(&reading(feature)).decide(29).1, ProblemKind::Suspect);
        assert_eq!(suspects("ma20"), [""; 0]);
        let expected = "X: rule buys on suspect bars: the close of 2024-01-11 is 0.50 times the one before, \
                        and ma21 looks back on it: check for a split first";
        assert_eq!(suspects("ma21"), [expected]);
    }

    #[test]
    fn a_sale_says_its_doubt_in_its_own_sentence() {
        let held = halved(&reading("ma25")).holding(vec![position("X", "rule", 60.0)]);
        let (decision, _) = held.decide(29);
        assert!(
            decision.exits[0].reasoning.contains("Suspect bars: the close of 2024-01-11"),
            "{decision:?}"
        );
    }
}
