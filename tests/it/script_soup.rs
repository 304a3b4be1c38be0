//! Texts that nobody would write, as scripts: never a panic, never more operations than allowed,
//! and each either loads or says where it is wrong.
//!
//! Few cases by default, to keep the run short; `PROPTEST_CASES` raises their number, and
//! `fuzz/fuzz_targets/scripts.rs` looks without an end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use proptest::prelude::*;
use ts::features::Feature;
use ts::scripts::embedded;
use ts::scripts::{Budget, Options, PositionView, ScriptSource, Scripts, SignalView};

const DEFAULT_CASES: u32 = 256;

/// What one call may use; a budget is looked at after each call.
const ONE_CALL: u64 = 20_000;

/// The words of the language, and some that are no words of it.
const TOKENS: [&str; 118] = [
    "row",
    "row.close",
    "row.ma20",
    "row.x",
    "row.prev_close",
    "position",
    "position.stop_price",
    "signal",
    "signal.trigger",
    "x",
    "y",
    "n",
    "T",
    "C",
    "f",
    "g",
    "1",
    "0",
    "2.5",
    "1e308",
    "0.0",
    "9223372036854775807",
    "\"a\"",
    "'c'",
    "`t${x}`",
    "()",
    "true",
    "false",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "!",
    "&&",
    "||",
    "??",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    "+=",
    "-=",
    "*=",
    "??=",
    "..",
    "..=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "a:",
    ",",
    ";",
    ".",
    "?.",
    "?[",
    "::",
    ":",
    "=>",
    "let",
    "const",
    "if",
    "else",
    "switch",
    "_",
    "for",
    "in",
    "while",
    "loop",
    "do",
    "until",
    "break",
    "continue",
    "return",
    "throw",
    "try",
    "catch",
    "fn",
    "private",
    "this",
    "import",
    "export",
    "as",
    "global",
    "eval",
    "Fn",
    "call",
    "curry",
    "print",
    "debug",
    "type_of",
    "is_shared",
    "sleep",
    "abs(",
    "max(",
    "clamp(",
    "ratio(",
    "range(",
    ".len()",
    ".keys()",
    ".contains(",
    ".sub_string(",
    "//",
    "/*",
    "\u{feff}",
];

