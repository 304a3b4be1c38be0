//! `ts explain` and `ts test-scripts` as a person runs them: what they say, and that an
//! explanation agrees with the run that it explains.

use serde_json::Value;

use crate::program::Folder;

fn said(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let said = folder.ts(arguments);
    assert_eq!(said.code, code, "ts {arguments:?}\n{}{}", said.stdout, said.stderr);
    said.stdout
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("stdout is one JSON document")
}

fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Every step of a tree of steps.
fn steps<'a>(steps: &'a [Value], seen: &mut Vec<&'a Value>) {
    for step in steps {
        seen.push(step);
        self::steps(list(step, "steps"), seen);
    }
}

#[test]
fn an_explanation_says_what_the_run_decided() {
    let folder = Folder::empty();
    let run = parsed(&said(
        &folder,
        &["run", "--demo", "--asset-class", "equity", "--date", "2026-11-20", "--format", "json"],
        0,
    ));
    let schema = parsed(include_str!("../../docs/explain.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    let of = |name: &str, symbol: &str, strategy: &str| {
        let field = if name == "recommendations" { "strategy_name" } else { "strategy" };
        list(&run, name).iter().find(|own| own["symbol"] == symbol && own[field] == strategy).cloned()
    };
    let (mut bought, mut filtered, mut near) = (0, 0, 0);
    let named: Vec<&Value> = ["recommendations", "filtered", "near_misses"]
        .iter()
        .flat_map(|name| list(&run, name).iter().take(3))
        .collect();
    for symbol in
        named.iter().filter_map(|own| own["symbol"].as_str()).collect::<std::collections::BTreeSet<_>>()
    {
        let told = parsed(&said(
            &folder,
            &["explain", symbol, "--demo", "--date", "2026-11-20", "--format", "json"],
            0,
        ));
        let errors: Vec<String> =
            validator.iter_errors(&told).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0], "{symbol}");
        for strategy in list(&told, "strategies") {
            let name = strategy["strategy"].as_str().expect("a name");
            let verdict = strategy["verdict"].as_str().expect("a word");
            let buy = of("recommendations", symbol, name);
            let left_out = of("filtered", symbol, name);
            assert_eq!(verdict == "recommended", buy.is_some(), "{symbol} {name}: {verdict}");
            assert_eq!(verdict == "filtered", left_out.is_some(), "{symbol} {name}: {verdict}");
            if let Some(buy) = buy {
                bought += 1;
                assert_eq!(strategy["signal"]["trigger"], buy["signal_type"]);
                assert_eq!(strategy["signal"]["stop"], buy["stop_price"]);
                assert_eq!(strategy["components"][0]["score"], buy["components"][0]["score"]);
            }
            filtered += usize::from(left_out.is_some());
            if let Some(miss) = of("near_misses", symbol, name) {
                near += 1;
                assert_eq!(verdict, "no_signal");
                let mut seen = Vec::new();
                steps(list(&strategy["entry"], "steps"), &mut seen);
                let distance = &miss["distance_pct"];
                assert!(seen.iter().any(|step| &step["distance"]["fraction"] == distance), "{symbol} {name}");
            }
        }
    }
    assert!(bought > 0 && filtered > 0 && near > 0, "{bought} {filtered} {near}");
}

#[test]
fn an_explanation_shows_conditions_distances_and_what_is_missing() {
    let folder = Folder::with_files();
    folder.write(
        "held.csv",
        "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
        AAA,equity,equity_momentum,2026-11-02,130,10,120\n",
    );
    let text =
        said(&folder, &["explain", "AAA", "--positions", "held.csv", "--strategy", "equity_momentum"], 0);
    for part in [
        "AAA  equity, Fri 20 Nov 2026, close",
        "held by equity_momentum since Mon 2 Nov 2026 at 130.00, stop",
        "exit  gave",
        "(strategies/equity_momentum.rhai",
        "stop_price",
        "equity_momentum: ",
        "ma50_slope",
        "MIN_MA50_SLOPE 0.005",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("✗ fail") || text.contains("✓ pass"), "{text}");
    folder.write(
        "strategies/long.rhai",
        &include_str!("../../strategies/crypto_momentum.rhai")
            .replace("\"crypto\"", "\"equity\"")
            .replace("ma200", "ma2000"),
    );
    let text = said(&folder, &["explain", "AAA"], 0);
    assert!(text.contains("not ready: ma2000 needs 2000 bars, has"), "{text}");
}

