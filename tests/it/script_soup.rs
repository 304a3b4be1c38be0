//! Texts that nobody would write, as scripts: never a panic, never more operations than allowed,
//! and each either loads or says where it is wrong.
//!
//! Few cases by default, to keep the run short; `PROPTEST_CASES` raises their number, and
//! `fuzz/fuzz_targets/scripts.rs` looks without an end.

mod live_through;

use std::fs;
use std::path::Path;

use live_through::as_cases;
use live_through::as_script;
use live_through::validated;
use proptest::prelude::*;
use ts::scripts::embedded;

use crate::conditions::composed;

const DEFAULT_CASES: u32 = 256;

/// Validating runs every function on made-up markets, which takes a hundred times as long.
const SLOW_CASES: u32 = 24;

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

fn config(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(usual);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn soup(most: usize) -> impl Strategy<Value = String> {
    of_tokens(&TOKENS, most)
}

fn of_tokens(tokens: &[&'static str], most: usize) -> impl Strategy<Value = String> + use<> {
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..most).prop_map(|tokens| tokens.join(" "))
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

/// Numbers that a rule may be made of, most of them sound.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "row.close",
        "row.ma20",
        "row.ma50",
        "(row.roc60 ?? 0.0)",
        "row.ma50",
        "row.volume",
        "C",
        "1",
        "2.5",
        "0.0",
        "-1.0",
        "x",
        "n",
        "ratio(row.close, row.volume)",
        "t[1]",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (two.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]))
                .prop_map(|((a, b), sign)| format!("({a} {sign} {b})")),
            two.clone().prop_map(|(a, b)| format!("max({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("(ratio({a}, {b}) ?? {b})")),
            two.clone().prop_map(|(a, b)| format!("(if {a} > {b} {{ {b} }} else {{ {a} }})")),
            two.clone().prop_map(|(a, b)| format!("g({a}, {b})")),
            two.prop_map(|(a, b)| format!("({{ let y = {a}; y - {b} }})")),
            inner.clone().prop_map(|a| format!("clamp({a}, 0.0, 10.0)")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

/// Conditions, likewise.
fn condition() -> impl Strategy<Value = String> {
    let compared = (number(), prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]), number())
        .prop_map(|(a, sign, b)| format!("{a} {sign} {b}"));
    let word = prop::sample::select(vec!["true", "row.ma50 == ()", "() != row.ma50", "up", "!up", "f(row)"]);
    let leaf = prop_oneof![4 => compared, 1 => word.prop_map(str::to_owned)];
    composed(leaf, 3, 12, |inner| {
        let two = (inner.clone(), inner.clone());
        vec![two.prop_map(|(a, b)| format!("({{ let z = {a}; z || {b} }})")).boxed()]
    })
}

/// A strategy whose rules are sound Rhai and mean nothing.
fn grammatical() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        4 => condition().prop_map(|when| format!("if {when} {{ return \"a\"; }}")),
        1 => (condition(), condition()).prop_map(|(one, other)| format!(
            "if {one} {{ n += 1.0; }} else if {other} {{ return \"b\"; }} else {{ n = 0.5; }}"
        )),
        1 => number().prop_map(|value| format!("let value = {value};")),
        1 => condition().prop_map(|when| format!("let holds = {when};")),
        1 => number().prop_map(|value| format!("for i in 0..3 {{ n += {value} * i; if n > 9.0 {{ break; }} }}")),
        1 => (number(), condition()).prop_map(|(value, when)| format!(
            "switch {value} {{ 1 => n = 2.0, 2.5 if {when} => return \"c\", _ => () }}"
        )),
    ];
    let steps = prop::collection::vec(step, 0..4).prop_map(|steps| steps.join("\n"));
    let locals = "let x = row.close; let n = 0.5; let up = row.close > 1.0; let t = LEVELS; ";
    (condition(), steps.clone(), steps, condition()).prop_map(move |(eligible, entry, exit, helper)| {
        format!(
            "const META = #{{ asset_class: \"equity\" }};\nconst STOP_ATR_MULT = 2.0;\nconst C = 99.5;\n\
             const LEVELS = [1, 2.5];\nfn f(row) {{ {locals} {helper} }}\nfn g(a, b) {{ if a < b {{ return a; }} b }}\n\
             fn eligible(row) {{ {locals} {eligible} }}\nfn entry(row) {{ {locals} {entry} }}\n\
             fn exit(row, position) {{ {locals} {exit} }}\n",
        )
    })
}

/// A shipped script with some slips, cuts and insertions.
fn mutated_script() -> impl Strategy<Value = String> {
    mutated(embedded().into_iter().map(|source| source.text).collect(), &TOKENS)
}

/// The cases of a shipped script, likewise.
fn mutated_cases() -> impl Strategy<Value = String> {
    let shipped = ["strategies/equity_momentum.test.toml", "scorers/technical.test.toml"];
    mutated(shipped.map(read).to_vec(), &CASE_TOKENS)
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file is text")
}

