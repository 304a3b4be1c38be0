//! `ts portfolio` and the record as a person meets them: what is typed is checked, kept, marked without the network
//! and followed by the next run; and what cannot be right changes nothing.

use serde_json::Value;

use crate::program::{Folder, Said};

const BUY: &str =
    "portfolio add BBB --quantity 10 --price 322 --date 2026-11-18 --strategy equity_momentum --stop 310";

/// The last of BBB's 120 closes.
fn last_close() -> f64 {
    100.0 * 1.01_f64.powi(119)
}

fn ts(folder: &Folder, line: &str) -> Said {
    folder.ts(&line.split_whitespace().collect::<Vec<_>>())
}

fn done(folder: &Folder, line: &str) -> Said {
    let said = ts(folder, line);
    assert_eq!(said.code, 0, "ts {line}: {}", said.words());
    said
}

fn json(folder: &Folder, line: &str) -> Value {
    serde_json::from_str(&done(folder, line).stdout).expect("JSON alone is on stdout")
}

/// A command that must be refused with these words, and leave what is held as it was.
fn check_refused(begin: &[&str], files: &[(&str, &str)], line: &str, code: i32, told: &str) {
    let folder = Folder::with_files();
    for (name, text) in files {
        folder.write(name, text);
    }
    for line in begin {
        done(&folder, line);
    }
    let before = ts(&folder, "portfolio list --format json").stdout;
    let said = ts(&folder, line);
    assert_eq!(said.code, code, "ts {line}: {}", said.words());
    assert!(said.words().contains(told), "ts {line} does not say {told:?}: {}", said.words());
    assert_eq!(said.stdout, "", "ts {line}");
    assert_eq!(ts(&folder, "portfolio list --format json").stdout, before, "ts {line} changed what is held");
}

#[test]
fn what_cannot_have_been_bought_or_sold_is_refused_with_a_hint() {
    let add = |rest: &str| format!("portfolio add AAA --quantity 5 --price 100 --date 2026-11-18 {rest}");
    let momentum = "--strategy equity_momentum --stop 95";
    let refused = |line: &str, told: &str| check_refused(&[], &[], line, 2, told);
    refused(
        &format!("portfolio add AAA --quantity 0 --price 100 {momentum}"),
        "--quantity 0 is not a number over zero",
    );
    refused(
        &format!("portfolio add AAA --quantity 5 --price=-1 {momentum}"),
        "--price -1 is not a number over zero",
    );
    refused(
        &format!("portfolio add AAA --quantity -5 --price 100 {momentum}"),
        "--quantity -5 is not a number over zero",
    );
    refused(
        &format!("portfolio add AAA --quantity 1e15 --price 100 {momentum}"),
        "1,000,000,000,000,000 units cannot be meant",
    );
    refused(
        &format!("portfolio add AAA --quantity 1e11 --price 100 {momentum}"),
        "10,000,000,000,000 in all cannot be meant",
    );
    refused(
        &format!("portfolio add AAA --quantity 5 --price NaN {momentum}"),
        "--price NaN is not a number over zero",
    );
    refused(
        &format!("portfolio add AAA --quantity five --price 1 {momentum}"),
        "invalid value 'five' for '--quantity <UNITS>'",
    );
    refused(&add("--strategy equity_momentun --stop 95"), "did you mean `equity_momentum`?");
    refused(&add("--strategy zzz"), "no strategy is called `zzz`");
    refused("portfolio add AAA --quantity 5 --price 100 --date 2027-11-20", "2027-11-20 has not come yet");
    refused(&add("--strategy zzz --stop 95"), "no strategy is called `zzz`; it is one of equity_");
    refused(
        &add("--strategy crypto_momentum --stop 95"),
        "crypto_momentum trades crypto, and this is equity",
    );
    refused(
        &add("--strategy equity_momentum --stop 100"),
        "its stop of 100.00 is not under its entry of 100.00; give the stop as it was at the entry",
    );
    refused(&add("--strategy equity_momentum --stop 0"), "--stop 0 is not a number over zero");
    refused(
        &add("--strategy equity_momentum"),
        "no recent recommendation of AAA by equity_momentum tells its stop; add --stop",
    );
    refused(&add("--stop 95"), "add --strategy, one of equity_");
    let on = |date: &str| format!("portfolio add AAA --quantity 5 --price 100 --date {date} {momentum}");
    refused(&on("2026-11-21"), "2026-11-21 is a Saturday, no session; the one before it is 2026-11-20");
    refused(&on("2025-12-25"), "2025-12-25 is Christmas Day, no session");
    refused(&on("2026-11-23"), "2026-11-23 has not come yet, today is 2026-11-2");
    refused(&on("2026-13-01"), "invalid value '2026-13-01'");
    refused(
        "portfolio add ZZZ --quantity 5 --price 100 --stop 90",
        "ZZZ is in no universe, so its class is not known; add --asset-class",
    );
    refused("portfolio add $$$ --quantity 5 --price 100 --stop 90", "$$$");
    refused("portfolio close BBB --price 300", "BBB is not held: the journal holds no position");
}

