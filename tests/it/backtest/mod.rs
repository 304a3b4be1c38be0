//! `ts backtest` and `ts verify` from the outside, and what must hold of any walk.

mod page;
mod peers;
mod properties;

use serde_json::Value;

use crate::program::Folder;

/// A span of the simulated market with a few trades in it.
const SPAN: &str = "--demo --from 2026-03-02 --to 2026-06-30";

fn run(folder: &Folder, arguments: &str) -> (i32, String, String) {
    let said = folder.ts(&arguments.split_whitespace().collect::<Vec<_>>());
    (said.code, said.stdout, said.stderr)
}

fn document(folder: &Folder, arguments: &str) -> Value {
    let (code, stdout, stderr) = run(folder, &format!("backtest --format json {arguments}"));
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).expect("stdout is one JSON document")
}

#[test]
fn the_json_has_the_fields_of_the_contract_and_its_sums_agree() {
    let folder = Folder::empty();
    let told = document(&folder, SPAN);
    assert_eq!((&told["span"]["from"], &told["span"]["to"]), (&"2026-03-02".into(), &"2026-06-30".into()));
    let curve = told["equity_curve"].as_array().expect("an array");
    assert_eq!(told["span"]["sessions"], curve.len());
    assert_eq!(curve.len(), 121, "with crypto every day is one");
    let trades = told["trades"].as_array().expect("an array");
    assert!(trades.len() > 10, "{}", trades.len());
    let sum: f64 = trades.iter().map(|own| own["pnl"].as_f64().expect("a number")).sum();
    let last = curve[120]["equity"].as_f64().expect("a number");
    assert!((100_000.0 + sum - last).abs() < 1e-6, "{sum} {last}");
    assert_eq!(told["figures"]["final_equity"], curve[120]["equity"]);
    let figures = &told["figures"];
    assert_eq!((&figures["benchmark"], &figures["sessions_per_year"]), (&"SPY".into(), &365.0.into()));
    let gain = figures["total_return"].as_f64().expect("a number");
    assert!((gain - (last / 100_000.0 - 1.0)).abs() < 1e-9, "{gain}");
    let is_open = |own: &&Value| own["open"] == true;
    let open = told["open_positions"].as_array().expect("an array");
    assert_eq!(open.len(), trades.iter().filter(is_open).count());
    assert!(trades.iter().all(|own| own["costs"].as_f64() > Some(0.0)));
    assert_eq!(told["settings"]["fill"], "next-open");
    assert_eq!(told["settings"]["costs"]["crypto"]["fee"], 0.0008);
}

#[test]
fn the_same_question_has_the_same_bytes_for_an_answer() {
    let folder = Folder::empty();
    let ask = |format: &str| run(&folder, &format!("backtest {SPAN} --format {format}")).1;
    for format in ["text", "json"] {
        assert_eq!(ask(format), ask(format));
    }
    // Nor does it hang on the engine; `verify` finds no row on which the two differ.
    for engine in ["interpreter", "verify"] {
        assert_eq!(ask(&format!("text --engine {engine}")), ask("text"), "{engine}");
    }
}

#[test]
fn each_flag_does_what_it_says() {
    let folder = Folder::empty();
    let one = format!("{SPAN} --strategy equity_momentum");
    let plain = document(&folder, &one);
    let strategies = plain["settings"]["strategies"].as_object().expect("an object");
    assert_eq!(strategies.keys().collect::<Vec<_>>(), ["equity_momentum"]);
    assert_eq!(plain["settings"]["asset_classes"], serde_json::json!(["equity"]));
    let free = document(&folder, &format!("{one} --no-costs"));
    assert_eq!(free["settings"]["costs"], Value::Null);
    assert!(free["trades"].as_array().expect("an array").iter().all(|own| own["costs"] == 0.0));
    let wide = document(&folder, &format!("{one} --set STOP_ATR_MULT=4"));
    assert_eq!(wide["settings"]["strategies"]["equity_momentum"]["constants"]["STOP_ATR_MULT"], 4.0);
    let late = document(&folder, &format!("{one} --fill next-close"));
    assert_eq!(late["settings"]["fill"], "next-close");
    for other in [&free, &wide, &late] {
        assert_ne!(other["trades"], plain["trades"]);
    }
    folder.write(
        "ts.toml",
        "[backtest]\nfill = \"next-close\"\n[strategies.equity_momentum]\nenabled = false\n",
    );
    let named = document(&folder, &one);
    assert_eq!(named["trades"], late["trades"], "named, it trades though it is switched off");
}

