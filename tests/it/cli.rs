//! What each command says to people and programs, from the outside.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::program::{Folder, NOW, program};

const SHIPPED: &str = include_str!("../../strategies/equity_momentum.rhai");

fn ran(folder: &Folder, arguments: &str) -> String {
    let said = folder.ts(&arguments.split_whitespace().collect::<Vec<_>>());
    assert_eq!(said.code, 0, "ts {arguments}\n{}{}", said.stdout, said.stderr);
    said.stdout
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("stdout is one JSON document")
}

#[test]
fn json_is_alone_on_stdout_and_keeps_its_schema() {
    let schema = parsed(include_str!("../../docs/run.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    let held = "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
                AAA,equity,ghost,2026-11-02,105,10,101\n";
    let files = Folder::with_files();
    files.write("held.csv", held);
    for (folder, arguments) in [
        (&Folder::empty(), "run --dry-run --demo --format json"),
        (&files, "run --dry-run --format json --positions held.csv"),
        (&files, "run --dry-run --format json --source simulated --asset-class equity"),
    ] {
        let document = parsed(&ran(folder, arguments));
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0], "ts {arguments}");
    }
    let sold = parsed(&ran(&files, "run --dry-run --format json --positions held.csv"));
    assert_eq!(sold["exits"][0]["symbol"], "AAA");
    assert_eq!(sold["exits"][0]["target_price"], Value::Null);
    let broken = json!({"run": {}});
    assert!(!validator.is_valid(&broken), "a schema that accepts anything proves nothing");
}

#[test]
fn the_same_instant_gives_the_same_run_but_for_its_duration() {
    let folder = Folder::with_files();
    let first = ran(&folder, "run --dry-run --format json");
    let second = ran(&folder, "run --dry-run --format json");
    let differ: Vec<_> = first.lines().zip(second.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(first.lines().count(), second.lines().count());
    assert!(differ.iter().all(|(line, _)| line.contains("\"duration_ms\"")), "{differ:?}");
    let one = parsed(&first);
    assert_eq!(one["run"]["session"], "2026-11-20");
    assert_eq!(one["recommendations"][0]["symbol"], "BBB");
}

#[test]
fn what_the_mail_has_no_room_for_takes_no_slot() {
    const COINS: [&str; 10] = ["BTC", "ETH", "BNB", "XRP", "ADA", "SOL", "DOT", "MATIC", "LTC", "LINK"];
    let folder = Folder::empty();
    folder.write("ts.toml", "[signals]\nmax_recommendations = 3\n[risk]\nmax_positions = 4\n");
    let mut crowded = 0;
    for day in 10..22 {
        let now = format!("2026-11-{day}T23:00:00Z");
        let run = parsed(&ran(&folder, &format!("run --demo --format json --now {now}")));
        let bought = run["recommendations"].as_array().expect("a list");
        let is_coin = |one: &&Value| one["symbol"].as_str().is_some_and(|symbol| COINS.contains(&symbol));
        let coins = bought.iter().filter(is_coin).count();
        let filtered = |why: &str| {
            let list = run["filtered"].as_array().expect("a list").iter().filter(is_coin);
            list.filter(|one| one["reason"].as_str().is_some_and(|reason| reason.contains(why))).count()
        };
        assert!(bought.len() <= 3, "{run:#}");
        // A coin finds the slots full only of what is recommended, and of coins that outrank it.
        if filtered("no slot is left") > 0 {
            crowded += 1;
            assert!(coins + filtered("outranked") >= 4 - (bought.len() - coins), "{run:#}");
        }
    }
    assert!(crowded > 0, "no day on which the slots were short");
}

#[test]
fn html_stands_alone() {
    let folder = Folder::with_files();
    let html = ran(&folder, "run --dry-run --format html");
    assert!(html.contains("<html") && html.contains("BBB"));
    let html = html.to_ascii_lowercase();
    for outside in
        ["src=\"http", "src='http", "href=\"http", "href='http", "<link", "<script", "@import", "url(http"]
    {
        assert!(!html.contains(outside), "the HTML has {outside}");
    }
    assert!(!html.replace("http://www.w3.org/", "").contains("http://"), "the HTML names another host");
}

#[test]
fn the_preview_says_where_its_html_is() {
    let folder = Folder::with_files();
    let said = folder.ts(&["run", "--dry-run"]);
    assert!(said.stdout.contains("TRADING SIGNALS") && said.stdout.contains("BBB"), "{}", said.stdout);
    assert!(said.stdout.contains("Dry run: nothing was sent or recorded."));
    assert!(
        said.stderr.contains("HTML preview: ") && said.stderr.contains("data/preview.html"),
        "{}",
        said.stderr
    );
    assert!(folder.read("data/preview.html").contains("BBB"));

    let said = folder.ts(&["run", "--dry-run", "--output", "out/report.txt"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""));
    assert!(folder.read("out/report.txt").contains("BBB"));
}

#[cfg(unix)]
#[test]
fn a_stderr_that_nobody_reads_costs_nothing() {
    let folder = Folder::with_files();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = std::process::Command::new(program())
        .current_dir(folder.path())
        .env_clear()
        .args(["--now", NOW, "run", "--dry-run"])
        .stderr(writer)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("BBB"));
}

