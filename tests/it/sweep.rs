//! Grids of constants, walks forward and holdouts from the outside.

use serde_json::Value;

use crate::program::{Folder, Said};

/// A span of the simulated market in which the constants below make a difference.
const SPAN: &str = "--demo --strategy equity_momentum --from 2026-03-02 --to 2026-06-30";

fn ask(folder: &Folder, arguments: &str) -> Said {
    folder.ts(&format!("backtest {arguments}").split_whitespace().collect::<Vec<_>>())
}

#[track_caller]
fn document(folder: &Folder, arguments: &str) -> Value {
    let said = ask(folder, &format!("--format json {arguments}"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    serde_json::from_str(&said.stdout).expect("stdout is one JSON document")
}

fn list<'a>(value: &'a Value, what: &str) -> &'a [Value] {
    value[what].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn each_combination_comes_to_what_it_does_alone_and_the_best_is_told_in_full() {
    let folder = Folder::empty();
    let told =
        document(&folder, &format!("{SPAN} --set STOP_ATR_MULT=2:4:1 --set FAST_CLEARANCE=0.005,0.02"));
    let sweep = &told["sweep"];
    assert_eq!((&sweep["combinations"], &sweep["done"]), (&6.into(), &6.into()));
    let trials = list(sweep, "trials");
    let set = |trial: &Value| {
        let constants = &trial["constants"];
        format!(
            "--set STOP_ATR_MULT={} --set FAST_CLEARANCE={}",
            constants["STOP_ATR_MULT"], constants["FAST_CLEARANCE"]
        )
    };
    let mut sharpes = Vec::new();
    for trial in trials {
        let alone = document(&folder, &format!("{SPAN} {}", set(trial)));
        for (name, value) in trial["figures"].as_object().expect("an object") {
            if name != "undefined" {
                assert_eq!(value, &alone["figures"][name], "{name} of {}", trial["constants"]);
            }
        }
        sharpes.push(alone["figures"]["sharpe"].as_f64().expect("it trades"));
    }
    let highest = sharpes.iter().copied().reduce(f64::max).expect("six");
    let best = sweep["best"]["index"].as_u64().expect("a place") as usize;
    assert_eq!(sharpes[best], highest);
    let alone = document(&folder, &format!("{SPAN} {}", set(&trials[best])));
    for part in ["figures", "equity_curve", "trades", "open_positions", "settings", "span"] {
        assert_eq!(told[part], alone[part], "{part}");
    }
    assert!(sharpes.iter().any(|own| *own < highest), "they differ: {sharpes:?}");

    // The second combination, (2, 0.02), has a neighbour in each constant: (2, 0.005) and (3, 0.02).
    let near = &trials[1]["neighbourhood"];
    assert_eq!(near["neighbours"], 2);
    assert_eq!(near["mean_sharpe"].as_f64(), Some((sharpes[0] + sharpes[3]) / 2.0));
    assert_eq!(near["worst_sharpe"].as_f64(), Some(sharpes[0].min(sharpes[3])));
    let map: Vec<Vec<f64>> =
        serde_json::from_value(sweep["heat_map"]["sharpe"].clone()).expect("rows of numbers");
    assert_eq!(map.concat(), sharpes);
    let deflated = sweep["best"]["deflated_sharpe"].as_f64().expect("a probability");
    assert!(deflated > 0.0 && deflated <= 1.0, "{deflated}");
    // A stop that no trade meets, under the largest position, changes R and no money: those curves are one trial.
    let mut curves: Vec<String> = Vec::new();
    for trial in trials {
        let alone = document(&folder, &format!("{SPAN} {}", set(trial)));
        curves.push(alone["equity_curve"].to_string());
    }
    curves.sort();
    curves.dedup();
    assert_eq!(sweep["best"]["trials"], curves.len());
    assert_eq!(sweep["changes_nothing"], serde_json::json!([]));
}

#[test]
fn a_constant_that_nothing_reads_is_no_trial() {
    let folder = Folder::empty();
    let grid = "--set STOP_ATR_MULT=2,4 --set REWARD_RISK=1.5,2,3";
    let said = ask(&folder, &format!("{SPAN} {grid}"));
    for part in [
        "As the best of 2 trials (6 combinations with a ratio, the same curves counted once)",
        "REWARD_RISK changes nothing: all 3 values give the same trades.",
    ] {
        assert!(said.words().contains(part), "{part}\n{}", said.stdout);
    }
    assert!(!said.words().contains("STOP_ATR_MULT changes nothing"), "{}", said.stdout);
    let both = document(&folder, &format!("{SPAN} {grid}"));
    let one = document(&folder, &format!("{SPAN} --set STOP_ATR_MULT=2,4"));
    for figure in ["trials", "deflated_sharpe"] {
        assert_eq!(both["sweep"]["best"][figure], one["sweep"]["best"][figure], "{figure}");
    }
    assert_eq!(both["sweep"]["changes_nothing"], serde_json::json!(["REWARD_RISK"]));
    assert_eq!(list(&both["sweep"], "trials")[0]["neighbourhood"]["neighbours"], 1);
}

#[test]
fn people_read_a_row_a_combination_then_what_the_best_one_is_worth() {
    let folder = Folder::empty();
    let said = ask(&folder, &format!("{SPAN} --set STOP_ATR_MULT=2,4 --set FAST_CLEARANCE=0.005,0.02"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    let words = said.words();
    for part in [
        "Sweep of 4 combinations, each over the same sessions",
        "STOP_ATR_MULT FAST_CLEARANCE trades CAGR Sharpe drawdown expectancy profit factor near worst near",
        "Near: the mean and the worst Sharpe ratio of the combinations one step away in one constant.",
        "Sharpe ratio by STOP_ATR_MULT (down) and FAST_CLEARANCE (across)",
        "As the best of 3 trials (4 combinations with a ratio, the same curves counted once), its true Sharpe ratio is above 0 with a probability of",
        "deflated Sharpe ratio; Bailey, López de Prado 2014",
        "The best combination by itself",
        "Entry timing a mean gain of",
    ] {
        assert!(words.contains(part), "{part}\n{}", said.stdout);
    }
    assert!(!words.contains("failed"), "no script did: {words}");
    let again = ask(&folder, &format!("{SPAN} --set STOP_ATR_MULT=2,4 --set FAST_CLEARANCE=0.005,0.02"));
    assert_eq!(said.stdout, again.stdout, "whichever thread walked what");
}

#[test]
fn the_page_draws_the_best_combination_and_says_what_it_is_the_best_of() {
    let folder = Folder::empty();
    let said = ask(
        &folder,
        &format!("{SPAN} --set STOP_ATR_MULT=2,4 --holdout 2026-06-01 --format html --output page.html"),
    );
    assert_eq!(said.code, 0, "{}", said.stderr);
    let page = folder.read("page.html");
    for part in
        ["Best by Sharpe ratio: STOP_ATR_MULT", "As the best of 2 trials", "Holdout from 2026-06-01 on"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn what_is_no_grid_is_refused_with_what_to_write() {
    let folder = Folder::with_files();
    let check = |arguments: &str, told: &str| {
        let said = ask(&folder, arguments);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{arguments}: {}", said.stderr);
        assert!(said.words().contains(told), "{arguments}: {told}\n{}", said.stderr);
    };
    check("--set STOP_ATR_MULT=1:2:0", "a step of 0 leads nowhere; write one above 0");
    check("--set STOP_ATR_MULT=3:2:1", "3 lies above 2; write the lower end first: 2:3:STEP");
    check("--set STOP_ATR_MULT=1:inf:1", "`inf` is not a finite number");
    check("--set STOP_ATR_MULT=nan", "`NaN` is not a finite number");
    check("--set STOP_ATR_MULT=2,2", "2 comes twice");
    check("--set STOP_ATR_MULT=2 --set STOP_ATR_MULT=3", "`STOP_ATR_MULT` is set twice");
    check(
        "--set STOP_ATR_MULT=2,3 --set STOP_ATR=1,2",
        "no constant `STOP_ATR`; did you mean `STOP_ATR_MULT`?",
    );
    check("--set STOP_ATR_MULT=-1,3", "`STOP_ATR_MULT` is -1; it must be above 0");
    check(
        "--set STOP_ATR_MULT=0.000001:1:0.000001",
        "the grid has 1,000,000 combinations, over 10,000; take fewer values, or confirm with --large-grid",
    );
    check("--set STOP_ATR_MULT=1:1e12:0.5 --large-grid", "over 1,000,000; take fewer values");
    check("--walk-forward 504", "`504` is no pair of lengths");
    check("--walk-forward 504:126", "needs more than 504 to choose on, and the span has 120 sessions");
    check("--reveal", "--holdout <YYYY-MM-DD>");
    check("--holdout 2026-05-01 --from 2026-06-01", "leaves nothing of a span from 2026-06-01 on");
    check("--holdout 2026-05-01 --to 2026-04-01", "lies after --to 2026-04-01; hold out a part of the span");
}

#[test]
fn a_strategy_that_never_trades_has_no_best_combination() {
    let folder = Folder::with_files();
    let arguments = "--strategy equity_momentum --from 2026-11-19 --set STOP_ATR_MULT=2,3";
    let said = ask(&folder, arguments);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.words().contains("No combination has a Sharpe ratio"), "{}", said.stdout);
    let told = document(&folder, arguments);
    assert_eq!(told["sweep"]["best"]["deflated_sharpe"], Value::Null);
    assert_eq!(told["sweep"]["trials"][0]["figures"]["sharpe"], Value::Null);
    assert_eq!(told["sweep"]["trials"][0]["neighbourhood"]["mean_sharpe"], Value::Null);
}

#[test]
fn each_window_trades_what_was_best_on_the_sessions_before_it() {
    let folder = Folder::empty();
    let strategy = "--demo --strategy equity_momentum";
    let grid = "--set STOP_ATR_MULT=2,3,4";
    let told = document(
        &folder,
        &format!("{strategy} {grid} --from 2026-01-02 --to 2026-09-30 --walk-forward 60:40"),
    );
    let forward = &told["walk_forward"];
    let windows = list(forward, "walked");
    assert_eq!((windows.len(), &forward["windows"], &forward["combinations"]), (4, &4.into(), &3.into()));
    let text = |value: &Value| value.as_str().expect("a date").to_owned();
    for window in windows {
        let train = &window["train"];
        let (from, to) = (text(&train["from"]), text(&train["to"]));
        let chosen = document(&folder, &format!("{strategy} {grid} --from {from} --to {to}"));
        assert_eq!(window["constants"], chosen["sweep"]["best"]["constants"], "{from}");
        assert_eq!(window["in_sample_sharpe"], chosen["figures"]["sharpe"], "{from}");
    }
    for pair in windows.windows(2) {
        assert_eq!(pair[0]["test"]["to"], pair[1]["train"]["to"], "no session is lost");
    }
    // The joined curve begins with the close that the first choice was made at, and has each session once.
    let dates: Vec<String> = list(&told, "equity_curve").iter().map(|day| text(&day["date"])).collect();
    assert_eq!(dates[0], text(&windows[0]["train"]["to"]));
    assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "{dates:?}");
    let whole = document(&folder, &format!("{strategy} --from {} --to 2026-09-30", dates[0]));
    assert_eq!(list(&whole, "equity_curve").len(), dates.len());

    let trades = list(&told, "trades");
    assert!(trades.iter().all(|trade| trade["open"] == false), "{trades:?}");
    let is_cut = |trade: &&Value| trade["exit_reason"] == "window_end";
    let ends: Vec<&Value> = windows.iter().map(|own| &own["test"]["to"]).collect();
    assert!(trades.iter().filter(is_cut).all(|trade| ends.contains(&&trade["exit_date"])));
    assert!(trades.iter().filter(is_cut).count() > 3, "{trades:?}");
    let gained: f64 = trades.iter().map(|trade| trade["pnl"].as_f64().expect("a number")).sum();
    let last = list(&told, "equity_curve").last().expect("a day")["equity"].as_f64().expect("a number");
    assert!((100_000.0 + gained - last).abs() < 1e-6, "{gained} {last}");
    let counted: u64 = windows.iter().map(|own| own["trades"].as_u64().expect("a count")).sum();
    assert_eq!(counted as usize, trades.len());

    let ins: Vec<f64> = windows.iter().filter_map(|own| own["in_sample_sharpe"].as_f64()).collect();
    let mean = ins.iter().sum::<f64>() / ins.len() as f64;
    let efficiency = forward["efficiency"].as_f64().expect("a ratio");
    assert!((efficiency - told["figures"]["sharpe"].as_f64().expect("a ratio") / mean).abs() < 1e-9);
}

#[test]
fn without_a_grid_a_walk_forward_tells_of_its_windows_alone() {
    let folder = Folder::empty();
    let said = ask(&folder, &format!("{SPAN} --walk-forward 40:20"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    let words = said.words();
    for part in [
        "Walk forward: 40 sessions to choose on, then 20 to trade; 3 windows",
        "At a window's end its positions are sold at the last close (window_end) and nothing is ordered.",
    ] {
        assert!(words.contains(part), "{part}\n{}", said.stdout);
    }
    for choice in ["Each window takes", "Efficiency"] {
        assert!(!words.contains(choice), "{choice}\n{}", said.stdout);
    }
}

#[test]
fn windows_of_one_session_say_why_no_entry_can_be_timed() {
    let folder = Folder::empty();
    let said = ask(&folder, &format!("{SPAN} --walk-forward 60:1"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    let words = said.words();
    assert!(!words.contains("Trades 0 closed"), "{words}");
    assert!(words.contains("every trade was sold at a close"), "{words}");
    assert!(
        words.contains("DEMO: the bars are simulated, not real prices, and their trends are easier"),
        "{words}"
    );
}

#[test]
fn a_constant_that_nothing_asked_has_is_named() {
    let folder = Folder::empty();
    let remark =
        "--set MIN_MA50_SLOPE changes nothing: no strategy of crypto that may buy has it, nor its scorer";
    let span = "--demo --from 2026-06-01";
    let said = ask(&folder, &format!("{span} --asset-class crypto --set MIN_MA50_SLOPE=0.01"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains(remark), "{}", said.stderr);
    // Of both classes one has it; a scorer's constant is one, too.
    for asked in ["--set MIN_MA50_SLOPE=0.01", "--asset-class crypto --set POINTS_PER_RETURN=2"] {
        let said = ask(&folder, &format!("{span} {asked}"));
        assert!(!said.stderr.contains("changes nothing"), "{asked}: {}", said.stderr);
    }
}

#[test]
fn a_holdout_is_as_if_its_sessions_were_not_there() {
    let folder = Folder::empty();
    let (strategy, grid) = ("--demo --strategy equity_momentum --from 2026-03-02", "--set STOP_ATR_MULT=2,3");
    let hidden = document(&folder, &format!("{strategy} {grid} --holdout 2026-06-01"));
    let mut before = document(&folder, &format!("{strategy} {grid} --to 2026-05-31"));
    assert_eq!(hidden["holdout"]["shown"], Value::Null);
    before["holdout"] = hidden["holdout"].clone();
    assert_eq!(hidden, before);
    let said = ask(&folder, &format!("{strategy} --holdout 2026-06-01"));
    assert!(said.words().contains(" sessions kept out of all of this; --reveal shows it."));
    let beyond = ask(&folder, &format!("{strategy} --holdout 2100-01-01"));
    assert!(
        beyond.words().contains("Holdout from 2100-01-01 on: it has no session, so nothing was kept out.")
    );

    // Decided from the close before it on, the holdout is an ordinary backtest of the best combination.
    let shown = document(&folder, &format!("{strategy} {grid} --holdout 2026-06-01 --reveal"));
    let own = &shown["holdout"]["shown"];
    let best = &shown["sweep"]["best"]["constants"]["STOP_ATR_MULT"];
    let alone = document(
        &folder,
        &format!("--demo --strategy equity_momentum --from 2026-05-29 --set STOP_ATR_MULT={best}"),
    );
    assert_eq!((&own["trades"], &own["equity_curve"]), (&alone["trades"], &alone["equity_curve"]));
    assert_eq!(own["from"], "2026-06-01");
    assert_eq!((&own["chosen_by"], &own["chosen_among"]), (&"sharpe".into(), &2.into()));
    let said = ask(&folder, &format!("{strategy} {grid} --holdout 2026-06-01 --reveal"));
    let chosen = "Chosen: of 2 combinations the one with the highest Sharpe ratio on all sessions before it.";
    assert!(said.words().contains(chosen), "{}", said.stdout);
    let said = ask(&folder, &format!("{strategy} {grid} --holdout 2026-06-01 --reveal --walk-forward 30:20"));
    assert!(said.words().contains("highest Sharpe ratio on the 30 sessions before it"), "{}", said.stdout);
    assert_eq!(own["figures"]["sharpe"], alone["figures"]["sharpe"]);
    assert_eq!(shown["figures"], hidden["figures"]);
    // Simulated bars come without end.
    assert_eq!(shown["holdout"]["revealed_before"], Value::Null);
    assert!(!folder.path().join("data/ts.db").exists());
    let said = ask(&folder, &format!("{strategy} --holdout 2026-06-01 --reveal"));
    assert!(said.words().contains("The bars are simulated: this look is not recorded."), "{}", said.stdout);
}

/// A Monday: stocks were last decided on Friday, coins on Sunday.
#[test]
fn a_holdout_of_both_classes_buys_nothing_before_it_begins() {
    let folder = Folder::empty();
    let asked = "--demo --from 2026-03-02 --to 2026-06-30 --holdout 2026-06-01 --reveal";
    let told = document(&folder, asked);
    let own = &told["holdout"]["shown"];
    let dates: Vec<&str> = own["equity_curve"]
        .as_array()
        .expect("a curve")
        .iter()
        .map(|point| point["date"].as_str().expect("a date"))
        .collect();
    assert_eq!((dates[0], dates[1], dates[dates.len() - 1]), ("2026-05-31", "2026-06-01", "2026-06-30"));
    let bought: Vec<(&str, &str)> = own["trades"]
        .as_array()
        .expect("trades")
        .iter()
        .map(|own| {
            (own["asset_class"].as_str().expect("a class"), own["entry_date"].as_str().expect("a date"))
        })
        .collect();
    assert!(!bought.is_empty() && bought.iter().all(|(_, date)| *date >= "2026-06-01"), "{bought:?}");
    assert_eq!(
        (&own["sessions_per_year"], &own["sessions_per_year_basis"]),
        (&365.0.into(), &"crypto".into())
    );
    let said = ask(&folder, asked);
    let basis = "Reckoned with                 365 sessions a year: every day is one; benchmark SPY";
    assert_eq!(said.stdout.matches(basis).count(), 2, "{}", said.stdout);
}

#[test]
fn every_look_at_a_holdout_is_written_down_and_counted() {
    let folder = Folder::with_files();
    let said = folder.ts(&["journal", "reveals"]);
    assert_eq!((said.code, said.stdout.trim()), (0, "No holdout was revealed yet."), "{}", said.stderr);
    assert_eq!(folder.ts(&["journal", "reveals", "--format", "json"]).stdout.trim(), "[]");
    let looks = |arguments: &str| {
        let told =
            document(&folder, &format!("--strategy equity_momentum --set STOP_ATR_MULT=2,3 {arguments}"));
        told["holdout"]["revealed_before"].as_u64().expect("a count")
    };
    assert_eq!(looks("--holdout 2026-10-01"), 0);
    assert!(!folder.path().join("data/ts.db").exists(), "nothing was shown");
    assert_eq!(looks("--holdout 2026-10-01 --reveal"), 0);
    assert_eq!(looks("--holdout 2026-10-01"), 1);
    assert_eq!(looks("--holdout 2026-11-02 --reveal"), 1, "a part of what was shown");
    assert_eq!(looks("--holdout 2026-10-01 --reveal"), 2);
    assert_eq!(looks("--holdout 2026-07-01 --to 2026-09-30 --reveal"), 0, "none of it was shown");
    let said = ask(&folder, "--strategy equity_momentum --holdout 2026-11-02 --reveal");
    assert!(said.words().contains("Sessions of it were revealed 3 times before"), "{}", said.stdout);
    // Nothing beyond the bars can be shown, and so nothing is written down.
    let said = ask(&folder, "--strategy equity_momentum --holdout 2027-01-04 --reveal");
    assert!(said.words().contains("no session in the holdout from 2027-01-04 on"), "{}", said.words());

    let said = folder.ts(&["journal", "reveals", "--format", "json"]);
    let rows: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let rows = rows.as_array().expect("an array");
    assert_eq!(rows.len(), 5);
    let first = &rows[4];
    assert_eq!((&first["from"], &first["to"]), (&"2026-10-01".into(), &"2026-11-20".into()));
    assert_eq!((&first["trials"], &first["asset_classes"][0]), (&2.into(), &"equity".into()));
    assert!(first["constants"]["STOP_ATR_MULT"].is_number(), "{first}");
    let said = folder.ts(&["journal", "reveals"]);
    assert!(said.words().contains("revealed from to classes scripts trials constants"), "{}", said.stdout);
}

#[test]
fn a_holdout_is_not_shown_where_that_cannot_be_written_down() {
    let folder = Folder::with_files();
    folder.write("data/ts.db/", "");
    let said = ask(&folder, "--strategy equity_momentum --holdout 2026-10-01 --reveal");
    assert_eq!((said.code, said.stdout.as_str()), (78, ""), "{}", said.stderr);
}

#[test]
fn a_script_that_fails_with_one_value_is_named_with_it() {
    let folder = Folder::with_files();
    let shipped = include_str!("../../strategies/equity_momentum.rhai");
    let script =
        shipped.replace("fn entry(row) {", "fn entry(row) {\n    if STOP_ATR_MULT > 2.9 { throw \"odd\"; }");
    folder.write("strategies/equity_momentum.rhai", &script);
    let said = ask(&folder, "--set STOP_ATR_MULT=2,2.5,3");
    assert_eq!(said.code, 1, "a script failed: {}", said.stderr);
    assert!(said.words().contains("with STOP_ATR_MULT=3: "), "{}", said.stderr);
}

#[cfg(unix)]
#[test]
fn an_interruption_prints_what_is_done_and_says_how_much_that_is() {
    use std::process::Command;

    use crate::program::Running;

    let folder = Folder::empty();
    let span = ["backtest", "--demo", "--from", "2026-03-02", "--output", "o.txt"];
    let grid = ["--set", "STOP_ATR_MULT=2:3:0.01", "--set", "MAX_ADV_FRACTION=0.005,0.006"];
    let mut running =
        Running::start_with(&folder, &[("LOG_LEVEL", "debug")], &[&span[..], &grid[..]].concat());
    running.wait_for(&["Walking 202 combinations of equity and crypto", "Walked STOP_ATR_MULT=2, "]);
    let sent = Command::new("kill").args(["-INT", &running.pid().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    running.wait_for(&["error: interrupted: ", "of 202 combinations done"]);
    assert_eq!(running.wait(), 1);
    assert!(folder.read("o.txt").contains("of 202 combinations done\n"), "{}", folder.read("o.txt"));
}

/// On a Saturday equities could neither be sold nor ordered, and Friday's orders would be lost.
#[test]
fn windows_of_both_classes_end_where_both_trade() {
    let folder = Folder::empty();
    let told = document(&folder, "--demo --from 2026-03-02 --to 2026-06-30 --walk-forward 30:7");
    let windows = told["walk_forward"]["walked"].as_array().expect("an array");
    assert!(windows.len() > 5, "{}", windows.len());
    for window in windows {
        for (part, end) in [("train", "from"), ("train", "to"), ("test", "from"), ("test", "to")] {
            let date = window[part][end].as_str().and_then(|text| text.parse().ok()).expect("a date");
            assert!(ts::calendar::is_session(ts::domain::AssetClass::Equity, date), "{part} {end} {date}");
        }
    }
    let sold =
        told["trades"].as_array().expect("an array").iter().filter(|own| own["exit_reason"] == "window_end");
    let ends: Vec<&Value> = windows.iter().map(|own| &own["test"]["to"]).collect();
    for trade in sold {
        assert!(ends.contains(&&trade["exit_date"]), "{trade}");
    }
}

/// What fails on sessions of the holdout alone is told with it: its figures are those of a script that said nothing.
#[test]
fn what_goes_wrong_in_a_holdout_is_told_with_it() {
    let folder = Folder::with_files();
    let shipped = include_str!("../../strategies/equity_momentum.rhai");
    let odd = shipped
        .replace("fn eligible(row) {", "fn eligible(row) {\n    if row.close > 300.0 { throw \"odd\"; }");
    folder.write("strategies/equity_momentum.rhai", &odd);
    let hidden = ask(&folder, "--holdout 2026-11-02");
    assert_eq!(hidden.code, 0, "{}", hidden.words());
    let shown = ask(&folder, "--holdout 2026-11-02 --reveal");
    assert_eq!(shown.code, 1, "{}", shown.words());
    assert!(shown.words().contains("in the holdout, 2026-11-"), "{}", shown.words());
    assert!(shown.words().contains("odd on BBB"), "{}", shown.words());
}
