//! Columns against the interpreter, form by form, on values that divide engines.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Engine;
use super::Given;
use super::cell::Cell;
use super::program::Step;
use super::program::Value;
use super::run;
use crate::features::Feature;
use crate::scripts::Budget;
use crate::scripts::PositionView;
use crate::scripts::RowError;
use crate::scripts::Rule;
use crate::scripts::Scorer;
use crate::scripts::Scripts;
use crate::scripts::SignalView;
use crate::scripts::Strategy;
use crate::scripts::answer::Answer;
use crate::scripts::evaluate::Call;
use crate::scripts::fixtures::HEAD;
use crate::scripts::fixtures::compile;
use crate::scripts::fixtures::options;
use crate::scripts::fixtures::source;
use crate::scripts::fixtures::strategy;

/// Zeros of both signs, the smallest, the largest, and numbers a few epsilons apart.
const HOSTILE: [f64; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.0 + f64::EPSILON,
    1.0 - f64::EPSILON / 2.0,
    1.0 + 2.0 * f64::EPSILON,
    0.1 + 0.2,
    0.3,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    f64::MAX,
    -f64::MAX,
    1e-17,
    100.0,
    9_007_199_254_740_993.0,
    -2.5,
];

fn feature(name: &str) -> Feature {
    Feature::parse(name).expect("a feature")
}

/// Every pair of hostile values and nothing, as `close` and `open`.
fn pairs() -> Vec<BTreeMap<Feature, f64>> {
    let values = || HOSTILE.iter().copied().map(Some).chain([None]);
    let row = |close: Option<f64>, open: Option<f64>| {
        let named = [("close", close), ("open", open), ("high", Some(7.5))];
        named.into_iter().filter_map(|(name, value)| Some((feature(name), value?))).collect()
    };
    values().flat_map(|close| values().map(move |open| row(close, open))).collect()
}

fn position(place: usize) -> PositionView {
    PositionView {
        entry_price: HOSTILE[place % HOSTILE.len()],
        stop_price: [f64::NAN, f64::INFINITY, 90.0][place % 3],
        entry_date: NaiveDate::default(),
        bars_held: [0, 1, 3, u32::MAX][place % 4],
        highest_close: -0.0,
        quantity: 10.0,
    }
}

/// Makes a strategy whose `exit` has the given body, beside some helpers.
fn exit(body: &str) -> String {
    format!(
        "{HEAD}fn eligible(row) {{ row.close > 1.0 }}\nfn entry(row) {{ }}\n\
         fn exit(row, position) {{\n{body}\n}}\n\
         fn early(x) {{ if x > 1.0 {{ return x * 2.0; }} x - 1.0 }}\n\
         fn known(x) {{ if x == () {{ return; }} x }}\n\
         fn field(r) {{ r.close }}\nfn one(x) {{ two(x) }}\nfn two(x) {{ three(x) }}\nfn three(x) {{ four(x) }}\n\
         fn four(x) {{ five(x) }}\nfn five(x) {{ x }}\nfn again(x) {{ again(x) }}\nfn longer(x) {{ one(x) }}\n"
    )
}

fn why_not(body: &str) -> Option<String> {
    let (_, strategy) = strategy(&exit(body));
    let function = strategy.function(Rule::Exit).expect("every strategy has one");
    strategy.why_not_columns(function).map(ToString::to_string)
}

/// Asks both engines about every pair of hostile values, and requires the same of both.
fn same(body: &str) {
    let (scripts, strategy) = strategy(&exit(body));
    let function = strategy.function(Rule::Exit).expect("every strategy has one");
    assert_eq!(strategy.why_not_columns(function), None, "{body}");
    let pairs = pairs();
    let rows = scripts.rows(&pairs);
    let positions: Vec<PositionView> = (0..pairs.len()).map(position).collect();
    let index: Vec<u32> = (0..pairs.len() as u32).rev().collect();
    let ask = |engine: Engine| {
        let scripts = scripts.evaluated_by(engine);
        assert_eq!(scripts.engine(), engine);
        let own = scripts.strategy("probe").expect("the same scripts").clone();
        own.exit(&rows, &index, &positions, &mut Budget::for_rows(index.len()))
    };
    let [columns, interpreter, verified] = Engine::ALL.map(ask);
    let differences: Vec<_> =
        verified.errors.iter().filter(|own| own.error.message.starts_with("columns gave")).collect();
    assert!(differences.is_empty(), "{body}: {:?}", differences[0]);
    assert_eq!(columns, interpreter, "{body}");
    assert_eq!(verified, interpreter, "{body}");
}

