//! Bad input of every kind: named where it is, with what to do, and costing only itself.
//!
//! One table: what lies in the folder, what is asked, the exit code, and what the reader must
//! be told.

use crate::program::{FRIDAY, Folder, bars};

/// The folder that a case begins with.
#[derive(Clone, Copy)]
enum Begin {
    Empty,
    /// Two equities in files; see [`Folder::with_files`].
    Files,
}

struct Case {
    name: &'static str,
    begin: Begin,
    /// Written over what the folder begins with.
    files: Vec<(&'static str, String)>,
    arguments: &'static str,
    code: i32,
    /// What stdout and stderr say between them, in any order.
    told: Vec<&'static str>,
}

/// A session that begins an `AAA.csv`, so that a bad row can be added behind it.
const PREVIOUS: &str = "2026-11-19";

/// Errors are for reading, not for scrolling.
const MAX_ERROR_LINES: usize = 4;

fn case(
    name: &'static str,
    begin: Begin,
    files: &[(&'static str, &str)],
    arguments: &'static str,
    code: i32,
    told: &[&'static str],
) -> Case {
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    Case { name, begin, files, arguments, code, told: told.to_vec() }
}

fn check(case: &Case) -> Result<(), String> {
    let folder = match case.begin {
        Begin::Empty => Folder::empty(),
        Begin::Files => Folder::with_files(),
    };
    for (name, text) in &case.files {
        folder.write(name, text);
    }
    let arguments: Vec<&str> = case.arguments.split_whitespace().collect();
    let said = folder.ts(&arguments);
    let words = said.words();
    let failed = |what: String| {
        Err(format!(
            "{}: {what}\nstdout: {}\nstderr: {}",
            case.name,
            said.stdout.chars().take(4_000).collect::<String>(),
            said.stderr
        ))
    };
    if said.code != case.code {
        return failed(format!("ended with {} and not with {}", said.code, case.code));
    }
    if let Some(absent) = case.told.iter().find(|part| !words.contains(**part)) {
        return failed(format!("does not say {absent:?}"));
    }
    // A run that ends in a report may log; one that ends in an error says little else.
    let error_lines = said.stderr.lines().skip_while(|line| !line.starts_with("error: "));
    let error_lines = error_lines.filter(|line| !line.trim().is_empty()).count();
    if error_lines > MAX_ERROR_LINES {
        return failed(format!("took {error_lines} lines for an error"));
    }
    if said.code > 1 && (error_lines == 0 || !said.stdout.is_empty()) {
        return failed("refused without an error alone on stderr".to_owned());
    }
    Ok(())
}

fn check_all(cases: &[Case]) {
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A strategy whose `eligible` is given; everything else is right.
fn strategy(eligible: &str) -> String {
    format!(
        "const META = #{{ asset_class: \"equity\", version: 1 }};\n\
         const STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ {eligible} }}\n\
         fn entry(row) {{ \"x\" }}\n\
         fn exit(row, position) {{ }}\n"
    )
}

const SHIPPED: &str = include_str!("../../strategies/equity_momentum.rhai");

/// What the report of [`Folder::with_files`] says where only AAA is in doubt.
const BBB_IS_BOUGHT: &str = "BBB HIGH breakout_20d";

#[test]
fn bad_settings_end_with_78_and_name_their_place() {
    use Begin::{Empty, Files};
    let run = "run --dry-run";
    let toml = |text: &'static str| [("ts.toml", text)];
    check_all(&[
        case(
            "a file that is named but missing",
            Empty,
            &[],
            "--config nowhere.toml run --dry-run --demo",
            78,
            &["nowhere.toml: cannot be read", "ts init"],
        ),
        case(
            "a folder in place of a file",
            Empty,
            &[("settings/", "")],
            "run --dry-run --demo --config settings",
            78,
            &["settings: cannot be read", "name a settings file"],
        ),
        case(
            "an unknown key",
            Empty,
            &toml("[risk]\nmax_positon = 0.1\n"),
            run,
            78,
            &["ts.toml:2: risk.max_positon: is not a setting", "did you mean", "max_position"],
        ),
        case(
            "a wrong type",
            Empty,
            &toml("[risk]\nmax_positions = \"many\"\n"),
            run,
            78,
            &["ts.toml:2: risk.max_positions:", "whole number"],
        ),
        case(
            "two faults at once",
            Empty,
            &toml("[cache]\nttl_hours = -1\n[log]\nlevel = 3\n"),
            run,
            78,
            &["ts.toml:2: cache.ttl_hours", "ts.toml:4: log.level"],
        ),
        case("no TOML", Empty, &toml("[risk\n"), run, 78, &["ts.toml:1:", "mend the TOML"]),
        case(
            "both universes empty",
            Empty,
            &toml("[universe]\nequity = []\ncrypto = []\n"),
            run,
            78,
            &["universe.equity: is empty, and so is universe.crypto", "name at least one symbol"],
        ),
        case(
            "a universe file that is missing",
            Empty,
            &toml("[universe]\nequity = { file = \"mine.csv\" }\n"),
            run,
            78,
            &["mine.csv: cannot be read", "check the path"],
        ),
        case(
            "no key for the only class that is traded",
            Empty,
            &toml("[universe]\ncrypto = []\n"),
            run,
            78,
            &[
                "equity: skipped: no source of equity bars has its key; set POLYGON_API_KEY (a key: https://massive.com)",
                "or ALPHA_VANTAGE_API_KEY (a key: https://www.alphavantage.co/support/#api-key)",
                "--demo",
            ],
        ),
        case(
            "one class by name, which has no key",
            Empty,
            &[],
            "run --dry-run --asset-class equity",
            78,
            &["error: no source of equity bars has its key; set POLYGON_API_KEY"],
        ),
        case(
            "a class by name at a source that has no bars of it",
            Empty,
            &[],
            "run --dry-run --asset-class crypto --source polygon",
            78,
            &["error: polygon has no crypto bars"],
        ),
        case(
            "an asset class by name that is not traded",
            Files,
            &[],
            "run --dry-run --asset-class crypto",
            78,
            &["no crypto symbols to trade", "universe.crypto"],
        ),
        case(
            "no strategy that could buy, and nothing held",
            Files,
            &[
                ("ts.toml", &format!("{}[strategies.mine]\nenabled = false\n", crate::program::FILES)),
                ("strategies/mine.rhai", SHIPPED),
            ],
            "run --dry-run",
            78,
            &["no enabled strategy for equity, and nothing is held in it", "universe.equity = []"],
        ),
        case(
            "a folder of files that does not exist",
            Empty,
            &[],
            "run --dry-run --source files",
            78,
            &["market/equity does not exist", "sources.files.dir", "AAPL.csv"],
        ),
    ]);
}

#[test]
fn bad_arguments_end_with_2_and_say_what_to_ask_instead() {
    use Begin::{Empty, Files};
    check_all(&[
        case("an unknown flag", Empty, &[], "run --dryrun", 2, &["--dryrun", "--dry-run"]),
        case(
            "no date at all",
            Empty,
            &[],
            "run --dry-run --demo --date tomorrow",
            2,
            &["tomorrow", "--date <YYYY-MM-DD>"],
        ),
        case(
            "a date in the future",
            Files,
            &[],
            "run --dry-run --date 2026-12-01",
            2,
            &["2026-12-01 has not finished yet", "the last finished equity session is 2026-11-20"],
        ),
        case(
            "a date on a weekend",
            Files,
            &[],
            "run --dry-run --date 2026-11-14 --asset-class equity",
            2,
            &["2026-11-14 is a Saturday", "the session before it is 2026-11-13"],
        ),
        case(
            "a date on a holiday",
            Files,
            &[],
            "run --dry-run --date 2026-09-07 --asset-class equity",
            2,
            &["2026-09-07 is", "the session before it is 2026-09-04"],
        ),
        case(
            "a date before all data",
            Files,
            &[],
            "run --dry-run --date 2010-01-04",
            2,
            &["files has no equity bar on 2010-01-04 or before it", "choose a later --date"],
        ),
        case(
            "a date, and no bar at all: why, and not another date",
            Files,
            &[(
                "ts.toml",
                "[universe]\nequity = [\"ZZZ\"]\ncrypto = []\n[benchmark]\nequity = \"YYY\"\n[sources]\nequity = [\"files\"]\n",
            )],
            "run --dry-run --date 2026-11-12",
            1,
            &["NO DECISION, BARS MISSING", "ZZZ is not known; put ZZZ.csv"],
        ),
        case(
            "an unknown source",
            Files,
            &[],
            "run --dry-run --source yahoo",
            2,
            &["unknown source `yahoo`", "polygon, alpha_vantage, binance, files, simulated"],
        ),
        case(
            "a source and the demo",
            Files,
            &[],
            "run --dry-run --demo --source files",
            2,
            &["cannot be used with"],
        ),
        case(
            "an unknown strategy",
            Files,
            &[],
            "signals --strategy momentum",
            2,
            &["no strategy `momentum`", "equity_momentum"],
        ),
        case(
            "a span that ends before it begins",
            Files,
            &[],
            "signals --from 2026-02-02 --to 2026-01-05",
            2,
            &["--from 2026-02-02 is after --to 2026-01-05"],
        ),
        case(
            "the same of features",
            Files,
            &[],
            "features AAA --from 2026-02-02 --to 2026-01-05",
            2,
            &["--from 2026-02-02 is after --to 2026-01-05"],
        ),
        case(
            "an unknown feature",
            Files,
            &[],
            "features AAA --names clsoe",
            2,
            &["no feature is called `clsoe`", "did you mean `close`?"],
        ),
        case(
            "a symbol in no universe",
            Files,
            &[],
            "features ZZZ",
            2,
            &["ZZZ is in no universe", "--asset-class equity or crypto"],
        ),
        case("no symbol at all", Files, &[], "features A/../B", 2, &["`A/../B` is not a symbol"]),
        case(
            "a session without a bar",
            Files,
            &[],
            "features AAA --date 2026-11-21",
            2,
            &["AAA has no bar on 2026-11-21", "its bars run from", "to 2026-11-20"],
        ),
    ]);
}

#[test]
fn a_bad_file_of_bars_costs_its_own_symbol_only() {
    let good = bars(1.0, FRIDAY);
    let with = |row: &str| format!("{good}{row}\n");
    let replaced = |row: &str| {
        let kept: Vec<&str> = good.lines().filter(|line| !line.starts_with(PREVIOUS)).collect();
        format!("{}\n{row}\n", kept.join("\n"))
    };
    let mut unordered: Vec<&str> = good.lines().collect();
    unordered[1..].reverse();
    let rows: Vec<(&'static str, String, &[&'static str])> = vec![
        ("an empty file", String::new(), &["AAA.csv: the file is empty", "date, open, high"]),
        ("a header alone", "date,open,high,low,close,volume\n".to_owned(), &["AAA.csv: no rows"]),
        (
            "no such column",
            good.replacen("close", "Adj Close", 1),
            &["AAA.csv: no column close", "Adj Close"],
        ),
        (
            "a text in a number",
            replaced("2026-11-19,100,100,100,n/a,1"),
            &["AAA: dropped 1 row", "AAA.csv, line 121, column 5", "close is `n/a`, not a number"],
        ),
        (
            "no date",
            with("19/11/2026,100,100,100,100,1"),
            &["date is `19/11/2026`, not a date like 2024-01-02"],
        ),
        (
            "a date twice",
            with("2026-11-19,200,200,200,200,1"),
            &["AAA: dropped 1 bar", "date that was already given (the first is kept): 2026-11-19"],
        ),
        (
            "not a number",
            replaced("2026-11-19,100,100,100,NaN,1"),
            &["AAA: dropped 1 bar with a price that is not a number over zero: 2026-11-19"],
        ),
        (
            "a Saturday",
            with("2026-11-14,100,100,100,100,1"),
            &["AAA: dropped 1 bar with a date without a session: 2026-11-14"],
        ),
        (
            "a negative price",
            replaced("2026-11-19,100,100,-1,100,1"),
            &["AAA: dropped 1 bar with a price that is not a number over zero: 2026-11-19"],
        ),
        (
            "low over high",
            replaced("2026-11-19,100,99,101,100,1"),
            &["AAA: dropped 1 bar with an open or close outside of low and high: 2026-11-19"],
        ),
        (
            "a negative volume",
            replaced("2026-11-19,100,100,100,100,-5"),
            &["AAA: dropped 1 bar with a volume that is not a number from zero up: 2026-11-19"],
        ),
        (
            "a date in the future",
            with("2026-11-23,100,100,100,100,1"),
            &[
                "AAA: dropped 1 bar with a date after the last finished session: 2026-11-23",
                "Bars 2 of 2 symbols",
            ],
        ),
        ("the newest bar first", format!("{}\n", unordered.join("\n")), &["Bars 2 of 2 symbols"]),
        ("no text", "\u{0}\u{1}\u{2}".to_owned(), &["AAA.csv: no column"]),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(name, text, told)| {
            let files = [("market/equity/AAA.csv", text.as_str())];
            case(name, Begin::Files, &files, "run --dry-run", 0, &[told, &[BBB_IS_BOUGHT]].concat())
        })
        .collect();
    let unknown = "[universe]\nequity = [\"ZZZ\", \"BBB\"]\ncrypto = []\n[sources]\nequity = [\"files\"]\n";
    cases.push(case(
        "a symbol without a file",
        Begin::Files,
        &[("ts.toml", unknown)],
        "run --dry-run",
        0,
        &["ZZZ: files: ZZZ is not known; put ZZZ.csv or ZZZ.parquet into", BBB_IS_BOUGHT],
    ));
    cases.push(case(
        "the same under --strict",
        Begin::Files,
        &[("ts.toml", unknown)],
        "run --dry-run --strict",
        1,
        &["ZZZ is not known", BBB_IS_BOUGHT],
    ));
    let old = bars(1.01, "2026-11-18".parse().expect("a date"));
    cases.push(case(
        "files that end before the session",
        Begin::Files,
        &[("market/equity/AAA.csv", &old), ("market/equity/BBB.csv", &old)],
        "run --dry-run",
        1,
        &["NO DECISION", "bars are missing for 2026-11-20: 0 of 2 symbols", "use --date 2026-11-18"],
    ));
    cases.push(case(
        "the date that was offered",
        Begin::Files,
        &[("market/equity/AAA.csv", &old), ("market/equity/BBB.csv", &old)],
        "run --dry-run --date 2026-11-18",
        0,
        &["HIGH breakout_20d", "Bars 2 of 2 symbols"],
    ));
    check_all(&cases);
}

#[test]
fn a_bad_script_costs_its_own_signals_only() {
    let broken_beside_fine = |name: &'static str, text: &str, code: i32, told: &[&'static str]| {
        let files = [("strategies/fine.rhai", SHIPPED), ("strategies/mine.rhai", text)];
        let told = [told, &[BBB_IS_BOUGHT, "Strategy fine"]].concat();
        case(name, Begin::Files, &files, "run --dry-run", code, &told)
    };
    check_all(&[
        broken_beside_fine(
            "a syntax error",
            &strategy("row.close > "),
            1,
            &["mine: strategies/mine.rhai:3:"],
        ),
        broken_beside_fine(
            "an unknown field",
            &strategy("row.close > row.mma50"),
            1,
            &["strategies/mine.rhai:3:", "no feature is called `mma50`; did you mean `ma50`?"],
        ),
        broken_beside_fine(
            "an unknown function",
            &strategy("maxx(row.close, 1.0) > 2.0"),
            1,
            &["strategies/mine.rhai:3:", "maxx"],
        ),
        broken_beside_fine(
            "no exit",
            "const META = #{ asset_class: \"equity\", version: 1 };\nfn eligible(row) { true }\n",
            1,
            &["mine: strategies/mine.rhai", "exit"],
        ),
        broken_beside_fine(
            "an endless loop",
            &strategy("loop {}"),
            1,
            &["strategies/mine.rhai:3:", "`eligible`", "operations", "no entries from mine"],
        ),
        broken_beside_fine(
            "a wrong type",
            &strategy("row.close"),
            1,
            &[
                "strategies/mine.rhai:3:",
                "gave 100.0 (a number); it must give true or false",
                "no entries from mine",
            ],
        ),
        case(
            "every strategy broken and a position under its stop",
            Begin::Files,
            &[
                ("strategies/mine.rhai", &strategy("row.close > ")),
                (
                    "held.csv",
                    "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
                     AAA,equity,mine,2026-11-02,110,10,105\n",
                ),
            ],
            "run --dry-run --positions held.csv",
            1,
            &["mine: strategies/mine.rhai:3:", "AAA SELL hard_stop", "strategy mine is not loaded"],
        ),
        case(
            "a strategy whose scorer is misspelt and a position under its stop",
            Begin::Files,
            &[
                ("strategies/mine.rhai", &strategy("true").replace("version: 1", "scorer: \"tecnical\"")),
                (
                    "held.csv",
                    "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
                     AAA,equity,mine,2026-11-02,110,10,105\n",
                ),
            ],
            "run --dry-run --positions held.csv",
            1,
            &["did you mean `technical`?", "AAA SELL hard_stop"],
        ),
        case(
            "no strategy in the folder",
            Begin::Files,
            &[("strategies/", "")],
            "run --dry-run",
            78,
            &["no strategy could be read from", "or remove the folder to use the built-in strategies"],
        ),
        case(
            "a file in place of the folder",
            Begin::Files,
            &[("strategies", "hello")],
            "run --dry-run",
            78,
            &["strategies: cannot be read as a folder", "mend or remove it"],
        ),
        case(
            "an override of a strategy that does not exist",
            Begin::Files,
            &[(
                "ts.toml",
                "[universe]\nequity = [\"BBB\"]\ncrypto = []\n[sources]\nequity = [\"files\"]\n[strategies.equity_momentun]\nSTOP_ATR_MULT = 2.0\n",
            )],
            "run --dry-run",
            1,
            &[
                "[strategies.equity_momentun]",
                "does not exist",
                "did you mean `equity_momentum`?",
                BBB_IS_BOUGHT,
            ],
        ),
        case(
            "a template that does not parse",
            Begin::Files,
            &[("templates/daily_signals.txt", "{{ broken")],
            "run --dry-run",
            0,
            &["daily_signals.txt: the edited template fails", BBB_IS_BOUGHT],
        ),
    ]);
}

#[test]
fn bad_positions_are_named_by_line_and_none_is_skipped() {
    let header = "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n";
    let positions = |name: &'static str, text: &str, code: i32, told: &[&'static str]| {
        case(name, Begin::Files, &[("mine.csv", text)], "run --dry-run --positions mine.csv", code, told)
    };
    let row = |row: &str| format!("{header}AAA,equity,equity_momentum,2026-11-02,100,10,90\n{row}\n");
    check_all(&[
        case(
            "no such file",
            Begin::Files,
            &[],
            "run --dry-run --positions mine.csv",
            78,
            &["positions file mine.csv: cannot be read", "check the path"],
        ),
        positions(
            "no such column",
            "symbol,asset_class,strategy,entry_date,entry_price,quantity\n",
            78,
            &["mine.csv: has no column `stop_price`; it needs symbol, asset_class"],
        ),
        positions(
            "no number",
            &row("BBB,equity,equity_momentum,2026-11-02,many,10,90"),
            78,
            &["mine.csv: line 3: column `entry_price`: `many` is not a number over zero"],
        ),
        positions(
            "a negative quantity",
            &row("BBB,equity,equity_momentum,2026-11-02,100,-10,90"),
            78,
            &["mine.csv: line 3: column `quantity`: `-10` is not a number over zero"],
        ),
        positions(
            "no such asset class",
            &row("BBB,bond,equity_momentum,2026-11-02,100,10,90"),
            78,
            &["mine.csv: line 3: column `asset_class`: `bond` is not"],
        ),
        positions(
            "a short row",
            &row("BBB,equity,equity_momentum"),
            78,
            &["mine.csv: line 3:", "has 3 columns and the header 7"],
        ),
        positions(
            "no date",
            &row("BBB,equity,equity_momentum,2 Nov,100,10,90"),
            78,
            &["mine.csv: line 3: column `entry_date`: `2 Nov` is not a date like 2026-11-02"],
        ),
        positions(
            "a second lot of one strategy",
            &row("AAA,equity,equity_momentum,2026-11-05,101,10,91"),
            78,
            &[
                "mine.csv: lines 2 and 3 both hold equity AAA for equity_momentum",
                "add the quantities together in one line",
            ],
        ),
        positions(
            "the same symbol for another strategy",
            &row("AAA,equity,ghost,2026-11-05,101,10,91"),
            0,
            &["strategy ghost is not loaded"],
        ),
        positions(
            "a strategy that is gone: named, and its stop sells",
            &format!("{header}AAA,equity,ghost,2026-11-02,105,10,101\n"),
            0,
            &["1 to sell", "AAA SELL hard_stop", "strategy ghost is not loaded, so its exit rule is gone"],
        ),
        positions(
            "an entry far from its bars: not sold at its stop",
            &format!("{header}AAA,equity,equity_momentum,2026-11-02,400,10,380\n"),
            0,
            &[
                "AAA Check",
                "held since 2026-11-02: its entry of 400.00 lies far from the bar of that session",
            ],
        ),
        case(
            "a failing exit rule is a failed script and no quiet day",
            Begin::Files,
            &[
                ("mine.csv", &format!("{header}AAA,equity,mine,2026-11-02,100,10,90\n")),
                (
                    "strategies/mine.rhai",
                    &strategy("false").replace("position) { }", "position) { throw \"odd\"; }"),
                ),
            ],
            "run --dry-run --positions mine.csv",
            1,
            &[
                "AAA Check",
                "mine: strategies/mine.rhai:5:",
                "in `exit`: odd on AAA, 2026-11-20; its positions were not checked by their own rule",
                "A script failed, so this is not a day without signals",
            ],
        ),
        positions(
            "a position in a class that is not traded: named, never skipped",
            &format!("{header}BTC,crypto,crypto_momentum,2026-11-02,30000,1,25000\n"),
            0,
            &["BTC: held since 2026-11-02: crypto is not decided, so its stop was not checked"],
        ),
        positions(
            "a symbol without bars: named, never skipped",
            &format!("{header}ZZZ,equity,equity_momentum,2026-11-02,130,10,120\n"),
            0,
            &["ZZZ is not known", "ZZZ: held since 2026-11-02"],
        ),
    ]);
}

#[test]
fn an_output_that_cannot_be_written_is_said() {
    check_all(&[
        case(
            "a file in the way of --output",
            Begin::Files,
            &[("blocked", "")],
            "run --dry-run --output blocked/report.txt",
            1,
            &["failed to write blocked/report.txt", "failed to make the folder blocked"],
        ),
        case(
            "a file in the way of the HTML preview",
            Begin::Files,
            &[("data", "")],
            "run --dry-run",
            0,
            &["no HTML preview", "data/preview.html", BBB_IS_BOUGHT],
        ),
        case(
            "a file in the way of init",
            Begin::Empty,
            &[("strategies", "")],
            "init",
            1,
            &["failed to write", "strategies"],
        ),
    ]);
}