#[test]
fn a_universe_left_empty_is_no_news() {
    let said = Folder::with_files().ts(&["run", "--dry-run"]);
    assert!(!said.words().contains("crypto: skipped") && !said.stderr.contains("WARN"), "{}", said.stderr);
}

#[test]
fn a_folder_of_ones_own_strategies_owes_nothing_to_the_built_in_settings() {
    let folder = Folder::with_files();
    folder.write("strategies/mine.rhai", SHIPPED);
    let said = ran(&folder, "run --dry-run");
    assert!(!said.contains("[strategies") && !said.contains("did not load"), "{said}");
}

#[test]
fn the_alias_previews_too() {
    let folder = Folder::with_files();
    assert!(ran(&folder, "run-signals-now --dry-run").contains("BBB"));
}

#[test]
fn a_day_of_the_demo_reads_well() {
    let folder = Folder::empty();
    folder.write(
        "held.csv",
        "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
         AAPL,equity,equity_momentum,2026-11-02,238.00,40,228.50\n\
         AMZN,equity,equity_momentum,2026-11-02,1.25,1000,1.10\n\
         BTC,crypto,crypto_momentum,2026-11-01,26700.00,0.05,25100.00\n\
         MSFT,equity,ghost,2026-11-04,216.40,10,205.00\n",
    );
    let text = ran(&folder, "run --demo --positions held.csv");
    // A script's hash and a run's time are no part of how it reads.
    let is_of_run =
        |line: &&str| !["Run  ", "Made  ", "Script  ", "Settings  "].iter().any(|own| line.starts_with(own));
    insta::assert_snapshot!("demo", text.lines().filter(is_of_run).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_demo_is_called_one_everywhere() {
    let folder = Folder::empty();
    assert!(ran(&folder, "run --dry-run --demo --asset-class equity").contains("DEMO: simulated market"));
    assert!(folder.read("data/preview.html").contains("DEMO"));
    let said = folder.ts(&["features", "AAPL", "--demo"]);
    assert!(said.stderr.contains("DEMO"), "{}", said.stderr);
}

#[test]
fn signals_name_the_bars_that_a_run_would_doubt() {
    let folder = Folder::with_files();
    let mut rows = folder.read("market/equity/AAA.csv");
    let last = rows.trim_end().lines().last().expect("a bar").to_owned();
    let (date, _) = last.split_once(',').expect("a date");
    rows = rows.replace(&last, &format!("{date},20,21,19,20,1000000"));
    folder.write("market/equity/AAA.csv", &rows);
    let said = folder.ts(&["signals", "--asset-class", "equity", "--from", "2026-11-16"]);
    assert!(said.stderr.contains("note: AAA: the close of 2026-11-20 is 0."), "{}", said.stderr);
    assert!(said.stderr.contains("a run buys none of it for five sessions"), "{}", said.stderr);
}

#[test]
fn signals_are_a_table_of_known_columns() {
    let folder = Folder::with_files();
    let csv = ran(&folder, "signals --strategy equity_momentum --from 2026-11-16 --format csv");
    let mut lines = csv.lines();
    let header = "date,symbol,asset_class,strategy,trigger,breakout,momentum,score,close,stop,target";
    assert_eq!(lines.next(), Some(header));
    let first: Vec<&str> = lines.next().expect("a signal in the last week").split(',').collect();
    assert_eq!(first[..5], ["2026-11-16", "BBB", "equity", "equity_momentum", "breakout_20d"]);
    assert_eq!(lines.count(), 4, "one signal on each later session of the week");

    let rows = parsed(&ran(&folder, "signals --strategy equity_momentum --from 2026-11-16 --format json"));
    let rows = rows.as_array().expect("an array");
    assert_eq!(rows.len(), 5);
    let keys: BTreeSet<&str> = rows[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, header.split(',').collect());
    assert!(rows[0]["score"].as_f64().is_some_and(|score| (0.0..=10.0).contains(&score)));

    assert!(ran(&folder, "signals --strategy equity_momentum --from 2026-11-16").starts_with("date "));
    assert_eq!(ran(&folder, "signals --strategy equity_mean_reversion"), "No signals in the span.\n");
}

#[test]
fn a_named_strategy_is_scanned_though_disabled_and_its_class_alone() {
    let folder = Folder::empty();
    folder.write("ts.toml", "[strategies.crypto_momentum]\nenabled = false\n");
    let arguments = ["signals", "--demo", "--strategy", "crypto_momentum", "--from", "2026-10-01"];
    let said = folder.ts_with(&[("LOG_LEVEL", "info")], &arguments);
    assert!(said.stdout.lines().any(|line| line.contains("crypto_momentum")), "{}", said.stdout);
    assert!(
        said.stderr.contains("note: crypto_momentum is disabled: a run makes no entries"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("Fetching 10 crypto") && !said.stderr.contains("equity"), "{}", said.stderr);

    let said = folder.ts(&[&arguments[..], &["--asset-class", "equity"]].concat());
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("crypto_momentum trades no equity"), "{}", said.stderr);
}

#[test]
fn a_class_that_cannot_be_decided_leaves_the_other_one() {
    let folder = Folder::with_files();
    let settings = "[universe]\nequity = [\"AAA\", \"BBB\"]\ncrypto = [\"BTC\"]\n\
                    [sources]\nequity = [\"files\"]\ncrypto = [\"files\"]\n";
    folder.write("ts.toml", settings);
    let bars =
        "date,open,high,low,close,volume\n2026-11-19,9,9,9,9,1\n2026-11-20,9,9,9,9,1\n2026-11-21,9,9,9,9,1\n";
    folder.write("market/crypto/BTC.csv", bars);
    let header = "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n";
    folder.write("mine.csv", &format!("{header}BTC,crypto,crypto_momentum,2026-11-02,9,1,8\n"));
    let said = ran(&folder, "run --dry-run --positions mine.csv --date 2026-11-12");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "BBB HIGH breakout_20d",
        "crypto: skipped: files has no crypto bar on 2026-11-12 or before it",
        "BTC: held since 2026-11-02: crypto is not decided, so its stop was not checked",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }

    // Without a strategy there is nothing to fetch for, unless something is held.
    folder.write("ts.toml", &format!("{settings}[strategies.crypto_momentum]\nenabled = false\n"));
    let said = folder.ts_with(&[("LOG_LEVEL", "info")], &["run", "--dry-run"]);
    assert!(said.words().contains("crypto: skipped: no enabled strategy for crypto"), "{}", said.stdout);
    assert!(!said.stderr.contains("crypto symbols"), "{}", said.stderr);
    let said = ran(&folder, "run --dry-run --positions mine.csv");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("crypto: no enabled strategy for crypto: no entries"), "{words}");
    assert!(words.contains("BTC Check"), "{words}");
}

