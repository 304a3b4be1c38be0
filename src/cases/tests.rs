//! Cases of small scripts: what passes, what fails, and what is said of it.

use super::*;
use crate::cases::file::Question;
use crate::scripts::{Options, ScriptSource, Scripts};

const RULE: &str = r#"const META = #{ asset_class: "equity", scorer: "graded" };
const STOP_ATR_MULT = 2.0;
fn eligible(row) { row.close > row.ma20 }
fn entry(row) { if row.close >= row.highest_close_20d { return "up"; } }
fn stop(row, position) { if position.bars_held > 3 { return position.entry_price; } }
fn exit(row, position) { if row.close <= position.stop_price { return "hard_stop"; } }
"#;
const GRADED: &str = "const WEIGHTS = #{ a: 0.5, b: 0.5 };\n\
    fn a(row, signal) { if signal.trigger == \"up\" { 8.0 } else { 2.0 } }\nfn b(row, signal) { row.close / 20.0 }";

fn scripts() -> Scripts {
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("{name}.rhai"),
        text: text.to_owned(),
    };
    let options = Options {
        default_scorer: "graded".to_owned(),
        overrides: Default::default(),
        disabled: Default::default(),
    };
    let (scripts, problems) = Scripts::compile(&[source("rule", RULE), source("graded", GRADED)], &options);
    assert_eq!(problems, []);
    scripts
}

fn result(script: &str, cases: &str) -> (Vec<String>, Coverage) {
    let scripts = scripts();
    let (file, problems) = CaseFile::parse(cases);
    assert_eq!(problems, []);
    let mut coverage = Coverage::new(&scripts);
    let read = |name: &str| match name {
        "up.csv" => {
            Ok("close,date,open,high,low,volume\n1,2024-01-02,1,1,1,1\n2,2024-01-03,2,2,2,1".to_owned())
        }
        _ => Err(format!("{name}: there is no such file")),
    };
    let result = run(&scripts, script, &file, &|_| true, &read, &mut coverage);
    let failures = result
        .cases
        .iter()
        .flat_map(|case| case.failures.iter().map(|own| format!("{}: {}", case.line, own.words())));
    (failures.collect(), coverage)
}

#[track_caller]
fn check(script: &str, cases: &str, expected: &[&str]) {
    assert_eq!(result(script, cases).0, expected);
}

#[track_caller]
fn refused(cases: &str, line: usize, expected: &str) {
    let (_, problems) = CaseFile::parse(cases);
    let [error] = &problems[..] else { panic!("one problem: {problems:?}") };
    assert!(error.line == line && error.message.contains(expected), "{error}");
}

const HELD: &str = "position = { entry_price = 100, stop_price = 90, bars_held = 4 }\n";

#[test]
fn what_a_script_says_is_what_is_expected() {
    let row = "[[case]]\nname = \"one\"\nrow = { close = 100.0, ma20 = 99.0, highest_close_20d = 100 }\n";
    check(
        "rule",
        &format!("{row}eligible = true\ntrigger = \"up\"\nscore = 6.5\ncomponents = {{ a = 8, b = 5.0 }}"),
        &[],
    );
    check("rule", &format!("{row}{HELD}stop = 100\nexit = false"), &[]);
    check(
        "graded",
        &format!(
            "{}signal = \"other\"\ncomponents = {{ a = 2.0, b = 5 }}",
            row.replace(", ma20 = 99.0, highest_close_20d = 100", "")
        ),
        &[],
    );
    check(
        "rule",
        &format!("{row}{HELD}eligible = false\ntrigger = false\nstop = 99\nexit = \"hard_stop\"\n"),
        &[
            "1: eligible: expected false, got true",
            "1: trigger: expected false, got \"up\"",
            "1: stop: expected 99, got 100",
            "1: exit: expected \"hard_stop\", got false",
        ],
    );
}

#[test]
fn a_value_that_no_bar_has_is_refused() {
    for (value, why) in [
        ("rank_roc126 = 70", "`rank_roc126` is 70 here, and on no bar: it lies between 0 and 1"),
        ("rsi2 = -900.0", "`rsi2` is -900 here, and on no bar: it lies between 0 and 100"),
        ("atr14 = -1.0", "`atr14` is -1 here, and on no bar: it is 0 or more"),
        ("close = 0", "`close` is 0 here, and on no bar: it is over 0"),
    ] {
        let (file, problems) =
            CaseFile::parse(&format!("[[case]]\nname = \"a\"\nrow = {{ {value} }}\neligible = true"));
        assert_eq!(file.cases.len(), 0, "{value}");
        assert!(problems.iter().any(|problem| problem.message == why), "{value}: {problems:?}");
    }
}

