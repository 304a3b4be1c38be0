//! What a decision rests on that may not be true.
//!
//! A jump withholds a BUY for five sessions only, but a mean over 200 sessions sees an unadjusted
//! split for 200. For as long as a rule looks back on one, it is named beside what the rule says.

use std::collections::BTreeSet;

use super::{Direction, Prepared};
use crate::features::{Feature, Modifier, core};
use crate::scripts::{Function, Rule, Scorer, Scripts};

/// Says that a jump lies in the last five sessions up to a row, or inside the windows of what a
/// strategy reads there to buy or to sell; `None` where none does.
pub(super) fn doubt(
    prepared: &Prepared,
    scripts: &Scripts,
    strategy: &str,
    row: usize,
    direction: Direction,
) -> Option<String> {
    if let Some(jump) = prepared.health.suspect(row) {
        return Some(format!("{jump}: check for a split first"));
    }
    // Most symbols never jumped, and what a strategy reads is long to list.
    prepared.health.jump_within(prepared.columns.panel(), row, usize::MAX)?;
    let features = read_for(scripts, strategy, direction);
    // The benchmark's own bars are told of apart.
    let own = features.iter().filter(|feature| !feature.modifiers().contains(&Modifier::Benchmark));
    let longest = own.max_by_key(|feature| looks_back(feature))?;
    let jump = prepared.health.jump_within(prepared.columns.panel(), row, looks_back(longest))?;
    Some(format!("{jump}, and {longest} looks back on it: check for a split first"))
}

/// What the rules of one direction are made from; a BUY's stop and size are from atr14.
fn read_for(scripts: &Scripts, strategy: &str, direction: Direction) -> BTreeSet<Feature> {
    let Some(strategy) = scripts.strategy(strategy) else { return BTreeSet::new() };
    let rules = match direction {
        Direction::Buy => [Rule::Eligible, Rule::Entry],
        Direction::Sell => [Rule::Stop, Rule::Exit],
    };
    let functions = rules.into_iter().filter_map(|rule| strategy.function(rule));
    let mut features: BTreeSet<Feature> =
        functions.flat_map(Function::reads).map(|read| read.feature.clone()).collect();
    if direction == Direction::Buy {
        features.extend(scripts.scorer_of(strategy).into_iter().flat_map(Scorer::features));
        features.insert(core::ATR14.clone());
    }
    features
}

/// The bars in which a feature still shows a jump. A window forgets it at its end; an exponential
/// mean fades: of the bars in which it loses all but 1e−9 of a value, 2 in 9 leave 1 %.
fn looks_back(feature: &Feature) -> usize {
    let window = feature.first_bar() + 1;
    window + feature.bars_needed().saturating_sub(window) * 2 / 9
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

    /// What is doubtful of a rule's BUY so many bars after the jump.
    fn doubts(feature: &str, bars_since: usize) -> Vec<String> {
        let mut closes = vec![100.0; 210];
        closes.extend(vec![50.0; bars_since + 1]);
        let rules = reading(feature);
        let mut case = Case::new(scripts(&[("rule", &rules)]), vec![series("X", 0, &closes)]);
        case.settings.signals.min_conviction = Conviction::Low;
        let (decision, problems) = case.decide(210 + bars_since);
        assert_eq!(decision.recommendations.len(), 1, "{feature} {bars_since}");
        told(&problems, ProblemKind::Suspect)
    }

    #[test]
    fn a_buy_is_in_doubt_for_as_long_as_its_rule_looks_back_on_the_jump() {
        assert_eq!(doubts("ma120", 119), [""; 0]);
        let told = doubts("ma120", 118);
        let expected = "X: rule buys on suspect bars: the close of 2024-07-29 is 0.50 times the one before, \
                        and ma120 looks back on it: check for a split first";
        assert_eq!(told, [expected]);
    }

    #[test]
    fn the_stop_of_a_buy_looks_back_too_until_the_jump_has_faded() {
        assert!(doubts("close", 86)[0].contains("and atr14 looks back on it"));
        assert_eq!(doubts("close", 87), [""; 0]);
    }

    #[test]
    fn an_exponential_mean_looks_back_further_than_its_window() {
        assert!(doubts("ema50", 250)[0].contains("and ema50 looks back on it"));
    }

    #[test]
    fn what_the_benchmark_looks_back_on_is_not_the_symbols() {
        assert_eq!(doubts("benchmark_ma200 ?? 1.0", 100), [""; 0]);
    }

    #[test]
    fn a_sale_says_its_doubt_in_its_own_sentence() {
        let rules = ALWAYS.replace("row.close > 130.0", "row.ma25 > 50.0");
        let held = halved(&rules).holding(vec![position("X", "rule", 60.0)]);
        let (decision, _) = held.decide(29);
        assert!(
            decision.exits[0].reasoning.contains("Suspect bars: the close of 2024-01-11"),
            "{decision:?}"
        );
    }
}