#[test]
fn a_file_gets_the_report_and_stdout_nothing() {
    let folder = Folder::empty();
    let (code, stdout, _) = run(&folder, &format!("backtest {SPAN} --output out/report.txt"));
    assert_eq!((code, stdout.as_str()), (0, ""));
    let text = folder.read("out/report.txt");
    for part in ["Total return", "crypto fills at 00:00 UTC, the instant of its decision", "Trades"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Asks for something odd in a folder of two equities in files, and expects a code and words.
fn check(arguments: &str, code: i32, told: &[&str]) {
    let folder = Folder::with_files();
    let said = folder.ts(&arguments.split_whitespace().collect::<Vec<_>>());
    assert_eq!(said.code, code, "{arguments}: {}", said.words());
    for part in told {
        assert!(said.words().contains(part), "{arguments}: {part}\n{}", said.words());
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_what_to_do() {
    check(
        "backtest --from 2026-02-01 --to 2026-01-01",
        2,
        &["--from 2026-02-01 is after --to 2026-01-01; swap them"],
    );
    check("backtest --set STOP_ATR_MUL=3", 2, &["no constant `STOP_ATR_MUL`; did you mean `STOP_ATR_MULT`?"]);
    check("backtest --set STOP_ATR_MULT=far", 2, &["`far` is not a number"]);
    check("backtest --set STOP_ATR_MULT", 2, &["STOP_ATR_MULT=3.0"]);
    check("backtest --set STOP_ATR_MULT=-1", 2, &["`STOP_ATR_MULT` is -1; it must be above 0"]);
    check("backtest --engine grain", 2, &["`grain` is no engine; there are: columns, interpreter, verify"]);
    check("backtest --strategy equity_momentun", 2, &["no strategy `equity_momentun`; there are"]);
    check("backtest --strategy equity_momentum --set TIGHT_ATR_MULT=2", 2, &["no constant `TIGHT_ATR_MULT`"]);
    check("backtest --asset-class crypto --strategy equity_momentum", 2, &["trades no crypto"]);
}

#[test]
fn a_span_without_data_and_one_without_a_trade_are_said_plainly() {
    check("backtest --from 2027-01-01", 0, &["No session in the span", "no bars in the span"]);
    check(
        "backtest --from 2026-11-20 --strategy equity_momentum",
        0,
        &["No trade: no strategy bought anything"],
    );
}

#[test]
fn one_row_that_errs_is_named_and_the_rest_goes_on() {
    let folder = Folder::with_files();
    let shipped = include_str!("../../../strategies/equity_momentum.rhai");
    let script = shipped.replace(
        "fn entry(row) {",
        "fn entry(row) {\n    if row.prev_close < 250.0 && row.close >= 250.0 { throw \"odd\"; }",
    );
    folder.write("strategies/equity_momentum.rhai", &script);
    folder.write("strategies/other.rhai", shipped);
    let (code, stdout, stderr) = run(&folder, "backtest --format json");
    assert_eq!(code, 1, "a script failed: {stderr}");
    let told: Value = serde_json::from_str(&stdout).expect("stdout is one JSON document");
    let failed: Vec<&str> = told["problems"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|own| own["kind"] == "script_run")
        .map(|own| own["message"].as_str().expect("text"))
        .collect();
    let [failed] = &failed[..] else { panic!("one place of one script: {failed:?}") };
    for part in ["strategies/equity_momentum.rhai:", "`entry`: odd on BBB", "no entries from equity_momentum"]
    {
        assert!(failed.contains(part), "{part}: {failed}");
    }
}

#[test]
fn a_run_on_each_day_decides_what_the_backtest_did() {
    let folder = Folder::empty();
    let (code, stdout, stderr) = run(&folder, "verify --demo --from 2026-11-02");
    assert_eq!(code, 0, "{stdout}{stderr}");
    // Fifteen sessions of New York, twenty days of coins.
    assert!(stdout.starts_with("35 decisions: each is to the byte"), "{stdout}");
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_the_walk_and_says_how_far_it_came() {
    use std::process::Command;

    use crate::program::Running;

    let folder = Folder::empty();
    let mut running =
        Running::start(&folder, &["backtest", "--demo", "--from", "2015-01-01", "--output", "out.txt"]);
    running.wait_for(&["Walking the sessions of equity and crypto"]);
    let sent = Command::new("kill").args(["-INT", &running.pid().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    running.wait_for(&[
        "error: interrupted after 2",
        "of 4,342 sessions done",
        "equity",
        "nothing was written",
    ]);
    assert_eq!(running.wait(), 1);
    assert!(!folder.path().join("out.txt").exists(), "no half of a report");
}
