//! What traces show, and that they come to the interpreter's answer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::scripts::embedded;
use crate::scripts::fixtures::{compile, eligible, options, rows, strategy};
use crate::scripts::{Budget, PositionView, Rule, Scripts, SignalView};

/// The trace of an `eligible` with that body, one line a step, indented.
fn lines(body: &str, row: &[(&str, f64)]) -> Vec<String> {
    told(&eligible(body), Rule::Eligible, row)
}

fn told(text: &str, rule: Rule, row: &[(&str, f64)]) -> Vec<String> {
    let (scripts, strategy) = strategy(text);
    let rows = rows(&scripts, &[row]);
    let trace = strategy.trace(rule, &rows, 0).expect("a rule of rows").expect("an explanation");
    let mut lines = Vec::new();
    trace.steps.iter().for_each(|step| show(step, 0, &mut lines));
    lines.push(format!("{:?}", trace.outcome));
    lines
}

fn show(step: &Step, depth: usize, lines: &mut Vec<String>) {
    let mark = match step.state {
        State::Passed => "✓",
        State::Failed => "✗",
        State::NotReached => "·",
        State::Done => "-",
        State::Erred => "!",
    };
    lines.push(format!("{}{mark} {}", "  ".repeat(depth), step.words()));
    step.steps.iter().for_each(|inner| show(inner, depth + 1, lines));
}

#[track_caller]
fn check(body: &str, row: &[(&str, f64)], expected: &[&str]) {
    let lines = lines(body, row);
    assert_eq!(lines, expected, "{body}");
}

const GAVE_FALSE: &str = "Gave(Truth(false))";
const GAVE_TRUE: &str = "Gave(Truth(true))";

#[test]
fn a_failing_comparison_tells_its_distance() {
    check(
        "row.close > row.ma50",
        &[("close", 100.0), ("ma50", 102.0)],
        &["✗ close 100.00 > ma50 102.00: 2.00% short", GAVE_FALSE],
    );
    check("row.rsi2 < 10.0", &[("rsi2", 12.5)], &["✗ rsi2 12.50 < 10: 2.50 over", GAVE_FALSE]);
    check("row.close == 5.0", &[("close", 4.0)], &["✗ close 4.00 == 5: 25.00% off", GAVE_FALSE]);
    check("row.roc60 > 0.5", &[("roc60", 0.0)], &["✗ roc60 0.00 > 0.5: 50.00 points short", GAVE_FALSE]);
    check("row.close != 5.0", &[("close", 5.0)], &["✗ close 5.00 ≠ 5", GAVE_FALSE]);
}

#[test]
fn a_breakout_reads_as_its_author_means_it() {
    let text = eligible("row.close >= row.highest_close_20d * (1.0 + FAST)")
        .replace("fn eligible", "const FAST = 0.005;\nfn eligible");
    assert_eq!(
        told(&text, Rule::Eligible, &[("close", 187.2), ("highest_close_20d", 187.473)]),
        ["✗ close 187.20 ≥ highest_close_20d 187.47 × 1.005 = 188.41: 0.65% short", GAVE_FALSE,]
    );
}

#[test]
fn what_a_connective_skips_is_shown_as_not_reached() {
    check(
        "row.close > 5.0 && (row.ma20 > 1.0 || row.ma50 > 1.0) && row.rsi2 < 3.0",
        &[("close", 4.0), ("ma20", 2.0), ("ma50", 2.0), ("rsi2", 1.0)],
        &[
            "✗ all of",
            "  ✗ close 4.00 > 5: 25.00% short",
            "  · any of",
            "    · ma20 > 1",
            "    · ma50 > 1",
            "  · rsi2 < 3",
            GAVE_FALSE,
        ],
    );
    check(
        "!(row.close > 5.0 || row.ma20 > 1.0)",
        &[("close", 6.0), ("ma20", 2.0)],
        &["✗ not", "  ✓ any of", "    ✓ close 6.00 > 5: 16.67% over", "    · ma20 > 1", GAVE_FALSE],
    );
}

