//! `ts backtest` and `ts verify` from the outside, and what must hold of any walk.

mod page;
mod peers;
mod portfolio;
mod properties;
mod schema;

use chrono::NaiveDate;
use serde_json::Value;

use crate::program::{FRIDAY, Folder};

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
fn the_sessions_on_which_nothing_could_be_bought_are_counted_and_can_be_left_out() {
    let folder = Folder::empty();
    let span = "--demo --asset-class equity --strategy equity_momentum --to 2015-07-31";
    let told = document(&folder, span);
    // ma50_slope has its first value on the 70th session.
    assert_eq!(
        (&told["span"]["warm_up"], &told["equity_curve"][69]["date"]),
        (&69.into(), &"2015-04-14".into())
    );
    let note = told["notes"][0].as_str().expect("a note");
    assert!(note.starts_with("no strategy is ready before 2015-04-14: the first 69 of "), "{note}");
    assert!(
        told["trades"]
            .as_array()
            .expect("an array")
            .iter()
            .all(|own| own["decided"].as_str() >= Some("2015-04-14"))
    );
    let told = document(&folder, &format!("{span} --from 2015-04-14"));
    assert_eq!((&told["span"]["warm_up"], &told["notes"]), (&0.into(), &Value::Array(Vec::new())));

    let told = document(&folder, &format!("{span} --walk-forward 40:20"));
    assert_eq!(told["span"]["warm_up"], 40, "all that the first window chooses on");
    let test = &told["walk_forward"]["walked"][0]["test"];
    assert_eq!((&test["sessions"], &test["from"]), (&20.into(), &"2015-03-03".into()));
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
    check("backtest --from 2027-01-01", 1, &["No session in the span", "no bars in the span"]);
    check(
        "backtest --from 2026-11-20 --strategy equity_momentum",
        0,
        &["No trade: no strategy bought anything"],
    );
}

#[test]
fn strict_lets_no_problem_pass() {
    let folder = Folder::with_files();
    let check = |span: &str, has_problems: bool| {
        let told = document(&folder, span);
        assert_eq!(told["problems"] != serde_json::json!([]), has_problems, "{}", told["problems"]);
        let (code, _, stderr) = run(&folder, &format!("backtest {span} --strict"));
        assert_eq!(code, i32::from(has_problems), "{stderr}");
    };
    check(&format!("{SPAN} --strategy equity_momentum"), false);
    // Too few bars for a regime.
    check("--strategy equity_momentum --from 2026-11-02", true);
}

/// Coins with bars on the days that `is_kept` says, beside equities up to the same Friday.
fn both_classes(is_kept: impl Fn(NaiveDate) -> bool) -> Folder {
    let folder = Folder::with_files();
    folder.write(
        "ts.toml",
        "[universe]\nequity = [\"AAA\", \"BBB\"]\ncrypto = [\"BTC\"]\n\
         [sources]\nequity = [\"files\"]\ncrypto = [\"files\"]\n",
    );
    let days = FRIDAY.iter_days().rev().take(400).filter(|day| is_kept(*day));
    let mut rows: Vec<String> = days.map(|day| format!("{day},100,101,99,100,2000000\n")).collect();
    rows.reverse();
    folder.write("market/crypto/BTC.csv", &format!("date,open,high,low,close,volume\n{}", rows.concat()));
    folder
}

#[test]
fn a_year_has_the_sessions_that_the_curve_has() {
    let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let ask = |folder: &Folder, span: &str| {
        let told = document(folder, span);
        let figures = &told["figures"];
        let year = figures["sessions_per_year"].as_f64().expect("a number");
        let basis = figures["sessions_per_year_basis"].as_str().expect("a word").to_owned();
        (year, basis, told)
    };
    let whole = both_classes(|_| true);
    let (year, basis, told) = ask(&whole, "--from 2026-09-01");
    assert_eq!((year, basis.as_str()), (365.0, "crypto"));
    assert_eq!(told["settings"]["asset_classes"], serde_json::json!(["equity", "crypto"]));

    let part = both_classes(|day| day >= date("2026-10-15"));
    let (year, basis, told) = ask(&part, "--from 2026-09-01");
    assert_eq!(basis, "counted");
    let sessions = told["span"]["sessions"].as_f64().expect("a count");
    // From the 1st of September to the 20th of November.
    assert!((year - (sessions - 1.0) / 80.0 * 365.2425).abs() < 1e-9, "{year} of {sessions}");
    let (_, text, _) = run(&part, "backtest --from 2026-09-01");
    assert!(text.contains("sessions a year, counted: not every day is a session"), "{text}");

    // Of coins there is no bar in this span, and no word of them.
    let (year, basis, told) = ask(&part, "--from 2026-09-01 --to 2026-10-09");
    assert_eq!((year, basis.as_str()), (252.0, "equity"));
    assert_eq!(told["settings"]["asset_classes"], serde_json::json!(["equity"]));
    let strategies = told["settings"]["strategies"].as_object().expect("an object");
    assert!(strategies.keys().all(|name| name.starts_with("equity")), "{strategies:?}");
    let (_, text, _) = run(&part, "backtest --from 2026-09-01 --to 2026-10-09");
    assert!(text.starts_with("Backtest of equity, 28 sessions"), "{text}");

    let (_, _, alone) = ask(&whole, "--asset-class crypto --from 2026-09-01");
    let strategies = alone["settings"]["strategies"].as_object().expect("an object");
    assert!(strategies.keys().all(|name| name.starts_with("crypto")), "{strategies:?}");
}

