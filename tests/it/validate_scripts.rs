//! `ts validate-scripts` from the outside: exit codes, formats, and folders that are none.

use std::fs;

use serde_json::Value;

use crate::program::{Folder, Said};

const SHIPPED: &str = include_str!("../../strategies/equity_momentum.rhai");

/// A strategy whose `eligible` has the given body.
fn strategy(body: &str) -> String {
    format!(
        "const META = #{{ asset_class: \"equity\", version: 1 }};\nconst STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ {body} }}\nfn entry(row) {{ if row.close > row.ma20 {{ return \"up\"; }} }}\n\
         fn exit(row, position) {{ if row.close < row.ma20 {{ return \"down\"; }} }}\n"
    )
}

fn with(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::empty();
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn validate(folder: &Folder, arguments: &[&str]) -> Said {
    folder.ts(&[&["validate-scripts"], arguments].concat())
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).expect("stdout is one JSON document")
}

#[test]
fn the_exit_code_tells_errors_warnings_and_usage_apart() {
    let clean = with(&[("strategies/mine.rhai", &strategy("row.close > row.ma50"))]);
    let doubtful = with(&[("strategies/mine.rhai", &strategy("row.close / row.atr14 > 2.0"))]);
    let broken = with(&[("strategies/mine.rhai", &strategy("row.clsoe > 2.0"))]);
    for (folder, arguments, code) in [
        (&clean, &[][..], 0),
        (&clean, &["--deny-warnings"], 0),
        (&doubtful, &[], 0),
        (&doubtful, &["--deny-warnings"], 1),
        (&broken, &[], 1),
        (&broken, &["--format", "github"], 1),
        (&broken, &["gone.rhai"], 2),
        (&broken, &["--format", "xml"], 2),
        (&broken, &["--explain", "chained"], 0),
        (&broken, &["--explain", "no_such_code_at_all"], 2),
    ] {
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if *word == "chained" { "chained_comparison" } else { *word })
            .collect();
        let said = validate(folder, &arguments);
        assert_eq!(said.code, code, "{arguments:?}\n{}{}", said.stdout, said.stderr);
    }
}

#[test]
fn folders_that_hold_no_script_are_told() {
    let empty = Folder::empty();
    let said = validate(&empty, &[]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("error[no_script]") && said.stdout.contains("ts init"), "{}", said.stdout);

    let hollow = with(&[
        ("strategies/", ""),
        ("scorers/flat.rhai", "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 5.0 }\n"),
    ]);
    let said = validate(&hollow, &[]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("strategies holds no strategy"), "{}", said.stdout);

    let said = validate(&hollow, &["strategies"]);
    assert_eq!((said.code, said.stdout.contains("strategies holds no script")), (1, true), "{}", said.stdout);

    let file = with(&[("strategies", "not a folder")]);
    let said = validate(&file, &[]);
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("error[unreadable]: strategies cannot be read as a folder"),
        "{}",
        said.stdout
    );
}

#[test]
fn files_that_are_no_scripts_are_told_one_by_one() {
    let folder = with(&[
        ("strategies/fine.rhai", SHIPPED),
        ("strategies/My Own.rhai", SHIPPED),
        ("strategies/huge.rhai", &" ".repeat(10 << 20)),
        ("strategies/long.rhai", &"// a remark\n".repeat(6_000)),
    ]);
    fs::write(folder.path().join("strategies/latin.rhai"), b"// \xe9").expect("a new file");
    let found = json(&validate(&folder, &["--format", "json"]));
    let told: Vec<(&str, &str)> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| (finding["file"].as_str().expect("a file"), finding["code"].as_str().expect("a code")))
        .collect();
    assert_eq!(
        told,
        [
            ("strategies/My Own.rhai", "bad_name"),
            ("strategies/huge.rhai", "unreadable"),
            ("strategies/latin.rhai", "unreadable"),
            ("strategies/long.rhai", "too_long"),
        ]
    );
}

/// The files of a code's findings, and the exit code.
fn told(folder: &Folder, arguments: &[&str], code: &str) -> (Vec<String>, i32) {
    let said = validate(folder, &[arguments, &["--format", "json"]].concat());
    let found = json(&said);
    let own = found["findings"].as_array().expect("a list").iter().filter(|own| own["code"] == code);
    (own.map(|own| own["file"].as_str().expect("a file").to_owned()).collect(), said.code)
}

#[test]
fn what_looks_like_a_script_and_is_not_read_is_doubtful() {
    let folder = with(&[
        ("strategies/fine.rhai", SHIPPED),
        ("strategies/fine.rhai.bak", SHIPPED),
        ("strategies/good2.rhai.txt", SHIPPED),
        ("strategies/sub/other.rhai", SHIPPED),
    ]);
    let expected = ["strategies/good2.rhai.txt", "strategies/sub"];
    for arguments in [&[][..], &["strategies"], &["."]] {
        assert_eq!(
            told(&folder, arguments, "not_read"),
            (expected.map(str::to_owned).to_vec(), 0),
            "{arguments:?}"
        );
    }
    assert_eq!(validate(&folder, &["--deny-warnings"]).code, 1);
}