/// Counts the rows of all pairs that a function leaves to the interpreter.
fn left(body: &str) -> usize {
    let (scripts, strategy) = strategy(&exit(body));
    let function = strategy.function(Rule::Exit).expect("every strategy has one");
    let program = strategy.programs.get(function).expect("a translated function");
    let pairs = pairs();
    let positions: Vec<PositionView> = (0..pairs.len()).map(position).collect();
    let index: Vec<u32> = (0..pairs.len() as u32).collect();
    let rows = scripts.rows(&pairs);
    run(program, &rows.view, &index, Given::Positions(&positions), &mut vec![None; index.len()]).len()
}

const SIGNS: [&str; 15] = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "**", "&", "|", "^"];

/// Values of every kind, where `close` and `open` may be missing.
const KINDS: [&str; 13] = [
    "row.close",
    "(row.open ?? ())",
    "known(row.open)",
    "(row.close / 0.0)",
    "(0.0 * (row.close / 0.0))",
    "(if row.close > 0.5 { 3 } else { 2.5 })",
    "(if row.close > 0.5 { -7 } else { 9223372036854775807 })",
    "(row.open ?? 3)",
    "(row.close > 1.0)",
    "(if row.close > 0.5 { \"a\" } else { \"b\" })",
    "()",
    "2",
    "1.5",
];

/// Makes every expression the function of a scorer, and asks each engine about every pair of
/// hostile values.
fn same_of_all(expressions: &[String]) {
    let function = |(number, own): (usize, &String)| {
        format!("fn f{number}(row, signal) {{ row.close == (); row.open == (); {own} }}\n")
    };
    let functions: String = expressions.iter().enumerate().map(function).collect();
    let weights: Vec<String> = (0..expressions.len()).map(|number| format!("f{number}: 1.0")).collect();
    let text = format!(
        "const WEIGHTS = #{{ {} }};\n{functions}fn known(x) {{ if x == () {{ return; }} x }}\n",
        weights.join(", ")
    );
    let (scripts, errors) = Scripts::check(&[source("own", &text)], &options());
    assert_eq!(errors, [], "{text}");
    let pairs = pairs();
    let rows = scripts.rows(&pairs);
    let signals = vec![SignalView { trigger: "up".into(), strategy: "probe".into() }; pairs.len()];
    let asked = [Engine::Verify, Engine::Columns].map(|engine| scripts.evaluated_by(engine));
    let [verify, columns] = asked.each_ref().map(|own| own.scorer("own").expect("it was loaded"));
    for (component, function) in columns.functions().iter().enumerate() {
        assert_eq!(columns.why_not_columns(function), None, "{text}");
        // Each function of many sees another third of the pairs.
        let index: Vec<u32> = (component as u32 % 3..pairs.len() as u32).step_by(3).collect();
        let ask = |scorer: &Scorer| {
            scorer.component(component, &rows, &index, &signals, &mut Budget::for_rows(index.len()))
        };
        let (verified, answered) = (ask(verify), ask(columns));
        let is_difference = |own: &&RowError| own.error.message.starts_with("columns gave");
        if let Some(difference) = verified.errors.iter().find(is_difference) {
            panic_with(&scripts, function.name(), difference);
        }
        assert_eq!(answered, verified, "{} in {text}", function.name());
    }
}

#[track_caller]
fn panic_with(scripts: &Scripts, function: &str, difference: &RowError) {
    let text = scripts.scorer("own").map(Scorer::text).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(&format!("fn {function}("))).unwrap_or_default();
    assert_eq!(difference.error.message, "", "{line} on {:?}", pairs()[difference.row as usize]);
}

#[test]
fn every_operator_agrees_on_every_pair_of_kinds() {
    for a in KINDS {
        let of = |b: &str| SIGNS.map(|sign| format!("{a} {sign} {b}"));
        let all: Vec<String> = KINDS.iter().flat_map(|b| of(b)).collect();
        all.chunks(50).for_each(same_of_all);
    }
}

#[test]
fn comparisons_agree_within_the_epsilon() {
    for sign in ["==", "!=", "<", "<=", ">", ">="] {
        same(&format!("row.close {sign} row.open"));
        same(&format!("row.close == () || row.close {sign} row.open"));
        same(&format!("row.close == () || row.open != () && row.close {sign} row.open"));
        same(&format!("row.close == (); row.close {sign} 1.0"));
        same(&format!("row.close == (); 1 {sign} row.close"));
        same(&format!("row.close == (); row.open == (); row.close {sign} row.open"));
        assert_eq!(left(&format!("row.close {sign} row.open")), 0, "{sign}");
    }
}