#[test]
fn what_does_not_fit_what_is_held_is_refused_with_a_hint() {
    let refused = |line: &str, told: &str| check_refused(&[BUY], &[], line, 2, told);
    refused(BUY, "it is held since 2026-11-18, and a strategy holds one lot of a symbol");
    refused("portfolio close BBC --price 300", "BBC is not held; did you mean BBB?");
    refused("portfolio close XYZ --price 300", "XYZ is not held; `ts portfolio list` shows what is");
    refused(
        "portfolio close BBB --price 330 --strategy equity_rotation",
        "BBB is not held for equity_rotation; it is held as equity for equity_momentum",
    );
    refused("portfolio close BBB --price 330 --quantity 11", "11 units of 10 cannot be sold");
    refused("portfolio close BBB --price 330 --quantity 0", "--quantity 0 is not a number over zero");
    refused("portfolio close BBB --price 0", "--price 0 is not a number over zero");
    refused(
        "portfolio close BBB --price 330 --date 2026-11-17",
        "2026-11-17 lies before its entry on 2026-11-18",
    );
    refused("portfolio close BBB --price 330 --date 2026-11-22", "2026-11-22 is a Sunday");
    refused("portfolio close BBB --price 330 --date 2026-11-24", "2026-11-24 has not come yet");
    let other = BUY.replace("equity_momentum", "equity_rotation");
    check_refused(
        &[BUY, &other],
        &[],
        "portfolio close BBB --price 330",
        2,
        "BBB is held more than once (equity for equity_momentum, equity for equity_rotation); name one with --strategy",
    );
}

const HEADER: &str = "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n";

#[test]
fn an_import_is_all_or_nothing_and_names_its_lines() {
    let refused = |rows: &str, code: i32, told: &str| {
        let text = format!("{HEADER}AAA,equity,equity_momentum,2026-11-18,100,10,95\n{rows}");
        check_refused(&[], &[("held.csv", &text)], "portfolio import held.csv", code, told);
    };
    refused(
        "BBB,equity,equity_momentum,2026-11-18,322,ten,310\n",
        2,
        "line 3: column `quantity`: `ten` is not a number over zero",
    );
    refused(
        "BBB,equity,equity_momentun,2026-11-18,322,10,310\n",
        2,
        "line 3: BBB: no strategy is called `equity_momentun`; did you mean `equity_momentum`?",
    );
    refused(
        "BBB,equity,equity_momentum,2026-11-18,322,10,330\n",
        2,
        "nothing was imported line 3: BBB: its stop of 330.00",
    );
    refused("BBB,equity,equity_momentum,2026-11-21,322,10,310\n", 2, "line 3: BBB: 2026-11-21 is a Saturday");
    refused(
        "BBB,equity,equity_momentum,2026-11-23,322,10,310\n",
        2,
        "line 3: BBB: 2026-11-23 has not come yet",
    );
    refused(
        "AAA,equity,equity_momentum,2026-11-19,100,10,95\n",
        2,
        "lines 2 and 3 both hold equity AAA for equity_momentum",
    );
    check_refused(&[], &[("held.csv", HEADER)], "portfolio import held.csv", 2, "no line besides its header");
    check_refused(&[], &[], "portfolio import none.csv", 2, "check the path");
    // What the journal holds already is not added twice, and nothing beside it is.
    let text = format!(
        "{HEADER}AAA,equity,equity_momentum,2026-11-18,100,10,95\nBBB,equity,equity_momentum,2026-11-18,322,10,310\n"
    );
    check_refused(
        &[BUY],
        &[("held.csv", &text)],
        "portfolio import held.csv",
        2,
        "BBB for equity_momentum: it is held since",
    );
    let folder = Folder::with_files();
    folder.write("held.csv", &text);
    assert!(done(&folder, "portfolio import held.csv").stdout.ends_with("Imported 2 positions.\n"));
    assert_eq!(json(&folder, "portfolio list --format json").as_array().map(Vec::len), Some(2));
}

