//! What is found in scripts, and what is not: parts of a script, and the codes with their places.

use super::check::check;
use super::finding::Severity;
use super::fixtures::checked;
use super::fixtures::complete;
use super::fixtures::found;
use super::fixtures::options;
use super::fixtures::source;
use super::render;
use super::render::Colour;
use crate::scripts::embedded;

fn codes(part: &str, expected: &[&str]) {
    let report = checked(part);
    let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, expected, "{part}\n{}", render::text(&report, Colour::Plain));
}

fn eligible(body: &str, expected: &[&str]) {
    codes(&format!("fn eligible(row) {{ {body} }}"), expected);
}

fn entry(body: &str, expected: &[&str]) {
    codes(&format!("fn entry(row) {{ {body} }}"), expected);
}

fn scorer(body: &str, expected: &[&str]) {
    codes(&format!("const WEIGHTS = #{{ a: 1.0 }};\nfn a(row, signal) {{ {body} }}"), expected);
}

#[test]
fn shipped_scripts_are_clean() {
    let report = check(&embedded(), &[], &options());
    assert_eq!(report.findings, [], "{}", render::text(&report, Colour::Plain));
    assert!(report.scripts.len() >= 7);
}

#[test]
fn the_shipped_trigger_is_unreachable_without_its_allowance() {
    let shipped = include_str!("../../strategies/equity_momentum.rhai");
    let bare: String =
        shipped.lines().filter(|line| !line.contains("allow(")).map(|line| format!("{line}\n")).collect();
    let report = check(&[source("strategies/probe.rhai", &bare)], &embedded(), &options());
    let [finding] = &report.findings[..] else { panic!("{:#?}", report.findings) };
    assert_eq!(finding.code, "unreachable_trigger");
    assert!(finding.message.starts_with("`breakout_55d` is never given"), "{}", finding.message);
}

#[test]
fn a_finding_marks_exactly_what_it_is_about() {
    for (part, expected) in [
        ("fn eligible(row) { 1.0 < row.rsi14 < 30.0 }", "1:20-42 chained_comparison"),
        ("fn eligible(row) { row.close > 5.0 && row.clsoe > 1.0 }", "1:43-48 unknown_feature"),
        ("const SPARE = 1.0;", "1:7-12 unused_constant"),
        ("fn spare(row) { row.close > 1.0 }", "1:4-9 unused_function"),
        ("fn eligible(row) { let x = 1.0; row.close > row.ma50 }", "1:24-25 unused_variable"),
        ("fn eligible(row) { (row.close) / (row.atr14 - 1.0) > 2.0 }", "1:20-51 division_by_feature"),
        ("fn exit(row) { }", "1:4-8 wrong_parameters"),
        ("fn eligible(row) { abs(row.close, 1) > 1.0 }", "1:20-23 wrong_arity"),
    ] {
        assert_eq!(found(part), [expected], "{part}");
    }
}

#[test]
fn conditions_are_settled_by_what_features_can_be() {
    eligible("row.rsi14 > 130.0", &["constant_condition"]);
    eligible("row.close < row.low", &["constant_condition"]);
    eligible("row.zscore20 < -5.0", &["constant_condition"]);
    eligible("row.rank_roc60 <= 1.0", &["constant_condition"]);
    eligible("row.close > row.ma50 && row.rsi14 > 130.0", &["constant_condition"]);
    eligible("row.rsi14 < 30.0 && row.rsi14 > 70.0", &["constant_condition"]);
    eligible("row.lowest_low_20d > row.highest_high_5d * 1.01", &["constant_condition"]);
    eligible("let s = row.rsi14 / 100.0; s > 1.5", &["constant_condition"]);
    eligible("row.zscore20 < -4.0", &[]);
    eligible("row.close > row.highest_close_20d", &[]);
    eligible("true", &[]);
    // A missing value makes no comparison hold, so the opposite of one proves nothing.
    eligible("row.ma200 == () || row.ma200 > 0.0", &[]);
}

