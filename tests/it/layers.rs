//! Imports point down, and the core meets no outside world: proven by reading `src`.
//!
//! The walker reads text, not the compiler's view: it blanks comments and literals, then
//! looks at each path that begins with the crate's root. It refuses what it cannot read
//! (a group or a glob at the root), and does not follow `super::super::`.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `src`, lowest first. A module may import from itself and from lower ranks,
/// never from its own rank. The lowest five build on one another, so each has a rank; the cache
/// stands above the sources, since its plan of fetches is made from what a source allows.
const RANKS: &[&[&str]] = &[
    &["domain"],
    &["clock"],
    &["settings"],
    &["calendar"],
    &["bars", "schedule"],
    &["features", "sources"],
    &["cache"],
    &["scripts"],
    &["lint"],
    &["signals"],
    &["filters"],
    &["decide"],
    &["outcomes", "performance"],
    &["backtest"],
    &["report", "cases"],
    &["mail", "journal", "reload"],
    &["app"],
    &["daemon"],
    &["cli"],
];

/// The modules that see no clock, file, network, environment, process or random number.
const PURE: &[&str] = &[
    "domain",
    "calendar",
    "schedule",
    "bars",
    "features",
    "scripts",
    "lint",
    "signals",
    "filters",
    "decide",
    "outcomes",
    "performance",
    "backtest",
    "report",
    "cases",
];

/// What a pure module may not name outside its tests. `std::{` is here because the walker
/// cannot see what such a group holds.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::{",
    "reqwest",
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant",
    "std::process",
    "rand::",
    "crate::clock",
];

#[test]
fn src_keeps_the_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&src);
    assert!(files.len() > RANKS.len(), "the walk found only {} files under src", files.len());

    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file is readable UTF-8");
        let path = file.strip_prefix(&src).expect("the walk began at src");
        found.extend(violations(&path.to_string_lossy().replace('\\', "/"), &text));
    }
    assert!(found.is_empty(), "the layers are broken:\n{}", found.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of src is readable") {
        let path = entry.expect("an entry of src is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Returns what breaks a rule in the file at `path` (under `src`, with `/`), as sentences.
fn violations(path: &str, text: &str) -> Vec<String> {
    let code = blank_comments_and_literals(text);
    let top = path.split('/').next().unwrap_or(path);
    let module = top.strip_suffix(".rs").unwrap_or(top);
    let is_binary = matches!(module, "main" | "bin");
    let own_rank = rank(module);
    if own_rank.is_none() && !is_binary && module != "lib" {
        return vec![format!("{path}: the module `{module}` has no rank; give it one in tests/it/layers.rs")];
    }

    let mut found = Vec::new();
    let root = if is_binary { "ts::" } else { "crate::" };
    for after_root in after_each(&code, root) {
        let imported: String = after_root.chars().take_while(|c| is_word(*c)).collect();
        if imported.is_empty() {
            found.push(format!(
                "{path}: name one module after `{root}`; a group or glob hides what is imported"
            ));
            continue;
        }
        let Some(imported_rank) = rank(&imported) else {
            found.push(format!("{path}: `{root}{imported}` is no module with a rank"));
            continue;
        };
        // The binary and the crate's root stand above every layer.
        let points_down = own_rank.is_none_or(|own| imported_rank < own);
        if imported != module && !points_down {
            found.push(format!("{path}: `{module}` may not import `{imported}`, which is not below it"));
        }
    }

    let is_test_file = path.ends_with("/tests.rs") || path.contains("/tests/");
    if PURE.contains(&module) && !is_test_file {
        let shipped = without_tests(&code);
        let named =
            EFFECTS.iter().filter(|effect| after_each(&shipped, effect).any(|rest| ends_word(effect, rest)));
        found.extend(named.map(|effect| format!("{path}: `{module}` is pure and may not name `{effect}`")));
    }
    found
}

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|rank| rank.contains(&module))
}

/// Yields what follows each place where `needle` stands as a word of its own.
fn after_each<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(needle)
        .filter(|(at, _)| !code[..*at].ends_with(is_word))
        .map(move |(at, _)| &code[at + needle.len()..])
}