#[test]
fn lets_and_helpers_are_followed() {
    let text = eligible("let level = base(row) * 2.0; row.close > level && rising(row)").replace(
        "fn eligible",
        "const K = 0.5;\nfn base(r) { if r.ma20 > 1.0 { return r.ma20 * K; } 0.0 }\n\
         fn rising(row) { row.roc60 >= 0.0 }\nfn eligible",
    );
    assert_eq!(
        told(&text, Rule::Eligible, &[("close", 7.0), ("ma20", 6.0), ("roc60", 0.1)]),
        [
            "- level = 6.00",
            "  - base(row)",
            "    ✓ if",
            "      ✓ ma20 6.00 > 1",
            "      - return 3.00",
            "✓ all of",
            "  ✓ close 7.00 > level 6.00",
            "  ✓ rising(row)",
            "    ✓ roc60 0.10 ≥ 0",
            GAVE_TRUE,
        ]
    );
}

#[test]
fn the_return_that_was_taken_hides_nothing_after_it() {
    let text = eligible("true").replace(
        "fn entry(row) { }",
        "fn entry(row) { if row.close > 2.0 { return \"up\"; } else if row.ma20 > 1.0 { return \"b\"; }\n\
         if row.close > 1.0 { return \"late\"; } }",
    );
    assert_eq!(
        told(&text, Rule::Entry, &[("close", 3.0), ("ma20", 2.0)]),
        [
            "✓ if",
            "  ✓ close 3.00 > 2",
            "  - return \"up\"",
            "  · if",
            "    · ma20 > 1",
            "    · return \"b\"",
            "· if",
            "  · close > 1",
            "  · return \"late\"",
            "Gave(Text(\"up\"))",
        ]
    );
}

#[test]
fn a_loop_is_one_step_and_its_return_is_seen() {
    let body = "for i in 0..3 { if row.close > i.to_string().len() + 1.0 { return true; } } row.close > 9.0";
    let taken = lines(body, &[("close", 3.0)]);
    assert_eq!(taken[1..], ["· close > 9", GAVE_TRUE], "{taken:?}");
    let fell = lines(body, &[("close", 2.0)]);
    assert_eq!(fell[1..], ["✗ close 2.00 > 9: 350.00% short", GAVE_FALSE], "{fell:?}");
    let switch = lines("switch row.close { 1.0 => { return true }, _ => false }", &[("close", 1.0)]);
    assert_eq!(switch.last().map(String::as_str), Some(GAVE_TRUE));
}

#[test]
fn an_assignment_in_a_branch_is_seen_after_it() {
    check(
        "let n = 1.0; if row.close > 2.0 { n += 1.0; } n > 1.5",
        &[("close", 3.0)],
        &["- n = 1.00", "✓ if", "  ✓ close 3.00 > 2", "  - n = 2.00", "✓ n 2.00 > 1.5", GAVE_TRUE],
    );
}

#[test]
fn a_variable_that_is_defined_again_is_seen_with_its_newest_value() {
    check(
        "let n = 1.0; let m = row.close; let n = 3.0; m < n",
        &[("close", 2.0)],
        &["- n = 1.00", "- m = 2.00", "- n = 3.00", "✓ m 2.00 < n 3.00", GAVE_TRUE],
    );
    check(
        "const n = 1.0; let m = 5.0; let n = row.close; n > 2.0 && m > n",
        &[("close", 3.0)],
        &[
            "- n = 1.00",
            "- m = 5.00",
            "- n = 3.00",
            "✓ all of",
            "  ✓ n 3.00 > 2",
            "  ✓ n 3.00 < m 5.00",
            GAVE_TRUE,
        ],
    );
}

#[test]
fn a_value_that_nobody_is_given_is_told_as_dropped() {
    check(
        "if row.close > 1.0 { true } if row.close > 9.0 { true } else { false }",
        &[("close", 3.0)],
        &[
            "✓ if",
            "  ✓ close 3.00 > 1",
            "  - true is dropped: the function goes on",
            "✗ if",
            "  ✗ close 3.00 > 9: 200.00% short",
            "  - false",
            GAVE_FALSE,
        ],
    );
}