#[test]
fn bounds_that_change_nothing_are_found() {
    eligible("row.rsi14 < 30.0 && row.rsi14 < 50.0", &["idle_bound"]);
    eligible("row.rsi14 < 50.0 && row.rsi14 < 30.0", &["idle_bound"]);
    eligible("row.close > row.ma50 && row.close > 0.0", &["idle_bound"]);
    eligible("row.close > row.ma50 || row.close > row.ma50 * 1.1", &["idle_bound"]);
    eligible("clamp(row.rsi14, -5.0, 90.0) > 20.0", &["idle_bound"]);
    eligible("min(row.rsi14, 150.0) > 20.0", &["idle_bound"]);
    eligible("row.close > row.ma50 && row.close > row.ma200", &[]);
    scorer("clamp(row.rsi14 / 10.0, 0.0, 10.0)", &[]);
}

#[test]
fn a_trigger_behind_one_that_always_answers_is_unreachable() {
    entry(
        "if row.close > row.ma20 { return \"a\"; } if row.close > row.ma20 * 1.1 { return \"b\"; }",
        &["unreachable_trigger"],
    );
    entry(
        "if row.close > row.ma20 { return \"a\"; } else if row.close > row.ma20 * 1.1 { return \"b\"; }",
        &["unreachable_trigger"],
    );
    entry("return \"a\"; return \"b\";", &["unreachable_trigger"]);
    codes(
        "fn eligible(row) { row.close > row.ma200 }\nfn entry(row) { if row.close < row.ma200 { return \"a\"; } }",
        &["unreachable_trigger"],
    );
    entry("if row.close > row.ma20 { return \"a\"; } if row.close > row.ma20 * 0.9 { return \"b\"; }", &[]);
    entry(
        "if row.close > row.ma20 && row.rsi14 < 50.0 { return \"a\"; } if row.close > row.ma20 * 1.1 { return \"b\"; }",
        &[],
    );
    entry(
        "if row.close < row.ma20 { return; } if row.close < row.ma20 { return \"a\"; }",
        &["unreachable_trigger"],
    );
}

#[test]
fn a_case_that_an_earlier_one_takes_is_found() {
    let switch = |cases: &str| format!("let n = round(row.rsi14 / 10.0); switch n {{ {cases} }}");
    entry(&switch("1.0 => \"a\", 2.0 => \"b\", 1.0 => \"c\", _ => ()"), &["unreachable_case"]);
    entry(&switch("1.0 | 2.0 => \"a\", 2.0 => { \"b\" }, 3.0 => ()"), &["unreachable_case"]);
    entry(&switch("1.0 if row.close > row.ma20 => \"a\", 1.0 => \"b\", _ => ()"), &[]);
    entry(&switch("1.0 => \"a\", 2.0 => \"b\", _ => ()"), &[]);
    let part =
        "fn entry(row) { switch row.close > row.ma20 { true => \"a\", true if row.close > 1.0 => \"b\" } }";
    assert_eq!(found(part), ["1:60-83 unreachable_case"]);
    entry(&switch("_ => \"a\", 1.0 => \"b\""), &["syntax"]);
}