#[test]
fn a_position_whose_strategy_is_gone_can_be_looked_at() {
    let folder = Folder::with_files();
    folder.write(
        "mine.csv",
        "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
         AAA,equity,gone_strat,2026-11-02,105,10,101\n",
    );
    let held = ["explain", "AAA", "--positions", "mine.csv", "--strategy", "gone_strat"];
    let told = said(&folder, &held, 0);
    assert!(told.contains("gone_strat"), "{told}");
    let other = folder.ts(&["explain", "BBB", "--positions", "mine.csv", "--strategy", "gone_strat"]);
    assert!(other.code == 2 && other.words().contains("no strategy `gone_strat`"), "{}", other.words());
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let folder = Folder::with_files();
    for (arguments, part) in [
        (vec!["explain", "NOPE"], "in no universe"),
        (vec!["explain", "AAA", "--strategy", "nope"], "no strategy `nope`"),
        (vec!["explain", "AAA", "--date", "2026-11-21"], "no equity session"),
        (vec!["explain"], "SYMBOL"),
    ] {
        let said = folder.ts(&arguments);
        assert_eq!(said.code, 2, "{arguments:?}");
        assert!(said.words().contains(part), "{part}: {}", said.words());
    }
    let gone = folder.ts(&["explain", "ZZZ", "--asset-class", "equity"]);
    assert_eq!(gone.code, 1);
    assert!(gone.words().contains("there are no bars of ZZZ"), "{}", gone.words());
}

#[test]
fn the_shipped_scripts_pass_their_cases_and_every_condition_is_seen() {
    let folder = Folder::empty();
    let text = said(&folder, &["test-scripts", "--min-coverage", "100"], 0);
    assert!(text.ends_with(" passed, 0 failed\n") && !text.contains("never"), "{text}");
    assert!(text.contains("relative_strength.rhai (built in): 4 passed, 0 failed; no conditions"), "{text}");
    said(&folder, &["init"], 0);
    let written = said(&folder, &["test-scripts", "--min-coverage", "100", "--format", "json"], 0);
    let document = parsed(&written);
    assert_eq!(list(&document, "scripts").len(), 7);
    let covered: Vec<&Value> = list(&document, "scripts").iter().map(|own| &own["coverage"]).collect();
    // The scorers of one expression each have no condition to cover.
    assert!(covered.iter().all(|own| **own == 1.0 || own.is_null()), "{written}");
    assert!(covered.iter().filter(|own| **own == 1.0).count() >= 5, "{covered:?}");
}

#[test]
fn what_coverage_cannot_follow_is_named_and_not_said_to_be_unasked() {
    let folder = Folder::empty();
    said(&folder, &["init"], 0);
    folder.write(
        "strategies/looped.rhai",
        "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n\
        fn eligible(row) { let ok = false; ok = row.close > 5.0; ok }\n\
        fn entry(row) { for n in 0..2 { if up(row) { return \"up\"; } } }\n\
        fn exit(row, position) { }\nfn up(row) { row.close > 9.0 }\n",
    );
    folder.write(
        "strategies/looped.test.toml",
        "[[case]]\nname = \"up\"\nrow = { close = 10.0 }\neligible = true\ntrigger = \"up\"\n\
        [[case]]\nname = \"down\"\nrow = { close = 4.0 }\neligible = false\ntrigger = false\n",
    );
    let text = said(&folder, &["test-scripts", "strategies/looped.rhai", "--min-coverage", "100"], 0);
    for part in [
        "2 passed, 0 failed; 100% of 1 condition\n",
        "not followed: strategies/looped.rhai:4  run whole, its conditions not counted",
        "not followed: strategies/looped.rhai:6  `up` is called only from what is run whole",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("never"), "{text}");
}

