//! `ts new-strategy` and what `ts init` writes for editors.

use std::fs;

use crate::program::Folder;

fn lines_of(folder: &Folder, arguments: &str) -> Vec<String> {
    let said = folder.ts(&arguments.split_whitespace().collect::<Vec<_>>());
    assert_eq!(said.code, 0, "ts {arguments}\n{}{}", said.stdout, said.stderr);
    said.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_new_strategy_loads_and_trades_on_the_demo_market() {
    for (class, scorer) in [("equity", ""), ("crypto", ""), ("equity", "--scorer relative_strength")] {
        let folder = Folder::empty();
        let told = lines_of(&folder, &format!("new-strategy my_rule --asset-class {class} {scorer}"));
        assert!(told[0].ends_with("strategies/my_rule.rhai"), "{told:?}");
        assert!(told[1].ends_with("strategies/my_rule.test.toml"), "{told:?}");
        assert!(told[2].contains("replaces the built-in strategies"), "{told:?}");
        let text = folder.read("strategies/my_rule.rhai");
        assert!(!text.contains('@') && text.contains(&format!("\"{class}\"")), "{text}");
        let aligned: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("const "))
            .filter_map(|line| line.find("//"))
            .collect();
        assert!(aligned.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        let cases: toml::Table = folder.read("strategies/my_rule.test.toml").parse().expect("TOML");
        assert!(cases["case"].as_array().is_some_and(|cases| cases.len() >= 5), "{cases}");
        let tested = folder.ts(&["test-scripts", "--min-coverage", "100"]);
        assert_eq!(tested.code, 0, "{}{}", tested.stdout, tested.stderr);
        let said = folder.ts(&[
            "signals",
            "--demo",
            "--strategy",
            "my_rule",
            "--asset-class",
            class,
            "--from",
            "2026-06-01",
            "--format",
            "csv",
        ]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(said.stdout.contains(",my_rule,breakout_20d,"), "{class} {scorer}: {}", said.stdout);
    }
}

#[test]
fn a_strategy_beside_others_says_nothing_of_the_built_in_ones() {
    let folder = Folder::empty();
    lines_of(&folder, "init");
    let told = lines_of(&folder, "new-strategy my_rule --asset-class equity");
    assert!(told.iter().all(|line| !line.contains("built-in")), "{told:?}");
    lines_of(&folder, "run --dry-run --demo");
}

#[test]
fn a_name_that_is_taken_or_none_is_refused_and_nothing_is_written() {
    let folder = Folder::empty();
    lines_of(&folder, "new-strategy mine --asset-class equity");
    folder.write("strategies/orphan.test.toml", "");
    folder.write("scorers/my_scorer.rhai", "const WEIGHTS = #{ a: 1 };\nfn a(row, signal) { 5 }\n");
    let mine = folder.read("strategies/mine.rhai");
    for (arguments, expected) in [
        ("mine --asset-class crypto", "strategies/mine.rhai is there already"),
        ("orphan --asset-class crypto", "orphan.test.toml is there already"),
        ("my_scorer --asset-class equity", "scorers/my_scorer.rhai is there already"),
        ("technical --asset-class equity", "`technical` is the name of scorers/technical.rhai (built in)"),
        ("equity_momentum --asset-class equity", "is the name of strategies/equity_momentum.rhai (built in)"),
        ("My-Rule --asset-class equity", "`My-Rule` cannot be a strategy's name; use lower-case"),
        ("../evil --asset-class equity", "cannot be a strategy's name"),
        ("con --asset-class equity", "`con` is reserved"),
        ("lpt1 --asset-class equity", "`lpt1` is reserved"),
        ("rule --asset-class bonds", "possible values: equity, crypto"),
        ("rule", "--asset-class"),
        (
            "rule --asset-class equity --scorer techncal",
            "no scorer is called `techncal`; there are: mean_reversion, my_scorer",
        ),
    ] {
        let mut all = vec!["new-strategy"];
        all.extend(arguments.split_whitespace());
        let said = folder.ts(&all);
        assert_eq!(said.code, 2, "{arguments}: {}", said.words());
        assert!(said.words().contains(expected), "{arguments}: {}", said.words());
    }
    assert_eq!(folder.read("strategies/mine.rhai"), mine);
    let count = fs::read_dir(folder.path().join("strategies")).expect("the folder").count();
    assert_eq!(count, 3, "nothing was written beside `mine`, its cases and the orphan");
    lines_of(&folder, "new-strategy other --asset-class equity --scorer my_scorer");
}

#[test]
fn init_writes_definitions_for_editors_and_no_run_reads_them() {
    let folder = Folder::empty();
    lines_of(&folder, "init");
    let text = folder.read("definitions/ts.d.rhai");
    assert!(
        text.contains("fn get ma50(row: Row) -> ?;") && text.contains("fn ratio(a: float, b: float) -> ?;")
    );
    let run = lines_of(&folder, "run --dry-run --demo").join("\n");
    assert!(!run.contains("d.rhai"), "{run}");
}

#[test]
fn the_list_of_features_has_formula_unit_and_first_bar() {
    let text = lines_of(&Folder::empty(), "features --list --format csv");
    assert_eq!(text[0], "name,example,value,unit,bars,source");
    let ma = text.iter().find(|line| line.starts_with("ma{N},")).expect("the family of means");
    assert!(ma.starts_with("ma{N},ma50,mean of close over the last N bars,price,50,"), "{ma}");
    assert_eq!(text.len() - 1, ts::features::catalogue().len());
}
