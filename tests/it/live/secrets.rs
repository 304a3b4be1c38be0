//! A key is written nowhere, whatever a vendor does with it.
//!
//! [`Trial::ts_with`] looks through both outputs of every command; here the vendors repeat the key.

use std::fs;

use super::trial::{KEY, RUN, RUN_EQUITY, THURSDAY, Trial};

const KEYS: [&str; 2] = ["POLYGON_API_KEY", "ALPHA_VANTAGE_API_KEY"];

/// Reads every file of the trial's folder, and returns how many there are.
fn files_without_the_key(trial: &Trial) -> usize {
    let mut folders = vec![trial.folder.path().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the trial") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).expect("a file of the trial");
            assert!(!String::from_utf8_lossy(&bytes).contains(KEY), "{}", path.display());
            files += 1;
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_and_repeated_is_written_nowhere() {
    for format in ["text", "json", "html"] {
        let trial = Trial::start().await;
        trial.set(|manner| manner.key = Some("another"));
        let run = format!("{RUN} --format {format}");
        let (said, paths) = trial.ts(THURSDAY, &KEYS, &run).await;
        assert!(said.words().contains("the key is not accepted"), "{}{}", said.stdout, said.stderr);
        assert!(paths.iter().any(|path| path == "/query"), "{paths:?}");
        assert!(files_without_the_key(&trial) > 4, "cache, count of calls and preview were written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_repeated_in_a_passing_failure_is_written_nowhere() {
    for source in ["polygon", "alpha_vantage"] {
        let trial = Trial::start().await;
        trial.set(|manner| manner.echoes = 1);
        let fetch = format!("fetch-data --symbols AAPL --days 5 --source {source}");
        let (said, paths) = trial.ts(THURSDAY, &KEYS, &fetch).await;
        assert_eq!((said.code, paths.len()), (0, 2), "{}{}", said.stdout, said.stderr);
        assert!(said.words().contains("overloaded; your key *** was seen"), "{}", said.stderr);
        assert!(files_without_the_key(&trial) >= 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_spent_is_told_without_the_key() {
    let trial = Trial::start().await;
    trial.set(|manner| {
        manner.failing = vec!["MSFT"];
        manner.is_spent = true;
    });
    let (said, paths) = trial.ts(THURSDAY, &KEYS, &format!("{RUN_EQUITY} --format json")).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(paths.iter().filter(|path| *path == "/query").count(), 1, "{paths:?}");
    // Without an answer MSFT counts as failed at both, and is told once.
    let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON alone");
    let problems = report["problems"].as_array().expect("a list");
    let told: Vec<&str> = problems
        .iter()
        .filter(|problem| problem["symbol"] == "MSFT")
        .filter_map(|problem| problem["message"].as_str())
        .filter(|message| message.contains("alpha_vantage"))
        .collect();
    assert_eq!(told.len(), 1, "{problems:?}");
    assert!(files_without_the_key(&trial) > 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_talkative_log_of_every_library_holds_no_key() {
    for (format, log) in [("text", "text"), ("html", "json")] {
        let trial = Trial::start().await;
        trial.set(|manner| {
            manner.failing = vec!["MSFT"];
            manner.page = 300;
        });
        let variables = [("LOG_LEVEL", "trace"), (KEYS[0], KEY), (KEYS[1], KEY)];
        let run = format!("{RUN_EQUITY} --format {format} --log-format {log}");
        let (said, paths) = trial.ts_with(THURSDAY, &variables, &run).await;
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(paths.iter().any(|path| path == "/query"), "a key in a query is among them: {paths:?}");
        assert!(said.stderr.contains("hyper") || said.stderr.contains("TRACE"), "the libraries are heard");
        assert!(files_without_the_key(&trial) > 4);
    }
}