#[test]
fn functions_of_the_host_agree_on_every_kind() {
    let others = ["row.close", "row.open", "(row.close / 0.0)", "0", "0.0", "\"a\"", "()"];
    let mut all = vec!["clamp(0, 9007199254740993, 9007199254740992)".to_owned()];
    for a in KINDS {
        for name in ["abs", "round", "floor", "ceil", "sqrt", "ln", "exp"] {
            all.push(format!("{name}({a})"));
            all.push(format!("if row.close > 0.5 {{ return {name}({a}); }} {a}"));
        }
        for (name, b) in ["min", "max", "pow", "ratio"].iter().flat_map(|name| others.map(|b| (name, b))) {
            all.push(format!("{name}({a}, {b})"));
            all.push(format!("{name}({b}, {a})"));
        }
        all.push(format!("clamp({a}, 0, 10)"));
        all.push(format!("clamp({a}, -1.5, 10)"));
        all.push(format!("clamp(1, {a}, row.close)"));
        all.push(format!("clamp(row.close, 0.0, {a})"));
        all.push(format!("-{a}"));
        all.push(format!("{a} ?? 1.0"));
        // The parser refuses a truth that is written as a number.
        if a.starts_with(|first: char| !first.is_ascii_digit()) && a != "()" {
            all.push(format!("!{a}"));
            all.push(format!("{a} && row.open == ()"));
            all.push(format!("row.open == () || {a}"));
        }
    }
    all.chunks(50).for_each(same_of_all);
}

#[test]
fn zeros_keep_their_sign() {
    for body in ["max(row.close, row.open)", "min(row.close, row.open)", "clamp(row.close, row.open, 0.0)"] {
        same(body);
        same(&format!("1.0 / {body}"));
    }
    same("-row.close");
    same("1.0 / -(row.close * 0.0)");
}

#[test]
fn logic_asks_no_more_than_it_must() {
    same("row.close > 0.0 && 1 / 0 > 1");
    same("row.close > 0.0 || 1 / 0 > 1");
    same("row.close > 0.0 && row.close");
    same("row.close && true");
    same("false || row.close > 0.0");
    same("let up = row.close > 0.0; !up || !(row.open > 0.0) && up");
    same("!row.close");
    same("!(if row.close > 0.5 { true })");
    same("row.close > 0.0 && (if row.open > 0.0 { return \"odd\"; } else { true }) || row.close < -0.5");
    same("(row.open ?? { if row.close > 0.0 { return \"none\"; } 1.0 }) + 1.0");
    // The optimiser leaves `1 / 0` where it stands.
    assert!(left("row.close > 1e300 && 1 / 0 > 1") > 0);
    assert_eq!(left("row.close > 1.0 && row.open > 1.0 || row.close < row.open"), 0);
}

#[test]
fn statements_have_the_values_that_rhai_gives_them() {
    same("");
    same("if row.close > 0.0 { }");
    same("if row.close > 0.0 { \"a\" }");
    same("if row.close > 0.0 { \"a\" } else { row.close }");
    same("if row.close > 0.0 { \"a\" } else if row.open > 0.0 { \"b\" } else { () }");
    same("let x = if row.close > 0.0 { row.close }; x ?? 1.0");
    same("let x = 1; let x = x + row.close; { let x = 2; } x");
    same("let x = row.close; if x > 0.5 { x += 1; } x");
    same("let x = 1; if row.close > 0.5 { x += 1; } else { x = 2.5; } x * 2");
    same("let x = 1; { x = row.close; } x");
    same("let x = 9223372036854775806; if row.close > 0.5 { x += 1; x += 1; } x > 0");
    same("let x = row.close; x %= 0.3; x **= 2; x");
    same("let x = true; x &= row.close > 0.5; x");
    same("let x; x = row.close; x");
    same("{ let y = row.close; y * 2.0 }");
    same("return row.close; 1");
    same("if row.close > 0.5 { return 1; } if row.open > 0.5 { return 2.5; } return;");
    same("if row.close > 0.5 { if row.open > 0.5 { return \"both\"; } \"one\" } else { return; }");
    same("let a = 1.0; if row.close > 0.5 { if row.open > 0.5 { return a; } a = 3.0; } a + 1.0");
    same("if row.close > 0.5 { throw \"odd\"; } row.open");
    same("throw row.close;");
    same("const c = 2.0; row.close * c");
}

