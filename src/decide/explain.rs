//! Explains one symbol on one session: decides the session as always, and traces what the
//! scripts did on the symbol's row.
//!
//! The verdict is the decision's own. A trace is beside it to show why, and can be no other: one
//! that came to another answer than the interpreter is told as unexplained.

use chrono::NaiveDate;

use super::exit_rule::{Budgets, raise_stop, rows_since, view};
use super::explanation::{
    ComponentExplained, Explanation, HeldExplained, Lacks, RuleExplained, RuleOutcome, SignalExplained,
    StrategyExplained, Verdict,
};
use super::session::decide_watched;
use super::verdict::{verdict, verdicts};
use super::{Decision, HeldPosition, Prepared};
use crate::domain::{Book, Name, Position, Problem, Symbol};
use crate::filters::Candidate;
use crate::scripts::trace::{Outcome, Seen};
use crate::scripts::{Rows, Rule, Scripts, SignalView, Strategy, Trace, Unexplained, not_ready};
use crate::settings::Settings;

/// What the filters said of one candidate.
pub(super) struct Trail {
    candidate: Candidate,
    pub(super) verdicts: Vec<(&'static str, Option<String>)>,
}

/// Where the symbol stands on the session.
pub(super) struct Place<'a> {
    pub(super) prepared: &'a Prepared,
    rows: &'a Rows,
    pub(super) row: u32,
    bars: usize,
}