#[test]
fn features_show_what_a_script_would_see() {
    let folder = Folder::with_files();
    let csv = ran(&folder, "features BBB --names close,ma20,ma200 --from 2026-11-19 --format csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "date,symbol,close,ma20,ma200");
    assert!(lines.len() == 3 && lines[2].starts_with("2026-11-20,BBB,326.77"), "{csv}");
    assert!(lines[2].ends_with(','), "120 bars have no ma200, and a missing value is empty: {csv}");

    let rows = parsed(&ran(&folder, "features BBB --names close,ma200 --format json"));
    assert_eq!(rows[0]["ma200"], Value::Null);
    assert!(rows[0]["close"].as_f64().is_some_and(|close| (close - 326.77).abs() < 0.01), "{rows}");
    let text = ran(&folder, "features BBB");
    assert!(text.starts_with("BBB") && text.contains("highest_close_20d"), "{text}");
}

#[test]
fn a_secret_is_printed_nowhere() {
    let folder = Folder::with_files();
    let names = [
        "POLYGON_API_KEY",
        "MASSIVE_API_KEY",
        "ALPHA_VANTAGE_API_KEY",
        "NEWSAPI_API_KEY",
        "SENDGRID_API_KEY",
        "SMTP_PASSWORD",
    ];
    let mut variables: Vec<(&str, &str)> = names.iter().map(|name| (*name, "sekret")).collect();
    variables.push(("LOG_LEVEL", "trace"));
    for arguments in [
        "config show",
        "config check",
        "run --dry-run",
        "run --dry-run --format json",
        "run --dry-run --format html",
        "signals --log-format json",
        "features BBB",
    ] {
        let said = folder.ts_with(&variables, &arguments.split_whitespace().collect::<Vec<_>>());
        assert!(!said.words().contains("sekret"), "ts {arguments}\n{}{}", said.stdout, said.stderr);
    }
    assert!(!folder.read("data/preview.html").contains("sekret"));

    // A secret in the wrong place is refused without being repeated.
    let said = folder.ts_with(&[("TS_SOURCES__POLYGON__API_KEY", "sekret")], &["config", "show"]);
    assert!(said.code == 78 && !said.words().contains("sekret"), "{}", said.stderr);
    folder.write("ts.toml", "[email]\nsmtp_password = \"sekret\"\n");
    let said = folder.ts(&["config", "show"]);
    assert!(said.code == 78 && !said.words().contains("sekret"), "{}", said.stderr);
    assert!(said.stderr.contains("ts.toml:2: email.smtp_password"), "{}", said.stderr);
    for (text, key) in [
        (
            "[sources.polygon]\nbase_url = \"https://api.massive.com/?apiKey=sekret\"\n",
            "sources.polygon.base_url",
        ),
        ("[email]\nsmtp_host = \"apikey:SG.sekret@smtp.sendgrid.net\"\n", "email.smtp_host"),
    ] {
        folder.write("ts.toml", text);
        let said = folder.ts(&["config", "show"]);
        assert!(said.code == 78 && !said.words().contains("sekret"), "{}", said.stderr);
        assert!(said.stderr.contains(&format!("ts.toml:2: {key}: the address ")), "{}", said.stderr);
    }
}

#[test]
fn features_list_prints_the_catalogue_without_settings_or_bars() {
    let folder = Folder::empty();
    folder.write("ts.toml", "no settings at all");
    let rows = parsed(&ran(&folder, "features --list --format json"));
    let rows = rows.as_array().expect("a list of families");
    assert_eq!(rows.len(), ts::features::catalogue().len());
    let slope = rows.iter().find(|row| row["name"] == "ma{N}_slope").expect("a family");
    assert_eq!((&slope["example"], &slope["bars"]), (&json!("ma50_slope"), &json!(70.0)));
    assert_eq!((&slope["value"], &slope["unit"]), (&json!("ma{N}[t] / ma{N}[t−20] − 1"), &json!("fraction")));
    assert!(slope["source"].as_str().is_some_and(|source| !source.is_empty()));
    assert!(ran(&folder, "features --list").contains("rsi14"));
    for arguments in ["features", "features AAA --list"] {
        let said = folder.ts(&arguments.split_whitespace().collect::<Vec<_>>());
        assert_eq!(said.code, 2, "ts {arguments}");
    }
}

#[test]
fn config_show_tells_the_layer_of_each_value() {
    let folder = Folder::empty();
    folder.write("ts.toml", "[risk]\nmax_positions = 5\n");
    folder.write(".env", "TS_CACHE__TTL_HOURS=12\nPOLYGON_API_KEY=sekret\n");
    let said = folder.ts_with(&[("TS_RISK__MAX_POSITION", "0.1")], &["config", "show"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let row = |key: &str| {
        let row = said.stdout.lines().find(|line| line.split_whitespace().next() == Some(key));
        row.expect("every key has a row").split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("risk.risk_per_trade"), "0.0075 default");
    assert!(row("risk.max_positions").starts_with("5 ") && row("risk.max_positions").ends_with("ts.toml:2"));
    assert_eq!(row("risk.max_position"), "0.1 environment TS_RISK__MAX_POSITION");
    assert_eq!(row("cache.ttl_hours"), "12 environment TS_CACHE__TTL_HOURS");
    assert_eq!(row("POLYGON_API_KEY"), "set environment POLYGON_API_KEY");
    assert_eq!(row("SMTP_PASSWORD"), "not set none");
}

#[test]
fn config_check_ends_with_78_until_all_is_set() {
    let folder = Folder::empty();
    let said = folder.ts(&["config", "check"]);
    assert_eq!(said.code, 78);
    for part in ["EMAIL_RECIPIENTS", "EMAIL_FROM", "SENDGRID_API_KEY", "POLYGON_API_KEY"] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    let all = [
        ("EMAIL_RECIPIENTS", "me@example.com"),
        ("EMAIL_FROM", "signals@example.com"),
        ("SENDGRID_API_KEY", "x"),
        ("POLYGON_API_KEY", "y"),
    ];
    let said = folder.ts_with(&all, &["config", "check"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "The settings are complete.\n"));
}

#[test]
fn config_check_tells_what_is_doubtful_and_ends_as_without_it() {
    let folder = Folder::empty();
    folder.write("ts.toml", "[signals]\nnews_weight = 0.5\n");
    let said = folder.ts(&["config", "check"]);
    let doubt = "warning: signals.news_weight has no effect: there is no news score yet\n";
    assert!(said.code == 78 && said.stdout.starts_with(doubt), "{}", said.stdout);
    let all = [
        ("EMAIL_RECIPIENTS", "me@example.com"),
        ("EMAIL_FROM", "signals@example.com"),
        ("SENDGRID_API_KEY", "x"),
        ("POLYGON_API_KEY", "y"),
    ];
    let said = folder.ts_with(&all, &["config", "check"]);
    assert_eq!((said.code, said.stdout), (0, format!("{doubt}The settings are complete.\n")));
}

#[test]
fn config_check_knows_what_only_the_scripts_know() {
    let folder = Folder::empty();
    folder.write(
        "ts.toml",
        "[signals]\nscorer = \"technicl\"\n[risk]\nrisk_per_trade = 0.75\n\
         [strategies.equity_momentum]\nSTOP_ATR_MUL = 3.0\n",
    );
    let said = folder.ts(&["config", "check"]);
    assert_eq!(said.code, 78);
    for part in ["risks 75.00% of equity", "did you mean `technical`?", "STOP_ATR_MUL"] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
}

#[test]
fn init_writes_what_a_run_then_uses_and_overwrites_nothing() {
    let folder = Folder::empty();
    let written = ran(&folder, "init");
    for name in [
        "ts.toml",
        ".env.example",
        "strategies/equity_momentum.rhai",
        "strategies/equity_momentum.test.toml",
        "scorers/technical.rhai",
        "templates/daily_signals.txt",
    ] {
        assert!(written.contains(name) && folder.path().join(name).is_file(), "{name}: {written}");
    }
    let preview = "run --dry-run --demo --asset-class equity --date 2026-11-20 --strict";
    let before = ran(&folder, preview);
    assert!(before.contains("of equity_momentum"), "{before}");

    let name = "strategies/equity_momentum.rhai";
    let edited = folder.read(name).replace("FAST_CLEARANCE   = 0.005", "FAST_CLEARANCE   = 0.9");
    let edited = edited.replace("SLOW_CLEARANCE   = 0.010", "SLOW_CLEARANCE   = 0.9");
    assert_ne!(edited, folder.read(name), "the constants stand in the script");
    folder.write(name, &edited);
    assert!(!ran(&folder, preview).contains("of equity_momentum"));

    let again = ran(&folder, "init");
    assert!(!again.contains("wrote") && again.contains("it was there already"), "{again}");
    assert_eq!(folder.read(name), edited);
}

#[test]
fn every_command_explains_itself() {
    let folder = Folder::empty();
    let overview = ran(&folder, "--help");
    let listed = overview.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next());
    let commands: Vec<&str> = listed
        .expect("a list of commands")
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for command in [
        "run",
        "signals",
        "diff-scripts",
        "explain",
        "test-scripts",
        "features",
        "fetch-data",
        "cache",
        "config",
        "init",
        "completions",
    ] {
        assert!(commands.contains(&command), "{commands:?}");
    }
    for command in commands {
        let help = ran(&folder, &format!("{command} --help"));
        assert!(help.contains(&format!("Usage: ts {command}")), "{help}");
    }
    assert!(ran(&folder, "--version").starts_with("ts "));
}

#[test]
fn completions_know_the_commands() {
    let folder = Folder::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = ran(&folder, &format!("completions {shell}"));
        assert!(script.contains("features") && script.contains("dry-run"), "{shell}");
    }
    assert_eq!(folder.ts(&["completions", "tcsh"]).code, 2);
}

#[test]
fn the_example_folder_finds_its_golden_cross() {
    let folder = Folder::empty();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/own_strategy");
    for name in ["ts.toml", "strategies/golden_cross.rhai", "scorers/trend_start.rhai"] {
        folder.write(name, &fs::read_to_string(example.join(name)).expect("a file of the example"));
    }
    let text = ran(&folder, "run --dry-run --strict --date 2026-10-12");
    assert!(text.contains("DEMO") && text.contains("triggered golden_cross of golden_cross"), "{text}");
}