#[test]
fn an_ending_in_capitals_is_told_with_the_files_real_name() {
    let folder = with(&[("strategies/fine.rhai", SHIPPED), ("strategies/ends.RHAI", "x")]);
    for arguments in [&[][..], &["strategies"], &["strategies/ends.RHAI"]] {
        let found = told(&folder, arguments, "bad_name");
        assert_eq!(found, (vec!["strategies/ends.RHAI".to_owned()], 1), "{arguments:?}");
    }
}

#[test]
fn a_strategy_that_is_there_twice_is_doubtful() {
    let folder = with(&[("strategies/fine.rhai", SHIPPED), ("strategies/copy.rhai", SHIPPED)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("fine.rhai", folder.path().join("strategies/link.rhai")).expect("a link");
    let links: &[&str] = if cfg!(unix) { &["strategies/link.rhai"] } else { &[] };
    let expected: Vec<String> =
        [&["strategies/fine.rhai"], links].concat().iter().map(ToString::to_string).collect();
    for arguments in [&[][..], &["strategies"]] {
        assert_eq!(told(&folder, arguments, "same_script"), (expected.clone(), 0), "{arguments:?}");
    }
    folder.write("ts.toml", "[strategies.fine]\nenabled = false\n[strategies.link]\nenabled = false\n");
    assert_eq!(told(&folder, &[], "same_script").0, [""; 0]);
}

#[test]
fn ten_thousand_files_are_bounded() {
    let folder = with(&[("strategies/", "")]);
    for number in 0..10_000 {
        fs::write(folder.path().join(format!("strategies/s{number:05}.rhai")), "x").expect("a new file");
    }
    let said = validate(&folder, &[]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.len() < 100_000, "{}", said.stdout.len());
    assert!(said.stdout.contains("… and 5901 more"), "{}", &said.stdout[said.stdout.len() - 300..]);
    let found = json(&validate(&folder, &["--format", "json"]));
    assert!(
        found["findings"].to_string().contains("holds 10000 files; only the first 1000")
            || found["findings"].to_string().contains("holds 10000 files")
    );
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = with(&[("strategies/mine.rhai", SHIPPED)]);
    let strategies = folder.path().join("strategies");
    fs::set_permissions(&strategies, fs::Permissions::from_mode(0o000)).expect("one's own folder");
    let is_denied = fs::read_dir(&strategies).is_err();
    let said = validate(&folder, &[]);
    fs::set_permissions(&strategies, fs::Permissions::from_mode(0o755)).expect("one's own folder");
    // The superuser is denied nothing.
    if is_denied {
        assert_eq!(said.code, 1);
        assert!(said.stdout.contains("error[unreadable]"), "{}", said.stdout);
    }
}

#[test]
fn two_scripts_of_one_name_are_told() {
    let scorer = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 5.0 }\n";
    let folder = with(&[
        ("strategies/trend.rhai", &strategy("row.close > row.ma50")),
        ("scorers/trend.rhai", scorer),
        ("a/other.rhai", &strategy("row.close > row.ma50")),
        ("b/other.rhai", &strategy("row.close > row.ma50")),
    ]);
    for arguments in [&[][..], &["a", "b"]] {
        let said = validate(&folder, arguments);
        assert_eq!(said.code, 1, "{arguments:?}");
        assert!(said.stdout.contains("error[duplicate_name]"), "{}", said.stdout);
    }
}

#[test]
fn json_gives_every_finding_a_place_and_every_script_its_needs() {
    let folder =
        with(&[("strategies/mine.rhai", &strategy("row.clsoe > 2.0")), ("strategies/shipped.rhai", SHIPPED)]);
    let found = json(&validate(&folder, &["--format", "json"]));
    let finding = &found["findings"][0];
    assert_eq!(finding["file"], "strategies/mine.rhai");
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["end_column"]),
        (&3.into(), &24.into(), &29.into())
    );
    assert_eq!(
        (finding["severity"].as_str(), finding["code"].as_str()),
        (Some("error"), Some("unknown_feature"))
    );
    assert_eq!(finding["help"], "did you mean `close`?");
    assert_eq!((&found["errors"], &found["warnings"]), (&1.into(), &0.into()));
    let shipped = found["scripts"].as_array().expect("a list").iter().find(|one| one["name"] == "shipped");
    let shipped = shipped.expect("it was checked");
    assert_eq!((&shipped["role"], &shipped["asset_class"]), (&"strategy".into(), &"equity".into()));
    assert_eq!(shipped["bars_needed"], 70);
    assert_eq!(shipped["constants"]["STOP_ATR_MULT"], 2.5);
    let functions = shipped["functions"].as_array().expect("a list");
    assert_eq!(functions.len(), 3);
    assert!(functions.iter().all(|own| own["runs_in_columns"] == true && own["why_not"].is_null()));
    assert!(shipped["features"].to_string().contains("\"ma50_slope\""));
}

