//! The README's claims that a program can check.

use std::collections::BTreeSet;

use ts::cases::{CaseFile, Coverage, run};
use ts::features::catalogue;
use ts::scripts;
use ts::scripts::{Options, ScriptSource, Scripts};
use ts::settings::Settings;

const README: &str = include_str!("../../README.md");

/// The contents of the fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start() != format!("```{language}") {
            continue;
        }
        let block = lines.by_ref().take_while(|line| line.trim_start() != "```");
        blocks.push(block.map(|line| line.get(indent..).unwrap_or("").to_owned() + "\n").collect());
    }
    blocks
}

#[test]
fn every_feature_family_stands_in_the_table() {
    for family in catalogue() {
        let example = family.example();
        let needs = (family.first)(family.window.map_or(0, |window| window.example)) + 1;
        let row = format!(
            "| `{}` | `{example}` | {} | {} | {needs} |",
            family.pattern,
            family.formula,
            family.unit.as_str()
        );
        assert!(README.contains(&row), "README.md lacks this row:\n{row}");
    }
}

fn printed_scripts() -> Scripts {
    let printed: Vec<String> = blocks("rhai").into_iter().filter(|block| block.starts_with("//!")).collect();
    assert_eq!(printed.len(), 2, "one strategy and one scorer: {printed:#?}");
    let source = |name: &str, text: &String| ScriptSource {
        name: name.to_owned(),
        path: format!("{name}.rhai"),
        text: text.clone(),
    };
    let mut sources = scripts::embedded();
    sources.push(source("golden_cross", &printed[0]));
    sources.push(source("trend_strength", &printed[1]));
    let (scripts, problems) = Scripts::compile(&sources, &Options::of(&Settings::defaults()));
    assert_eq!(problems, []);
    scripts
}

#[test]
fn the_first_strategy_loads_as_it_is_printed() {
    let scripts = printed_scripts();
    assert!(scripts.strategy("golden_cross").is_some() && scripts.scorer("trend_strength").is_some());
}

/// A file of cases, and not settings.
fn is_cases(block: &str) -> bool {
    block.contains("[[case]]")
}

#[test]
fn the_cases_it_prints_pass() {
    let printed: Vec<String> = blocks("toml").into_iter().filter(|block| is_cases(block)).collect();
    let [cases] = &printed[..] else { panic!("one file of cases: {printed:#?}") };
    let scripts = printed_scripts();
    let (file, problems) = CaseFile::parse(cases);
    assert_eq!(problems, []);
    let mut coverage = Coverage::new(&scripts);
    let none = |name: &str| Err(format!("{name}: there is no such file"));
    let result = run(&scripts, "golden_cross", &file, &|_| true, &none, &mut coverage);
    assert_eq!(result.cases.len(), 3);
    let failures: Vec<_> = result.cases.iter().flat_map(|case| &case.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_settings_it_prints_are_settings() {
    for block in blocks("toml").into_iter().filter(|block| !is_cases(block)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("ts.toml"), &block).expect("a file in it");
        let sources =
            ts::settings::Sources { working_folder: folder.path().to_owned(), ..Default::default() };
        assert!(Settings::load(&sources).is_ok(), "{block}\n{:?}", Settings::load(&sources).err());
    }
}

#[test]
fn every_command_it_names_is_one() {
    let mut commands = BTreeSet::new();
    for (place, _) in README.match_indices("ts ") {
        let starts_a_word = README[..place].ends_with(['`', '\n', ' ']);
        let word = README[place + 3..].split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next();
        let is_code = README[..place].ends_with('`') || README[..place].ends_with(['\n']);
        if let (true, true, Some(word)) = (starts_a_word, is_code, word) {
            commands.insert(word);
        }
    }
    commands.retain(|word| !word.is_empty() && !word.starts_with('-'));
    assert!(commands.contains("run") && commands.contains("signals"), "{commands:?}");
    for command in commands {
        assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("ts"))
            .args([command, "--help"])
            .assert()
            .success();
    }
}
