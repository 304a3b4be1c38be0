//! `ts run` as it is kept, and `ts journal` and `ts replay` on what was kept.

use std::fs;

use chrono::{NaiveDate, TimeDelta};
use rusqlite::Connection;
use serde_json::Value;

use crate::program::Folder;

const DATABASE: &str = "data/ts.db";

/// A folder whose run of Friday is kept, and the run's id.
fn kept() -> (Folder, String) {
    let folder = Folder::with_files();
    let said = folder.ts(&["run", "--format", "json"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    let run: Value = serde_json::from_str(&said.stdout).expect("JSON alone on stdout");
    let id = run["run"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(run["run"]["dry_run"], false);
    assert!(said.stderr.contains(&format!("Kept as run {id}; nobody is mailed")), "{}", said.stderr);
    (folder, id)
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let said = folder.ts(arguments);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    serde_json::from_str(&said.stdout).expect("JSON alone on stdout")
}

#[test]
fn a_dry_run_and_a_demo_keep_nothing() {
    let folder = Folder::with_files();
    for arguments in [&["run", "--dry-run"][..], &["run", "--demo"]] {
        assert_eq!(folder.ts(arguments).code, 0);
    }
    assert!(!folder.path().join(DATABASE).exists());
    let said = folder.ts(&["journal", "runs"]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("there is none yet; a `ts run` without --dry-run makes it"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_was_kept_is_listed_and_shown() {
    let (folder, id) = kept();
    let runs = json(&folder, &["journal", "runs", "--format", "json"]);
    assert_eq!((runs[0]["id"].as_str(), runs[0]["session"].as_str()), (Some(&*id), Some("2026-11-20")));
    let said = folder.ts(&["journal", "runs"]);
    assert!(
        said.stdout.contains(&id[..8]) && said.stdout.contains("2026-11-22 12:00 UTC"),
        "{}",
        said.stdout
    );
    let told = json(&folder, &["journal", "recommendations", "--format", "json"]);
    let replayed = json(&folder, &["replay", &id, "--format", "json"]);
    let mut first = told[0].clone();
    let object = first.as_object_mut().expect("an object");
    assert_eq!(object.remove("run"), Some(Value::String(id.clone())));
    assert_eq!(object.remove("outcome"), Some(Value::Null));
    assert_eq!(first, replayed["recommendations"][0], "every field of it");
    let later = folder.ts(&["journal", "recommendations", "--since", "2026-11-21"]);
    assert_eq!(later.stdout, "The journal holds no recommendation of these sessions.\n");
    let shown = folder.ts(&["journal", "show", &id[..6]]);
    for word in [&*id, "Trading Signals for Nov 20", "equity_momentum", "STOP_ATR_MULT 2.5", "BBB"] {
        assert!(shown.stdout.contains(word), "{word}: {}", shown.stdout);
    }
    let shown = json(&folder, &["journal", "show", &id, "--format", "json"]);
    assert_eq!(shown["recommendations"][0]["symbol"], "BBB");
}

#[test]
fn each_class_of_a_run_has_its_own_preview() {
    let folder = Folder::with_files();
    let last = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let days = (0..260).rev().map(|ago| last - TimeDelta::days(ago));
    let bars: String = days.map(|date| format!("{date},100,101,99,100,5000\n")).collect();
    folder.write("market/crypto/BTC.csv", &format!("date,open,high,low,close,volume\n{bars}"));
    folder.write(
        "ts.toml",
        "[universe]\nequity = [\"AAA\", \"BBB\"]\ncrypto = [\"BTC\"]\n\
         [sources]\nequity = [\"files\"]\ncrypto = [\"files\"]\n",
    );
    let said = folder.ts(&["run"]);
    assert!(said.stderr.contains("data/preview-crypto.html"), "{}{}", said.stdout, said.stderr);
    for (class, is_crypto) in [("equity", false), ("crypto", true)] {
        let page = folder.read(&format!("data/preview-{class}.html"));
        let title = page.split("</title>").next().unwrap_or_default();
        assert_eq!(title.contains("(crypto)"), is_crypto, "{class}: {title}");
    }
}

#[test]
fn a_run_is_replayed_to_the_byte() {
    let (folder, id) = kept();
    let said = folder.ts(&["replay", &id[..8]]);
    assert!(said.stdout.starts_with("TRADING SIGNALS"), "{}", said.stdout);
    folder.ts(&["replay", &id, "--format", "html", "--output", "replayed.html"]);
    assert_eq!(folder.read("replayed.html"), folder.read("data/preview.html"));
    // Neither bars nor settings are read again.
    fs::remove_dir_all(folder.path().join("market")).expect("a folder");
    folder.write("ts.toml", "[risk]\nmax_positions = 1\n");
    let said = folder.ts(&["replay", &id, "--recompute"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("says the same again"), "{}", said.stdout);
}

#[test]
fn a_stored_text_that_was_changed_is_found() {
    let (folder, id) = kept();
    let database = Connection::open(folder.path().join(DATABASE)).expect("a journal");
    // The stored JSON in the place of the text: another whole value.
    database.execute("UPDATE runs SET text_blob = json_blob", []).expect("one run");
    let said = folder.ts(&["replay", &id, "--recompute"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert!(
        said.words().contains("differs, first in line 1 of its text then: { now: TRADING SIGNALS"),
        "{}",
        said.words()
    );
    // One whose bytes were changed is not passed on at all.
    database
        .execute("UPDATE blobs SET bytes = x'00' WHERE id = (SELECT html_blob FROM runs)", [])
        .expect("one");
    let said = folder.ts(&["replay", &id, "--format", "html"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("restore a backup"), "{}", said.stderr);
}

#[test]
fn a_backup_is_a_journal() {
    let (folder, id) = kept();
    let said = folder.ts(&["journal", "backup", "copy.db"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(folder.ts(&["journal", "backup", "copy.db"]).code, 2, "it overwrites nothing");
    fs::remove_dir_all(folder.path().join("data")).expect("a folder");
    folder.write("data/", "");
    fs::rename(folder.path().join("copy.db"), folder.path().join(DATABASE)).expect("a file");
    assert_eq!(folder.ts(&["replay", &id, "--recompute"]).code, 0);
}

#[test]
fn a_corrupt_journal_is_set_aside_by_a_run_and_by_nothing_else() {
    let (folder, _) = kept();
    let garbage = "no database, but long enough to be looked at ".repeat(200);
    folder.write(DATABASE, &garbage);
    for arguments in [&["journal", "runs"][..], &["replay", "ab"], &["run", "--dry-run"]] {
        let said = folder.ts(arguments);
        assert_ne!(said.code, 0);
        assert!(said.words().contains("it is corrupt"), "{}", said.words());
    }
    assert_eq!(folder.read(DATABASE), garbage);
    let said = folder.ts(&["run"]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.words().contains("it was corrupt"), "the report says so: {}", said.stdout);
    assert_eq!(folder.read("data/ts.db.corrupt-20261122T120000Z"), garbage);
    assert_eq!(json(&folder, &["journal", "runs", "--format", "json"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn bad_requests_end_with_their_code_and_a_hint() {
    let (folder, _) = kept();
    let check = |arguments: &[&str], code: i32, word: &str| {
        let said = folder.ts(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}", said.stderr);
        assert!(said.words().contains(word), "{arguments:?}: {}", said.words());
    };
    check(&["replay", "zzz"], 2, "no run's id begins with `zzz`; `ts journal runs` lists them");
    check(&["journal", "show", "zzz"], 2, "`ts journal runs` lists them");
    check(&["replay", "zzz", "--recompute", "--format", "html"], 2, "cannot be used with");
    check(&["run", "--watch"], 2, "add --dry-run");
    Connection::open(folder.path().join(DATABASE))
        .and_then(|database| database.pragma_update(None, "user_version", 99))
        .expect("a journal");
    for arguments in [&["journal", "runs"][..], &["run"], &["run", "--dry-run"]] {
        check(arguments, 78, "a newer ts wrote it (version 99, this one knows 5); upgrade ts");
    }
}
