//! The program with real HTTP between it and its vendors, who are a server on this machine.
//!
//! Every claim on what is fetched is made against the requests that the server counted.

#[path = "../../examples/vendor/mod.rs"]
mod vendor;

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::program::{Folder, Said, program};
use vendor::{Manner, Vendor};

const KEY: &str = "s3cr3t-key-of-a-vendor";
/// After the closes of two sessions in a row.
const THURSDAY: &str = "2026-11-19T22:00:00Z";
const FRIDAY: &str = "2026-11-20T22:00:00Z";
const SETTINGS: &str = "[universe]\nequity = [\"AAPL\", \"MSFT\", \"NVDA\"]\ncrypto = [\"BTC\", \"ETH\"]\n";

/// The vendors, and a folder to run the program in.
struct Trial {
    server: MockServer,
    manner: Arc<Mutex<Manner>>,
    folder: Folder,
}

impl Trial {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let now = THURSDAY.parse().expect("an instant");
        let manner = Arc::new(Mutex::new(Manner::at(now)));
        Mock::given(any()).respond_with(Vendor(Arc::clone(&manner))).mount(&server).await;
        let folder = Folder::empty();
        folder.write("ts.toml", SETTINGS);
        Self { server, manner, folder }
    }

    fn set(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().expect("no test panicked with it"));
    }

    /// Runs the program at an instant with these keys, and returns the paths that it asked for.
    async fn ts(&self, now: &str, keys: &[&str], arguments: &str) -> (Said, Vec<String>) {
        self.set(|manner| manner.now = now.parse().expect("an instant"));
        let requests = async || self.server.received_requests().await.expect("requests are recorded");
        let before = requests().await.len();
        let address = self.server.uri();
        let mut variables = vec![
            ("TS_SOURCES__POLYGON__BASE_URL", address.as_str()),
            ("TS_SOURCES__BINANCE__BASE_URL", &address),
            ("TS_SOURCES__ALPHA_VANTAGE__BASE_URL", &address),
            ("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "1000"),
            ("TS_SOURCES__BINANCE__REQUESTS_PER_MINUTE", "1000"),
            ("LOG_LEVEL", "ts=trace,info"),
        ];
        variables.extend(keys.iter().map(|name| (*name, KEY)));
        let mut words: Vec<&str> = arguments.split_whitespace().collect();
        words.extend(["--now", now]);
        let said = self.folder.ts_with(&variables, &words);
        let requests = requests().await;
        let mut paths: Vec<String> =
            requests[before..].iter().map(|request| request.url.path().to_owned()).collect();
        paths.sort();
        assert!(!said.words().contains(KEY), "the key is printed:\n{}{}", said.stdout, said.stderr);
        (said, paths)
    }

    /// Runs what cannot be decided, and ends with 1 for it.
    async fn undecided(&self, now: &str, arguments: &str) -> (String, Vec<String>) {
        let (said, paths) = self.ts(now, &["POLYGON_API_KEY"], arguments).await;
        assert_eq!(said.code, 1, "ts {arguments}\n{}{}", said.stdout, said.stderr);
        (said.words(), paths)
    }

    /// Runs what must end well.
    async fn ran(&self, now: &str, arguments: &str) -> (String, Vec<String>) {
        let (said, paths) = self.ts(now, &["POLYGON_API_KEY"], arguments).await;
        assert_eq!(said.code, 0, "ts {arguments}\n{}{}", said.stdout, said.stderr);
        (said.words(), paths)
    }
}

