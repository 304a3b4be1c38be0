//! Scripts that mean harm, or are written by accident as if they did: each ends within a second
//! of work and 256 MB, says what is wrong and where, and takes nothing else down with it.
//!
//! Each runs in a process of its own, this binary started again, so that one that aborts, hangs
//! or eats the memory fails its own row. The corpus lies in `tests/hostile`, one file a script,
//! whose second line says what must come of it:
//!
//! - `refused CODE`: it is not loaded, and the finding names the file and the line;
//! - `fails TEXT`: it is loaded, and its failure names the file, the line and says TEXT;
//! - `harmless`: it is loaded and answers.
//!
//! What would be huge or is no text is made in [`made`].

mod made;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use chrono::NaiveDate;
use ts::domain::Problem;
use ts::features::Feature;
use ts::reload;
use ts::scripts::{
    Budget, LoadError, Options, PositionView, ScriptSource, Scripts, SignalView, Strategy, Verdicts,
};

use crate::program::Folder;

/// What a script may take, in processor time: a machine that does other work beside the tests
/// must not fail them.
const MOST_SECONDS: f64 = 1.0;
const MOST_KIB: u64 = 256 * 1024;
/// The address space of a child, so that a bomb that goes off costs the test and not the machine.
const MOST_ADDRESSES_KIB: u64 = 3 * 1024 * 1024;
/// One that waits instead of working is ended then.
const PATIENCE: Duration = Duration::from_secs(20);
/// As many as the built-in universe has.
const ROWS: u32 = 30;

/// Names the folder that a child looks at.
const FOLDER: &str = "TS_TEST_HOSTILE_FOLDER";
const SCORER: &str = "const WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { 5.0 }\n";

struct Case {
    name: String,
    script: Vec<u8>,
    expected: String,
}

/// What a child told of itself.
struct Outcome {
    refusals: Vec<String>,
    failures: Vec<String>,
    is_loaded: bool,
    cpu_seconds: f64,
    peak_kib: u64,
}

#[test]
fn hostile_scripts_end_soon_small_and_with_a_clear_error() {
    let mut cases = corpus();
    assert!(cases.len() >= 60, "{} files in the corpus", cases.len());
    cases.extend(made::made());
    let only = std::env::var("TS_TEST_HOSTILE_ONLY").ok();
    cases.retain(|case| only.as_ref().is_none_or(|only| case.name.contains(only.as_str())));
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                failures.extend(check(case).err());
            }
            failures
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}