#[test]
fn a_missing_feature_is_named() {
    check(
        "row.roc60 == () || row.roc60 > 1.0",
        &[],
        &["✓ any of", "  ✓ roc60 missing == ()", "  · roc60 > 1", GAVE_TRUE],
    );
    check(
        "(row.roc60 ?? 0.5) > 1.0",
        &[],
        &["✗ roc60 missing ?? 0.5 = 0.50 > 1: 50.00 points short", GAVE_FALSE],
    );
    let (scripts, strategy) = strategy(&eligible("row.ma20 > 1.0"));
    let trace = strategy.trace(Rule::Eligible, &scripts.rows(&[BTreeMap::new()]), 0).expect("a rule");
    assert!(
        matches!(trace.expect("told").outcome, Outcome::NotReady(missing) if missing[0].as_str() == "ma20")
    );
}

#[test]
fn two_values_that_print_alike_are_told_apart() {
    check(
        "row.close > row.ma20",
        &[("close", 187.2041), ("ma20", 187.2042)],
        &["✗ close 187.20 > ma20 187.20 (187.2041 and 187.2042): 0.00% short", GAVE_FALSE],
    );
}

#[test]
fn an_error_is_told_with_the_steps_before_it() {
    let lines = lines("row.close > 1.0 && sqrt(row.close - 9.0) > 1.0", &[("close", 4.0)]);
    assert_eq!(lines[..3], ["! all of", "  ✓ close 4.00 > 1", "  ! sqrt(close 4.00 − 9) > 1"], "{lines:?}");
    assert!(lines[3].starts_with("Failed(ScriptError"), "{lines:?}");
    let wrong = self::lines("if row.close { true } else { false }", &[("close", 4.0)]);
    assert!(wrong.last().is_some_and(|last| last.starts_with("Failed")), "{wrong:?}");
}

#[test]
fn a_trace_is_bounded_as_its_script_is() {
    let endless = eligible("deep(row)").replace("fn eligible", "fn deep(row) { deep(row) }\nfn eligible");
    let lines = told(&endless, Rule::Eligible, &[]);
    assert!(
        lines.last().is_some_and(|last| last.contains("look for a function that calls itself")),
        "{lines:?}"
    );
    let looping = told(&eligible("loop { } true"), Rule::Eligible, &[]);
    assert!(looping.last().is_some_and(|last| last.contains("look for a loop")), "{looping:?}");
}

#[test]
fn every_condition_of_a_script_is_listed_once() {
    let text = eligible("helper(row) && !(row.close > 1.0) || row.ma20 > (if row.ma50 > 2.0 { 1.0 } else { 2.0 })")
        .replace(
            "fn eligible",
            "fn helper(row) { for i in 0..2 { if row.close > 7.0 { return true; } } row.rsi2 < 5.0 }\nfn eligible",
        );
    let (_, strategy) = strategy(&text);
    let conditions = strategy.conditions();
    let sources: Vec<&str> = conditions.followed.iter().map(|one| one.source.as_str()).collect();
    let whole = "row.ma20 > (if row.ma50 > 2.0 { 1.0 } else { 2.0 })";
    assert_eq!(sources, ["row.rsi2 < 5.0", "row.close > 1.0", whole, "row.ma50 > 2.0"]);
    assert_eq!(conditions.opaque, [3]);
}

#[test]
fn what_is_run_whole_is_named_wherever_it_stands() {
    let body = "let flags = [row.close > 1.0];\n\
        let text = `${row.close > 2.0}`;\n\
        switch row.close { 1.0 => eligible2(row), _ => exit(row, ()) }\n\
        flags[0] && up(row)";
    let text = eligible(body)
        + "fn up(row) { row.close > 4.0 }\n\
        fn eligible2(row) { deeper(row) }\nfn deeper(row) { row.close > 5.0 }\n\
        fn a(row) { b(row) }\nfn b(row) { a(row) || row.close > 6.0 }\n";
    let text = text.replace(
        "fn exit(row, position) { }",
        "fn exit(row, position) { if row.close > 7.0 { return \"x\"; } }",
    );
    let conditions = strategy(&text).1.conditions();
    let sources: Vec<&str> = conditions.followed.iter().map(|own| own.source.as_str()).collect();
    assert_eq!(sources, ["flags[0]", "row.close > 7.0", "row.close > 4.0", "row.close > 6.0"]);
    assert_eq!(conditions.opaque, [3, 4, 5]);
    let names: Vec<&str> = conditions.unfollowed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["eligible2", "deeper"]);
}

