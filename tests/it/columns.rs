//! Columns against the interpreter, on functions that nobody wrote and on the shipped ones: the same
//! values on the same rows, and the same errors.
//!
//! Few functions by default; `PROPTEST_CASES` raises their number.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use proptest::prelude::*;
use ts::features::Feature;
use ts::scripts::Budget;
use ts::scripts::Engine;
use ts::scripts::Options;
use ts::scripts::PositionView;
use ts::scripts::RowError;
use ts::scripts::Rows;
use ts::scripts::Rule;
use ts::scripts::Scorer;
use ts::scripts::ScriptSource;
use ts::scripts::Scripts;
use ts::scripts::SignalView;
use ts::scripts::Verdicts;
use ts::scripts::embedded;

use crate::conditions::composed;

/// Strategies by default; each has four functions.
const DEFAULT_CASES: u32 = 40;
const ROWS: usize = 200;
const FEATURES: [&str; 6] = ["close", "open", "ma20", "ma50", "roc60", "volume"];

const FLAT: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(DEFAULT_CASES),
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    }
}

fn source(name: &str, text: &str) -> ScriptSource {
    ScriptSource { name: name.to_owned(), path: format!("strategies/{name}.rhai"), text: text.to_owned() }
}

fn options(scorer: &str) -> Options {
    Options { default_scorer: scorer.into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// Values that divide engines: missing, zeros, the smallest, the largest, within an epsilon of
/// another, and ordinary ones. One seed gives one row.
fn value(seed: u64) -> Option<f64> {
    let near = [1.0, 0.3, 100.0, 0.1 + 0.2][(seed >> 8) as usize % 4];
    Some(match seed % 16 {
        0 | 1 => return None,
        2 => 0.0,
        3 => -0.0,
        4 => 5e-324,
        5 => f64::MAX,
        6 => -f64::MAX,
        7 => f64::MIN_POSITIVE,
        8 => near * (1.0 + f64::EPSILON * ((seed >> 16) % 5) as f64),
        9 => near * (1.0 - f64::EPSILON * ((seed >> 16) % 5) as f64),
        10 => ((seed >> 8) % 7) as f64 - 3.0,
        11 => 9_007_199_254_740_992.0 + ((seed >> 8) % 5) as f64,
        12 => 1e-17,
        _ => ((seed >> 8) % 20_000) as f64 / 100.0 - 50.0,
    })
}

/// A number that follows from another as chance would have it (splitmix64).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

struct Market {
    rows: Vec<BTreeMap<Feature, f64>>,
    positions: Vec<PositionView>,
    signals: Vec<SignalView>,
}

fn market(mut seed: u64) -> Market {
    let features = FEATURES.map(|name| Feature::parse(name).expect("a feature"));
    let row = |seed: &mut u64| -> BTreeMap<Feature, f64> {
        let named = features.iter().filter_map(|feature| Some((feature.clone(), value(next(seed))?)));
        named.collect()
    };
    let rows = (0..ROWS).map(|_| row(&mut seed)).collect();
    let position = |seed: &mut u64| PositionView {
        entry_price: value(next(seed)).unwrap_or(90.0),
        stop_price: value(next(seed)).unwrap_or(f64::INFINITY),
        entry_date: NaiveDate::default(),
        bars_held: (next(seed) % 5) as u32,
        highest_close: value(next(seed)).unwrap_or(f64::NAN),
        quantity: value(next(seed)).unwrap_or(1.0),
    };
    let positions = (0..ROWS).map(|_| position(&mut seed)).collect();
    let signal = |seed: &mut u64| SignalView {
        trigger: ["up", "down", "flat"][next(seed) as usize % 3].into(),
        strategy: "probe".into(),
    };
    let signals = (0..ROWS).map(|_| signal(&mut seed)).collect();
    Market { rows, positions, signals }
}

/// Values of every kind, most of them numbers. `y` is a local whole number, `x` a broken one, `m` one
/// that may be missing.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "row.close",
        "row.close",
        "row.open",
        "row.ma20",
        "row.ma50",
        "row.volume",
        "row.roc60",
        "(row.ma20 ?? 0.0)",
        "(row.roc60 ?? 1)",
        "(row.ma50 ?? row.close)",
        "x",
        "x",
        "m",
        "y",
        "C",
        "W",
        "1",
        "2.5",
        "0.0",
        "-1.0",
        "0",
        "1e-17",
        "1e308",
        "9223372036854775807",
        "extra",
        "extra",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(2, 10, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let sign = prop::sample::select(vec!["+", "-", "*", "/", "%", "**", "+", "-", "*", "/"]);
        prop_oneof![
            4 => (two.clone(), sign).prop_map(|((a, b), sign)| format!("({a} {sign} {b})")),
            1 => (two.clone(), prop::sample::select(vec!["max", "min", "pow"]))
                .prop_map(|((a, b), name)| format!("{name}({a}, {b})")),
            1 => two.clone().prop_map(|(a, b)| format!("(ratio({a}, {b}) ?? {b})")),
            1 => two.clone().prop_map(|(a, b)| format!("ratio({a}, {b})")),
            1 => two.clone().prop_map(|(a, b)| format!("(if {a} > {b} {{ {b} }} else {{ {a} }})")),
            1 => two.clone().prop_map(|(a, b)| format!("(if {a} <= {b} {{ {a} }})")),
            1 => two.clone().prop_map(|(a, b)| format!("g({a}, {b})")),
            1 => two.clone().prop_map(|(a, b)| format!("({{ let z = {a}; z -= {b}; z }})")),
            1 => two.prop_map(|(a, b)| format!("({a} ?? {b})")),
            1 => inner.clone().prop_map(|a| format!("clamp({a}, 0, 10.0)")),
            1 => (inner.clone(), prop::sample::select(vec!["abs", "sqrt", "ln", "exp", "floor", "ceil", "round"]))
                .prop_map(|(a, name)| format!("{name}({a})")),
            1 => inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

fn condition() -> impl Strategy<Value = String> {
    let signs = || prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let compared = (number(), signs(), number()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})"));
    let near =
        (number(), signs(), number()).prop_map(|(a, sign, b)| format!("({a} {sign} {a} + {b} * 1e-16)"));
    let word = prop::sample::select(vec![
        "true",
        "row.ma50 == ()",
        "() != row.roc60",
        "up",
        "!up",
        "f(row)",
        "word == \"up\"",
        "word != ()",
        "m == ()",
        "row.close",
        "word > \"a\"",
    ]);
    let leaf = prop_oneof![5 => compared, 1 => near, 2 => word.prop_map(str::to_owned)];
    composed(leaf, 2, 6, |inner| {
        let two = (inner.clone(), inner.clone());
        vec![
            two.clone().prop_map(|(a, b)| format!("({{ let z = {a}; z |= {b}; z }})")).boxed(),
            two.prop_map(|(a, b)| format!("({a} && {{ if {b} {{ return \"within\"; }} true }})")).boxed(),
        ]
    })
}

/// Statements, then what the function gives.
fn body() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        4 => condition().prop_map(|when| format!("if {when} {{ return \"up\"; }}")),
        2 => (condition(), number()).prop_map(|(when, value)| format!("if {when} {{ return {value}; }}")),
        2 => (condition(), number(), condition()).prop_map(|(one, value, other)| format!(
            "if {one} {{ x = {value}; }} else if {other} {{ m = x; if up {{ return; }} }} else {{ x += 0.5; y += 1; }}"
        )),
        1 => number().prop_map(|value| format!("let x = {value};")),
        1 => number().prop_map(|value| format!("m = {value};")),
        1 => condition().prop_map(|when| format!("let up = {when};")),
        1 => condition().prop_map(|when| format!("word = if {when} {{ \"up\" }} else {{ \"no\" }};")),
        1 => condition().prop_map(|when| format!("if {when} {{ throw \"odd\"; }}")),
        1 => (number(), condition()).prop_map(|(value, when)| format!("{{ let x = {value}; if {when} {{ y = 7; }} }}")),
    ];
    let steps = prop::collection::vec(step, 0..4).prop_map(|steps| steps.join("\n  "));
    let end =
        prop_oneof![2 => condition(), 2 => number(), 1 => Just(String::new()), 1 => Just("word".to_owned())];
    (steps, end).prop_map(|(steps, end)| format!("{steps}\n  {end}"))
}

const LOCALS: &str =
    "let x = row.close; let m = row.roc60 ?? (); let y = 3; let up = row.open > 1.0; let word = ();";

/// A strategy and a scorer; `extra` stands for what only the function at hand is given.
fn scripts() -> impl Strategy<Value = (String, String)> {
    (body(), body(), body(), body(), condition()).prop_map(|(entry, exit, score, stop, helper)| {
        let own = |text: &str, extra: &str| format!("  {LOCALS}\n  {}", text.replace("extra", extra));
        let helpers = format!(
            "fn f(row) {{ {LOCALS} {} }}\nfn g(a, b) {{ if a < b {{ return a; }} b }}\n",
            helper.replace("extra", "2.0").replace("f(row)", "up")
        );
        let strategy = format!(
            "const META = #{{ asset_class: \"equity\", scorer: \"own\" }};\nconst STOP_ATR_MULT = 2.0;\n\
             const C = 99.5;\nconst W = 2;\n{helpers}\
             fn eligible(row) {{\n{}\n}}\nfn entry(row) {{\n{}\n}}\nfn exit(row, position) {{\n{}\n}}\n\
             fn stop(row, position) {{\n{}\n}}\n",
            own(&stop, "0.5"),
            own(&entry, "1.5"),
            own(&exit, "position.bars_held"),
            own(&stop, "position.entry_price"),
        );
        let scorer = format!(
            "const WEIGHTS = #{{ s: 1.0 }};\nconst C = 99.5;\nconst W = 2;\n{helpers}fn s(row, signal) {{\n{}\n}}\n",
            own(&score, "(if signal.trigger == \"up\" { 1.0 } else { 7 })")
        );
        (strategy, scorer)
    })
}

/// Asks each engine the same, and requires the same of all.
fn same<T: PartialEq + std::fmt::Debug>(text: &str, ask: impl Fn(Engine) -> Verdicts<T>) -> usize {
    let interpreter = ask(Engine::Interpreter);
    let verified = ask(Engine::Verify);
    let is_difference = |own: &&RowError| own.error.message.starts_with("columns gave");
    if let Some(difference) = verified.errors.iter().find(is_difference) {
        assert_eq!(difference.error.to_string(), "", "row {} of\n{text}", difference.row);
    }
    assert_eq!(ask(Engine::Columns), interpreter, "{text}");
    assert_eq!(verified, interpreter, "{text}");
    interpreter.values.iter().flatten().count()
}

/// Checks every function of a strategy and its scorer; returns how many run in columns and how many
/// rows had a value. `None` for scripts that are refused, as for blocks nested too deeply.
fn check(strategy: &str, scorer: &str, market: &Market) -> Option<(usize, usize)> {
    let (scripts, errors) = Scripts::check(
        &[source("probe", strategy), source("own", scorer), source("flat", FLAT)],
        &options("flat"),
    );
    if !errors.is_empty() {
        return None;
    }
    let rows: Rows = scripts.rows(&market.rows);
    let index: Vec<u32> = (0..ROWS as u32).collect();
    let by: BTreeMap<&str, Scripts> =
        Engine::ALL.into_iter().map(|engine| (engine.as_str(), scripts.evaluated_by(engine))).collect();
    let budget = || Budget::for_rows(ROWS);
    let of = |engine: Engine| by[engine.as_str()].strategy("probe").expect("it was loaded");
    let own = of(Engine::Columns);
    let mut in_columns = 0;
    for rule in Rule::ALL {
        let function = own.function(rule).expect("all four are there");
        in_columns += usize::from(own.why_not_columns(function).is_none());
    }
    let scorer_of = |engine: Engine| by[engine.as_str()].scorer("own").expect("it was loaded");
    let graded = scorer_of(Engine::Columns);
    in_columns += usize::from(graded.why_not_columns(&graded.functions()[0]).is_none());

    let mut values = same(strategy, |engine| of(engine).eligible(&rows, &index, &mut budget()));
    values += same(strategy, |engine| of(engine).entry(&rows, &index, &mut budget()));
    values += same(strategy, |engine| of(engine).exit(&rows, &index, &market.positions, &mut budget()));
    values += same(strategy, |engine| of(engine).stop(&rows, &index, &market.positions, &mut budget()));
    values += same(scorer, |engine| {
        Scorer::component(scorer_of(engine), 0, &rows, &index, &market.signals, &mut budget())
    });
    Some((in_columns, values))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn generated_functions_answer_alike_in_both_engines((strategy, scorer) in scripts(), seed in any::<u64>()) {
        prop_assume!(check(&strategy, &scorer, &market(seed)).is_some());
    }
}

/// The generator must make what the engines are compared on.
#[test]
fn most_generated_functions_run_in_columns_and_some_give_values() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut in_columns, mut values) = (0, 0);
    for seed in 0..20 {
        let (strategy, scorer) = scripts().new_tree(&mut runner).expect("a script").current();
        let (own, given) = check(&strategy, &scorer, &market(seed)).unwrap_or_default();
        in_columns += own;
        values += given;
    }
    assert!(in_columns >= 90, "{in_columns} of 100 functions");
    assert!(values > 2_000, "{values} of 20,000 rows have a value");
}

/// A shipped script that is interpreted would make every backtest slower.
#[test]
fn every_function_of_the_shipped_scripts_runs_in_columns() {
    let (scripts, errors) = Scripts::check(&embedded(), &options("technical"));
    assert_eq!(errors, []);
    let mut functions = 0;
    for strategy in scripts.strategies() {
        for function in Rule::ALL.into_iter().filter_map(|rule| strategy.function(rule)) {
            assert_eq!(strategy.why_not_columns(function), None, "{}", strategy.name());
            functions += 1;
        }
    }
    for scorer in scripts.scorers() {
        for function in scorer.functions() {
            assert_eq!(scorer.why_not_columns(function), None, "{}", scorer.name());
            functions += 1;
        }
    }
    assert!(functions >= 16, "{functions} functions");
}