/// Mistakes that a hand makes: each puts one in the place of the other.
const SLIPS: [(&str, &str); 24] = [
    ("row", "rwo"),
    ("close", "clsoe"),
    (">", "<"),
    (">", ">>>"),
    ("&&", "and"),
    ("0.005", "0,005"),
    ("{", "{{"),
    ("}", ""),
    (";", ""),
    ("(", "(("),
    (")", ""),
    ("return", "retrun"),
    ("fn", "fun"),
    ("const", "///\nconst"),
    ("=", "=="),
    ("*", "/ 0 *"),
    ("1.0", "1"),
    ("row", "()"),
    ("position", "row"),
    ("if", "while"),
    ("\"", ""),
    ("//", ""),
    ("if", "loop { if"),
    ("ma50", "ma50000"),
];

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(DEFAULT_CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Compiles a text as a script beside a sound scorer, and asks all that loads about rows with
/// values, without any, and with extreme ones.
fn live_through(text: &str) -> Result<(), TestCaseError> {
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("strategies/{name}.rhai"),
        text: text.to_owned(),
    };
    let flat = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";
    let options =
        Options { default_scorer: "flat".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
    let (scripts, errors) = Scripts::check(&[source("probe", text), source("flat", flat)], &options);
    let is_loaded = scripts.strategy("probe").is_some() || scripts.scorer("probe").is_some();
    prop_assert!(is_loaded || !errors.is_empty(), "neither loaded nor refused");
    for error in &errors {
        prop_assert!(
            error.script == "probe" && !error.message.is_empty() && !error.help.is_empty(),
            "{error:?}"
        );
        prop_assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    let features: BTreeSet<Feature> = scripts
        .strategies()
        .iter()
        .flat_map(ts::scripts::Strategy::features)
        .chain(scripts.scorers().iter().flat_map(ts::scripts::Scorer::features))
        .collect();
    let row = |value: f64| -> BTreeMap<Feature, f64> {
        features.iter().map(|feature| (feature.clone(), value)).collect()
    };
    let rows = scripts.rows(&[row(100.0), BTreeMap::new(), row(f64::MAX), row(0.0), row(-1e-300)]);
    let index = [0, 1, 2, 3, 4];
    let signals = vec![SignalView { trigger: "up".into(), strategy: "probe".into() }; index.len()];
    let position = PositionView {
        entry_price: 90.0,
        stop_price: 80.0,
        entry_date: NaiveDate::from_ymd_opt(2026, 11, 2).expect("a date"),
        bars_held: 3,
        highest_close: 110.0,
        quantity: 10.0,
    };
    let positions = vec![position; index.len()];
    let budget = &mut Budget::for_rows(index.len());
    for strategy in scripts.strategies() {
        strategy.eligible(&rows, &index, budget);
        strategy.entry(&rows, &index, budget);
        strategy.stop(&rows, &index, &positions, budget);
        strategy.exit(&rows, &index, &positions, budget);
    }
    for scorer in scripts.scorers() {
        for component in 0..scorer.weights().len() {
            scorer.component(component, &rows, &index, &signals, budget);
        }
    }
    // What a call of the host charges in one go comes on top: an array has 256 elements.
    let most = budget.allowed() + ONE_CALL + 1_000;
    prop_assert!(budget.used() <= most, "{} operations of {most}", budget.used());
    Ok(())
}

fn soup(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..most).prop_map(|tokens| tokens.join(" "))
}

/// A strategy whose rules are soup, within the shape that loads.
fn shaped() -> impl Strategy<Value = String> {
    (soup(6), soup(24), soup(16), soup(12)).prop_map(|(constant, eligible, entry, helper)| {
        format!(
            "const META = #{{ asset_class: \"equity\" }};\nconst STOP_ATR_MULT = 2.0;\nconst C = {constant};\n\
             const T = [1, 2.5, \"a\"];\nfn f(x) {{ {helper} }}\nfn g(x, y) {{ x }}\n\
             fn eligible(row) {{ let x = 1; let y = [1, 2]; let n = 0; {eligible} }}\n\
             fn entry(row) {{ {entry} }}\nfn exit(row, position) {{ }}\n"
        )
    })
}

/// A shipped script with some slips, cuts and insertions.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<String> = embedded().into_iter().map(|source| source.text).collect();
    let slip = (
        any::<prop::sample::Index>(),
        0_usize..4,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    (prop::sample::select(texts), prop::collection::vec(slip, 1..6)).prop_map(|(mut text, slips)| {
        for (place, kind, which, length) in slips {
            let at = |index: prop::sample::Index, text: &str| {
                let mut at = index.index(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = at(place, &text);
            match kind {
                0 => text.insert_str(start, TOKENS[which.index(TOKENS.len())]),
                1 => {
                    let end = at(length, &text);
                    let (first, last) = (start.min(end), start.max(end));
                    let mut last = last.min(first + 40);
                    while !text.is_char_boundary(last) {
                        last -= 1;
                    }
                    text.replace_range(first..last, "");
                }
                2 => {
                    let piece: String = text[start..].chars().take(60).collect();
                    let end = at(length, &text);
                    text.insert_str(end, &piece);
                }
                _ => {
                    let (right, wrong) = SLIPS[which.index(SLIPS.len())];
                    if let Some(found) = text[start..].find(right) {
                        text.replace_range(start + found..start + found + right.len(), wrong);
                    }
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_refused_or_runs(text in "\\PC{0,200}") {
        live_through(&text)?;
    }

    #[test]
    fn token_soup_is_refused_or_runs(text in soup(60)) {
        live_through(&text)?;
    }

    #[test]
    fn rules_of_soup_are_refused_or_run(text in shaped()) {
        live_through(&text)?;
    }

    #[test]
    fn mutated_scripts_are_refused_or_run(text in mutated()) {
        live_through(&text)?;
    }
}