#[test]
fn own_functions_agree() {
    same("early(row.close) + early(row.open)");
    same("field(row) > 1.0 && early(field(row)) > 1.0");
    same("known(row.close) == ()");
    same("let x = 1.0; early(x) + x");
    same("one(row.close)");
    same("early(if row.close > 0.5 { return \"a\"; } else { row.open })");
    same("early(\"a\")");
    same("early(())");
}

#[test]
fn what_is_missing_keeps_its_meaning() {
    same("row.close == ()");
    same("row.close != () && row.open == ()");
    same("(row.close ?? 1.0) * 2.0");
    same("(row.close ?? 1) * 2");
    same("(row.close ?? row.open ?? \"none\")");
    same("(row.close ?? ()) > 1.0");
    same("row.close == () && row.close > row.open");
    same("row.close == (); row.close + 1.0");
    same("row.close == (); -row.close");
    same("row.close == (); ratio(row.close, row.open)");
    same("(ratio(row.close, row.open) ?? 1.0) - 1.0");
    same("ratio(row.close, row.open) == ()");
    assert_eq!(left("(ratio(row.close, row.open) ?? 1.0) * 2.0 > 3.0"), 0);
}

#[test]
fn texts_that_some_rows_lack_agree() {
    let word = "let t = if row.close > 1.0 { \"up\" } else if row.close < 0.0 { \"down\" };";
    for then in [
        "t",
        "t ?? \"flat\"",
        "t ?? row.open",
        "t ?? ()",
        "t == ()",
        "t != \"up\"",
        "() == t",
        "if t == \"up\" { return t; } \"other\"",
        "if row.open > 1.0 { t } else { \"none\" }",
        "if row.open > 1.0 { t } else { 2.0 }",
        "if row.open > 1.0 { t } else { true }",
        "let u = t; t = \"same\"; if row.open > 1.0 { t = u; } t",
        "t < \"down\"",
        "t + \"ward\"",
        "-t",
        "!t",
        "if t { 1.0 }",
        "min(t, 1.0)",
        "t == 1.0 || row.open > 1.0",
    ] {
        same(&format!("{word}\n{then}"));
    }
}

#[test]
fn positions_agree() {
    for name in ["entry_price", "stop_price", "highest_close", "quantity", "bars_held"] {
        same(&format!("row.close <= position.{name}"));
        same(&format!("position.{name} + position.{name}"));
        same(&format!("position.{name}"));
        same(&format!(
            "if row.close > position.{name} {{ position.{name} / 2 }} else {{ 7 % position.{name} }}"
        ));
    }
}

#[test]
fn signals_agree() {
    let own = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) {\n\
               let level = if signal.trigger == \"up\" { row.close } else { row.open };\n\
               if signal.strategy != \"probe\" { return 1.0; }\n\
               if signal.trigger < \"down\" { return 2.0; }\n\
               clamp(level, 0.0, 10.0) }";
    let text = exit("").replace("\"equity\"", "\"equity\", scorer: \"own\"");
    let sources = [source("probe", &text), source("own", own)];
    let (scripts, errors) = Scripts::check(&sources, &options());
    assert_eq!(errors, []);
    let pairs = pairs();
    let rows = scripts.rows(&pairs);
    let index: Vec<u32> = (0..pairs.len() as u32).rev().collect();
    let signals: Vec<SignalView> = (0..pairs.len() - 2)
        .map(|place| SignalView {
            trigger: ["up", "down", "up and down"][place % 3].into(),
            strategy: ["probe", "other"][place % 2].into(),
        })
        .collect();
    let ask = |engine: Engine| {
        let scripts = scripts.evaluated_by(engine);
        let scorer = scripts.scorer("own").expect("it was loaded");
        assert_eq!(scorer.why_not_columns(&scorer.functions()[0]), None);
        scorer.component(0, &rows, &index, &signals, &mut Budget::for_rows(index.len()))
    };
    let [columns, interpreter, verified] = Engine::ALL.map(ask);
    assert_eq!(columns, interpreter);
    assert_eq!(verified, interpreter);
    let last = &columns.errors.last().expect("two rows have no signal").error.message;
    assert_eq!(last, "no position or signal was given for the row");
}

