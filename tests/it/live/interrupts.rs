//! Ctrl-C and SIGTERM end a command soon, and cost nothing that was fetched.
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use super::trial::{RUN_EQUITY, THURSDAY, Trial};

/// The longest that an end may take. The answers that are waited for take a minute.
const SOON: Duration = Duration::from_secs(5);
/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
const FETCH: &str = "fetch-data --symbols AAPL,MSFT --days 30";

fn half_written(trial: &Trial) -> Vec<String> {
    let mut names = trial.cached();
    names.retain(|name| !name.ends_with(".parquet") && !name.ends_with(".meta.json"));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_ends_soon_and_keeps_what_was_fetched() {
    for (signal, arguments) in
        [("-INT", FETCH), ("-TERM", FETCH), ("-INT", RUN_EQUITY), ("-TERM", RUN_EQUITY)]
    {
        let trial = Trial::start().await;
        trial.set(|manner| manner.slow = Some(("MSFT", 1)));
        // At five calls a minute it asks for one symbol at a time, and keeps it before the next.
        let limit = ("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "5");
        let mut begun = trial.begin(&[limit], arguments);
        while !trial.paths().await.iter().any(|path| path.contains("MSFT")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(begun.is_running(), "ts {arguments}");
        }
        begun.signal(signal);
        assert_eq!(begun.ended(SOON).await, Some(1), "{signal} to ts {arguments}");
        let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
        assert!(listed.contains("equity_AAPL_") && !listed.contains("MSFT"), "{listed}");
        assert_eq!(half_written(&trial), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_written_is_written_to_its_end() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.delay = Duration::from_millis(500));
    let mut begun = trial.begin(&[], "fetch-data --symbols AAPL --days 30");
    let stderr = BufReader::new(begun.0.stderr.take().expect("it is piped"));
    let (sender, told) = std::sync::mpsc::channel();
    // Read to its end: a program whose stderr is closed says other things.
    std::thread::spawn(move || {
        let lines = stderr.lines().map_while(Result::ok).filter(|line| line.contains("1/1 calls"));
        lines.for_each(|line| drop(sender.send(line)));
    });
    trial.asked(1).await;
    // Another process has the folder, so the write takes as long as the test likes.
    trial.folder.write("data/cache/.lock", "");
    let lock = File::open(trial.folder.path().join("data/cache/.lock")).expect("it was made");
    lock.lock().expect("nobody has it");
    // The answer is told right before it is written.
    let is_told = tokio::task::block_in_place(|| told.recv_timeout(PATIENCE).is_ok());
    assert!(is_told, "the answer came");
    tokio::time::sleep(Duration::from_millis(300)).await;
    begun.signal("-INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(begun.is_running(), "it waits for the writer");
    drop(lock);
    assert_eq!(begun.ended(SOON).await, Some(1));
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    assert!(listed.contains("equity_AAPL_2026-10-21_2026-11-19"), "{listed}");
    assert_eq!(half_written(&trial), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_hangs_does_not_keep_the_command() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.delay = Duration::from_millis(500));
    let mut begun = trial.begin(&[], "fetch-data --symbols AAPL --days 30");
    trial.asked(1).await;
    trial.folder.write("data/cache/.lock", "");
    let lock = File::open(trial.folder.path().join("data/cache/.lock")).expect("it was made");
    lock.lock().expect("nobody has it");
    tokio::time::sleep(Duration::from_secs(1)).await;
    begun.signal("-TERM");
    assert_eq!(begun.ended(SOON).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_the_settings_limit_is_cut_short() {
    let trial = Trial::start().await;
    let limit = ("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "2");
    let mut begun = trial.begin(&[limit], "fetch-data --symbols AAPL,MSFT,NVDA --days 30");
    trial.asked(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(begun.is_running() && trial.paths().await.len() == 2, "two a minute, and no third");
    begun.signal("-INT");
    assert_eq!(begun.ended(SOON).await, Some(1));
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    assert!(listed.contains("equity_AAPL_") && listed.contains("equity_MSFT_"), "{listed}");
}