#[test]
fn comparisons_that_mean_something_else_are_found() {
    eligible("row.close == row.ma50", &["float_equality"]);
    eligible("(row.roc60 ?? 0.0) != 0.0", &["float_equality"]);
    eligible("row.roc60 == () || row.roc60 > 0.0", &[]);
    eligible("row.close > \"100\"", &["mismatched_types"]);
    eligible("row.close > row.ma50 && row.close != \"100\"", &["mismatched_types"]);
    eligible("!(row.close < row.ma200)", &[]);
    eligible("!(row.close < row.ma200) || row.ma200 == ()", &["negated_comparison"]);
    eligible(
        "let up = row.close < row.ma200; row.ma20 > 1.0 && !up || row.ma200 == ()",
        &["negated_comparison"],
    );
    eligible(
        "let up = row.close < row.ma200; let same = up; !same || row.ma200 == ()",
        &["negated_comparison"],
    );
    eligible("let level = row.ma200; !(row.close < level) || row.ma200 == ()", &["negated_comparison"]);
    // Settled by a condition before, however it is put.
    eligible("row.ma200 == () || !(row.close < row.ma200)", &[]);
    eligible("() != row.ma200 && !(row.close < row.ma200)", &[]);
    eligible("let up = row.close < row.ma200; row.ma200 == () || !up", &[]);
    eligible("let level = row.ma200; row.ma200 != () && !(row.close < level)", &[]);
    eligible("if row.ma200 == () { return false; } !(row.close < row.ma200)", &[]);
    // Read plainly, and so asked for by the host, whatever another function tests.
    eligible("let up = row.close < row.ma200; !up", &[]);
    codes(
        "fn eligible(row) { !(row.close < row.ma200) }\n\
         fn exit(row, position) { if row.ma200 == () || row.close < row.ma200 { return \"ma200_cross\"; } }",
        &[],
    );
    codes(
        "fn is_above(row) { !(row.close < row.ma200) }\nfn eligible(row) { is_above(row) || row.ma200 == () }",
        &["negated_comparison"],
    );
    eligible("!(ratio(row.close, row.ma200) < 1.0)", &["negated_comparison"]);
    eligible("!(row.close < row.open)", &[]);
    eligible("!((row.ma200 ?? 0.0) > row.close)", &[]);
    eligible("(row.close > row.ma50) == (row.close > row.ma20)", &[]);
    codes(
        "fn exit(row, position) { if position.bars_held == 5 { return \"time\"; } if row.close < row.ma20 { return \"a\"; } }",
        &[],
    );
}

#[test]
fn divisions_are_looked_at() {
    eligible("row.close > 7 / 2", &["integer_division"]);
    codes("const HALF = 1 / 2;\nfn eligible(row) { row.rank_roc60 > HALF }", &["integer_division"]);
    eligible("row.close / row.atr14 > 2.0", &["division_by_feature"]);
    eligible("row.close / row.ma50 > 1.02", &[]);
    eligible("row.close / max(row.atr14, 0.01) > 2.0", &[]);
    eligible("row.close / (row.volume + 1.0) > 2.0", &[]);
    eligible("row.atr14 > 0.0 && row.close / row.atr14 > 2.0", &[]);
    eligible("if row.atr14 <= 0.0 { return false; } row.close / row.atr14 > 2.0", &[]);
    eligible("row.atr14 >= 0.0 && row.close / row.atr14 > 2.0", &["idle_bound", "division_by_feature"]);
    eligible("row.close / max(row.ma50, 0.0) > 1.02", &[]);
    eligible("row.close / max(row.atr14, 0.0) > 2.0", &["division_by_feature"]);
    eligible("row.close / (row.volume - 1.0) > 2.0", &["division_by_feature"]);
    eligible("row.atr14 > 0.0 || row.close / row.atr14 > 2.0", &["division_by_feature"]);
    eligible("row.close / (row.close - row.ma50) > 2.0", &["division_by_feature"]);
    eligible("row.close / row.roc60 > 2.0", &["division_by_feature"]);
    eligible("let range = row.atr14; row.close / range > 2.0", &["division_by_feature"]);
    eligible("(ratio(row.close, row.atr14) ?? 0.0) > 2.0", &[]);
    eligible("row.close / 2.0 > row.ma50", &[]);
}

#[test]
fn an_odd_value_of_the_settings_is_not_blamed_on_the_script() {
    let mut options = options();
    let own = std::collections::BTreeMap::from([("STOP_ATR_MULT".to_owned(), 250.0)]);
    options.overrides.insert("probe".to_owned(), own);
    let report = check(&[source("strategies/probe.rhai", &complete(""))], &embedded(), &options);
    let [finding] = &report.findings[..] else { panic!("one finding: {:?}", report.findings) };
    assert_eq!(finding.code, "odd_constant");
    assert!(
        finding.help.ends_with("its value is that of [strategies.probe] in the settings"),
        "{}",
        finding.help
    );
}

#[test]
fn a_stop_is_a_price_under_the_close() {
    let stop = |body: &str| format!("fn stop(row, position) {{ {body} }}");
    codes(&stop("row.close + 2.0 * row.atr14"), &["odd_stop"]);
    codes(&stop("row.close * 1.05"), &["odd_stop"]);
    codes(&stop("0.05"), &["odd_stop"]);
    codes(&stop("row.close - 2.0 * row.atr14"), &[]);
    codes(&stop("if position.bars_held > 3 { position.entry_price }"), &[]);
    codes(&stop("position.highest_close * 0.9"), &[]);
}