fn mutated(texts: Vec<String>, tokens: &'static [&'static str]) -> impl Strategy<Value = String> {
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
                0 => text.insert_str(start, tokens[which.index(tokens.len())]),
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

/// The head of a file of cases, and what may stand in one.
const CASE_TOKENS: [&str; 40] = [
    "[[case]]\n",
    "[[bars]]\n",
    "[row]\n",
    "[case.row]\n",
    "name = \"a\"\n",
    "row = { close = 101.0, ma50 = 100 }\n",
    "close = nan\n",
    "close = \"missing\"\n",
    "ma50 = 1e308\n",
    "eligible = true\n",
    "eligible = \"not_ready\"\n",
    "trigger = \"breakout_20d\"\n",
    "trigger = false\n",
    "exit = \"error\"\n",
    "stop = -inf\n",
    "score = 1\n",
    "signal = \"\"\n",
    "components = { breakout = 0 }\n",
    "position = { entry_price = 100, stop_price = 90 }\n",
    "position = { entry_price = 0, stop_price = inf, bars_held = 4294967295 }\n",
    "start = \"2024-01-02\"\n",
    "start = \"+262142-12-31\"\n",
    "start = \"-262143-01-01\"\n",
    "start = 2024-01-02\n",
    "closes = [100.0, { bars = 60, from = 100, to = 130 }]\n",
    "closes = [{ bars = 9223372036854775807, from = 1, to = 2 }]\n",
    "closes = [{ bars = 0, from = 1, to = 2 }, -1, nan]\n",
    "benchmark = [{ bars = 61, from = 1, to = 2 }]\n",
    "benchmark = [{ bars = 9223372036854775807, from = 1, to = 2 }]\n",
    "volume = 0\n",
    "range = 1e300\n",
    "csv = \"a.csv\"\n",
    "expect = { last = \"breakout_20d\" }\n",
    "expect = { \"2024-01-02\" = false, last = true }\n",
    "expect = {}\n",
    "x",
    "=",
    "{",
    "\"",
    "\u{feff}",
];

/// A file of cases made of lines that each may stand in one.
fn cases_of_soup() -> impl Strategy<Value = String> {
    let part = |heading: &'static str| {
        of_tokens(&CASE_TOKENS[4..35], 7)
            .prop_map(move |lines| format!("{heading}\n{}", lines.replace("\n ", "\n")))
    };
    prop::collection::vec(prop_oneof![part("[[case]]"), part("[[bars]]")], 0..3)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(config(DEFAULT_CASES))]

    #[test]
    fn any_text_is_refused_or_runs(text in "\\PC{0,200}") {
        as_script(&text);
        as_cases(&text);
    }

    #[test]
    fn token_soup_is_refused_or_runs(text in soup(60)) {
        as_script(&text);
    }

    #[test]
    fn rules_of_soup_are_refused_or_run(text in shaped()) {
        as_script(&text);
    }

    #[test]
    fn sound_rules_without_a_meaning_run(text in grammatical()) {
        as_script(&text);
    }

    #[test]
    fn mutated_scripts_are_refused_or_run(text in mutated_script()) {
        as_script(&text);
    }

    #[test]
    fn cases_of_soup_are_refused_or_run(text in prop_oneof![cases_of_soup(), mutated_cases()]) {
        as_cases(&text);
    }
}

proptest! {
    #![proptest_config(config(SLOW_CASES))]

    #[test]
    fn any_text_is_validated(text in prop_oneof!["\\PC{0,200}", soup(60), shaped(), grammatical()]) {
        validated(&text);
    }

    #[test]
    fn mutated_scripts_are_validated(text in mutated_script()) {
        validated(&text);
    }
}

/// What the fuzzer begins with.
#[test]
fn the_seeds_of_the_fuzzer_are_refused_or_run() {
    let mut seen = 0;
    for folder in ["strategies", "scorers", "fuzz/seeds/scripts", "fuzz/seeds/cases"] {
        for entry in
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder of seeds")
        {
            let text = fs::read_to_string(entry.expect("a seed").path()).expect("the seeds are text");
            as_script(&text);
            as_cases(&text);
            validated(&text);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} seeds");
}

/// Smallest forms of what soup has brought up.
#[test]
fn what_soup_has_found_stays_mended() {
    let bars =
        "[[bars]]\nname = \"a\"\nexpect = { last = false }\nstart = \"2024-01-02\"\ncloses = [100.0]\n";
    for start in ["+262142-12-31", "-262143-01-01", "9999-12-31", "0000-01-03"] {
        as_cases(&bars.replace("2024-01-02", start).replace("[100.0]", "[{ bars = 60, from = 1, to = 2 }]"));
    }
    as_cases(&format!("{bars}benchmark = [{{ bars = 9223372036854775807, from = 1, to = 2 }}]"));
}