#[test]
fn hostile_scripts_cost_nothing_but_themselves() {
    let folder = Folder::with_files();
    let shipped = include_str!("../../../strategies/equity_momentum.rhai");
    folder.write("strategies/equity_momentum.rhai", shipped);
    let cases = corpus();
    for case in &cases {
        let text = String::from_utf8_lossy(&case.script);
        folder.write(&format!("strategies/{}.rhai", file_name(case)), &text);
    }
    let said = folder.ts(&["run", "--dry-run", "--format", "json"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    let run: serde_json::Value = serde_json::from_str(&said.stdout).expect("stdout is one document");
    assert_eq!(run["recommendations"][0]["symbol"], "BBB");
    let messages: Vec<&str> = run["problems"]
        .as_array()
        .expect("a list of problems")
        .iter()
        .filter_map(|problem| problem["message"].as_str())
        .collect();
    // What goes wrong in `stop` and `exit` is seen only where something is held.
    let is_seen = |case: &&Case| {
        case.expected != "harmless" && !case.name.contains("stop_") && !case.name.starts_with("loop_in_")
    };
    for case in cases.iter().filter(is_seen) {
        let place = format!("strategies/{}.rhai:", file_name(case));
        let named = messages.iter().any(|message| message.contains(&place));
        assert!(named, "nothing is said of {}", case.name);
    }
}

/// A script's name has at most 40 characters.
fn file_name(case: &Case) -> &str {
    &case.name[..case.name.len().min(40)]
}

fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("a file of the corpus").path();
        let text = fs::read_to_string(&path).expect("the files are text");
        let expected = text.lines().nth(1).and_then(|line| line.strip_prefix("//! expect: "));
        cases.push(Case {
            name: path.file_stem().expect("a file has a name").to_string_lossy().into_owned(),
            expected: expected.unwrap_or("nothing").to_owned(),
            script: text.into_bytes(),
        });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Runs one script in a child and compares what came of it.
fn check(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("strategies")).expect("a folder in it");
    fs::write(folder.path().join("strategies/probe.rhai"), &case.script).expect("a file in it");
    let outcome = child(folder.path()).map_err(|why| format!("{}: {why}", case.name))?;
    if std::env::var_os("TS_TEST_HOSTILE_TABLE").is_some() {
        let first = outcome.refusals.iter().chain(&outcome.failures).next();
        eprintln!(
            "| {} | {:.2} s | {} MB | {} |",
            case.name,
            outcome.cpu_seconds,
            outcome.peak_kib / 1024,
            first.map_or("harmless", |told| told).chars().take(150).collect::<String>()
        );
    }
    let failed = |what: &str| {
        let short = |told: &[String]| -> Vec<String> {
            told.iter().take(3).map(|one| one.chars().take(300).collect()).collect()
        };
        Err(format!(
            "{}: {what}\n  refused: {:#?}\n  failed: {:#?}",
            case.name,
            short(&outcome.refusals),
            short(&outcome.failures)
        ))
    };
    if outcome.cpu_seconds > MOST_SECONDS {
        return failed(&format!("took {:.2} s", outcome.cpu_seconds));
    }
    if outcome.peak_kib > MOST_KIB {
        return failed(&format!("took {} MB", outcome.peak_kib / 1024));
    }
    let told: Vec<&String> = outcome.refusals.iter().chain(&outcome.failures).collect();
    if let Some(long) = told.iter().find(|one| one.chars().count() > MOST_CHARACTERS) {
        return failed(&format!("an error of {} characters", long.chars().count()));
    }
    if told.iter().any(|one| one.contains(char::is_control) || one.contains(BREAK)) {
        return failed("an error with control characters");
    }
    if told.len() > MOST_FINDINGS {
        return failed(&format!("{} errors", told.len()));
    }
    let (word, rest) = case.expected.split_once(' ').unwrap_or((&case.expected, ""));
    let placed = |told: &str| {
        told.split("strategies/probe.rhai:")
            .nth(1)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    match word {
        "unread" => {
            let found =
                outcome.refusals.iter().any(|told| told.contains("probe.rhai: ") && told.contains(rest));
            if found && !outcome.is_loaded { Ok(()) } else { failed("was not refused as a file") }
        }
        "refused" => {
            let is_whole = WHOLE_FILE.contains(&rest);
            let found = outcome
                .refusals
                .iter()
                .any(|told| told.starts_with(&format!("[{rest}")) && (is_whole || placed(told)));
            if found && !outcome.is_loaded { Ok(()) } else { failed(&format!("was not {}", case.expected)) }
        }
        "fails" => {
            let found = outcome.failures.iter().any(|told| told.contains(rest) && placed(told));
            if found && outcome.refusals.is_empty() {
                Ok(())
            } else {
                failed(&format!("does not say {rest:?}"))
            }
        }
        "harmless" => {
            if outcome.is_loaded && told.is_empty() {
                Ok(())
            } else {
                failed("was not harmless")
            }
        }
        _ => failed("nothing is expected of it"),
    }
}

/// What a person reads of a script is a few lines.
const MOST_CHARACTERS: usize = 600;
const MOST_FINDINGS: usize = 101;
/// Findings about a file as a whole have no line.
const WHOLE_FILE: [&str; 3] = ["too_long", "too_many_features", "missing_function"];
/// Stands for the end of a line in what a child tells.
const BREAK: &str = "<line ends>";

fn child(folder: &Path) -> Result<Outcome, String> {
    let program = std::env::current_exe().expect("a test knows its own program");
    let arguments = ["--exact", "hostile::child_looks_at_one_script", "--ignored", "--nocapture"];
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -v {MOST_ADDRESSES_KIB}; exec \"$0\" \"$@\"")]).arg(program);
        shell
    } else {
        Command::new(program)
    };
    // Its own files, so that one that floods its output cannot block on a full pipe.
    let said = tempfile::tempfile().expect("a temporary file");
    let mut running = command
        .args(arguments)
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(said.try_clone().expect("a second handle"))
        .stderr(said.try_clone().expect("a third handle"))
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            running.kill().map_err(|error| error.to_string())?;
            running.wait().map_err(|error| error.to_string())?;
            return Err(format!("did not end within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut said = said;
    std::io::Seek::rewind(&mut said).expect("a file can be read again");
    let text = std::io::read_to_string(said).map_err(|error| error.to_string())?;
    if !status.success() {
        let end: Vec<&str> = text.lines().rev().take(8).collect();
        return Err(format!("ended with {status}: {}", end.into_iter().rev().collect::<Vec<_>>().join("\n")));
    }
    let lines = |mark: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
    };
    let number = |mark: &str| lines(mark).first().and_then(|told| told.parse::<f64>().ok());
    Ok(Outcome {
        refusals: lines("refused: "),
        failures: lines("failed: "),
        is_loaded: number("loaded: ") == Some(1.0),
        cpu_seconds: number("cpu: ").ok_or("told no time")?,
        peak_kib: number("peak: ").ok_or("told no memory")? as u64,
    })
}