#[test]
fn an_edit_that_breaks_a_rule_is_told_with_both_values() {
    let folder = Folder::empty();
    said(&folder, &["init"], 0);
    let name = "strategies/equity_momentum.rhai";
    folder.write(name, &folder.read(name).replace("FAST_CLEARANCE   = 0.005", "FAST_CLEARANCE   = 0.006"));
    let text = said(&folder, &["test-scripts", "strategies"], 1);
    for part in [
        "FAIL  strategies/equity_momentum.test.toml:23: half a percent over",
        "trigger: expected \"breakout_20d\", got false",
        "✗ fail    close 100.50 ≥ highest_close_20d 100.00 × 1.006 = 100.60: 0.10% short",
        "25 |     if row.close >= row.highest_close_20d * (1.0 + FAST_CLEARANCE)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let junit = said(&folder, &["test-scripts", "--filter", "equity_momentum", "--format", "junit"], 1);
    assert!(junit.contains("<testsuites name=\"ts test-scripts\" tests=\"12\" failures=\"1\">"), "{junit}");
    assert!(junit.contains("if row.close &gt;= row.highest_close_20d"), "{junit}");
    said(&folder, &["test-scripts", name, "--filter", "stop"], 0);
    let few = said(&folder, &["test-scripts", name, "--filter", "stop", "--min-coverage", "90"], 1);
    assert!(
        few.contains("never asked")
            && few.contains("without cases, or under the least coverage of 90%: equity_momentum"),
        "{few}"
    );
}

const BARE: &str = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n\
    fn eligible(row) { row.close > 5.0 }\nfn entry(row) { if row.close > 9.0 { return \"up\"; } }\n\
    fn exit(row, position) { if row.close < 5.0 { return \"down\"; } }\n";

#[test]
fn a_filter_that_nothing_meets_is_a_wrong_command_line_beside_broken_cases_too() {
    let folder = Folder::empty();
    folder.write("strategies/pull20.rhai", BARE);
    folder.write("strategies/broken.rhai", &BARE.replace("row.close > 5.0", "row.clsoe > LEVEL"));
    let none = folder.ts(&["test-scripts", "--filter", "cross"]);
    assert!(none.code == 2 && none.words().contains("no case's name contains `cross`"), "{}", none.words());
    assert!(none.words().contains("not all was looked through"), "{}", none.words());
    let junit = said(&folder, &["test-scripts", "--filter", "broken", "--format", "junit"], 1);
    for part in
        ["name=\"load: strategies/broken.rhai:3:24: no feature", "name=\"load: strategies/broken.rhai:3:32"]
    {
        assert!(junit.contains(part), "no {part}: {junit}");
    }
}

#[test]
fn a_default_scorer_that_is_not_there_is_the_settings_fault() {
    let folder = Folder::empty();
    folder.write("strategies/pull20.rhai", BARE);
    folder.write("strategies/pull30.rhai", &BARE.replace("9.0", "8.0"));
    folder.write("ts.toml", "[signals]\nscorer = \"technicla\"\n");
    let told = folder.ts(&["validate-scripts"]).words();
    assert_eq!(told.matches("error[unknown_scorer]").count(), 1, "{told}");
    for part in [
        "ts.toml",
        "scorer = \"technicla\" is not loaded, so these buy nothing: pull20, pull30",
        "`technical`",
    ] {
        assert!(told.contains(part), "no {part}: {told}");
    }
}

#[test]
fn a_file_of_cases_that_belongs_to_no_script_is_an_error() {
    let folder = Folder::empty();
    folder.write("strategies/pull20.rhai", BARE);
    let case = "[[case]]\nname = \"up\"\nrow = { close = 10.0 }\neligible = true\n";
    folder.write("strategies/pull20.test.toml", case);
    let sound = said(&folder, &["test-scripts", "strategies"], 0);
    assert!(sound.contains("ok    strategies/pull20.rhai: 1 passed, 0 failed"), "{sound}");
    folder.write("strategies/orphan.test.toml", case);
    folder.write("strategies/pull2.test.toml", case);
    folder.write("strategies/pull20.tests.toml", case);
    for arguments in [&["test-scripts"][..], &["test-scripts", "strategies"]] {
        let told = said(&folder, arguments, 1);
        for part in [
            "FAIL  strategies/orphan.test.toml: there is no script `orphan.rhai` beside it; rename or remove it\n",
            "FAIL  strategies/pull2.test.toml: there is no script `pull2.rhai` beside it; is it \
             `pull20.test.toml`? rename or remove it\n",
            "FAIL  strategies/pull20.tests.toml: no file of cases is called so, and nothing in it is asked; \
             rename it to `pull20.test.toml`, or remove it\n",
            "3 files of no script",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let junit = said(&folder, &["test-scripts", "strategies", "--format", "junit"], 1);
    assert!(junit.contains("<testsuites name=\"ts test-scripts\" tests=\"4\" failures=\"3\">"), "{junit}");
    let document = parsed(&said(&folder, &["test-scripts", "strategies", "--format", "json"], 1));
    assert_eq!((list(&document, "stray").len(), &document["passed"]), (3, &Value::Bool(false)));
}

#[test]
fn a_script_without_cases_is_not_said_to_be_ok() {
    let folder = Folder::empty();
    folder.write("strategies/bare.rhai", BARE);
    folder.write("scorers/even.rhai", "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 5.0 }\n");
    let text = said(&folder, &["test-scripts", "strategies", "scorers"], 0);
    for part in [
        "none  strategies/bare.rhai: no cases (strategies/bare.test.toml is not there); 0% of 3 conditions\n",
        "none  scorers/even.rhai: no cases (scorers/even.test.toml is not there); no conditions\n",
        "0 passed, 0 failed, 2 scripts without cases\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let least = ["test-scripts", "strategies", "scorers", "--min-coverage", "0"];
    let told = said(&folder, &least, 1);
    assert!(told.contains("without cases, or under the least coverage of 0%: even, bare\n"), "{told}");
    let junit = said(&folder, &[&least[..], &["--format", "junit"]].concat(), 1);
    assert!(junit.contains("failures=\"2\"") && junit.contains("it has no case"), "{junit}");
    folder.write("scorers/even.test.toml", "");
    let empty = said(&folder, &["test-scripts", "scorers"], 0);
    assert!(empty.contains("none  scorers/even.rhai: no cases (none in scorers/even.test.toml)"), "{empty}");
}

#[test]
fn one_bad_case_hides_no_other() {
    let folder = Folder::empty();
    folder.write("strategies/bare.rhai", BARE);
    folder.write(
        "strategies/bare.test.toml",
        "[[case]]\nname = \"a\"\neligable = true\n[[case]]\nname = \"b\"\nrow = { close = 10.0 }\n\
         eligible = true\n[[case]]\nname = \"c\"\nrow = { close = 10.0 }\neligible = false\n",
    );
    let told = said(&folder, &["test-scripts", "strategies"], 1);
    for part in [
        "FAIL  strategies/bare.test.toml:3: there is no key `eligable` here",
        "FAIL  strategies/bare.test.toml:8: c\n",
        "FAIL  strategies/bare.rhai: 1 passed, 1 failed, others not asked;",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn cases_that_cannot_be_asked_are_failures_and_not_passes() {
    let folder = Folder::empty();
    said(&folder, &["init"], 0);
    let cases = "strategies/equity_momentum.test.toml";
    for (text, part) in [
        (
            "[[case]]\nname = \"a\"\neligable = true",
            "equity_momentum.test.toml:3: there is no key `eligable` here; did you mean `eligible`?",
        ),
        ("[[case]]\nname = \"a\"\nrow = { ma9 = 1 }\neligible = true", "which the script does not read"),
        (
            "[[bars]]\nname = \"a\"\ncsv = \"../x.csv\"\nexpect = { last = false }",
            "name a file beside the cases",
        ),
        (
            "[[bars]]\nname = \"a\"\ncsv = \"x.csv\"\nexpect = { last = false }",
            "no such file beside the cases",
        ),
    ] {
        folder.write(cases, text);
        let told = said(&folder, &["test-scripts", cases], 1);
        assert!(told.contains(part), "{part}: {told}");
    }
    folder.write("strategies/equity_momentum.rhai", "fn eligible(row) {");
    let broken = said(&folder, &["test-scripts"], 1);
    assert!(broken.contains("FAIL  strategies/equity_momentum.rhai:1:"), "{broken}");
    for (arguments, part) in [
        (["test-scripts", "nowhere"], "name a script (.rhai)"),
        (["test-scripts", "nowhere.rhai"], "there is no such script"),
        (["test-scripts", "templates"], "there is no script in this folder"),
    ] {
        let told = folder.ts(&arguments);
        assert!(told.code == 2 && told.words().contains(part), "{part}: {}", told.words());
    }
}