#[test]
fn what_is_measured_in_different_things_is_not_comparable() {
    eligible("row.rsi14 > row.close", &["mixed_units"]);
    eligible("row.volume > row.ma50", &["mixed_units"]);
    eligible("row.roc60 > row.ma200", &["mixed_units"]);
    eligible("row.macd > row.atr14 && row.close > row.bb_upper20 && row.roc60 > row.benchmark_roc60", &[]);
}

#[test]
fn a_fraction_is_no_level_from_0_to_100() {
    eligible("row.rsi14 > 0.7", &["percent_for_fraction"]);
    eligible("0.25 < row.adx14", &["percent_for_fraction"]);
    eligible("row.rsi14 > 70.0 && row.adx14 > 1.0", &[]);
    eligible("row.rank_roc60 > 80", &["percent_for_fraction"]);
    eligible("row.rank_rsi14 > 80 || row.close > row.ma50", &["percent_for_fraction"]);
    let told = &checked("fn eligible(row) { row.rank_roc60 > 80 }").findings[0];
    assert_eq!(told.help, "write 0.8");
}

#[test]
fn a_number_with_a_sign_is_quoted_whole() {
    let report = checked("fn eligible(row) { row.returns_1d < -3 || row.close > row.ma50 }");
    let told = &report.findings[0].message;
    assert!(told.starts_with("`row.returns_1d < -3`"), "{told}");
    assert_eq!(report.findings[0].span.map(|span| (span.column, span.end_column)), Some((20, 39)));
}

#[test]
fn values_of_the_wrong_type_are_errors() {
    eligible("row.close", &["not_a_bool"]);
    eligible("if row.close > row.ma50 { true }", &["not_a_bool"]);
    eligible("row.close && row.ma50 > 1.0", &["not_a_bool"]);
    entry("row.close > row.ma50", &["wrong_result"]);
    entry("if row.close > row.ma50 { return \"Break Out\"; }", &["wrong_result"]);
    entry("if row.close > row.ma50 { return 'b'; }", &["wrong_result"]);
    codes("fn stop(row, position) { \"x\" }", &["wrong_result"]);
    scorer("ratio(row.close, row.ma50)", &["wrong_result"]);
}

#[test]
fn what_fails_on_a_row_is_found_before_the_market_does() {
    eligible("sqrt(row.roc60) > 0.1", &["fails_on_row"]);
    eligible("loop { } row.close > row.ma50", &["fails_on_row"]);
    let report = checked("fn eligible(row) { loop { } row.close > row.ma50 }");
    assert!(report.findings[0].help.starts_with("end the loop"), "{:?}", report.findings[0]);
    scorer("row.roc60 * 100.0", &["fails_on_row"]);
    scorer("clamp(row.roc60 * 100.0, 0.0, 10.0)", &[]);
    let report = checked("fn eligible(row) { sqrt(row.roc60) > 0.1 }");
    let message = &report.findings[0].message;
    assert!(message.starts_with("`eligible` fails on a price that falls every day (roc60 -0."), "{message}");
}

#[test]
fn what_is_optional_may_be_missing_everywhere() {
    eligible("row.roc60 == () || sqrt(row.ma20) > 1.0", &[]);
    eligible("row.roc60 != () && row.close > row.ma50 || max(row.roc60, 0.0) > 1.0", &["fails_on_row"]);
}

#[test]
fn what_never_triggers_or_separates_no_symbols_is_told() {
    entry("()", &["no_trigger"]);
    entry("if row.close > row.ma50 { let n = 1; }", &["no_trigger", "unused_variable"]);
    entry("if row.close > row.ma50 { return \"up\"; }", &[]);
    eligible("row.rank_benchmark_roc60 > 0.8", &["pointless_feature"]);
    eligible("row.benchmark_prev_rank_roc60 > 0.8", &["pointless_feature"]);
    eligible("row.rank_roc60 > 0.8 && row.roc60 > row.benchmark_roc60", &[]);
}