/// The trace as `ts explain` draws it, without the places.
fn drawn(body: &str, row: &[(&str, f64)]) -> Vec<String> {
    let text = eligible(body) + "fn calm(row) { if row.close > 400.0 { return false; } row.close > 1.0 }\n";
    let (scripts, strategy) = strategy(&text);
    let rows = rows(&scripts, &[row]);
    let trace = strategy.trace(Rule::Eligible, &rows, 0).expect("a rule").expect("explained");
    let place = |line: String| line.rsplit_once("  [").map(|(line, _)| line.to_owned()).unwrap_or(line);
    tree(&trace.steps).into_iter().map(place).collect()
}

#[test]
fn a_mark_tells_whether_a_condition_came_out_as_wanted() {
    assert_eq!(
        drawn("!(row.close > 400.0) && calm(row)", &[("close", 260.0)]),
        [
            "✓ pass    all of",
            "✓ pass      not",
            "✓ untrue      close 260.00 > 400",
            "✓ pass      calm(row)",
            "✓ untrue      close 260.00 > 400",
            "· skipped       return false",
            "✓ pass        close 260.00 > 1",
        ]
    );
    assert_eq!(
        drawn("!calm(row)", &[("close", 260.0)]),
        [
            "✗ fail    not",
            "✗ true      calm(row)",
            "✗ fail        close 260.00 > 400: 53.85% short (140.00)",
            "· skipped       return false",
            "✗ true        close 260.00 > 1: 99.62% over (259.00)",
        ]
    );
    assert_eq!(
        drawn("(row.close > 5.0) == (row.close > row.ma20)", &[("close", 6.0), ("ma20", 7.0)]),
        [
            "✗ fail    (close 6.00 > 5 is true) == (close 6.00 > ma20 7.00 is false)",
            "→ true      close 6.00 > 5",
            "→ untrue    close 6.00 > ma20 7.00",
        ]
    );
    let looped = drawn("for n in 0..1 { if row.close > 5.0 { return true; } } false", &[("close", 6.0)]);
    assert!(looped[0].starts_with("→         for n in 0..1 {"), "{looped:?}");
    assert!(looped[0].ends_with("(run whole: its conditions are not shown)"), "{looped:?}");
}

#[test]
fn what_is_compared_of_truths_stands_in_parentheses() {
    check(
        "((row.close > 5.0) == (row.close > row.ma20)) == (row.ma20 > 9.0 && row.close > 1.0)",
        &[("close", 6.0), ("ma20", 7.0)],
        &[
            "✓ ((close 6.00 > 5) == (close 6.00 > ma20 7.00) is false) == (row.ma20 > 9.0 && row.close > 1.0 is false)",
            "  ✗ (close 6.00 > 5 is true) == (close 6.00 > ma20 7.00 is false)",
            "    ✓ close 6.00 > 5",
            "    ✗ close 6.00 > ma20 7.00",
            "  ✗ all of",
            "    ✗ ma20 7.00 > 9",
            "    · close > 1",
            GAVE_TRUE,
        ],
    );
}

#[test]
fn an_assignment_is_followed_and_a_helper_of_a_loop_alone_is_not() {
    let body =
        "let ok = false; ok = row.close > 1.0 && row.close < 9.0; for i in 0..2 { ok = ok && up(row); } ok";
    let text = eligible(body) + "fn up(row) { row.close > 2.0 }\nfn idle(row) { row.close > 3.0 }\n";
    let (scripts, own) = strategy(&text);
    let conditions = own.conditions();
    let sources: Vec<&str> = conditions.followed.iter().map(|own| own.source.as_str()).collect();
    assert_eq!(sources, ["row.close > 1.0", "row.close < 9.0", "row.close > 3.0"]);
    assert_eq!((conditions.opaque, conditions.unfollowed), (vec![3], vec![("up".to_owned(), 6)]));
    let rows = rows(&scripts, &[&[("close", 5.0)]]);
    let trace = own.trace(Rule::Eligible, &rows, 0).expect("a rule").expect("explained");
    assert_eq!(trace.outcome, Outcome::Gave(Seen::Truth(true)));
}

fn shipped() -> Scripts {
    let mut options = options();
    options.default_scorer = "technical".to_owned();
    let (scripts, errors) = Scripts::check(&embedded(), &options);
    assert_eq!(errors, []);
    scripts
}