#[test]
fn what_has_no_form_in_columns_is_named_with_its_line() {
    let check = |body: &str, expected: &str| assert_eq!(why_not(body).as_deref(), Some(expected), "{body}");
    check("let n = 0;\nfor i in 0..3 { n += i; }\nn > 1", "line 7: a loop");
    check("while row.close > 1.0 { }", "line 6: a loop");
    check("switch row.close { 1.0 => \"a\", _ => () }", "line 6: a `switch`");
    check("let a = [row.close]; a.len() > 0", "line 6: an array");
    check("`${row.close}`", "line 6: text that is put together");
    check("row.close.round() > 1.0", "line 6: a call behind a dot");
    check("position.entry_date == \"2024-01-02\"", "line 6: the field `entry_date`");
    check("again(row.close)", "line 16: a call of `again` within 5 others");
    check("longer(row.close)", "line 14: a call of `five` within 5 others");
    check("1 << 2 > position.bars_held << 1", "line 6: the operator `<<`");
    check("type_of(row.close) == \"f64\"", "line 6: a call of `type_of`");
    let long = "let x = row.close;\n".repeat(300);
    let told = why_not(&long).expect("it is too long");
    assert!(told.contains("the end of 400 statements and expressions"), "{told}");
}

#[test]
fn a_function_of_the_greatest_size_stays_within_what_a_call_may_use() {
    let sum = vec!["early(row.close)"; 20].join(" + ");
    let (scripts, own) = strategy(&exit(&sum));
    let function = own.function(Rule::Exit).expect("every strategy has one");
    assert_eq!(own.why_not_columns(function), None);
    let rows = scripts.rows(&pairs());
    let interpreter = scripts.evaluated_by(Engine::Interpreter);
    let strategy: &Strategy = interpreter.strategy("probe").expect("the same scripts");
    let mut budget = Budget::for_rows(0);
    let verdicts = strategy.exit(&rows, &[0], &[position(0)], &mut budget);
    assert!(verdicts.errors[0].error.message.contains("a number"), "{verdicts:?}");
    assert_eq!(budget.used(), 0, "what is translated is charged by no engine");
}

#[test]
fn the_order_and_number_of_rows_change_no_answer() {
    let (scripts, strategy) = strategy(&exit("if row.close > row.open { \"a\" }"));
    let pairs: Vec<_> = std::iter::repeat_n(pairs(), 3).flatten().collect();
    let rows = scripts.rows(&pairs);
    let all: Vec<u32> = (0..pairs.len() as u32).collect();
    let positions: Vec<PositionView> = all.iter().map(|row| position(*row as usize)).collect();
    let ask = |index: &[u32]| {
        strategy
            .exit(&rows, index, &positions, &mut Budget::for_rows(all.len()))
            .complete()
            .expect("no errors")
    };
    let whole = ask(&all);
    for length in [0, 1, 2, 255, 256, 257, 511, 1_000] {
        assert_eq!(ask(&all[..length]), whole[..length]);
    }
    let backward: Vec<u32> = all.iter().copied().rev().collect();
    let mut turned = ask(&backward);
    turned.reverse();
    assert_eq!(turned, whole);
}

#[test]
fn verify_tells_both_answers_where_a_program_is_wrong() {
    let (scripts, _) = strategy(&exit("if row.close == 100.0 { throw \"odd\"; } row.close > 1.0"));
    let scripts = scripts.evaluated_by(Engine::Verify);
    let own = scripts.strategy("probe").expect("the same scripts");
    let function = own.function(Rule::Exit).expect("every strategy has one");
    let mut wrong = own.programs.get(function).expect("a translated function").clone();
    wrong.steps.retain(|step| !matches!(step, Step::Leave { .. }));
    wrong.answer = Value::Same(Cell::Bool(true));
    let call = Call { host: &own.host, script: &own.script, function, program: Some(&wrong) };
    let row = |close: f64| BTreeMap::from([(feature("close"), close)]);
    let rows = scripts.rows(&[row(2.0), row(0.5), row(100.0), BTreeMap::new()]);
    let positions: Vec<PositionView> = (0..4).map(position).collect();
    let read = |answer: Answer| match answer {
        Answer::Truth(truth) => Ok(truth),
        other => Err(other.told()),
    };
    let told = call.rows_with(&rows, &[0, 1, 2, 3], &positions, &mut Budget::for_rows(4), read);
    assert_eq!(told.values, [Some(true), None, None, None]);
    let errors: Vec<String> = told.errors.iter().map(|own| format!("{}: {}", own.row, own.error)).collect();
    let hint = "report this, and use `--engine interpreter` until it is mended";
    let place = "strategies/probe.rhai:5:1: in `exit`: columns gave true (true or false), the interpreter";
    assert_eq!(
        errors,
        [
            format!("1: {place} false (true or false); {hint}"),
            format!("2: {place} the error \"odd\"; {hint}"),
        ]
    );
}

#[test]
fn a_script_that_does_not_load_has_no_programs() {
    let (scripts, errors) = compile("fn eligible(row) { row.clse }");
    assert!(scripts.strategies().is_empty() && !errors.is_empty());
}
