//! The verdict on one symbol, as it was decided: how far it came, and what each filter said.
//!
//! Speaks from the decision and its problems; from traces only where they say why a rule gave
//! nothing.

use super::Decision;
use super::explain::{Place, Trail};
use super::explanation::{FilterVerdict, Judged, RuleExplained, RuleOutcome, StrategyExplained, Verdict};
use crate::domain::{Problem, ProblemKind, Symbol};
use crate::filters;
use crate::scripts::Strategy;
use crate::scripts::trace::Seen;
use crate::settings::Settings;

/// Says how far the symbol came, from the decision; the traces tell only why it came no farther.
pub(super) fn verdict(
    decision: &Decision,
    problems: &[Problem],
    strategy: &Strategy,
    symbol: &Symbol,
    place: &Place<'_>,
    told: &StrategyExplained,
    trigger: Option<&str>,
) -> (Verdict, String) {
    let columns = &place.prepared.columns;
    let own = |name: &str| name == strategy.name();
    let rejected = told.filters.iter().find(|own| own.verdict == Judged::Rejected);
    if let Some(rejected) = rejected {
        let reason = rejected.reason.clone().unwrap_or_default();
        return (
            Verdict::Filtered,
            format!("triggered {}, filtered: {reason}", trigger.unwrap_or("a signal")),
        );
    }
    if decision.recommendations.iter().any(|buy| buy.symbol == *symbol && own(&buy.strategy_name)) {
        return (Verdict::Recommended, format!("BUY: triggered {}", trigger.unwrap_or("a signal")));
    }
    let failed = |rule: &Option<RuleExplained>| match rule {
        Some(RuleExplained { outcome: RuleOutcome::Failed { message }, .. }) => {
            Some(format!("failed: {message}"))
        }
        _ => None,
    };
    if let Some(why) = failed(&told.eligible).or_else(|| failed(&told.entry)) {
        return (Verdict::Failed, why);
    }
    let not_asked = if let Some(why) = &decision.no_decision {
        Some(format!("nothing was decided: {why}"))
    } else if !columns.is_tradable(columns.panel().owner(place.row as usize)) {
        Some("not in the universe, so no entries are made".to_owned())
    } else {
        strategy.why_no_entries().map(|why| format!("{why}, so no entries are made"))
    };
    if let Some(why) = not_asked {
        let would = trigger.map(|trigger| format!("; its rules would trigger {trigger}")).unwrap_or_default();
        return (Verdict::NotAsked, format!("{why}{would}"));
    }
    if let Some(run) =
        problems.iter().find(|own| own.kind == ProblemKind::ScriptRun && own.symbol == strategy.name())
    {
        return (Verdict::Failed, format!("failed on this session: {}", run.message));
    }
    if let Some(trigger) = trigger {
        let dropped = problems.iter().find(|own| {
            matches!(own.kind, ProblemKind::Score | ProblemKind::Stop)
                && own.symbol == symbol.as_str()
                && own.message.starts_with(strategy.name())
        });
        let why = dropped.map_or("no signal came of it", |own| own.message.as_str());
        return (Verdict::Dropped, format!("triggered {trigger}, dropped: {why}"));
    }
    for (rule, otherwise) in [(&told.eligible, "not eligible"), (&told.entry, "eligible, no signal")] {
        match rule.as_ref().map(|rule| &rule.outcome) {
            Some(RuleOutcome::NotReady { missing }) => {
                let missing: Vec<&str> = missing.iter().map(|own| own.why.as_str()).collect();
                return (Verdict::NotReady, format!("not ready: {}", missing.join("; ")));
            }
            Some(RuleOutcome::Gave { value: Seen::Truth(false) }) => {
                return (Verdict::NotEligible, otherwise.to_owned());
            }
            Some(RuleOutcome::Gave { value: Seen::Nothing(()) }) => {
                return (Verdict::NoSignal, otherwise.to_owned());
            }
            _ => {}
        }
    }
    (Verdict::NoSignal, "no signal; its rules cannot be explained".to_owned())
}

/// Every filter's verdict in order, and that of the cut to the best few.
pub(super) fn verdicts(
    settings: &Settings,
    decision: &Decision,
    strategy: &Strategy,
    symbol: &Symbol,
    trail: &Trail,
) -> Vec<FilterVerdict> {
    let mut verdicts: Vec<FilterVerdict> = filters::names()
        .map(|filter| match trail.verdicts.iter().find(|(name, _)| *name == filter) {
            Some((_, None)) => FilterVerdict { filter, verdict: Judged::Passed, reason: None },
            Some((_, reason)) => FilterVerdict { filter, verdict: Judged::Rejected, reason: reason.clone() },
            None => FilterVerdict { filter, verdict: Judged::NotReached, reason: None },
        })
        .collect();
    let most = settings.signals.max_recommendations;
    let is_own = |name: &str, other: &Symbol| name == strategy.name() && other == symbol;
    let rank = decision.recommendations.iter().position(|own| is_own(&own.strategy_name, &own.symbol));
    let (verdict, reason) = match rank {
        None => (Judged::NotReached, None),
        Some(rank) if rank < most => (Judged::Passed, None),
        Some(rank) => {
            let told = format!("it ranks {} and signals.max_recommendations allows {most}", rank + 1);
            (Judged::Rejected, Some(told))
        }
    };
    verdicts.push(FilterVerdict { filter: filters::CUT, verdict, reason });
    verdicts
}
