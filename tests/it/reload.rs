//! Scripts, templates and settings edited while the program runs, and two versions compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use ts::app::{App, Asked, LiveScripts, Reloaded, Reloader, RunRequest, run_live, shadow, watched};
use ts::cache::Patience;
use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::reload::{WatchMethod, Watcher};
use ts::settings::{Settings, Sources};

use crate::program::{FRIDAY, Folder, NOW, Running};

const SHIPPED: &str = include_str!("../../strategies/equity_momentum.rhai");
const SCORER: &str = include_str!("../../scorers/technical.rhai");
const PROMPT: &str = "for edits; Ctrl-C ends";

/// How long an edit is waited for; it comes into force within a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Saves as editors do: beside it, then renamed over it.
fn save(folder: &Folder, name: &str, text: &str) {
    folder.write(&format!("{name}.swp"), text);
    let of = |name: &str| folder.path().join(name);
    fs::rename(of(&format!("{name}.swp")), of(name)).expect("a rename");
}

fn app(root: &Path) -> App {
    let sources = Sources { working_folder: root.to_owned(), ..Sources::default() };
    let loaded = Settings::load(&sources).expect("the settings of a folder with files");
    App::new(loaded, Clock::Fixed(NOW.parse().expect("an instant")))
}

fn request() -> RunRequest {
    RunRequest {
        asked: Asked::ByName(AssetClass::Equity),
        date: None,
        source: None,
        positions: None,
        patience: Patience::Kept,
    }
}

/// A strategy and its scorer that both carry a number in what they say.
fn numbered(folder: &Folder, number: usize) {
    let strategy = format!(
        "const META = #{{ asset_class: \"equity\", scorer: \"marks\" }};\nconst STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ row.close > 1.0 }}\nfn entry(row) {{ \"v{number}\" }}\n\
         fn exit(row, position) {{ }}\n"
    );
    let scorer = format!("const WEIGHTS = #{{ c{number}: 1.0 }};\nfn c{number}(row, signal) {{ 9.0 }}\n");
    folder.write("strategies/mine.rhai", &strategy);
    folder.write("scorers/marks.rhai", &scorer);
}

/// Two runs go on all the time; each must say one number throughout, that of the generation that
/// was in force when it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_keeps_its_snapshot_through_a_thousand_reloads() {
    const RELOADS: usize = 1_000;
    let folder = Folder::with_files();
    numbered(&folder, 1);
    let app = app(folder.path());
    let live = Arc::new(LiveScripts::load(&app).expect("a sound strategy"));
    let is_done = Arc::new(AtomicBool::new(false));
    let run_on = || {
        let (app, live, is_done) = (app.clone(), Arc::clone(&live), Arc::clone(&is_done));
        tokio::spawn(async move {
            let (mut runs, mut overtaken) = (0_usize, 0_usize);
            while !is_done.load(Ordering::Relaxed) {
                let outcome =
                    run_live(&app, &request(), &live, &|_, _| ()).await.expect("two files to decide");
                let report = outcome.report;
                let number = report.reload.expect("a command that keeps running").generation;
                assert_eq!(report.recommendations.len(), 2, "{:?}", report.problems);
                for buy in &report.recommendations {
                    assert_eq!(buy.signal_type, format!("v{number}"));
                    assert_eq!(*buy.components[0].name, *format!("c{number}"));
                    assert_eq!(buy.script_hash, report.run.scripts["mine"]);
                }
                runs += 1;
                overtaken += usize::from(live.current().generation > number);
            }
            (runs, overtaken)
        })
    };
    let running = [run_on(), run_on()];
    let edits = {
        let live = Arc::clone(&live);
        tokio::task::spawn_blocking(move || {
            for number in 2..=RELOADS + 1 {
                numbered(&folder, number);
                let reload = live.reload(&app, None);
                let Reloaded::Loaded(snapshot) = reload else { panic!("{number}: {reload:?}") };
                assert_eq!(snapshot.generation, number as u64);
            }
            folder
        })
    };
    let _folder = edits.await.expect("every edit comes into force");
    is_done.store(true, Ordering::Relaxed);
    for runs in running {
        let (runs, overtaken) = runs.await.expect("every run is of one snapshot");
        assert!(overtaken > 10, "{overtaken} of {runs} runs were overtaken by a reload");
    }
}