fn ends_word(word: &str, rest: &str) -> bool {
    !word.ends_with(is_word) || !rest.starts_with(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Replaces comments, strings and character literals by a space, so that neither words nor
/// braces in them count.
fn blank_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = code.ends_with(is_word);
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment_length(rest),
            '"' => quoted_length(rest, '"'),
            'r' | 'b' | 'c' if !in_word => raw_string_length(rest),
            '\'' if is_char_literal(rest) => quoted_length(rest, '\''),
            _ => 0,
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// The length of a block comment, those nested in it included.
fn block_comment_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a literal that begins with `quote` and honours backslashes.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

/// The length of a raw string like `r#"…"#` or `br"…"`, zero where none begins.
fn raw_string_length(rest: &str) -> usize {
    let Some(after_r) = rest.strip_prefix("r").or(rest.strip_prefix("br")).or(rest.strip_prefix("cr")) else {
        return 0;
    };
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    if !body.starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = rest.len() - body.len() + 1;
    rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
}

/// Tells a character from a lifetime, both of which begin with a quote.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next().is_some_and(|c| c == '\\' || chars.next() == Some('\''))
}

/// Returns `code` less every item that stands under `#[cfg(test)]`. Expects code without literals.
fn without_tests(code: &str) -> String {
    let mut shipped = String::new();
    let mut rest = code;
    while let Some((before, item)) = rest.split_once("#[cfg(test)]") {
        shipped.push_str(before);
        rest = &item[item_length(item)..];
    }
    shipped + rest
}

/// The length of an item: to its closing brace, or to a semicolon where no brace came before.
fn item_length(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Expects one violation that holds `expected`, or none where it is empty.
fn check(path: &str, text: &str, expected: &str) {
    let found = violations(path, text);
    match expected {
        "" => assert_eq!(found, Vec::<String>::new(), "{path}: {text}"),
        _ => {
            assert_eq!(found.len(), 1, "{path}: {text}\n{found:?}");
            assert!(found[0].contains(expected), "{path}: {text}\n{found:?}");
        }
    }
}

#[test]
fn an_import_points_down_and_never_sideways_or_up() {
    check("bars/series.rs", "use crate::domain::Bar;", "");
    check("decide/mod.rs", "pub use crate::decide::stop::Stop;", "");
    check("clock.rs", "use crate::domain::Bar;", "");
    check("domain/bar.rs", "use crate::settings::Settings;", "`domain` may not import `settings`");
    check("calendar/mod.rs", "use crate::settings::Settings;", "");
    check("settings/mod.rs", "use crate::calendar;", "`settings` may not import `calendar`");
    check("calendar/mod.rs", "use crate::bars::Bars;", "`calendar` may not import `bars`");
    check("sources/mod.rs", "use crate::cache::Cache;", "`sources` may not import `cache`");
    check("cache/plan.rs", "use crate::sources::Limits;", "");
    check("mail/mod.rs", "use crate::journal::Journal;", "`mail` may not import `journal`");
    check("filters/mod.rs", "    use crate::decide::Book;", "`filters` may not import `decide`");
}

#[test]
fn an_inline_path_is_an_import() {
    check("bars/mod.rs", "fn f(x: &crate::report::View) {}", "`bars` may not import `report`");
    check("report/mod.rs", "pub(in crate::app) fn f() {}", "`report` may not import `app`");
    check("bars/mod.rs", "pub(crate) fn f() { my_crate::report::g() }", "");
}

#[test]
fn the_binary_may_import_every_layer_and_no_unknown_one() {
    check("main.rs", "fn main() { ts::cli::main() }", "");
    check("main.rs", "use ts::clii::main;", "`ts::clii` is no module");
    check("bin/other.rs", "use ts::{cli, app};", "name one module");
    check("main.rs", "let x = hosts::name();", "");
}

#[test]
fn a_group_or_glob_at_the_root_is_refused() {
    check("cli/mod.rs", "use crate::{app, decide};", "name one module");
    check("cli/mod.rs", "use crate::*;", "name one module");
    check("cli/mod.rs", "use crate::decide::{Book, Decision};", "");
}

#[test]
fn a_module_without_a_rank_is_refused() {
    check("utils.rs", "", "`utils` has no rank");
    check("helpers/mod.rs", "use crate::domain::Bar;", "`helpers` has no rank");
    check("app/mod.rs", "use crate::utils::x;", "`crate::utils` is no module");
    check("lib.rs", "pub mod domain;", "");
}

#[test]
fn a_pure_module_names_no_effect() {
    for module in PURE {
        for effect in EFFECTS.iter().filter(|effect| !["crate::clock", "std::{"].contains(effect)) {
            check(&format!("{module}/mod.rs"), &format!("fn f() {{ {effect}::x() }}"), effect);
        }
        // The lowest layer breaks the first rule as well, which is told on its own.
        let found = violations(&format!("{module}/mod.rs"), "use crate::clock::Clock;");
        assert!(found.iter().any(|told| told.ends_with("may not name `crate::clock`")), "{found:?}");
        check(&format!("{module}/mod.rs"), "use std::{fs, fmt};", "`std::{`");
    }
    check("app/mod.rs", "use std::fs;", "");
    check("decide/mod.rs", "use std::fmt;", "");
    check("decide/mod.rs", "fn f(x: SystemTimeline, y: InstantLike) { operand::g() }", "");
}

#[test]
fn the_tests_of_a_pure_module_may_name_effects() {
    let tests = "#[cfg(test)]\nmod tests { fn f() { if true { std::fs::read(\"}\"); } } }";
    check("decide/mod.rs", tests, "");
    check("decide/mod.rs", &format!("{tests}\nfn g() {{ std::fs::read(x) }}"), "`std::fs`");
    check("decide/mod.rs", "#[cfg(test)]\nmod tests;\nuse std::env;", "`std::env`");
    check("decide/tests.rs", "use std::fs;", "");
}

#[test]
fn comments_and_literals_do_not_count() {
    check("domain/bar.rs", "/// See [`crate::bars::Bars`].\nstruct Bar;", "");
    check("decide/mod.rs", "/* std::fs /* nested */ std::env */ fn f() {}", "");
    check("decide/mod.rs", "/* a **/ use std::fs;", "`std::fs`");
    check("decide/mod.rs", r##"const A: &str = "say \" std::fs"; const B: &str = r#"" std::env"#;"##, "");
    check("decide/mod.rs", "fn f<'a>(x: &'a str) { x.find('\"'); use std::fs; }", "`std::fs`");
    check("decide/mod.rs", r"fn f() { x.find('\''); use std::fs; }", "`std::fs`");
}
