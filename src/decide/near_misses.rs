//! The symbols that nearly triggered: eligible, no signal, and one comparison away from one.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::reasons::nearest;
use super::{Decision, NearMiss, Prepared};
use crate::domain::{Book, Symbol};
use crate::scripts::{Budget, Rows, Rule, Scripts, Strategy};

/// More than these nobody watches.
const MOST: usize = 20;

/// Finds the symbols that nearly triggered on a decided session, the closest first.
///
/// Looked at are the rows that a strategy found eligible and gave no entry for. Left out are the
/// symbols that would not have been bought anyway: held, ordered, recommended by another strategy,
/// or with bars in doubt.
///
/// Apart from [`super::decide`], because each row is traced: callers that show no near misses,
/// like a backtest, need not pay for them. Takes the arguments that the decision was made with.
pub fn near_misses(
    prepared: &Prepared,
    scripts: &Scripts,
    book: &Book,
    decision: &Decision,
) -> Vec<NearMiss> {
    if decision.no_decision.is_some() {
        return Vec::new();
    }
    let columns = &prepared.columns;
    let panel = columns.panel();
    let taken = taken(book, decision);
    let rows = scripts.bind(columns);
    let shown: Vec<u32> = columns.tradable_on(decision.session).collect();
    let is_open = |row: &u32| {
        let row = *row as usize;
        let doubted = prepared.health.suspect(row).is_some() || prepared.health.gap(row).is_some();
        !doubted && !taken.contains(&panel.symbols()[panel.owner(row)])
    };
    let mut misses = Vec::new();
    for strategy in scripts.strategies() {
        if strategy.asset_class() != panel.asset_class() || !strategy.is_enabled() {
            continue;
        }
        let quiet: Vec<u32> = quiet(strategy, &rows, &shown).into_iter().filter(is_open).collect();
        let found: Vec<Option<NearMiss>> = crate::scripts::pool().install(|| {
            let miss = |row: &u32| {
                let place = *row as usize;
                let symbol = panel.symbols()[panel.owner(place)].clone();
                miss(strategy, &rows, *row, symbol, panel.close()[place])
            };
            quiet.par_iter().map(miss).collect()
        });
        misses.extend(found.into_iter().flatten());
    }
    misses.sort_by(|a, b| {
        let names = |miss: &NearMiss| (miss.symbol.clone(), miss.strategy.clone());
        a.nearness.total_cmp(&b.nearness).then_with(|| names(a).cmp(&names(b)))
    });
    misses.truncate(MOST);
    misses
}

/// The symbols of the class that no near miss could lead to buying.
fn taken(book: &Book, decision: &Decision) -> BTreeSet<Symbol> {
    let class = decision.asset_class;
    let held = book.positions.iter().filter(|held| held.asset_class == class).map(|held| &held.symbol);
    let ordered = book.pending.iter().filter(|order| order.asset_class == class).map(|order| &order.symbol);
    let bought = decision.recommendations.iter().map(|own| &own.symbol);
    held.chain(ordered).chain(bought).cloned().collect()
}

/// The rows that a strategy found eligible and gave no signal for; none where it erred, since it
/// has then said nothing about any.
fn quiet(strategy: &Strategy, rows: &Rows, shown: &[u32]) -> Vec<u32> {
    let budget = &mut Budget::for_rows(shown.len());
    let Ok(eligible) = strategy.eligible(rows, shown, budget).complete() else { return Vec::new() };
    let eligible: Vec<u32> = shown
        .iter()
        .zip(eligible)
        .filter(|(_, verdict)| *verdict == Some(true))
        .map(|(row, _)| *row)
        .collect();
    let Ok(entry) = strategy.entry(rows, &eligible, budget).complete() else { return Vec::new() };
    let no_signal = |verdict: &Option<Option<_>>| matches!(verdict, Some(None));
    eligible.iter().zip(entry).filter(|(_, verdict)| no_signal(verdict)).map(|(row, _)| *row).collect()
}

