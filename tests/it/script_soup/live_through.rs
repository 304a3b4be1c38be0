//! What any text must live through, as a script and as a file of cases: never a panic, never more
//! operations than allowed, and never a trace that does not say what the interpreter did.
//!
//! The suite's own soup and the fuzzer's both come here.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use ts::cases::CaseFile;
use ts::cases::Coverage;
use ts::features::Feature;
use ts::lint;
use ts::scripts::Budget;
use ts::scripts::Options;
use ts::scripts::PositionView;
use ts::scripts::Rows;
use ts::scripts::Rule;
use ts::scripts::Scorer;
use ts::scripts::ScriptSource;
use ts::scripts::Scripts;
use ts::scripts::SignalView;
use ts::scripts::Strategy;
use ts::scripts::Trace;
use ts::scripts::Unexplained;
use ts::scripts::Verdicts;
use ts::scripts::embedded;
use ts::scripts::trace::Outcome;
use ts::scripts::trace::Seen;
use ts::scripts::trace::tree;

/// What one call may use; a budget is looked at after each call.
const ONE_CALL: u64 = 20_000;
const FLAT: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";
const ROWS: [u32; 5] = [0, 1, 2, 3, 4];

fn source(name: &str, text: &str) -> ScriptSource {
    ScriptSource { name: name.to_owned(), path: format!("strategies/{name}.rhai"), text: text.to_owned() }
}

