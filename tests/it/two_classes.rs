//! Two asset classes on one account: each is a job and a mail of its own, and neither spends the other's slots.

use chrono::NaiveDate;
use serde_json::Value;

use crate::program::{Folder, Said};

/// One slot for both classes: BBB breaks out on Friday, and the coin on any day.
const SETTINGS: &str = "[universe]\nequity = [\"AAA\", \"BBB\"]\ncrypto = [\"BTC\"]\n\
                        [sources]\nequity = [\"files\"]\ncrypto = [\"files\"]\n\
                        [risk]\nmax_positions = 1\n[signals]\nmin_conviction = \"LOW\"\n";

const EQUITY: &str = include_str!("../../strategies/equity_momentum.rhai");

/// Buys whatever has a bar.
const COIN: &str = "const META = #{ asset_class: \"crypto\" };\nconst STOP_ATR_MULT = 2.0;\n\
                    fn eligible(row) { true }\n\
                    fn entry(row) { \"bar\" }\n\
                    fn exit(row, position) { () }\n";

const ON_THE_WAY: &str = "no slot is left (risk.max_positions 1): 1 ordered";

fn folder() -> Folder {
    let folder = Folder::with_files();
    folder.write("ts.toml", SETTINGS);
    folder.write("strategies/coin.rhai", COIN);
    folder.write("strategies/equity_momentum.rhai", EQUITY);
    let last: NaiveDate = "2026-11-21".parse().expect("a date");
    let days: Vec<NaiveDate> = last.iter_days().rev().take(120).collect();
    let rows = days.iter().rev().enumerate().map(|(n, day)| {
        let close = 100.0 + f64::from(u32::try_from(n % 7).unwrap_or_default());
        format!("{day},{close},{},{},{close},2000000\n", close + 1.0, close - 1.0)
    });
    let bars: String = rows.collect();
    folder.write("market/crypto/BTC.csv", &format!("date,open,high,low,close,volume\n{bars}"));
    folder
}

fn ts(folder: &Folder, line: &str) -> Said {
    let said = folder.ts(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(said.code, 0, "ts {line}: {}", said.words());
    said
}

fn symbols(told: &Value, list: &str) -> Vec<String> {
    let rows = told[list].as_array().into_iter().flatten();
    rows.filter_map(|own| own["symbol"].as_str()).map(str::to_owned).collect()
}

fn of_crypto(folder: &Folder) -> Value {
    let said = ts(folder, "run --dry-run --asset-class crypto --format json");
    serde_json::from_str(&said.stdout).expect("JSON alone is on stdout")
}

#[test]
fn what_one_mail_recommends_holds_its_slot_before_the_other() {
    let folder = folder();
    let alone = of_crypto(&folder);
    assert_eq!((symbols(&alone, "recommendations"), alone.get("pending")), (vec!["BTC".to_owned()], None));

    // Two jobs, the second beside the orders of the first: as a preview of both decides.
    let both = ts(&folder, "run --dry-run");
    assert!(both.words().contains(ON_THE_WAY), "{}", both.words());
    let said = ts(&folder, "run");
    assert!(said.words().contains(ON_THE_WAY), "{}", said.words());
    let told = "Counted as ordered until their open, in slots, cash and exposure: BBB";
    assert!(said.words().contains(told), "{}", said.words());
    let beside = of_crypto(&folder);
    assert_eq!(
        (symbols(&beside, "recommendations"), symbols(&beside, "pending")),
        (vec![], vec!["BBB".to_owned()])
    );
    let explained = ts(&folder, "explain BTC").words();
    assert!(explained.contains("waits for its open: BBB") && explained.contains(ON_THE_WAY), "{explained}");

    // The stored run knows of them too.
    let runs = ts(&folder, "journal runs --format json").stdout;
    let runs: Value = serde_json::from_str(&runs).expect("JSON alone is on stdout");
    let ids: Vec<&str> = runs.as_array().into_iter().flatten().filter_map(|own| own["id"].as_str()).collect();
    assert_eq!(ids.len(), 2);
    for id in ids {
        ts(&folder, &format!("replay {id} --recompute"));
    }
}

#[test]
fn an_order_that_is_filled_is_a_position_and_no_order() {
    let folder = folder();
    ts(&folder, "run --asset-class equity");
    ts(&folder, "portfolio add BBB --quantity 10 --price 326 --date 2026-11-20 --stop 310");
    let beside = of_crypto(&folder);
    assert_eq!(beside.get("pending"), None);
    let reason = beside["filtered"][0]["reason"].as_str().expect("a reason");
    assert_eq!(reason, "no slot is left (risk.max_positions 1): 1 held");
}