fn miss(strategy: &Strategy, rows: &Rows, row: u32, symbol: Symbol, close: f64) -> Option<NearMiss> {
    let trace = strategy.trace(Rule::Entry, rows, row)?.ok()?;
    let nearest = nearest(&trace, close)?;
    let distance = nearest.step.distance()?;
    Some(NearMiss {
        symbol,
        strategy: strategy.name().to_owned(),
        message: format!("{} needs {}", nearest.trigger, nearest.step.needs()),
        distance: distance.short_amount(),
        distance_pct: distance.fraction,
        nearness: nearest.nearness,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{Case, position};
    use crate::signals::fixtures::{ALWAYS, flat, scripts, series};

    /// Buys at 100 and over, or where a second condition holds as well.
    const LEVEL: &str = "if row.close >= 100.0 { return \"level\"; }\n\
        if row.close >= 50.0 && row.close >= 200.0 { return \"far\"; }";

    fn case(entry: &str, series: Vec<crate::bars::Bars>) -> Case {
        let text = ALWAYS.replace("return \"always\";", entry);
        Case::new(scripts(&[("rule", &text)]), series)
    }

    fn told(case: &Case) -> Vec<String> {
        let (decision, _) = case.decide(29);
        let misses = near_misses(&case.prepared, &case.scripts, &case.book, &decision);
        misses.iter().map(|miss| format!("{}: {}", miss.symbol, miss.message)).collect()
    }

    #[test]
    fn the_closest_come_first_and_the_far_not_at_all() {
        let case = case(LEVEL, vec![flat("A", 97.0), flat("B", 99.0), flat("C", 80.0), flat("D", 101.0)]);
        assert_eq!(
            told(&case),
            [
                "B: level needs close 99.00 ≥ 100: 1.01% short",
                "A: level needs close 97.00 ≥ 100: 3.09% short",
            ]
        );
    }

    #[test]
    fn what_another_condition_stands_in_the_way_of_is_no_near_miss() {
        let both = "if row.close > 99.0 && row.close < 90.0 { return \"both\"; }";
        assert_eq!(told(&case(both, vec![flat("A", 98.0)])), [""; 0]);
        assert_eq!(told(&case(both, vec![flat("A", 100.0)])), [""; 0], "10% over");
        let either = "if row.close > 99.0 || row.close < 10.0 { return \"either\"; }";
        assert_eq!(
            told(&case(either, vec![flat("A", 98.0)])),
            ["A: either needs close 98.00 > 99: 1.02% short"]
        );
        let leave = "if row.close < 99.0 { return; }\nif row.close > 200.0 { return \"up\"; }";
        assert_eq!(told(&case(leave, vec![flat("A", 100.0)])), [""; 0]);
    }

    #[test]
    fn what_lies_between_a_condition_and_its_trigger_may_stand_in_the_way() {
        let guarded = "if row.close >= 99.0 { if row.volume > 1.0 { return; } return \"guarded\"; }";
        assert_eq!(told(&case(guarded, vec![flat("A", 98.0)])), [""; 0]);
        let looped = "if row.close >= 99.0 { for n in 0..2 { if n > 0 { return; } } return \"looped\"; }";
        assert_eq!(told(&case(looped, vec![flat("A", 98.0)])), [""; 0]);
    }

    /// One `A` at 98, with a function of the script beside the entry.
    #[track_caller]
    fn at_98(entry: &str, beside: &str, expected: &[&str]) {
        let text = ALWAYS.replace("return \"always\";", entry) + beside;
        let case = Case::new(scripts(&[("rule", &text)]), vec![flat("A", 98.0)]);
        assert_eq!(told(&case), expected, "{entry}");
    }

    #[test]
    fn only_the_entrys_own_straight_way_leads_to_a_trigger() {
        let near = "if row.close > 99.0 { return \"up\"; } \"no\"";
        let helper = format!("fn side(row) {{ {near} }}\nfn is_low(row) {{ row.close < 50.0 }}\n");
        at_98("let side = side(row); if side == \"up\" { return \"bought\"; }", &helper, &[]);
        at_98("if row.close > 99.0 { throw \"odd\"; }", "", &[]);
        at_98("if row.close > 99.0 { is_low(row); return \"late\"; }", &helper, &[]);
        at_98("if row.close > 99.0 { } else { if row.volume > 1.0 { return; } return \"late\"; }", "", &[]);
        at_98("if row.close > 99.0 { \"idle\" } if row.close > 500.0 { return \"far\"; }", "", &[]);
        at_98("if (row.close > 99.0) == (row.volume > 1.0) { return \"same\"; }", "", &[]);
        at_98("if row.prev_close > 99.0 { return \"yesterday\"; }", "", &[]);
        let told = ["A: up needs close 98.00 > 99: 1.02% short"];
        at_98("if row.close > 99.0 { \"up\" }", "", &told);
        at_98("if row.close > 99.0 { let size = 1.0; return \"up\"; }", "", &told);
        at_98("if 99.0 < row.close { return \"up\"; }", "", &told);
        at_98("if row.volume > 1.0 { if row.close > 99.0 { return \"up\"; } }", "", &told);
        at_98("if row.volume < 1.0 { return; } else if row.close > 99.0 { return \"up\"; }", "", &told);
        at_98("if !(row.close <= 99.0) { return \"up\"; }", "", &told);
        at_98("if !(row.close <= 99.0 || is_low(row)) { return \"up\"; }", &helper, &told);
        at_98("if !(is_low(row) || row.close <= 99.0) { return \"up\"; }", &helper, &told);
        at_98("if !(row.close <= 99.0 || row.volume > 1.0) { return \"up\"; }", "", &[]);
    }

    #[test]
    fn the_order_of_conditions_changes_no_near_miss() {
        let near = ["A: both needs close 98.00 > 99: 1.02% short"];
        for (body, expected) in [
            ("row.close > 99.0 && row.volume > 1.0", &near[..]),
            ("row.volume > 1.0 && row.close > 99.0", &near[..]),
            ("row.close > 99.0 && row.volume < 1.0", &[]),
            ("row.volume < 1.0 && row.close > 99.0", &[]),
        ] {
            let entry = format!("if {body} {{ return \"both\"; }}");
            assert_eq!(told(&case(&entry, vec![flat("A", 98.0)])), expected, "{body}");
        }
    }

    #[test]
    fn what_could_not_be_bought_is_no_near_miss() {
        let held =
            case(LEVEL, vec![flat("A", 98.0), flat("B", 98.0)]).holding(vec![position("A", "gone", 50.0)]);
        assert_eq!(told(&held), ["B: level needs close 98.00 ≥ 100: 2.04% short"]);
        let jumped: Vec<f64> = (0..30).map(|n| if n < 27 { 200.0 } else { 98.0 }).collect();
        assert_eq!(told(&case(LEVEL, vec![series("J", 0, &jumped)])), [""; 0]);
        let failing = "if row.close == 80.0 { throw \"odd\"; }\n".to_owned() + LEVEL;
        assert_eq!(told(&case(&failing, vec![flat("A", 98.0), flat("B", 80.0)])), [""; 0]);
    }

    #[test]
    fn a_sale_tells_the_condition_it_follows_from() {
        let closes: Vec<f64> = (0..30).map(|n| if n < 29 { 100.0 } else { 131.0 }).collect();
        let case = case(LEVEL, vec![series("A", 0, &closes)]).holding(vec![position("A", "rule", 80.0)]);
        let reasoning = &case.decide(29).0.exits[0].reasoning;
        assert!(reasoning.contains("too_high of rule (close 131.00 > 130). Bought"), "{reasoning}");
        let quiet = case.holding(vec![position("A", "rule", 101.0)]);
        let reasoning = &quiet.decide(28).0.exits[0].reasoning;
        assert!(reasoning.contains("hard_stop of rule. Bought"), "the core's own check: {reasoning}");
    }
}