const GROUPED: &str = "/v2/aggs/grouped/locale/us/market/stocks/2026-11-20";
const SPLITS: &str = "/v3/reference/splits";
const RUN: &str = "run --dry-run";

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_run_asks_nothing_and_decides_the_same() {
    let trial = Trial::start().await;
    let (cold, paths) = trial.ran(THURSDAY, "run --dry-run --format json").await;
    assert_eq!(paths.len(), 6, "three stocks, their benchmark and two coins: {paths:?}");
    assert!(
        cold.contains("Fetching 4 equity symbols") && cold.contains("Cache hits: 0, API fetches: 4"),
        "{cold}"
    );
    let (warm, paths) = trial.ran(THURSDAY, "run --dry-run --format json").await;
    assert_eq!(paths, [""; 0]);
    assert!(warm.contains("Cache hits: 4, API fetches: 0") && warm.contains("Cache hits: 2, API fetches: 0"));
    let hashes = |said: &str| {
        said.split("\"data_hash\": ")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(hashes(&cold).len(), 2, "{cold}");
    assert_eq!(hashes(&cold), hashes(&warm));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_day_of_many_symbols_is_one_call_and_one_for_the_splits() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, "run --dry-run --asset-class equity").await;
    let (said, paths) = trial.ran(FRIDAY, "run --dry-run --asset-class equity --strict").await;
    assert_eq!(paths, [GROUPED, SPLITS]);
    assert!(said.contains("Cache hits: 0, API fetches: 2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_has_the_whole_history_fetched_again() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, "run --dry-run --asset-class equity").await;
    let features = "features NVDA --names close --from 2026-11-19 --format csv --to";
    let close = |said: &str| {
        let cell = said.split_whitespace().find_map(|row| row.strip_prefix("2026-11-19,NVDA,"));
        cell.and_then(|cell| cell.parse::<f64>().ok()).expect("a close of Thursday")
    };
    let (before, _) = trial.ran(THURSDAY, &format!("{features} 2026-11-19")).await;
    trial.set(|manner| {
        manner.split = Some(("NVDA", NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date"), 4.0));
    });
    let (said, paths) = trial.ran(FRIDAY, RUN).await;
    let ranges: Vec<&String> = paths.iter().filter(|path| path.contains("/range/")).collect();
    assert!(ranges.len() == 1 && ranges[0].contains("/NVDA/"), "{paths:?}");
    assert!(
        said.contains("NVDA: polygon: split 4 for 1 on 2026-11-20; its whole history is fetched again"),
        "{said}"
    );
    let (after, paths) = trial.ran(FRIDAY, &format!("{features} 2026-11-20")).await;
    assert_eq!(paths, [""; 0]);
    assert!((close(&before) / close(&after) - 4.0).abs() < 1e-9, "{before}\n{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn todays_bar_refused_by_the_plan_is_told_and_not_asked_again_for_minutes() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, "run --dry-run --asset-class equity").await;
    trial.set(|manner| manner.is_free_plan = true);
    let (said, paths) = trial.undecided(FRIDAY, "run --dry-run --asset-class equity").await;
    assert_eq!(paths, [GROUPED]);
    assert!(said.contains("after midnight in New York") && said.contains("(4 symbols)"), "{said}");
    let (said, paths) = trial.undecided("2026-11-20T22:09:00Z", "run --dry-run --asset-class equity").await;
    assert_eq!(paths, [""; 0]);
    assert!(said.contains("polygon did not have 2026-11-20 yet"), "{said}");
    let (_, paths) = trial.undecided("2026-11-20T22:11:00Z", "run --dry-run --asset-class equity").await;
    assert_eq!(paths, [GROUPED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_symbol_costs_only_itself() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.failing = vec!["MSFT", "ETH"]);
    let (said, paths) = trial.ran(THURSDAY, RUN).await;
    assert_eq!(paths.len(), 6);
    assert!(said.contains("MSFT: polygon (MSFT) answered with status 404"), "{said}");
    assert!(said.contains("ETH: ETH is not known; binance has no such pair"), "{said}");
    assert!(!said.contains("AAPL: polygon") && !said.contains("BTC: "), "{said}");
    trial.set(|manner| manner.failing.clear());
    let (_, paths) = trial.ran(THURSDAY, RUN).await;
    // What was fetched stays, and a coin that a vendor says not to know is not asked for every time.
    assert!(paths.len() == 1 && paths[0].contains("/MSFT/"), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_vendor_is_asked_for_what_the_first_failed() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.failing = vec!["MSFT"]);
    let keys = ["POLYGON_API_KEY", "ALPHA_VANTAGE_API_KEY"];
    let fetch = "fetch-data --symbols AAPL,MSFT --days 30";
    let (said, paths) = trial.ts(THURSDAY, &keys, fetch).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(paths.iter().filter(|path| *path == "/query").count(), 1, "{paths:?}");
    let row = |name: &str| {
        let row = said.stdout.lines().find(|line| line.starts_with(name)).expect("a row a symbol");
        row.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("AAPL"), ["AAPL", "22", "2026-10-21", "2026-11-19", "polygon"]);
    assert_eq!(row("MSFT"), ["MSFT", "22", "2026-10-21", "2026-11-19", "alpha_vantage"]);
    assert!(said.stdout.contains("status 404"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_asks_for_a_pause_gets_it() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.busy = 1);
    let started = std::time::Instant::now();
    let (_, paths) = trial.ran(THURSDAY, "fetch-data --symbols BTC --days 5").await;
    assert_eq!(paths.len(), 2);
    assert!(started.elapsed().as_secs_f64() >= 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn crypto_needs_no_key_and_stocks_say_which_one() {
    let trial = Trial::start().await;
    let (said, paths) = trial.ts(THURSDAY, &[], RUN).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(paths.len() == 2 && paths.iter().all(|path| path == "/api/v3/klines"), "{paths:?}");
    let words = said.words();
    assert!(words.contains("equity: skipped: no source of equity bars has its key; set POLYGON_API_KEY (a key: https://massive.com)"), "{words}");
    let (said, _) = trial.ts(THURSDAY, &[], "run --dry-run --asset-class equity").await;
    assert_eq!(said.code, 78);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_vendor_repeats_is_written_nowhere() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.key = Some("another"));
    let (said, paths) = trial.ts(THURSDAY, &["POLYGON_API_KEY", "ALPHA_VANTAGE_API_KEY"], RUN).await;
    assert!(said.words().contains("the key is not accepted"), "{}{}", said.stdout, said.stderr);
    assert!(paths.iter().any(|path| path == "/query"), "{paths:?}");
    let mut folders = vec![trial.folder.path().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the trial") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file of the trial");
            assert!(!String::from_utf8_lossy(&bytes).contains(KEY), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 4, "cache, count of calls and preview were written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_and_costs_nothing() {
    let trial = Trial::start().await;
    let (said, paths) = trial.ran(THURSDAY, "fetch-data --asset-class equity --days 30 --plan").await;
    assert_eq!(paths, [""; 0]);
    assert!(said.contains("polygon: 4 symbols, 4 calls"), "{said}");
    assert!(!trial.folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_a_market_of_files() {
    let trial = Trial::start().await;
    let fetch = "fetch-data --symbols BTC,ETH --days 200 --output market/crypto";
    trial.ran(THURSDAY, fetch).await;
    assert!(trial.folder.read("market/crypto/BTC.csv").starts_with("date,open,high,low,close,volume\n2026-"));
    trial.ran(THURSDAY, &format!("{fetch} --format parquet")).await;
    let read = "features BTC --names close --format csv --asset-class crypto";
    let (fetched, _) = trial.ran(THURSDAY, read).await;
    for name in ["BTC.csv", "ETH.csv"] {
        std::fs::remove_file(trial.folder.path().join("market/crypto").join(name)).expect("an export");
    }
    let (filed, paths) = trial.ran(THURSDAY, &format!("{read} --source files")).await;
    assert_eq!(paths, [""; 0]);
    let row = |said: &str| {
        said.split_whitespace().find(|word| word.starts_with("2026-11-18,BTC")).map(str::to_owned)
    };
    assert!(row(&fetched).is_some() && row(&fetched) == row(&filed), "{fetched}\n{filed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_is_listed_verified_and_cleared() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, "fetch-data --symbols BTC,ETH --days 30").await;
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    let key = "crypto_BTC_2026-10-20_2026-11-18";
    assert!(listed.contains(key) && listed.contains("binance") && listed.contains("fresh"), "{listed}");
    let (verified, _) = trial.ran(THURSDAY, "cache verify").await;
    assert!(verified.contains("2 entries, 0 of them unsound"), "{verified}");

    trial.folder.write(&format!("data/cache/{key}.parquet"), "not Parquet");
    let (said, _) = trial.ts(THURSDAY, &[], "cache verify").await;
    assert!(said.code == 1 && said.stdout.contains("corrupt"), "{}", said.stdout);
    let (said, paths) = trial.ran(THURSDAY, "fetch-data --symbols BTC,ETH --days 30").await;
    assert!(paths.len() == 1 && said.contains("quarantine"), "{paths:?} {said}");

    let (said, _) = trial.ran(THURSDAY, "cache clear ETH").await;
    assert!(said.contains("1 entries cleared"), "{said}");
    let (said, _) = trial.ran(THURSDAY, "cache clear --all").await;
    assert!(said.contains("1 entries cleared"), "{said}");
    let (said, _) = trial.ts(THURSDAY, &[], "cache clear NONE").await;
    assert_eq!(said.code, 2);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_keeps_what_was_fetched() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.slow = vec!["MSFT"]);
    let mut child = Command::new(program())
        .current_dir(trial.folder.path())
        .env_clear()
        .env("TS_SOURCES__POLYGON__BASE_URL", trial.server.uri())
        .env("POLYGON_API_KEY", KEY)
        .args(["fetch-data", "--symbols", "AAPL,MSFT", "--days", "30", "--now", THURSDAY])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // At five calls a minute it asks for one symbol at a time, and keeps it before the next.
    let asked = async || trial.server.received_requests().await.expect("requests are recorded").len();
    let both = async {
        while asked().await < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("both symbols are asked for");
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signalled.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    assert!(listed.contains("equity_AAPL_2026-10-21_2026-11-19") && !listed.contains("MSFT"), "{listed}");
}