#[test]
fn a_scorer_that_looks_for_what_no_strategy_gives_is_told() {
    let scorer = |body: &str| format!("const WEIGHTS = #{{ only: 1.0 }};\nfn only(row, signal) {{ {body} }}");
    let told = |body: &str| {
        let targets = [source("scorers/technical.rhai", &scorer(body))];
        let report = check(&targets, &embedded(), &options());
        report.findings.iter().map(|own| own.message.clone()).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(told("if signal.trigger == \"breakout_20d\" { row.rsi14 / 10.0 } else { 1.0 }"), none);
    let missing = ["no strategy that `technical` scores gives the trigger `breakut_20d`"];
    assert_eq!(told("if signal.trigger == \"breakut_20d\" { row.rsi14 / 10.0 } else { 1.0 }"), missing);
    assert_eq!(told("if \"breakut_20d\" != signal.trigger { row.rsi14 / 10.0 } else { 1.0 }"), missing);
    let missing = ["no strategy is called `equity_momentun`"];
    assert_eq!(told("if signal.strategy == \"equity_momentun\" { row.rsi14 / 10.0 } else { 1.0 }"), missing);
}

#[test]
fn an_allowance_needs_a_reason_and_a_finding() {
    let with = |comment: &str| format!("{comment}\nfn eligible(row) {{ row.close / row.atr14 > 2.0 }}");
    codes(&with("// allow(division_by_feature): atr14 of a liquid stock"), &[]);
    codes(&with("// allow(division_by_feature): one\n// more of it"), &[]);
    codes(&with("//allow (division_by_feature): atr14 of a liquid stock"), &[]);
    codes(&with("/// allow(division_by_feature): atr14 of a liquid stock"), &[]);
    codes(&with("// allow(division_by_feature): a line without code\n"), &[]);
    let lines = |comment: &str| {
        format!(
            "fn eligible(row) {{\n{comment}\nrow.close > 1.0\n&& max(\nrow.close, 2.0) > 3.0\n&& row.close / row.atr14 > 2.0\n}}"
        )
    };
    codes(&lines("// allow(division_by_feature): atr14 of a liquid stock"), &[]);
    // A heading is one statement, and what its block holds are others.
    let heading = |comment: &str| {
        format!(
            "fn eligible(row) {{\nif row.close > 9.0 {{ return true; }}\n{comment}\nelse if row.close > 1.0\n\
             && row.close / row.atr14 > 2.0 {{\nreturn row.close / row.roc60 > 2.0; }}\nfalse }}"
        )
    };
    codes(&heading("// allow(division_by_feature): x"), &["division_by_feature"]);
    codes(&with("// allow(division_by_feature)"), &["allow_without_reason", "division_by_feature"]);
    codes(&with("// allow(division_by_featur): x"), &["unused_allow", "division_by_feature"]);
    codes("// allow(idle_bound): x\nfn eligible(row) { row.close > row.ma50 }", &["unused_allow"]);
    // What means to silence, written otherwise, is told; a sentence that begins with the word is none.
    for comment in [
        "// ALLOW(division_by_feature): x",
        "// allow division_by_feature: x",
        "/* allow(division_by_feature): x */",
        "//Allow: division_by_feature",
    ] {
        codes(&with(comment), &["unused_allow", "division_by_feature"]);
        let told = &checked(&with(comment)).findings[0];
        assert!(told.help.starts_with("write `// allow(division_by_feature): why"), "{told:?}");
    }
    codes("// Allow for gaps.\nfn eligible(row) { row.close > row.ma50 }", &[]);
    let everything = &checked(&with("// allow(*): x")).findings[0];
    assert_eq!(everything.help, "name one code, as the finding does: `error[code]`");
    codes("// allow(unknown_feature): x\nfn eligible(row) { row.clsoe > row.ma50 }", &["unknown_feature"]);
}

#[test]
fn a_likely_name_is_offered_whatever_the_case_and_the_ending() {
    for (part, expected) in [
        ("fn Entry(row) { }\n// fn entry", "did you mean it by `Entry`? write `fn entry(row)`"),
        ("fn eligible(row) { row.Close > row.ma50 }", "did you mean `close`?"),
        ("fn eligible(row) { row.close > row.close[1] }", "write `row.prev_close` for the bar before"),
        (
            "fn eligible(row) { row.close > row.ma(50) }",
            "the window is part of a feature's name: write `row.ma50`",
        ),
        (
            "fn eligible(row) { row.close > sma(row.close, 20) }",
            "the window is part of a feature's name: write `row.ma20`",
        ),
        ("fn eligible(row) { row.close > row.ma50 && True }", "write `true`"),
        ("fn eligible(row) { row.ma50 != None }", "what is missing is written `()`"),
        ("const Meta = #{ asset_class: \"equity\" };\n// const META ", "write it in capitals"),
        ("const Stop_Atr_Mult = 2.0;\n// const STOP_ATR_MULT ", "`Stop_Atr_Mult` is another name"),
        ("const MIN_PRICE = 1.0;\nfn eligible(row) { row.close > min_price }", "did you mean `MIN_PRICE`?"),
        (
            "const MIN_PRICE_USD = 1.0;\nfn eligible(row) { row.close > MIN_PRICE }",
            "did you mean `MIN_PRICE_USD`?",
        ),
        ("fn eligible(row) { close > row.ma50 }", "write `row.close`"),
        (
            "fn stops(row, position) { if row.close < row.ma20 { position.entry_price } }",
            "did you mean `stop`?",
        ),
        ("const REWARD_RISC = 2.0;", "did you mean `REWARD_RISK`?"),
        (
            "fn exit(row, position) { if row.close < position.Stop { return \"a\"; } }",
            "did you mean `stop_price`?",
        ),
    ] {
        let report = checked(part);
        let help: Vec<&str> = report.findings.iter().map(|finding| finding.help.as_str()).collect();
        assert!(help.iter().any(|help| help.starts_with(expected)), "{part}: {help:?}");
    }
}

#[test]
fn all_errors_of_a_script_are_told_at_once() {
    codes(
        "const LEVEL = 5.0;\nfn eligible(row) { row.clsoe > LEVLE && row.close > LVEL }",
        &["unknown_feature", "unknown_name", "unknown_name"],
    );
    codes(
        "fn eligible(row) { row.clsoe > 1.0 && maxx(row.mma50, 1.0) > 2.0 }",
        &["unknown_feature", "unknown_function", "unknown_feature"],
    );
    codes("fn eligible(row) { row.clsoe > 1.0 }\nfn exit(row) { }", &["unknown_feature", "wrong_parameters"]);
}

#[test]
fn a_scorer_is_checked_like_a_strategy() {
    codes("const WEIGHTS = #{ a: 0.5, b: 0.5 };\nfn a(row, signal) { 5.0 }", &["missing_function"]);
    codes(
        "const WEIGHTS = #{ a: 0.5, b: 0.2 };\nfn a(row, signal) { 5.0 }\nfn b(row, signal) { 1.0 }",
        &["weights_sum"],
    );
    codes(
        "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 5.0 }\nfn b(row, signal) { 1.0 }",
        &["unused_function"],
    );
}

#[test]
fn what_a_script_reads_and_needs_is_told() {
    let report = checked(
        "const LEVEL = 2;\nfn eligible(row) { row.close > row.ma200 * LEVEL && (row.ema10 ?? 1.0) > 0.5 }",
    );
    let script = &report.scripts[0];
    assert_eq!(script.bars_needed, 200);
    assert_eq!(script.bars_loaded, 220);
    assert_eq!((script.features["ma200"], script.features["ema10"]), (true, false));
    assert_eq!(script.constants[0], ("LEVEL".to_owned(), 2.into()));
    assert_eq!(report.count(Severity::Warning), 0, "{:?}", report.findings);
}

/// Conditions whose meaning would take time that doubles with each level, or with each line.
#[test]
fn a_tangle_of_conditions_is_bounded() {
    let deep = (6..24).fold("row.ma5".to_owned(), |inner, n| format!("({inner}) * row.ma{n} + row.rsi2"));
    eligible(&format!("{deep} > 1.0"), &[]);
    let lines: String = (0..400)
        .map(|n| {
            format!(
                "if row.ma{} > row.rsi2 * 1.{n} || row.close < row.ma{} {{ return \"a{n}\"; }}\n",
                n % 50 + 2,
                n % 50 + 3
            )
        })
        .collect();
    entry(&lines, &[]);
    let twice: String = (0..60).map(|n| format!("let v{} = v{n} * v{n} + 1.0; ", n + 1)).collect();
    eligible(&format!("let v0 = row.rsi2; {twice} v60 > 1.0"), &[]);
    let wide = (2..56).map(|n| format!("row.close > row.ma{n}")).collect::<Vec<_>>().join(" && ");
    eligible(&wide, &[]);
}

#[test]
fn a_value_that_nobody_is_given_is_found() {
    entry("if row.close > row.highest_close_55d { \"a\" } if row.rsi2 < 10.0 { \"b\" }", &["dropped_value"]);
    entry("if row.close > row.highest_close_55d { \"a\" } else if row.rsi2 < 10.0 { \"b\" }", &[]);
    entry("if row.rsi2 < 10.0 { \"b\" } ()", &["dropped_value"]);
    eligible("row.close > row.ma50; row.close > 5.0", &["dropped_value"]);
    let helped = "fn up(row) { row.close > row.ma50 }\nfn eligible(row) { up(row); row.close > 5.0 }";
    codes(helped, &["dropped_value"]);
}

#[test]
fn a_percentage_where_a_fraction_is_meant_is_found() {
    eligible("row.roc20 > 15", &["percent_for_fraction"]);
    eligible("30.0 > (row.volatility_20d ?? 0.0)", &["percent_for_fraction"]);
    eligible("row.close > 5.0 && row.ma50_slope > 2", &["percent_for_fraction"]);
    eligible("row.roc20 > 0.15 && row.volatility_20d < 1.2 && row.rsi14 > 50.0", &[]);
}

#[test]
fn people_are_shown_the_place() {
    let text = "fn eligible(row) {\n    !(row.close < row.ma200) || row.ma200 == ()\n}";
    let report = check(&[source("strategies/probe.rhai", &complete(text))], &embedded(), &options());
    insta::assert_snapshot!(render::text(&report, Colour::Plain), @r"
    warning[negated_comparison]: a negated comparison is true where `row.ma200` is missing
     --> strategies/probe.rhai:2:5
      |
    2 |     !(row.close < row.ma200) || row.ma200 == ()
      |     ^^^^^^^^^^^^^^^^^^^^^^^^
      = help: write `row.close >= row.ma200`

    strategies/probe.rhai  equity strategy, scored by technical
      reads       close, highest_close_20d, ma20, ma200?
      needs       21 bars (loads 200)
      columns     eligible, entry, exit
      constants   STOP_ATR_MULT 2.0

    1 script: 1 warning
    `ts validate-scripts --explain negated_comparison` says more
    ");
}

#[test]
fn what_is_interpreted_is_told_with_its_reason() {
    let text = "fn eligible(row) {\n    let n = 0.0;\n    for i in 0..3 { n += row.close; }\n    n > 3.0\n}";
    let report = check(&[source("strategies/probe.rhai", &complete(text))], &embedded(), &options());
    let shown = render::text(&report, Colour::Plain);
    assert!(
        shown.contains("\n  columns     entry, exit\n  interpreted eligible (line 3: a loop)\n"),
        "{shown}"
    );
    let json: serde_json::Value = serde_json::from_str(&render::json(&report)).expect("JSON");
    let functions = &json["scripts"][0]["functions"];
    assert_eq!(functions[0]["why_not"], "line 3: a loop", "{functions}");
    assert_eq!(
        (&functions[0]["runs_in_columns"], &functions[1]["runs_in_columns"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn text_that_is_no_script_does_no_harm() {
    for text in ["", "\u{0}", "}}}}", "`${`${", "fn", "const", "\"", "é", "/*", "fn f(", "1 < 2 < 3 < 4"] {
        let report = check(&[source("strategies/probe.rhai", text)], &embedded(), &options());
        assert!(report.count(Severity::Error) > 0, "{text:?}");
        for _ in [render::text(&report, Colour::Ansi), render::json(&report), render::sarif(&report)] {}
    }
}