/// Edits come into force without anybody asking, and several that nobody heard of are told as one.
#[tokio::test(flavor = "multi_thread")]
async fn a_reloader_reloads_by_itself_and_ends_when_dropped() {
    let folder = Folder::with_files();
    numbered(&folder, 1);
    for method in [WatchMethod::Events, WatchMethod::Poll] {
        let app = app(folder.path());
        let watcher = Watcher::start(watched(&app), method);
        let live = Arc::new(LiveScripts::load(&app).expect("a sound strategy"));
        let again = {
            let app = app.clone();
            move || Ok(app.clone())
        };
        let mut reloader = Reloader::start(watcher, app, Arc::clone(&live), again).expect("a thread");
        numbered(&folder, 2);
        let edit =
            tokio::time::timeout(PATIENCE, reloader.next()).await.expect("an edit").expect("it watches");
        assert!(matches!(edit.reload, Reloaded::Loaded(_)), "{edit:?}");
        let names: BTreeSet<_> = edit.files.iter().filter_map(|file| file.file_name()).collect();
        assert!(names.len() == 2 && edit.matters(), "{names:?}");
        folder.write("strategies/mine.test.toml", &format!("# {method:?}"));
        let edit =
            tokio::time::timeout(PATIENCE, reloader.next()).await.expect("an edit").expect("it watches");
        assert!(matches!(edit.reload, Reloaded::Unchanged) && !edit.matters(), "{edit:?}");
        assert_eq!(live.current().generation, 2);
        drop(reloader);
        numbered(&folder, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_snapshots_are_compared_without_a_report() {
    let folder = Folder::with_files();
    numbered(&folder, 1);
    let app = app(folder.path());
    let live = LiveScripts::load(&app).expect("a sound strategy");
    let before = live.current();
    numbered(&folder, 2);
    live.reload(&app, None);
    let asked = Asked::ByName(AssetClass::Equity);
    let changes = shadow(&app, asked, None, &before, &live.current()).await.expect("two files to scan");
    let [changes] = &changes[..] else { panic!("one class: {changes:?}") };
    assert_eq!((changes.session, changes.against), (FRIDAY, 1));
    let triggers: Vec<(&str, &str)> =
        changes.diff.moved.iter().map(|own| (&*own.before.trigger, &*own.after.trigger)).collect();
    assert_eq!(triggers, [("v1", "v2"), ("v1", "v2")]);
}

#[test]
fn watch_previews_again_after_an_edit_and_says_what_it_changes() {
    let folder = Folder::with_files();
    folder.write("strategies/mine.rhai", SHIPPED);
    let running = Running::start(&folder, &["run", "--dry-run", "--watch"]);
    running.wait_for(&["triggered breakout_20d of mine", "generation 1", PROMPT]);

    save(&folder, "strategies/mine.rhai", &SHIPPED.replace("\"breakout_20d\"", "\"my_breakout\""));
    running.wait_for(&[
        "Scripts reloaded",
        "result=\"loaded\"",
        "strategies/mine.rhai",
        "triggered my_breakout of mine",
        "moved BBB (mine) breakout_20d → my_breakout",
        "0 raw signals gained, 0 lost, 1 moved against generation 1",
        "breakout_20d → my_breakout",
        "generation 2",
        PROMPT,
    ]);
    // The next report has nothing new to tell.
    save(&folder, "strategies/mine.rhai", &format!("{SHIPPED}\n// a remark\n"));
    running.wait_for(&["against generation 2", "generation 3", PROMPT]);

    // A script that breaks is told; the last good one goes on, and the next edit is awaited.
    save(&folder, "strategies/mine.rhai", "fn eligible(row) {");
    running.wait_for(&[
        "Reload failed",
        "strategies/mine.rhai:1:",
        "the edit is not in force, generation 3 of",
        "triggered breakout_20d of mine",
        "failed and is not in force",
        PROMPT,
    ]);
    save(
        &folder,
        "strategies/mine.rhai",
        &SHIPPED.replace("const FAST_CLEARANCE   = 0.005", "const FAST_CLEARANCE   = 5.0"),
    );
    running.wait_for(&["generation 4", PROMPT]);
    // What loads and fails on rows is in force, and told.
    let failing = "fn eligible(row) { row.close }\nfn entry(row) { }\nfn exit(row, position) { }\n";
    let head = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n";
    folder.write("strategies/failing.rhai", &format!("{head}{failing}"));
    running.wait_for(&[
        "Strategy failing is new",
        "strategies/failing.rhai:",
        "the script is in force all the same",
        PROMPT,
    ]);
    folder.write("strategies/second.rhai", &format!("{SHIPPED}\n// another\n"));
    running.wait_for(&["Strategy second is new", PROMPT]);
    fs::remove_file(folder.path().join("strategies/second.rhai")).expect("a file to remove");
    running.wait_for(&["Strategy second is gone; positions of it lose their exit rule", PROMPT]);
}

#[test]
fn watch_by_polling_sees_an_edit_too() {
    let folder = Folder::with_files();
    folder.write("strategies/mine.rhai", SHIPPED);
    let running = Running::start(&folder, &["run", "--dry-run", "--watch", "--watch-method", "poll"]);
    running.wait_for(&["triggered breakout_20d of mine", PROMPT]);
    save(&folder, "strategies/mine.rhai", &SHIPPED.replace("\"breakout_20d\"", "\"my_breakout\""));
    running.wait_for(&["triggered my_breakout of mine"]);
    assert_eq!(folder.ts(&["run", "--dry-run", "--watch-method", "poll"]).code, 2);
}

#[test]
fn watch_sees_what_is_held_and_what_the_environment_says() {
    let folder = Folder::with_files();
    let header = "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n";
    folder.write("mine.csv", header);
    let running = Running::start(&folder, &["run", "--dry-run", "--watch", "--positions", "mine.csv"]);
    running.wait_for(&["1 to buy", PROMPT]);
    folder.write("mine.csv", &format!("{header}AAA,equity,equity_momentum,2026-11-02,105,10,101\n"));
    running.wait_for(&["mine.csv", "1 to buy, 1 to sell", PROMPT]);
    folder.write(".env", "TS_SIGNALS__MIN_CONVICTION=HIGH\nTS_RISK__RISK_PER_TRADE=0.00001\n");
    running.wait_for(&[".env", "is no whole share at", "1 to sell", PROMPT]);
}

#[test]
fn templates_are_reloaded_and_a_broken_one_leaves_the_last_good() {
    let folder = Folder::with_files();
    folder.write("templates/daily_signals.txt", "FIRST {{ headline }}");
    let running = Running::start(&folder, &["run", "--dry-run", "--watch"]);
    running.wait_for(&["FIRST 1 to buy", PROMPT]);
    save(&folder, "templates/daily_signals.txt", "SECOND {{ headline }}");
    running.wait_for(&["SECOND 1 to buy", PROMPT]);
    save(&folder, "templates/daily_signals.txt", "{% if headline %}");
    running.wait_for(&[
        "daily_signals.txt: the edited template fails and is not used: ",
        "SECOND 1 to buy",
        PROMPT,
    ]);
    save(&folder, "templates/daily_signals.txt", "THIRD {{ headline }}");
    running.wait_for(&["THIRD 1 to buy", PROMPT]);
}

#[test]
fn bad_settings_leave_the_last_good_ones_in_force() {
    let folder = Folder::with_files();
    let running = Running::start(&folder, &["run", "--dry-run", "--watch"]);
    running.wait_for(&["triggered breakout_20d", PROMPT]);
    let settings = folder.read("ts.toml");
    save(&folder, "ts.toml", "[univers]\n");
    running.wait_for(&["did you mean", "the last good settings stay in force"]);
    save(
        &folder,
        "ts.toml",
        &format!("{settings}[strategies.equity_momentum]\nFAST_CLEARANCE = 5.0\nSLOW_CLEARANCE = 5.0\n"),
    );
    running.wait_for(&["lost BBB (equity_momentum)", "1 lost, 0 moved against generation 1", PROMPT]);
}

#[test]
fn a_folder_without_a_strategy_is_waited_for() {
    let folder = Folder::with_files();
    folder.write("strategies/", "");
    let running = Running::start(&folder, &["run", "--dry-run", "--watch"]);
    running.wait_for(&["no strategy could be read", PROMPT]);
    save(&folder, "strategies/mine.rhai", SHIPPED);
    running.wait_for(&["triggered breakout_20d of mine", PROMPT]);
}

#[test]
fn programs_read_the_reload_in_the_json() {
    let folder = Folder::with_files();
    folder.write("strategies/mine.rhai", SHIPPED);
    let said = folder.ts(&["run", "--dry-run", "--format", "json"]);
    let once: Value = serde_json::from_str(&said.stdout).expect("stdout is JSON");
    assert_eq!(once["reload"], Value::Null);

    let arguments = ["run", "--dry-run", "--watch", "--format", "json", "--output", "out.json"];
    let running = Running::start(&folder, &arguments);
    running.wait_for(&[PROMPT]);
    folder.write("strategies/other.rhai", SHIPPED);
    running.wait_for(&["gained BBB (other)", PROMPT]);
    let document: Value = serde_json::from_str(&folder.read("out.json")).expect("the file is JSON");
    let schema = include_str!("../../docs/run.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let faults: Vec<String> = jsonschema::validator_for(&schema)
        .expect("the schema compiles")
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(faults, [""; 0]);
    let reload = &document["reload"];
    assert_eq!((&reload["generation"], &reload["last_reload"]["succeeded"]), (&2.into(), &true.into()));
    assert_eq!(reload["changes"][0]["gained"][0]["strategy"], "other");
}

/// Two versions of the shipped breakout, as folders and as files.
fn versions() -> Folder {
    let folder = Folder::with_files();
    let strict = SHIPPED.replace("const FAST_CLEARANCE   = 0.005", "const FAST_CLEARANCE   = 0.5");
    assert_ne!(strict, SHIPPED);
    let strict = strict.replace("const SLOW_CLEARANCE   = 0.010", "const SLOW_CLEARANCE   = 0.5");
    for (version, text) in [("old", SHIPPED), ("new", &strict)] {
        folder.write(&format!("{version}/strategies/equity_momentum.rhai"), text);
        folder.write(&format!("{version}/scorers/technical.rhai"), SCORER);
        folder.write(&format!("{version}.txt"), text);
    }
    folder.write(
        "scorers_new/technical.rhai",
        &SCORER.replace("breakout: 0.6, momentum: 0.4", "breakout: 0.5, momentum: 0.5"),
    );
    folder
}

fn diff(folder: &Folder, arguments: &str) -> Value {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let said = folder.ts(&[&["diff-scripts", "--format", "json"], &words[..]].concat());
    assert_eq!(said.code, 0, "{arguments}\n{}{}", said.stdout, said.stderr);
    serde_json::from_str(&said.stdout).expect("stdout is one JSON document")
}

fn counts(found: &Value) -> [usize; 3] {
    ["gained", "lost", "moved"].map(|kind| found[kind].as_array().map_or(usize::MAX, Vec::len))
}

#[test]
fn two_versions_are_compared_as_folders_and_as_files() {
    let folder = versions();
    let found = diff(&folder, "old new --asset-class equity");
    let [gained, lost, moved] = counts(&found);
    assert!(gained == 0 && lost > 10 && moved == 0, "{found}");
    assert_eq!(found["lost"][0]["symbol"], "BBB");
    assert_eq!(found["signals"]["new"], 0);
    let back = diff(&folder, "new old --asset-class equity");
    assert_eq!(counts(&back), [lost, 0, 0]);
    for sides in ["old/strategies new/strategies", "old.txt new/strategies/equity_momentum.rhai"] {
        assert_eq!(counts(&diff(&folder, &format!("{sides} --asset-class equity"))), [0, lost, 0], "{sides}");
    }
    assert_eq!(counts(&diff(&folder, "old old --asset-class equity")), [0, 0, 0]);
    let day = diff(&folder, "old new --asset-class equity --from 2026-11-20 --to 2026-11-20");
    assert_eq!((counts(&day), &day["span"]["from"]), ([0, 1, 0], &"2026-11-20".into()));
}

#[test]
fn a_scorer_alone_moves_scores() {
    let folder = versions();
    let sides = ["old/scorers scorers_new", "old/scorers/technical.rhai scorers_new/technical.rhai"];
    for sides in sides {
        let found = diff(&folder, &format!("{sides} --asset-class equity"));
        let [gained, lost, moved] = counts(&found);
        assert!(gained == 0 && lost == 0 && moved > 10, "{sides}: {:?}", [gained, lost, moved]);
        let (before, after) = (&found["moved"][0]["before"]["score"], &found["moved"][0]["after"]["score"]);
        assert!(before.is_f64() && after.is_f64() && before != after, "{sides}");
    }
}

#[test]
fn people_read_a_comparison_as_a_table() {
    let folder = versions();
    let said = folder.ts(&["diff-scripts", "old", "new", "--asset-class", "equity", "--from", "2026-11-20"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stdout.starts_with(
            "2026-11-20 to 2026-11-20: 1 signal in the old version, 0 in the new; 0 gained, 1 lost, 0 moved\n"
        ),
        "{}",
        said.stdout
    );
    let row = said.stdout.lines().last().map(|line| line.split_whitespace().take(6).collect::<Vec<_>>());
    assert_eq!(row, Some(vec!["lost", "2026-11-20", "BBB", "equity", "equity_momentum", "breakout_20d"]));
    let said = folder.ts(&["diff-scripts", "old", "old", "--demo"]);
    assert!(said.stdout.ends_with("; no difference\n") && said.stderr.contains("DEMO"), "{}", said.stdout);
}

#[test]
fn versions_that_cannot_be_compared_are_refused() {
    let folder = versions();
    folder.write("broken/strategies/equity_momentum.rhai", "fn eligible(row) {");
    folder.write("empty/", "");
    let refused = |sides: &str, code: i32, told: &str| {
        let words: Vec<&str> = sides.split_whitespace().collect();
        let said = folder.ts(&[&["diff-scripts"], &words[..]].concat());
        assert!(said.code == code && said.stderr.contains(told), "{sides}: {} {}", said.code, said.stderr);
        assert_eq!(said.stdout, "", "{sides}");
    };
    refused("old nowhere", 2, "nowhere: ");
    refused("empty new", 2, "empty: no script lies in it");
    refused("old broken", 1, "broken/strategies/equity_momentum.rhai:1:");
    refused("broken/strategies/equity_momentum.rhai old.txt", 1, "a version that does not load");
    refused("old new --from 2026-11-20 --to 2026-11-19", 2, "swap them");
    refused("old", 2, "NEW");
}