/// Not a test: what [`child`] runs.
#[test]
#[ignore = "started by the test above, in a process of its own"]
fn child_looks_at_one_script() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (before, start) = (cpu_seconds(), Instant::now());
    println!();
    let (files, problems) = reload::read_scripts(Path::new(&folder));
    let mut sources: Vec<ScriptSource> = files
        .into_iter()
        .map(|file| ScriptSource {
            path: format!("{}/{}.rhai", file.kind.as_str(), file.name),
            name: file.name,
            text: file.text,
        })
        .collect();
    sources.push(ScriptSource { name: "flat".into(), path: "scorers/flat.rhai".into(), text: SCORER.into() });
    let options =
        Options { default_scorer: "flat".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
    let (scripts, errors) = Scripts::check(&sources, &options);
    for told in problems.iter().map(Problem::to_string) {
        println!("refused: {}", told.replace('\n', BREAK));
    }
    for error in &errors {
        let LoadError { code, .. } = error;
        println!("refused: [{code}] {}", error.to_string().replace('\n', BREAK));
    }
    if let Some(strategy) = scripts.strategy("probe") {
        println!("loaded: 1");
        for told in failures(&scripts, strategy) {
            println!("failed: {}", told.replace('\n', BREAK));
        }
    }
    let spent = before.zip(cpu_seconds()).map_or(start.elapsed().as_secs_f64(), |(a, b)| b - a);
    println!("cpu: {spent}");
    println!("peak: {}", peak_kib().unwrap_or(0));
}

/// Asks every function about a session of rows, as a run does.
fn failures(scripts: &Scripts, strategy: &Strategy) -> Vec<String> {
    let values = strategy.features().into_iter().map(|feature| (feature, 100.0));
    let rows = scripts.rows(&vec![values.collect::<BTreeMap<Feature, f64>>(); ROWS as usize]);
    let index: Vec<u32> = (0..ROWS).collect();
    let position = PositionView {
        entry_price: 90.0,
        stop_price: 80.0,
        entry_date: NaiveDate::from_ymd_opt(2026, 11, 2).expect("a date"),
        bars_held: 3,
        highest_close: 110.0,
        quantity: 10.0,
    };
    let mut told = Vec::new();
    let budget = &mut Budget::for_rows(index.len());
    note(&mut told, strategy.eligible(&rows, &index, budget));
    note(&mut told, strategy.entry(&rows, &index, budget));
    if let Some(scorer) = scripts.scorer_of(strategy) {
        let signals = vec![SignalView { trigger: "up".into(), strategy: "probe".into() }; index.len()];
        note(&mut told, scorer.component(0, &rows, &index, &signals, budget));
    }
    let held = vec![position; 8];
    let budget = &mut Budget::for_positions(held.len());
    note(&mut told, strategy.stop(&rows, &index[..8], &held, budget));
    note(&mut told, strategy.exit(&rows, &index[..8], &held, budget));
    told
}

fn note<T>(told: &mut Vec<String>, verdicts: Verdicts<T>) {
    told.extend(verdicts.errors.iter().map(|error| error.error.to_string()));
}

/// The processor time of this process, in hundredths of a second; `None` where nobody tells.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// The most memory that this process held at once; `None` where nobody tells.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