/// Explains what a session's decision says of a symbol, and why.
///
/// Takes what [`super::decide`] takes. `only` limits the strategies by name; empty means all of
/// the asset class. A symbol without a bar on the session has its strategies listed without rules.
pub fn explain(
    prepared: &Prepared,
    scripts: &Scripts,
    settings: &Settings,
    book: &Book,
    session: NaiveDate,
    symbol: &Symbol,
    only: &[String],
) -> Explanation {
    let columns = &prepared.columns;
    let panel = columns.panel();
    let mut trails: Vec<Trail> = Vec::new();
    let mut watch = |candidate: &Candidate, name: &'static str, reason: Option<&str>| {
        if candidate.signal.symbol != *symbol {
            return;
        }
        let verdict = (name, reason.map(str::to_owned));
        let is_same = |trail: &&mut Trail| trail.candidate.signal.strategy == candidate.signal.strategy;
        match trails.iter_mut().find(is_same) {
            Some(trail) => trail.verdicts.push(verdict),
            None => trails.push(Trail { candidate: candidate.clone(), verdicts: vec![verdict] }),
        }
    };
    let (decision, problems) = decide_watched(prepared, scripts, settings, book, session, &mut watch);

    let owner = panel.position(symbol);
    let dates = owner.map(|owner| &panel.dates()[panel.rows(owner)]).unwrap_or_default();
    let bars = dates.partition_point(|date| *date <= session);
    let row = owner.and_then(|owner| panel.row(owner, session));
    let rows = scripts.bind(columns);
    let place = row.map(|row| Place { prepared, rows: &rows, row: row as u32, bars });

    let asked: Vec<&Strategy> = scripts
        .strategies()
        .iter()
        .filter(|own| own.asset_class() == panel.asset_class())
        .filter(|own| only.is_empty() || only.iter().any(|name| name == own.name()))
        .collect();
    let strategies = asked.iter().map(|strategy| {
        let trail = trails.iter().find(|trail| *trail.candidate.signal.strategy == *strategy.name());
        explain_strategy(scripts, settings, &decision, &problems, strategy, symbol, place.as_ref(), trail)
    });
    let strategies = strategies.collect();
    let positions = book.positions.iter().filter(|held| {
        held.asset_class == panel.asset_class()
            && held.symbol == *symbol
            && (only.is_empty() || only.iter().any(|name| held.strategy == *name))
    });
    let held = positions.filter_map(|position| {
        let held = decision.held.iter().find(|held| held.is_of(position))?;
        Some(explain_held(scripts, position, held, place.as_ref()))
    });
    let is_about = |problem: &&Problem| {
        problem.symbol == symbol.as_str() || asked.iter().any(|own| own.name() == problem.symbol)
    };
    Explanation {
        symbol: symbol.clone(),
        asset_class: panel.asset_class(),
        session,
        close: row.map(|row| panel.close()[row]),
        bars,
        newest: bars.checked_sub(1).map(|last| dates[last]),
        no_decision: decision.no_decision.clone(),
        strategies,
        held: held.collect(),
        problems: problems.iter().filter(is_about).cloned().collect(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
fn explain_strategy(
    scripts: &Scripts,
    settings: &Settings,
    decision: &Decision,
    problems: &[Problem],
    strategy: &Strategy,
    symbol: &Symbol,
    place: Option<&Place<'_>>,
    trail: Option<&Trail>,
) -> StrategyExplained {
    let mut told = StrategyExplained {
        strategy: strategy.name().to_owned(),
        path: strategy.path().to_owned(),
        verdict: Verdict::NoBar,
        summary: format!("no bar on {}, so nothing was asked", decision.session),
        eligible: None,
        entry: None,
        components: Vec::new(),
        signal: trail.map(|trail| signal(&trail.candidate)),
        filters: Vec::new(),
    };
    let Some(place) = place else { return told };
    told.eligible = place.rule(strategy, Rule::Eligible);
    let is_eligible = matches!(
        told.eligible,
        Some(RuleExplained { outcome: RuleOutcome::Gave { value: Seen::Truth(true) }, .. })
    );
    if is_eligible {
        told.entry = place.rule(strategy, Rule::Entry);
    }
    let trigger = match &told.entry {
        Some(RuleExplained { outcome: RuleOutcome::Gave { value: Seen::Text(trigger) }, .. }) => {
            Some(trigger.clone())
        }
        _ => None,
    };
    if let Some(trigger) = &trigger {
        told.components = components(scripts, strategy, place, trigger);
    }
    if let Some(trail) = trail {
        told.filters = verdicts(settings, decision, strategy, symbol, trail);
    }
    (told.verdict, told.summary) =
        verdict(decision, problems, strategy, symbol, place, &told, trigger.as_deref());
    told
}

fn signal(candidate: &Candidate) -> SignalExplained {
    let Candidate { signal, combined_score, conviction, size } = candidate;
    SignalExplained {
        trigger: signal.trigger.to_string(),
        score: signal.score,
        combined_score: *combined_score,
        conviction: *conviction,
        close: signal.close,
        stop: signal.stop,
        target: signal.target,
        position_size_pct: size.fraction,
        risk_pct: size.risk,
        size_cap: size.cap,
    }
}

fn components(
    scripts: &Scripts,
    strategy: &Strategy,
    place: &Place<'_>,
    trigger: &str,
) -> Vec<ComponentExplained> {
    let Some(scorer) = scripts.scorer_of(strategy) else { return Vec::new() };
    let view = || SignalView { trigger: trigger.into(), strategy: strategy.name().into() };
    let one = |(number, (name, weight)): (usize, &(Name, f64))| {
        let traced = scorer.trace(number, place.rows, place.row, view());
        let rule = traced.map(|traced| place.told(&scorer.functions()[number], traced));
        let score = match &rule {
            Some(RuleExplained { outcome: RuleOutcome::Gave { value }, .. }) => value.number(),
            _ => None,
        };
        ComponentExplained { name: name.to_string(), weight: *weight, score, rule }
    };
    scorer.weights().iter().enumerate().map(one).collect()
}

fn explain_held(
    scripts: &Scripts,
    position: &Position,
    held: &HeldPosition,
    place: Option<&Place<'_>>,
) -> HeldExplained {
    let mut told = HeldExplained {
        strategy: position.strategy.to_string(),
        path: scripts.strategy(&position.strategy).map(|own| own.path().to_owned()),
        entry_date: position.entry_date,
        entry_price: position.entry_price,
        stop_price: held.stop_price,
        status: held.status,
        note: held.note.clone(),
        stop: None,
        exit: None,
    };
    let (Some(place), Some(strategy)) = (place, scripts.strategy(&position.strategy)) else { return told };
    let panel = place.prepared.columns.panel();
    let row = place.row as usize;
    if position.entry_date > panel.dates()[row] {
        return told;
    }
    let since = rows_since(panel, panel.owner(row), position.entry_date, row);
    let trace = |rule: Rule, stop_price: f64| {
        let seen = view(panel, position, since.start, row, stop_price);
        let traced = strategy.trace_held(rule, place.rows, place.row, seen)?;
        Some(place.told(strategy.function(rule)?, traced))
    };
    if panel.dates()[row] > position.stop_session {
        // The rule is asked with the stop that the sessions before left.
        let before = since.start..row;
        let raised = raise_stop(panel, strategy, place.rows, position, &before, &mut Budgets::of([position]));
        told.stop = trace(Rule::Stop, raised.stop_price);
    }
    told.exit = trace(Rule::Exit, held.stop_price);
    told
}

impl Place<'_> {
    fn rule(&self, strategy: &Strategy, rule: Rule) -> Option<RuleExplained> {
        let traced = strategy.trace(rule, self.rows, self.row)?;
        Some(self.told(strategy.function(rule)?, traced))
    }

    fn told(&self, function: &crate::scripts::Function, traced: Result<Trace, Unexplained>) -> RuleExplained {
        let (outcome, steps) = match traced {
            Ok(Trace { outcome, steps, .. }) => (self.outcome(outcome), steps),
            Err(unexplained) => (RuleOutcome::Unexplained { message: unexplained.to_string() }, Vec::new()),
        };
        RuleExplained {
            function: function.name().to_owned(),
            line: function.line(),
            column: function.column(),
            outcome,
            steps,
        }
    }

    fn outcome(&self, outcome: Outcome) -> RuleOutcome {
        match outcome {
            Outcome::Gave(value) => RuleOutcome::Gave { value },
            Outcome::Failed(error) => RuleOutcome::Failed { message: error.to_string() },
            Outcome::NotReady(missing) => {
                let lacks = |feature: &crate::features::Feature| Lacks {
                    feature: feature.to_string(),
                    why: not_ready(&[feature], self.bars),
                };
                RuleOutcome::NotReady { missing: missing.iter().map(lacks).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Judged;
    use crate::decide::fixtures::{Case, position};
    use crate::signals::fixtures::{ALWAYS, day, flat, scripts, series, symbol};

    fn told(case: &Case, name: &str, session: usize) -> Explanation {
        let Case { prepared, scripts, settings, book } = case;
        explain(prepared, scripts, settings, book, day(session), &symbol(name), &[])
    }

    #[track_caller]
    fn check(text: &str, bars: Vec<crate::bars::Bars>, name: &str, verdict: Verdict, summary: &str) {
        let told = told(&Case::new(scripts(&[("rule", text)]), bars), name, 29);
        assert_eq!((told.strategies[0].verdict, told.strategies[0].summary.as_str()), (verdict, summary));
    }

    #[test]
    fn each_end_of_the_way_has_its_verdict() {
        let with = |from: &str, to: &str| ALWAYS.replace(from, to);
        check(ALWAYS, vec![flat("X", 85.0)], "X", Verdict::Recommended, "BUY: triggered always");
        let low =
            "triggered always, filtered: conviction LOW (score 5.0) is under MEDIUM (signals.min_conviction)";
        check(ALWAYS, vec![flat("X", 50.0)], "X", Verdict::Filtered, low);
        check(&with("1.0", "99.0"), vec![flat("X", 85.0)], "X", Verdict::NotEligible, "not eligible");
        let never = with("return \"always\";", "if row.close > 99.0 { return \"up\"; }");
        check(&never, vec![flat("X", 85.0)], "X", Verdict::NoSignal, "eligible, no signal");
        let long = with("row.close > 1.0", "row.close > row.ma50");
        check(&long, vec![flat("X", 85.0)], "X", Verdict::NotReady, "not ready: ma50 needs 50 bars, has 30");
        let stale = vec![series("X", 0, &[85.0; 27]), flat("A", 85.0), flat("B", 85.0)];
        check(ALWAYS, stale, "X", Verdict::NoBar, "no bar on 2024-01-30, so nothing was asked");
        let wide = with("STOP_ATR_MULT = 5.0", "STOP_ATR_MULT = 90.0");
        let dropped = "triggered always, dropped: rule triggered always on 2024-01-30, but its stop \
                       −68.00 does not lie between 0 and the close 85.00";
        check(&wide, vec![flat("X", 85.0)], "X", Verdict::Dropped, dropped);
    }

    /// Nobody may read "no signal" of a strategy that was silenced by another symbol.
    #[test]
    fn a_failure_on_another_symbol_is_told() {
        let text =
            ALWAYS.replace("return \"always\";", "if row.close == 80.0 { throw \"odd\"; }\n\"always\"");
        let case = Case::new(scripts(&[("rule", &text)]), vec![flat("X", 85.0), flat("Y", 80.0)]);
        let told_of = |name: &str| {
            let rule = &told(&case, name, 29).strategies[0];
            (rule.verdict, rule.summary.clone())
        };
        let (verdict, summary) = told_of("X");
        assert_eq!(verdict, Verdict::Failed);
        assert!(
            summary.starts_with("failed on this session: rule.rhai:4:40: in `entry`: odd on Y"),
            "{summary}"
        );
        assert_eq!(told_of("Y").0, Verdict::Failed);
    }

    #[test]
    fn the_trail_names_every_filter_and_the_cut() {
        let mut case =
            Case::new(scripts(&[("rule", ALWAYS)]), vec![flat("A", 90.0), flat("B", 85.0), flat("C", 80.0)]);
        case.settings.risk.max_positions = 2;
        case.settings.signals.max_recommendations = 1;
        let judged = |name: &str| -> Vec<Judged> {
            told(&case, name, 29).strategies[0].filters.iter().map(|own| own.verdict).collect()
        };
        assert_eq!(judged("A"), [Judged::Passed; 11]);
        let cut = told(&case, "B", 29).strategies[0].clone();
        assert_eq!((cut.verdict, cut.filters[10].filter), (Verdict::Filtered, "max_recommendations"));
        assert_eq!(
            cut.summary,
            "triggered always, filtered: it ranks 2 and signals.max_recommendations allows 1"
        );
        let mut full = vec![Judged::Passed; 6];
        full.push(Judged::Rejected);
        full.extend([Judged::NotReached; 4]);
        assert_eq!(judged("C"), full);
    }

    #[test]
    fn a_held_symbol_shows_its_rules_with_the_stop_that_each_was_asked_with() {
        let text = format!(
            "{ALWAYS}fn stop(row, position) {{ if position.stop_price < 95.0 {{ return position.stop_price + 1.0; }} }}"
        );
        let case = Case::new(scripts(&[("rule", &text)]), vec![flat("A", 100.0)])
            .holding(vec![position("A", "rule", 80.0)]);
        let told = told(&case, "A", 10);
        let [held] = &told.held[..] else { panic!("{told:?}") };
        // Shown the sessions 5 to 10, the rule raised the stop by six.
        assert_eq!(held.stop_price, 86.0);
        let words = |rule: &Option<RuleExplained>| {
            let rule = rule.as_ref().expect("it was asked");
            crate::scripts::trace::tree(&rule.steps)[0].clone()
        };
        assert!(words(&held.stop).contains("stop_price 85.00 < 95"), "{}", words(&held.stop));
        assert!(words(&held.exit).contains("close 100.00 > 130"), "{}", words(&held.exit));
    }
}