#[test]
fn a_header_is_read_in_any_letter_case_and_with_spaces() {
    let header = "Symbol, Asset_Class ,STRATEGY, entry_date, Entry_Price, Quantity , stop_price\n";
    let row = "AAA, equity, equity_momentum, 2026-11-18, 100, 10, 95\n";
    let folder = Folder::with_files();
    // As a spreadsheet saves it.
    folder.write("held.csv", &format!("\u{feff}{header}{row}"));
    assert!(done(&folder, "portfolio import held.csv").stdout.ends_with("Imported 1 position.\n"));
    let twice =
        format!("{},Quantity\nAAA,equity,equity_momentum,2026-11-18,100,10,95,11\n", HEADER.trim_end());
    let told = "has the column `quantity` twice";
    check_refused(&[], &[("held.csv", &twice)], "portfolio import held.csv", 2, told);
}

#[test]
fn a_corrupt_journal_is_refused_and_left_where_it_lies() {
    let garbage = "no database at all ".repeat(300);
    let held = format!("{HEADER}AAA,equity,equity_momentum,2026-11-18,100,10,95\n");
    let list = "portfolio list";
    for line in [BUY, "portfolio close BBB --price 325", "portfolio import held.csv", "portfolio undo", list]
    {
        let folder = Folder::with_files();
        folder.write("held.csv", &held);
        folder.write("data/ts.db", &garbage);
        let said = ts(&folder, line);
        assert_eq!((said.code == 0, said.stdout.as_str()), (false, ""), "ts {line}");
        for told in ["ts.db: it is corrupt", "restore a backup over it"] {
            assert!(said.words().contains(told), "ts {line} does not say {told:?}: {}", said.words());
        }
        assert_eq!(folder.read("data/ts.db"), garbage, "ts {line}");
        assert_eq!(said.code, ts(&folder, list).code, "ts {line}");
    }
}

