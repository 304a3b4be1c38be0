//! Trade for trade what vectorbt and backtrader make of the same rule and bars: `tests/golden/breakout_trades.py` has
//! them agree and writes down what they found.

use serde_json::Value;

use super::document;
use crate::program::Folder;

/// The rule of the peers. Its stop lies so far away that the mean is always under the close first.
const RULE: &str = r#"//! Breakouts above the mean of 50 sessions, sold under it.
const META = #{ asset_class: "equity", scorer: "alike" };
const STOP_ATR_MULT = 15.0;
const MAX_ADV_FRACTION = 1.0;
fn eligible(row) { row.close > row.ma50 }
fn entry(row) { if row.close > row.highest_close_20d { return "breakout"; } }
fn exit(row, position) { if row.close < row.ma50 { return "under_mean"; } }
"#;

/// Every signal is bought: room for all, and units enough for a price of a thousand.
const SETTINGS: &str = "[universe]\n\
    equity = [\"AAPL\", \"MSFT\", \"NVDA\", \"JPM\", \"XOM\", \"KO\", \"AMD\", \"COST\"]\n\
    crypto = []\n\
    [risk]\n\
    account_equity = 10000000.0\n\
    max_position = 0.05\n\
    max_positions = 100\n\
    max_exposure = 1.0\n\
    correlation_guard = false\n";

#[test]
fn a_breakout_rule_makes_the_trades_of_vectorbt_and_backtrader() {
    let folder = Folder::empty();
    folder.write("ts.toml", SETTINGS);
    folder.write("strategies/breakout.rhai", RULE);
    folder.write("scorers/alike.rhai", "const WEIGHTS = #{ same: 1.0 };\nfn same(row, signal) { 10.0 }\n");
    let told = document(&folder, "--demo --no-costs --from 2021-01-04 --to 2025-12-31");
    let row = |trade: &Value| {
        let text = |name: &str| trade[name].as_str().expect("text").to_owned();
        let price = |name: &str| trade[name].as_f64().expect("a number").to_string();
        let is_open = trade["open"] == true;
        let exit =
            if is_open { [String::new(), String::new()] } else { [text("exit_date"), price("exit_price")] };
        let [exit_date, exit_price] = exit;
        [text("symbol"), text("entry_date"), price("entry_price"), exit_date, exit_price].join(",")
    };
    let mut rows: Vec<String> = told["trades"].as_array().expect("an array").iter().map(row).collect();
    rows.sort();
    let golden = include_str!("../../fixtures/golden/breakout_trades.csv");
    let mut expected: Vec<String> = golden.lines().skip(1).map(str::to_owned).collect();
    expected.sort();
    assert_eq!(rows.len(), 85);
    assert_eq!(rows, expected);
}