#[test]
fn sarif_keeps_the_official_schema() {
    // A pattern of the schema has a bracket too many, which only browsers' expressions allow.
    let schema = include_str!("../fixtures/sarif-2.1.0.schema.json").replace("{2}]?$", r"{2}\\]?$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    let folder = with(&[
        ("strategies/mine.rhai", &strategy("row.clsoe > 2.0")),
        ("strategies/other.rhai", &strategy("1.0 < row.rsi14 < 30.0")),
        ("strategies/Bad Name.rhai", ""),
    ]);
    let log = json(&validate(&folder, &["--format", "sarif"]));
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert_eq!(results.len(), 3);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("a list");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "strategies/Bad%20Name.rhai");
    let mut broken = log.clone();
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&broken), "a schema that accepts anything proves nothing");
}

#[test]
fn github_and_junit_tell_the_place() {
    let folder = with(&[
        ("strategies/mine.rhai", &strategy("row.clsoe > 2.0")),
        ("strategies/other.rhai", &strategy("1.0 < row.rsi14 < 30.0")),
    ]);
    let github = validate(&folder, &["--format", "github"]).stdout;
    assert!(
        github.contains(
            "::error file=strategies/mine.rhai,line=3,endLine=3,col=24,endColumn=28,title=unknown_feature::no feature"
        ),
        "{github}"
    );
    assert!(github.contains("::warning file=strategies/other.rhai,line=3,"), "{github}");
    let junit = validate(&folder, &["--format", "junit"]).stdout;
    assert!(junit.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "), "{junit}");
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    assert!(junit.contains("1.0 &lt; row.rsi14 &lt; 30.0") && junit.contains("<system-out>"), "{junit}");
    let denied = validate(&folder, &["--format", "junit", "--deny-warnings"]).stdout;
    assert_eq!(denied.matches("<failure ").count(), 2, "{denied}");
    let clean = with(&[("strategies/mine.rhai", &strategy("row.close > row.ma50"))]);
    assert_eq!(validate(&clean, &["--format", "github"]).stdout, "");
}

#[test]
fn paths_are_checked_beside_the_scripts_in_force() {
    let mine = strategy("row.close > row.ma50").replace("version: 1", "version: 1, scorer: \"own\"");
    let scorer = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) { 5.0 }\n";
    let folder = with(&[
        ("strategies/mine.rhai", &mine),
        ("strategies/broken.rhai", "fn eligible(row) {"),
        ("scorers/own.rhai", scorer),
        ("drafts/new.rhai", &mine),
    ]);
    for path in ["strategies/mine.rhai", "drafts/new.rhai", "drafts", "scorers", "./strategies/mine.rhai"] {
        let said = validate(&folder, &[path]);
        assert_eq!((said.code, said.stdout.contains("no findings")), (0, true), "{path}\n{}", said.stdout);
    }
    let said = validate(&folder, &["."]);
    assert_eq!((said.code, said.stdout.contains("broken.rhai:1:")), (1, true), "{}", said.stdout);
}

#[test]
fn what_the_settings_say_of_scripts_is_checked() {
    let settings = "[strategies.mine]\nLEVLE = 2.0\n[strategies.gone]\nLEVEL = 1.0\n";
    let text = strategy("row.close > LEVEL").replace("fn eligible", "const LEVEL = 1.5;\nfn eligible");
    let folder = with(&[("ts.toml", settings), ("strategies/mine.rhai", &text)]);
    let said = validate(&folder, &[]);
    assert_eq!(said.code, 1);
    for part in
        ["error[unknown_override]", "did you mean `LEVEL`?", "error[unknown_strategy]", "[strategies.gone]"]
    {
        assert!(said.stdout.contains(part), "{part}\n{}", said.stdout);
    }
    let said = validate(&folder, &["strategies/mine.rhai"]);
    assert!(!said.stdout.contains("unknown_strategy"), "{}", said.stdout);
}

#[test]
fn what_init_writes_is_clean() {
    let folder = Folder::empty();
    assert_eq!(folder.ts(&["init"]).code, 0);
    let said = validate(&folder, &["--deny-warnings"]);
    assert_eq!(said.code, 0, "{}", said.stdout);
}

#[test]
fn a_code_like_no_other_is_answered_by_the_list_of_all() {
    let said = validate(&Folder::empty(), &["--explain", "zzzz"]);
    let place = |part: &str| said.stderr.find(part).unwrap_or_else(|| panic!("{part}: {}", said.stderr));
    assert!(place("errors:\n") < place("unknown_feature") && place("unknown_feature") < place("warnings:\n"));
    assert!(place("warnings:\n") < place("unused_variable"));
    assert!(said.stderr.lines().all(|line| line.chars().count() <= 110), "{}", said.stderr);
}

#[test]
fn every_code_it_names_is_explained() {
    let folder = with(&[("strategies/mine.rhai", &strategy("row.clsoe > 2.0"))]);
    let said = validate(&folder, &[]);
    let code = said
        .stdout
        .split("--explain ")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .expect("it is offered");
    let page = validate(&folder, &["--explain", code]);
    assert_eq!(page.code, 0);
    assert!(
        page.stdout.starts_with("unknown_feature (error)") && page.stdout.contains("\nGood\n"),
        "{}",
        page.stdout
    );
}