#[test]
fn a_price_far_from_the_market_and_a_sum_over_the_account_are_remarked() {
    let remarked = |begin: &[&str], line: &str, told: Option<&str>| {
        let folder = Folder::with_files();
        begin.iter().for_each(|line| drop(done(&folder, line)));
        let said = done(&folder, line);
        match told {
            Some(told) => {
                assert!(said.words().contains(told), "ts {line} does not say {told:?}: {}", said.words());
            }
            None => assert!(!said.stderr.contains("note:"), "ts {line}: {}", said.words()),
        }
    };
    let close = |price: &str| format!("portfolio close BBB --date 2026-11-19 --price {price}");
    remarked(&[BUY], &close("325"), None);
    remarked(&[BUY], &close("32.5"), Some("note: BBB: 32.50 lies far from what was traded on 2026-11-19"));
    remarked(&[BUY], &close("3250"), Some("`ts portfolio undo` takes it back"));
    // Of a session that goes on there is no bar: the close before it tells.
    let monday = |line: &str| format!("--now 2026-11-23T16:00:00Z {line}");
    remarked(&[BUY], &monday("portfolio close BBB --price 330"), None);
    remarked(
        &[BUY],
        &monday("portfolio close BBB --price 33"),
        Some("33.00 lies far from the close of 2026-11-20, 326.77"),
    );
    let add = |rest: &str| format!("portfolio add BBB --strategy equity_momentum --stop 31 {rest}");
    remarked(&[], &monday(&add("--quantity 1 --price 3300")), Some("lies far from the close of 2026-11-20"));
    remarked(
        &[],
        &add("--quantity 1000 --price 326"),
        Some("326,000 in all is more than risk.account_equity (100,000)"),
    );
    check_refused(
        &[],
        &[],
        &add("--quantity 1e9 --price 326"),
        2,
        "(1,000,000,000 at 326.00) are 3,260,000 times risk.account_equity (100,000); check quantity and price",
    );
    let many = format!("{HEADER}AAA,equity,equity_momentum,2026-11-18,100,1e6,95\n");
    check_refused(
        &[],
        &[("held.csv", &many)],
        "portfolio import held.csv",
        2,
        "line 2: AAA: 100,000,000 in all",
    );
}

#[test]
fn the_last_change_is_taken_back_and_then_the_one_before_it() {
    let folder = Folder::with_files();
    let nothing = "there is nothing to take back";
    let refused = |folder: &Folder| {
        let said = ts(folder, "portfolio undo");
        assert!(said.code == 2 && said.words().contains(nothing), "{} {}", said.code, said.words());
    };
    refused(&folder);
    assert!(!folder.path().join("data/ts.db").exists(), "no journal is made to say so");
    let list = |folder: &Folder| done(folder, "portfolio list --format json").stdout;
    folder.write("held.csv", &format!("{HEADER}AAA,equity,equity_momentum,2026-11-18,100,10,95\nCCC,equity,equity_momentum,2026-11-18,100,10,95\n"));
    let steps = [
        (
            BUY,
            "equity BBB 10 bought at 322.00 on 2026-11-18",
            "Undone: 1 position added on 2026-11-22 at 12:00 UTC is held no longer.",
        ),
        (
            "portfolio import held.csv",
            "equity CCC 10",
            "Undone: 2 positions added on 2026-11-22 at 12:00 UTC are held no longer.",
        ),
        (
            "portfolio close BBB --quantity 0.1 --price 325 --date 2026-11-19",
            "equity BBB 10 bought",
            "Undone: the sale of 0.1 at 325.00 on 2026-11-19, told on 2026-11-22 at 12:00 UTC; 10 BBB are held again.",
        ),
        (
            "portfolio close BBB --price 326 --date 2026-11-20",
            "equity BBB 9.9 bought",
            "9.9 BBB are held again.",
        ),
    ];
    let mut before = Vec::new();
    for (line, ..) in steps {
        before.push(list(&folder));
        done(&folder, line);
    }
    for (line, begins, ends) in steps.into_iter().rev() {
        let said = done(&folder, "portfolio undo");
        assert!(said.stdout.contains(begins) && said.stdout.contains(ends), "{line}: {}", said.stdout);
        assert_eq!(list(&folder), before.pop().expect("a list a step"), "{line}");
    }
    refused(&folder);
    // What was taken back may be told again.
    done(&folder, BUY);
}

#[test]
fn the_first_lot_does_not_silence_the_settings_file() {
    let settings = format!("{}[portfolio]\nfile = \"held.csv\"\n", crate::program::FILES);
    let held = format!("{HEADER}AAA,equity,equity_momentum,2026-11-18,100,10,95\n");
    let files = [("ts.toml", settings.as_str()), ("held.csv", held.as_str())];
    check_refused(&[], &files, BUY, 2, "first run `ts portfolio import");
    check_refused(&["portfolio import held.csv", BUY], &files, BUY, 2, "it is held since");
}

