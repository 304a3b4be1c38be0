//! The vendors of one test, and a folder in which the program is run against them.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use wiremock::MockServer;

use ts::clock::Clock;

use super::vendor;
use super::vendor::Manner;
use crate::program::{Folder, Said, program};

pub const KEY: &str = "s3cr3t-key-of-a-vendor";
/// After the closes of two sessions in a row.
pub const THURSDAY: &str = "2026-11-19T22:00:00Z";
pub const FRIDAY: &str = "2026-11-20T22:00:00Z";
pub const SETTINGS: &str =
    "[universe]\nequity = [\"AAPL\", \"MSFT\", \"NVDA\"]\ncrypto = [\"BTC\", \"ETH\"]\n";

pub const RUN: &str = "run --dry-run";
pub const RUN_EQUITY: &str = "run --dry-run --asset-class equity";
pub const RUN_CRYPTO: &str = "run --dry-run --asset-class crypto";

/// No command of these tests takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Trial {
    pub server: MockServer,
    manner: Arc<Mutex<Manner>>,
    pub folder: Folder,
}

impl Trial {
    /// Starts well-behaved vendors, and a folder with [`SETTINGS`].
    pub async fn start() -> Self {
        let clock = Clock::Fixed(THURSDAY.parse().expect("an instant"));
        let manner = Arc::new(Mutex::new(Manner::at(clock)));
        let server = vendor::serve(MockServer::builder(), Arc::clone(&manner)).await;
        let folder = Folder::empty();
        folder.write("ts.toml", SETTINGS);
        Self { server, manner, folder }
    }

    pub fn set(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().expect("no test panicked with it"));
    }

    /// Runs the program at an instant with these keys, and returns the paths that it asked for.
    pub async fn ts(&self, now: &str, keys: &[&str], arguments: &str) -> (Said, Vec<String>) {
        let keys: Vec<(&str, &str)> = keys.iter().map(|name| (*name, KEY)).collect();
        self.ts_with(now, &keys, arguments).await
    }

    /// Runs the program at an instant with these variables over those that send it to the vendors.
    pub async fn ts_with(
        &self,
        now: &str,
        variables: &[(&str, &str)],
        arguments: &str,
    ) -> (Said, Vec<String>) {
        self.set(|manner| manner.clock = Clock::Fixed(now.parse().expect("an instant")));
        let before = self.paths().await.len();
        let address = self.server.uri();
        let mut all = addresses(&address);
        all.extend(variables);
        let mut words: Vec<&str> = arguments.split_whitespace().collect();
        words.extend(["--now", now]);
        let said = self.folder.ts_with(&all, &words);
        let mut paths = self.paths().await.split_off(before);
        paths.sort();
        assert!(!said.words().contains(KEY), "the key is printed:\n{}{}", said.stdout, said.stderr);
        (said, paths)
    }

    /// Returns the paths of all requests so far.
    pub async fn paths(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        requests.iter().map(|request| request.url.path().to_owned()).collect()
    }

    /// Returns the queries of all requests so far.
    pub async fn queries(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        requests.iter().filter_map(|request| request.url.query().map(str::to_owned)).collect()
    }

    /// Waits until so many requests have come.
    pub async fn asked(&self, requests: usize) {
        let until = Instant::now() + PATIENCE;
        while self.paths().await.len() < requests {
            assert!(Instant::now() < until, "{requests} requests: {:?}", self.paths().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs what cannot be decided, and ends with 1 for it.
    pub async fn undecided(&self, now: &str, arguments: &str) -> (String, Vec<String>) {
        let (said, paths) = self.ts(now, &["POLYGON_API_KEY"], arguments).await;
        assert_eq!(said.code, 1, "ts {arguments}\n{}{}", said.stdout, said.stderr);
        (said.words(), paths)
    }

    /// Runs what must end well.
    pub async fn ran(&self, now: &str, arguments: &str) -> (String, Vec<String>) {
        let (said, paths) = self.ts(now, &["POLYGON_API_KEY"], arguments).await;
        assert_eq!(said.code, 0, "ts {arguments}\n{}{}", said.stdout, said.stderr);
        (said.words(), paths)
    }

    /// Starts the program on Thursday, to be interrupted.
    pub fn begin(&self, variables: &[(&str, &str)], arguments: &str) -> Begun {
        let address = self.server.uri();
        let mut command = Command::new(program());
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(addresses(&address))
            .env("POLYGON_API_KEY", KEY)
            .envs(variables.iter().copied())
            .args(arguments.split_whitespace())
            .args(["--now", THURSDAY])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Begun(command.spawn().expect("the program starts"))
    }

    /// Returns the files in the cache's folder, by name, without the lock.
    pub fn cached(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("data/cache")) else { return Vec::new() };
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.expect("an entry of the folder").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).filter(|name| name != ".lock").collect();
        names.sort();
        names
    }
}

/// The variables that send the program to the server, say everything, and lift the limits.
fn addresses(address: &str) -> Vec<(&str, &str)> {
    vec![
        ("TS_SOURCES__POLYGON__BASE_URL", address),
        ("TS_SOURCES__BINANCE__BASE_URL", address),
        ("TS_SOURCES__ALPHA_VANTAGE__BASE_URL", address),
        ("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "1000"),
        ("TS_SOURCES__BINANCE__REQUESTS_PER_MINUTE", "1000"),
        ("LOG_LEVEL", "ts=trace,info"),
    ]
}

/// A program that was started; it does not outlive its test.
pub struct Begun(pub Child);

impl Begun {
    /// Sends it a signal, as `kill` names it.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("it can be asked").is_none()
    }

    /// Waits for its end and returns its code; it must come within the time.
    pub async fn ended(&mut self, within: Duration) -> Option<i32> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.0.try_wait().expect("it can be asked") {
                return status.code();
            }
            assert!(Instant::now() < until, "it did not end within {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}