#[test]
fn a_feature_that_is_not_named_is_missing() {
    let case = "[row]\nclose = 100\nma20 = 99\n[[case]]\nname = \"short\"\nrow = { ma20 = \"missing\" }\neligible = ";
    check("rule", &format!("{case}\"not_ready\""), &[]);
    check("rule", &format!("{case}true"), &["4: eligible: expected true, got not ready: ma20 missing"]);
    let idle = "[[case]]\nname = \"idle\"\nrow = { close = 1, ma50 = 2 }\neligible = true";
    check(
        "rule",
        idle,
        &["1: the case could not be asked: the row has `ma50`, which the script does not read; remove it"],
    );
}

#[test]
fn bars_are_asked_on_dates() {
    let closes = "[[bars]]\nname = \"flat, then up\"\nstart = 2024-01-02\ncloses = [{ bars = 25, from = 100, to = 100 }, 101]\n"
        .replace("2024-01-02", "\"2024-01-02\"");
    check(
        "rule",
        &format!(
            "{closes}expect = {{ last = \"up\", \"2024-02-06\" = false, \"2024-01-02\" = \"not_ready\" }}"
        ),
        &[],
    );
    check(
        "rule",
        &format!("{closes}expect = {{ last = false }}"),
        &["1: signal on 2024-02-07: expected false, got \"up\""],
    );
    check(
        "rule",
        &format!("{closes}expect = {{ \"2024-01-06\" = false }}"),
        &[
            "1: the case could not be asked: there is no bar on 2024-01-06; they run from 2024-01-02 to 2024-02-07",
        ],
    );
    let csv = "[[bars]]\nname = \"csv\"\ncsv = \"up.csv\"\nexpect = { last = \"not_ready\" }";
    check("rule", csv, &[]);
    let gone = csv.replace("up.csv", "down.csv");
    check("rule", &gone, &["1: the case could not be asked: down.csv: there is no such file"]);
}

#[test]
fn coverage_counts_each_condition_both_ways() {
    let row = |close: f64, answer: &str| {
        format!(
            "[[case]]\nname = \"{close}\"\nrow = {{ close = {close}, ma20 = 100 }}\neligible = {answer}\n"
        )
    };
    let seen = |cases: &str| {
        let (failures, coverage) = result("rule", cases);
        assert_eq!(failures, [""; 0]);
        assert_eq!(coverage.conditions("rule").len(), 4);
        (coverage.fraction("rule"), coverage.conditions("rule")[0].clone())
    };
    let (fraction, first) = seen(&row(101.0, "true"));
    assert_eq!((fraction, first.seen_true, first.seen_false), (Some(0.125), true, false));
    let (fraction, first) = seen(&format!("{}{}", row(101.0, "true"), row(99.0, "false")));
    assert_eq!(
        (fraction, first.seen_false, first.source.as_str()),
        (Some(0.25), true, "row.close > row.ma20")
    );
}

#[test]
fn a_script_without_conditions_has_no_coverage() {
    assert_eq!(Coverage::new(&scripts()).fraction("no such script"), None);
}

#[test]
fn a_failure_carries_what_was_compared() {
    let scripts = scripts();
    let text = "[[case]]\nname = \"x\"\nrow = { close = 99.0, ma20 = 100 }\neligible = true";
    let (file, _) = CaseFile::parse(text);
    let result =
        run(&scripts, "rule", &file, &|_| true, &|_| Err(String::new()), &mut Coverage::new(&scripts));
    let told = crate::scripts::trace::tree(&result.cases[0].failures[0].traces[0].steps);
    assert_eq!(told, ["✗ fail    close 99.00 > ma20 100.00: 1.01% short (1.00)  [3:20]"]);
}