#[test]
fn what_does_not_fit_its_bars_is_shown_at_their_close_and_not_valued() {
    let folder = Folder::with_files();
    done(
        &folder,
        "portfolio add BBB --quantity 10 --price 32.2 --date 2026-11-18 --strategy equity_momentum --stop 31",
    );
    let said = done(&folder, "portfolio list --format json");
    let rows: Value = serde_json::from_str(&said.stdout).expect("JSON alone is on stdout");
    let close = rows[0]["close"].as_f64().expect("the bar's close");
    assert!((close - last_close()).abs() < 1e-3, "{close}");
    for key in ["value", "pnl", "pnl_pct", "r_multiple"] {
        assert!(rows[0][key].is_null(), "{key}: {}", rows[0][key]);
    }
    assert!(said.words().contains("note: BBB: its entry of 32.20 lies far from the bar"), "{}", said.words());
}

#[test]
fn a_holding_is_marked_at_the_bars_at_hand_and_leaves_in_parts() {
    let folder = Folder::with_files();
    assert_eq!(done(&folder, "portfolio list").stdout, "No positions are held.\n");
    let said = done(&folder, BUY);
    assert_eq!(
        said.stdout,
        "equity BBB 10 bought at 322.00 on 2026-11-18, stop 310.00 (risks 120.00), sold by equity_momentum\n"
    );
    let rows = json(&folder, "portfolio list --format json");
    let row = &rows[0];
    let close = last_close();
    let near = |key: &str, expected: f64| {
        let found = row[key].as_f64().expect("a number");
        assert!((found - expected).abs() < 1e-3, "{key}: {found}, not {expected}");
    };
    near("close", close);
    near("value", close * 10.0);
    near("pnl", (close - 322.0) * 10.0);
    near("pnl_pct", close / 322.0 - 1.0);
    near("r_multiple", (close - 322.0) / 12.0);
    near("sessions_held", 2.0);
    assert_eq!((row["close_date"].as_str(), row["stop_price"].as_f64()), (Some("2026-11-20"), Some(310.0)));
    let part = done(&folder, "portfolio close BBB --quantity 4 --price 325 --date 2026-11-19").stdout;
    assert!(
        part.contains("BBB 4 sold at 325.00 on 2026-11-19 (by hand): +12.00, 0.25 R, 6 are left"),
        "{part}"
    );
    // Without a price, the open of the session: 0.999 of its close.
    let rest = done(&folder, "portfolio close BBB");
    assert!(rest.words().contains("note: the price is the open of 2026-11-20"), "{}", rest.words());
    assert!(rest.stdout.contains("BBB 6 sold at 326.44 on 2026-11-20"), "{}", rest.stdout);
    assert_eq!(done(&folder, "portfolio list").stdout, "No positions are held.\n");
}