fn options() -> Options {
    Options { default_scorer: "flat".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// Compiles a text as a script beside a sound scorer, asks all that loads about rows with values,
/// without any, and with extreme ones, and traces each answer.
pub fn as_script(text: &str) {
    let (scripts, errors) = Scripts::check(&[source("probe", text), source("flat", FLAT)], &options());
    let is_loaded = scripts.strategy("probe").is_some() || scripts.scorer("probe").is_some();
    assert!(is_loaded || !errors.is_empty(), "neither loaded nor refused");
    for error in &errors {
        let is_whole = error.script == "probe" && !error.message.is_empty() && !error.help.is_empty();
        assert!(is_whole && !error.to_string().contains(char::is_control), "{error:?}");
    }
    let rows = rows(&scripts);
    let positions = [position(); ROWS.len()];
    let signals = vec![signal(); ROWS.len()];
    let budget = &mut Budget::for_rows(ROWS.len());
    for strategy in scripts.strategies() {
        strategy.eligible(&rows, &ROWS, budget);
        strategy.entry(&rows, &ROWS, budget);
        strategy.stop(&rows, &ROWS, &positions, budget);
        strategy.exit(&rows, &ROWS, &positions, budget);
        strategy.conditions();
        traced(strategy, &rows);
    }
    for scorer in scripts.scorers() {
        for component in 0..scorer.weights().len() {
            scorer.component(component, &rows, &ROWS, &signals, budget);
        }
        scorer.conditions();
        traced_score(scorer, &rows);
    }
    // What a call of the host charges in one go comes on top: an array has 256 elements.
    let most = budget.allowed() + ONE_CALL + 1_000;
    assert!(budget.used() <= most, "{} operations of {most}", budget.used());
}

fn rows(scripts: &Scripts) -> Rows {
    let of_strategies = scripts.strategies().iter().flat_map(Strategy::features);
    let of_scorers = scripts.scorers().iter().flat_map(Scorer::features);
    let features: BTreeSet<Feature> = of_strategies.chain(of_scorers).collect();
    let row = |value: f64| -> BTreeMap<Feature, f64> {
        features.iter().map(|feature| (feature.clone(), value)).collect()
    };
    scripts.rows(&[row(100.0), BTreeMap::new(), row(f64::MAX), row(0.0), row(-1e-300)])
}

fn position() -> PositionView {
    PositionView {
        entry_price: 90.0,
        stop_price: 80.0,
        entry_date: NaiveDate::default(),
        bars_held: 3,
        highest_close: 110.0,
        quantity: 10.0,
    }
}

fn signal() -> SignalView {
    SignalView { trigger: "up".into(), strategy: "probe".into() }
}

/// Traces each rule on each row, asked by itself so that no budget of the others ends it.
fn traced(strategy: &Strategy, rows: &Rows) {
    for row in ROWS {
        let budget = || Budget::for_positions(1);
        let eligible = strategy.eligible(rows, &[row], &mut budget());
        same(&eligible, strategy.trace(Rule::Eligible, rows, row), |truth| Some(Seen::Truth(*truth)));
        let entry = strategy.entry(rows, &[row], &mut budget());
        same(&entry, strategy.trace(Rule::Entry, rows, row), |told| Some(word(told.as_deref())));
        let exit = strategy.exit(rows, &[row], &[position()], &mut budget());
        same(&exit, strategy.trace_held(Rule::Exit, rows, row, position()), |told| {
            Some(word(told.as_deref()))
        });
        let stop = strategy.stop(rows, &[row], &[position()], &mut budget());
        same(&stop, strategy.trace_held(Rule::Stop, rows, row, position()), |_| None);
    }
}

fn word(word: Option<&str>) -> Seen {
    word.map_or(Seen::Nothing(()), |word| Seen::Text(word.to_owned()))
}

fn traced_score(scorer: &Scorer, rows: &Rows) {
    for (row, component) in
        ROWS.into_iter().flat_map(|row| (0..scorer.weights().len()).map(move |own| (row, own)))
    {
        let budget = &mut Budget::for_positions(1);
        let graded = scorer.component(component, rows, &[row], &[signal()], budget);
        same(&graded, scorer.trace(component, rows, row, signal()), |_| None);
    }
}

/// A trace tells what the interpreter answered, and is refused only for being longer than anyone
/// reads.
fn same<T>(
    asked: &Verdicts<T>,
    trace: Option<Result<Trace, Unexplained>>,
    seen: impl Fn(&T) -> Option<Seen>,
) {
    let trace = match trace {
        None => return,
        Some(Ok(trace)) => trace,
        Some(Err(unexplained)) => {
            assert!(unexplained.why.contains("too many steps"), "{unexplained}");
            return;
        }
    };
    let is_same = match (&asked.values[0], asked.errors.first(), &trace.outcome) {
        (Some(value), None, Outcome::Gave(told)) => seen(value).is_none_or(|seen| seen == *told),
        (None, Some(failed), Outcome::Failed(told)) => failed.error == *told,
        (None, None, Outcome::NotReady(missing)) => !missing.is_empty(),
        _ => false,
    };
    let answered = asked.values[0].is_some();
    assert!(is_same, "answered {answered}, {:?}; told {:?}", asked.errors, trace.outcome);
    tree(&trace.steps);
}

/// Validates a text beside the shipped scripts, and writes what was found in every format.
pub fn validated(text: &str) {
    let options = Options { default_scorer: "technical".into(), ..options() };
    let report = lint::check(&[source("probe", text)], &embedded(), &options);
    for finding in &report.findings {
        assert!(lint::explain(finding.code).is_ok(), "no page on {}", finding.code);
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
    }
    lint::render::text(&report, lint::render::Colour::Ansi);
    lint::render::json(&report);
    lint::render::sarif(&report);
    lint::render::github(&report);
    lint::render::junit(&report, lint::render::Warnings::Denied);
}

/// Reads a text as the cases of a shipped strategy and of a scorer, and runs the sound ones.
pub fn as_cases(text: &str) {
    let (file, errors) = CaseFile::parse(text);
    for error in &errors {
        assert!(error.line > 0 && !error.message.is_empty(), "{error:?}");
    }
    let options = Options { default_scorer: "technical".into(), ..options() };
    let (scripts, errors) = Scripts::check(&embedded(), &options);
    assert_eq!(errors, []);
    let mut coverage = Coverage::new(&scripts);
    let read = |_: &str| Ok(text.to_owned());
    for script in ["equity_momentum", "technical"] {
        let result = ts::cases::run(&scripts, script, &file, &|_| true, &read, &mut coverage);
        assert_eq!(result.cases.len(), file.len());
    }
}