#[test]
fn a_slip_in_the_file_is_told_with_its_line() {
    let slip = "[[case]]\nname = \"a\"\neligable = true\nscore = 1.0";
    refused(slip, 3, "there is no key `eligable` here; did you mean `eligible`?");
    refused("\n[[case]]\nname = \"a\"", 2, "expects nothing");
    refused("[[case]]\nname = \"a\"\nexit = false", 1, "has no `position`");
    refused("[[case]]\nname = \"a\"\nrow = { clsoe = 1 }\neligible = true", 3, "did you mean `close`?");
    refused("[[case]]\nname = \"a\"\nrow = { close = \"x\" }\neligible = true", 3, "must be a number");
    refused("[row]\nma = 1", 2, "ma");
    refused("[[bars]]\nname = \"a\"\nexpect = { last = false }", 1, "either `csv`, or `start` and `closes`");
    refused(
        "[[bars]]\nname = \"a\"\ncsv = \"x\"\nexpect = { soon = false }",
        4,
        "neither YYYY-MM-DD nor `last`",
    );
    refused("not toml", 1, "");
    let (file, _) = CaseFile::parse("[[case]]\nname = \"a\"\neligible = true");
    assert_eq!(file.cases[0].expected, [(Question::Eligible, Answer::Truth(true))]);
}

#[test]
fn all_that_is_wrong_is_told_and_the_sound_cases_are_kept() {
    let text = "[[case]]\nname = \"slip\"\neligable = true\nrow = { clsoe = 1 }\n\
        [[case]]\nname = \"sound\"\neligible = true\n\
        [[case]]\nname = \"sound\"\neligible = 2026-01-02\n\
        [[case]]\nname = \"sound\"\neligible = false\n\
        [[bars]]\nname = \"none\"\ncsv = \"x.csv\"\n";
    let (file, problems) = CaseFile::parse(text);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1: the case \"slip\" expects nothing; state `eligible`, `trigger`, `stop`, `exit`, `components` or \
             `score`",
            "3: there is no key `eligable` here; did you mean `eligible`?",
            "4: no feature is called `clsoe`; did you mean `close`?",
            "10: `eligible` must be true, false, a number or a word in quotes",
            "11: the case on line 5 is called \"sound\", too; rename one",
            "14: the bars \"none\" expect nothing; state `expect = { last = \"…\" }`",
        ]
    );
    assert_eq!(file.cases.iter().map(|case| case.line).collect::<Vec<_>>(), [5, 11]);
    let (file, problems) = CaseFile::parse("[row]\nclsoe = 1\n[[case]]\nname = \"a\"\neligible = true");
    assert_eq!((file.len(), problems.len()), (0, 1), "a row without what [row] gives it is another one");
    let (file, problems) = CaseFile::parse("[[case]]\nname = \"a\neligible = = true\n");
    assert!(file.is_empty() && problems.len() >= 2, "{problems:?}");
}

#[test]
fn a_stop_that_is_not_there_is_named() {
    let plain = RULE.lines().filter(|line| !line.starts_with("fn stop")).collect::<Vec<_>>().join("\n");
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("{name}.rhai"),
        text: text.to_owned(),
    };
    let ranked = plain.replace("row.close > row.ma20", "row.rank_roc5 > 0.8");
    let sources = [source("plain", &plain), source("ranked", &ranked), source("graded", GRADED)];
    let options = Options {
        default_scorer: "graded".to_owned(),
        overrides: Default::default(),
        disabled: Default::default(),
    };
    let (scripts, problems) = Scripts::compile(&sources, &options);
    assert_eq!(problems, []);
    let asked = |script: &str, cases: &str| {
        let (file, problems) = CaseFile::parse(cases);
        assert_eq!(problems, []);
        let none = |name: &str| Err(format!("{name}: there is no such file"));
        let result = run(&scripts, script, &file, &|_| true, &none, &mut Coverage::new(&scripts));
        let failures = result.cases.iter().flat_map(|case| &case.failures);
        failures.map(Failure::words).collect::<Vec<_>>()
    };
    let row = format!("[[case]]\nname = \"one\"\nrow = {{ close = 100.0 }}\n{HELD}");
    assert_eq!(
        asked("plain", &format!("{row}stop = 95")),
        ["stop could not be asked: the strategy has no `stop`"]
    );
    // The stop as it is needs no function.
    assert_eq!(asked("plain", &format!("{row}stop = false")), [""; 0]);
    // Bars are of one symbol, and a rank needs peers.
    let bars = "[[bars]]\nname = \"up\"\nstart = \"2024-01-02\"\ncloses = [{ bars = 25, from = 100, to = 120 }]\n\
                expect = { last = \"up\" }";
    assert_eq!(
        asked("ranked", bars),
        [
            "signal on 2024-02-06: expected \"up\", got not ready: rank_roc5 missing (bars are of one symbol, which has \
          no rank: give it in a row of a `[[case]]`)"
        ]
    );
}