#[test]
fn an_entry_far_from_its_bar_is_remarked() {
    let folder = Folder::with_files();
    let said = done(&folder, &BUY.replace("322", "3220"));
    assert!(
        said.stderr.contains("BBB: 3,220.00 lies far from what was traded on 2026-11-18"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_was_recommended_at_the_last_close_is_not_bought_yet() {
    let folder = Folder::with_files();
    done(&folder, "run --asset-class equity");
    let said = ts(&folder, "portfolio add BBB --quantity 3 --price 321");
    let told =
        "BBB: it was recommended after the close of 2026-11-20, to be bought at the open of 2026-11-23";
    assert!(said.code == 2 && said.words().contains(told), "{}", said.words());
    // Who knows better says who sells it and where its stop is.
    done(&folder, "portfolio add BBB --quantity 3 --price 321 --strategy equity_momentum --stop 300");
}

/// Two runs that count, a session apart, and what the second says of the first.
#[test]
fn a_run_follows_what_earlier_runs_recommended_and_a_dry_run_keeps_nothing_of_it() {
    let folder = Folder::with_files();
    let first = json(&folder, "run --asset-class equity --date 2026-11-17 --format json");
    let buy = &first["recommendations"][0];
    assert_eq!(
        (buy["symbol"].as_str(), first["past"]["record"].as_array().map(Vec::len)),
        (Some("BBB"), Some(0))
    );
    let stored = |folder: &Folder| {
        let rows = json(folder, "journal recommendations --format json");
        let own = rows.as_array().and_then(|rows| rows.iter().find(|row| row["id"] == buy["id"]).cloned());
        own.expect("it is kept")["outcome"].clone()
    };
    let dry = json(&folder, "run --asset-class equity --dry-run --format json");
    assert_eq!(stored(&folder), Value::Null);
    let run = json(&folder, "run --asset-class equity --format json");
    assert_eq!(run["past"], dry["past"]);
    let past = &run["past"]["recommendations"][0];
    assert_eq!((past["id"].as_str(), past["state"].as_str()), (buy["id"].as_str(), Some("open")));
    assert_eq!(past["entry_date"], "2026-11-18");
    let number = |value: &Value, key: &str| value[key].as_f64().expect("a number");
    // Filled at the open, 0.999 of its close; marked at the last close, two sessions on.
    let close = |sessions_ago: i32| 100.0 * 1.01_f64.powi(119 - sessions_ago);
    let (entry, last, stop) = (close(2) * 0.999, close(0), number(buy, "stop_price"));
    assert!((number(past, "entry_price") - entry).abs() < 1e-3);
    assert!((number(past, "r_multiple") - (last - entry) / (entry - stop)).abs() < 1e-3, "{past}");
    let record = &run["past"]["record"][0];
    assert_eq!(
        (record["strategy"].clone(), record["open"].clone()),
        (buy["strategy_name"].clone(), 1.into())
    );
    assert_eq!(record["all"]["win_rate"], Value::Null, "none is closed yet");
    assert_eq!(stored(&folder)["state"], "open");
    // The second run can be decided again, what it says of the past included.
    let id = run["run"]["id"].as_str().expect("an id");
    done(&folder, &format!("replay {id} --recompute"));
    // A session before what was found tells the day as it was, and takes nothing back.
    let before = json(&folder, "run --asset-class equity --date 2026-11-18 --format json");
    assert_eq!(
        before["past"]["recommendations"][0]["outcome"]
            .as_str()
            .map(|own| own.starts_with("open after 0 bars")),
        Some(true)
    );
    assert_eq!(stored(&folder)["last_session"], "2026-11-20");
    // What was recommended tells strategy and stop of what is bought.
    let said = done(&folder, "portfolio add BBB --quantity 3 --price 321 --date 2026-11-18");
    let strategy = buy["strategy_name"].as_str().expect("a name");
    assert!(said.stdout.contains(&format!("sold by {strategy}")), "{}", said.stdout);
    assert!(said.stderr.contains("is the one that was recommended on 2026-11-17"), "{}", said.stderr);
}

#[test]
fn a_stop_is_carried_through_the_sessions_that_were_missed() {
    let folder = Folder::with_files();
    let trailing = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 3.0;\n\
                    fn eligible(row) { row.close > 1.0 }\nfn entry(row) { }\n\
                    fn exit(row, position) { }\nfn stop(row, position) { return row.close * 0.9; }\n";
    folder.write("strategies/trailing.rhai", trailing);
    let buy = BUY.replace("equity_momentum", "trailing").replace("310", "200");
    done(&folder, &buy);
    let stop = |folder: &Folder| {
        json(folder, "portfolio list --format json")[0]["stop_price"].as_f64().expect("a number")
    };
    done(&folder, "run --dry-run");
    assert_eq!(stop(&folder), 200.0, "a dry run advances a copy");
    // Three sessions since the entry, none of them run on its day.
    done(&folder, "run");
    assert!((stop(&folder) - last_close() * 0.9).abs() < 1e-3, "{}", stop(&folder));
}
