//! The cache on a disk that fails, is shared, or holds what a newer program wrote.

#[cfg(unix)]
use std::process::Command;

use super::trial::{RUN, RUN_EQUITY, THURSDAY, Trial};
use crate::program::program;

/// The lines that tell a problem of the cache.
fn told(said: &str) -> usize {
    said.matches("could not ").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_cannot_be_written_costs_the_cache_alone() {
    let trial = Trial::start().await;
    // The settings' own file is no folder.
    let variables = [("POLYGON_API_KEY", "any"), ("TS_CACHE__DIR", "ts.toml/cache")];
    let (said, paths) = trial.ts_with(THURSDAY, &variables, RUN).await;
    assert_eq!((said.code, paths.len()), (0, 6), "{}{}", said.stdout, said.stderr);
    assert_eq!(told(&said.stdout), 1, "{}", said.stdout);
    assert!(said.words().contains("is not writable"), "{}", said.stdout);
    assert!(!said.words().contains("no decision"), "the bars were used: {}", said.stdout);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_the_middle_of_a_file_costs_the_cache_alone() {
    let trial = Trial::start().await;
    let whole = trial.ran(THURSDAY, RUN_EQUITY).await.0;
    trial.ran(THURSDAY, "cache clear --all").await;
    let address = trial.server.uri();
    // The largest file that may be written is one block: a write fails with what came before it written.
    let limited = format!("trap '' XFSZ; ulimit -f 1; exec \"$0\" {RUN_EQUITY} --now {THURSDAY}");
    let output = Command::new("sh")
        .args(["-c", &limited])
        .arg(program())
        .current_dir(trial.folder.path())
        .env_clear()
        .env("TS_SOURCES__POLYGON__BASE_URL", &address)
        .env("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "1000")
        .env("POLYGON_API_KEY", "any")
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told(&said), 1, "{said}");
    assert!(said.contains("the disk is full"), "{said}");
    let close =
        |said: &str| said.split_once("S&P").or(said.split_once("SPY")).map(|cut| cut.1[..20].to_owned());
    assert_eq!(close(&said.split_whitespace().collect::<Vec<_>>().join(" ")), close(&whole), "{said}");
    assert_eq!(trial.cached(), [""; 0], "nothing half-written stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_program_wrote_is_left_alone_and_its_symbol_fetched() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    let name = trial.cached().into_iter().find(|name| name.contains("AAPL") && name.ends_with(".meta.json"));
    let name = format!("data/cache/{}", name.expect("an entry"));
    let newer = trial.folder.read(&name).replace("\"format_version\": 1", "\"format_version\": 99");
    trial.folder.write(&name, &newer);
    let (said, paths) = trial.ran(THURSDAY, RUN_EQUITY).await;
    assert!(paths.len() == 1 && paths[0].contains("/AAPL/"), "{paths:?}");
    assert!(said.contains("format 99, which a newer ts wrote; it was left alone"), "{said}");
    assert!(!said.contains("AAPL: no bars"), "{said}");
    assert_eq!(trial.folder.read(&name), newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_fill_one_cold_cache_at_once() {
    let trial = Trial::start().await;
    // Slow enough that each is at it while the other is.
    trial.set(|manner| manner.delay = std::time::Duration::from_millis(200));
    let fetch = "fetch-data --asset-class equity --days 400";
    let mut both = [trial.begin(&[], fetch), trial.begin(&[], fetch)];
    for process in &mut both {
        assert_eq!(process.ended(std::time::Duration::from_secs(30)).await, Some(0));
    }
    assert_eq!(trial.paths().await.len(), 8, "neither waited for the other");
    let (verified, _) = trial.ran(THURSDAY, "cache verify").await;
    assert!(verified.contains("4 entries, 0 of them unsound"), "{verified}");
    let files = trial.cached();
    assert_eq!(files.len(), 8, "two files an entry, and nothing else: {files:?}");
    let (_, paths) = trial.ran(THURSDAY, fetch).await;
    assert_eq!(paths, [""; 0], "every entry is whole");
}