#[test]
fn a_span_that_begins_on_a_holiday_begins_with_the_close_before_it() {
    // Labor Day: New York is closed, coins trade.
    let told = document(&both_classes(|_| true), "--from 2026-09-07");
    let figures = &told["figures"];
    assert_eq!(figures["benchmark_span"], serde_json::json!({ "from": "2026-09-07", "to": "2026-11-20" }));
    // SPY gains 0.05 % a session from the 4th of September on.
    let gain = figures["benchmark_return"].as_f64().expect("a number");
    assert!((gain - (1.0005_f64.powi(54) - 1.0)).abs() < 1e-4, "{gain}");
}

#[test]
fn what_became_of_the_signals_and_what_fills_cost_adds_up() {
    let folder = Folder::empty();
    let told = document(&folder, SPAN);
    let signals = &told["signals"];
    let number = |name: &str| signals[name].as_u64().expect("a count");
    let by: u64 =
        signals["filtered_by"].as_object().expect("an object").values().filter_map(Value::as_u64).sum();
    assert!(by > 0 && by == number("filtered"), "{signals}");
    assert_eq!(number("signals"), number("filtered") + number("ordered"));
    let trades = told["trades"].as_array().expect("an array");
    assert_eq!(number("ordered"), trades.len() as u64 + number("unfilled") + number("waiting"));
    let costs: f64 = trades.iter().filter_map(|own| own["costs"].as_f64()).sum();
    let paid = |name: &str| told["costs_paid"][name].as_f64().expect("a number");
    assert!((paid("total") - costs).abs() < 1e-6 && paid("fees") > 0.0 && paid("slippage") > paid("fees"));
    assert!((paid("fees") + paid("slippage") - paid("total")).abs() < 1e-9);

    // Half of an account of ten buys no share.
    folder.write("ts.toml", "[risk]\naccount_equity = 10.0\n");
    let told = document(&folder, &format!("{SPAN} --strategy equity_momentum"));
    assert!(told["signals"]["filtered_by"]["quantity"].as_u64() > Some(0), "{}", told["signals"]);
    let (_, text, _) = run(&folder, &format!("backtest {SPAN} --strategy equity_momentum"));
    assert!(text.contains("Filtered by  ") && text.contains("quantity "), "{text}");
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

#[test]
fn what_was_walked_with_another_constant_and_fill_can_be_verified_too() {
    let asked = "verify --demo --from 2026-11-16 --asset-class equity";
    let folder = Folder::empty();
    let (code, stdout, stderr) = run(&folder, &format!("{asked} --set STOP_ATR_MULT=3 --fill next-close"));
    assert_eq!((code, stdout.starts_with("5 decisions: each is")), (0, true), "{stdout}{stderr}");
    let (code, _, stderr) = run(&folder, &format!("{asked} --set STOP_ATR_MULT=3,4"));
    assert_eq!((code, stderr.contains("give each constant one value")), (2, true), "{stderr}");
}

#[test]
fn what_was_not_verified_is_never_called_sound() {
    check("verify --from 2027-01-01", 1, &["nothing was verified", "no bars in the span"]);
    let folder = Folder::with_files();
    folder.write("strategies/sound.rhai", include_str!("../../../strategies/equity_momentum.rhai"));
    folder.write("strategies/broken.rhai", "fn eligible(row) { row.next_close > 1.0 }");
    let (code, stdout, stderr) = run(&folder, "verify --from 2026-11-16");
    assert_eq!((code, stdout.contains("each is to the byte")), (1, true), "{stdout}{stderr}");
    assert!(stderr.contains("broken.rhai:1:24") && stderr.contains("next_close"), "{stderr}");
}

#[test]
fn a_script_that_does_not_load_is_why_nothing_is_traded() {
    let folder = Folder::with_files();
    let shipped = include_str!("../../../strategies/equity_momentum.rhai");
    folder.write("strategies/mine.rhai", &shipped.replacen("row.close", "row.next_close", 1));
    for arguments in ["backtest", "verify", "backtest --strategy mine", "signals --strategy mine"] {
        let (code, _, stderr) = run(&folder, arguments);
        assert_eq!(code, 78, "{arguments}: {stderr}");
        let told = "mine did not load: strategies/mine.rhai:";
        assert!(stderr.contains(told) && stderr.contains("next_close"), "{arguments}: {stderr}");
    }
    check("backtest --strategy nobody", 2, &["no strategy `nobody`; there are"]);
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