/// Values near one another, so that comparisons of prices go either way; a fifth is missing.
fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (90.0..110.0).prop_map(Some),
        2 => (-3.0..3.0).prop_map(Some),
        2 => (0.0..1.0).prop_map(Some),
        1 => prop::sample::select(vec![0.0, 1.0, 100.0, 1e-17, 1e300]).prop_map(Some),
        2 => Just(None),
    ]
}

/// Conditions of every kind that a trace takes apart, and of those that it does not.
fn condition() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("row.close".to_owned()),
        Just("(row.ma20 ?? 50.0)".to_owned()),
        Just("K".to_owned()),
        Just("half(row)".to_owned()),
        Just("n".to_owned()),
        (0..100u8).prop_map(|number| format!("{number}.5")),
        Just("(if row.close > 50.0 { row.close - 1.0 } else { return row.close < 3.0; })".to_owned()),
        Just("(switch row.close { 50.0 => 1.0, _ => 2.0 })".to_owned()),
        Just("max(row.close, if flag { 10.0 } else { 90.0 })".to_owned()),
    ];
    let leaf = prop_oneof![
        4 => (number.clone(), prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]), number)
            .prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
        1 => Just("flag".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("near(row, K)".to_owned()),
        1 => Just("\"abc\".contains(\"b\")".to_owned()),
        1 => Just("row.roc60 == ()".to_owned()),
        1 => Just("both(row.close > K, flag)".to_owned()),
        1 => Just("[flag, row.close > 1.0][0]".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
            inner.clone().prop_map(|part| format!("!({part})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("(if {a} {{ flag = {b}; flag }} else {{ return false; }})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("(if {a} {{ n += 1.0; {b} }} else {{ let m = {c}; m }})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a function is made of, its trace comes to the interpreter's answer, and shows the
    /// conditions that the outline lists: those and no other.
    #[test]
    fn traces_of_any_function_come_to_what_the_interpreter_gives(
        conditions in prop::collection::vec(condition(), 1..4),
        close in prop::sample::select(vec![0.5, 1.5, 49.0, 50.0, 50.5, 99.5]),
        ma20 in prop::sample::select(vec![None, Some(1.5), Some(50.5)]),
    ) {
        let (last, guards) = conditions.split_last().expect("there is one at least");
        let guards: String = guards
            .iter()
            .enumerate()
            .map(|(number, guard)| format!("if {guard} {{ if n > {number}.0 {{ return flag; }} }}\n"))
            .collect();
        let body = format!("let n = 1.0; let flag = row.close > 1.0;\n{guards}for i in 0..2 {{ n += 1.0; }}\n{last}");
        let text = eligible(&body).replace(
            "fn eligible",
            "const K = 50.0;\nfn half(row) { if row.close > K { return row.close / 2.0; } K - 1.0 }\n\
             fn both(a, b) { if !a { return false; } b }\n\
             fn near(row, level) { let low = level * 0.9; row.close > low && row.close < level * 1.1 }\nfn eligible",
        );
        let (scripts, errors) = compile(&text);
        // Blocks may nest too deeply for any script.
        prop_assume!(errors.iter().all(|error| error.code != "nested_too_deep"));
        prop_assert!(errors.is_empty(), "{body}: {errors:?}");
        let strategy = scripts.strategy("probe").expect("it was loaded").clone();
        let mut row = vec![("close", close)];
        row.extend(ma20.map(|value| ("ma20", value)));
        let rows = rows(&scripts, &[&row]);
        let trace = strategy.trace(Rule::Eligible, &rows, 0).expect("a rule of rows").expect("explained");
        let answer = strategy.eligible(&rows, &[0], &mut Budget::for_rows(1)).complete().expect("it does not err");
        let gave = answer[0].map(|truth| Outcome::Gave(Seen::Truth(truth)));
        prop_assert_eq!(Some(&trace.outcome), gave.as_ref(), "{}", body);
        let listed: BTreeSet<(usize, usize, String)> = strategy
            .conditions()
            .followed
            .into_iter()
            .map(|one| (one.line, one.column, one.source))
            .collect();
        let mut shown = BTreeSet::new();
        trace.visit(|step| {
            if step.is_condition() {
                shown.insert((step.line, step.column, step.source.clone()));
            }
        });
        prop_assert!(shown.is_subset(&listed), "{body}: {:?}", shown.difference(&listed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A trace that came to another answer than the interpreter would be refused.
    #[test]
    fn traces_of_the_shipped_scripts_come_to_what_the_interpreter_gives(
        values in prop::collection::vec(value(), 64),
        entry_price in 90.0..110.0,
        stop_price in 80.0..105.0,
        bars_held in 0u32..20,
    ) {
        let scripts = shipped();
        let mut features = scripts.features(crate::domain::AssetClass::Equity);
        features.extend(scripts.features(crate::domain::AssetClass::Crypto));
        prop_assert!(features.len() <= 64);
        let row = features.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect();
        let rows = scripts.rows(&[row]);
        let position = PositionView {
            entry_price,
            stop_price,
            entry_date: NaiveDate::from_ymd_opt(2026, 1, 2).expect("a date"),
            bars_held,
            highest_close: 105.0,
            quantity: 10.0,
        };
        let mut traces: Vec<Trace> = Vec::new();
        for strategy in scripts.strategies() {
            for rule in [Rule::Eligible, Rule::Entry] {
                traces.extend(strategy.trace(rule, &rows, 0).map(|trace| trace.expect("explained")));
            }
            for rule in [Rule::Stop, Rule::Exit] {
                traces.extend(strategy.trace_held(rule, &rows, 0, position).map(|trace| trace.expect("explained")));
            }
        }
        for scorer in scripts.scorers() {
            for component in 0..scorer.weights().len() {
                for trigger in ["breakout_20d", "breakout_55d"] {
                    let signal = SignalView { trigger: trigger.into(), strategy: "x".into() };
                    let trace = scorer.trace(component, &rows, 0, signal);
                    traces.extend(trace.map(|trace| trace.expect("explained")));
                }
            }
        }
        let is_told = |trace: &Trace| matches!(trace.outcome, Outcome::NotReady(_)) || !trace.steps.is_empty();
        let untold: Vec<&Trace> = traces.iter().filter(|trace| !is_told(trace)).collect();
        prop_assert!(untold.is_empty(), "{untold:?}");
    }
}

/// One side of a comparison of numbers.
fn side() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "row.close",
        "row.open",
        "row.ma20",
        "row.prev_close",
        "row.ma20 * 1.02",
        "1.02 * row.close",
        "row.close - row.ma20",
        "row.close + 2.0 * row.atr14",
        "row.rsi2",
        "row.roc60",
        "row.zscore20",
        "(row.roc60 ?? 0.0)",
        "LEVEL",
        "LEVEL * 0.5",
        "30.0",
        "price",
        "gap",
        "half(row)",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// `a < b` and `b > a` are told in the same words, with the same distance.
    #[test]
    fn both_ways_of_writing_a_comparison_are_told_alike(
        left in side(),
        operator in prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]),
        right in side(),
        values in prop::collection::vec(prop_oneof![-2.0..2.0, 20.0..120.0], 8),
    ) {
        prop_assume!(left != right);
        let names = ["close", "open", "ma20", "prev_close", "atr14", "rsi2", "roc60", "zscore20"];
        let row: Vec<(&str, f64)> = names.into_iter().zip(values).collect();
        let told = |comparison: String| {
            let body = format!("let price = row.close; let gap = row.close - row.ma20; {comparison}");
            let text = eligible(&body).replace(
                "fn eligible",
                "const LEVEL = 100.0;\nfn half(row) { row.close / 2.0 }\nfn eligible",
            );
            let (scripts, strategy) = strategy(&text);
            let rows = rows(&scripts, &[&row]);
            let trace = strategy.trace(Rule::Eligible, &rows, 0).expect("a rule").expect("explained");
            let mut found = Vec::new();
            trace.visit(|step| {
                if let StepKind::Comparison(_) = step.kind {
                    found.push((step.words(), step.state, step.distance().copied()));
                }
            });
            found
        };
        let turned = comparison::turned(operator);
        prop_assert_eq!(
            told(format!("{left} {operator} {right}")),
            told(format!("{right} {turned} {left}"))
        );
    }
}
