//! The program as a person runs it: in a folder of its own, with an empty environment and a
//! clock that stands still.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{self, Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use chrono::NaiveDate;
use tempfile::TempDir;

use ts::calendar;
use ts::domain::AssetClass;

/// A Sunday: the last finished sessions are Friday the 20th (equities) and the day before (crypto).
pub const NOW: &str = "2026-11-22T12:00:00Z";

/// The last finished equity session at [`NOW`].
pub const FRIDAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date of the calendar");

/// No command of these tests takes a tenth of it; one that hangs fails instead of blocking.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long a line of a running program is waited for; it comes within a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings that read two equities from files and nothing else.
pub const FILES: &str =
    "[universe]\nequity = [\"AAA\", \"BBB\"]\ncrypto = []\n[sources]\nequity = [\"files\"]\n";

/// What a command said, and the code it ended with.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Both outputs with every run of white space as one space, so that wrapping hides nothing.
    pub fn words(&self) -> String {
        format!("{} {}", self.stdout, self.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A folder to run the program in.
pub struct Folder(TempDir);

impl Folder {
    /// Makes an empty one.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Makes one with [`FILES`] and bars up to [`FRIDAY`]: AAA stands still, BBB breaks out.
    pub fn with_files() -> Self {
        let folder = Self::empty();
        folder.write("ts.toml", FILES);
        folder.write_bars(FRIDAY);
        folder
    }

    /// Writes the bars of [`FILES`] up to a session.
    pub fn write_bars(&self, last: NaiveDate) {
        self.write("market/equity/AAA.csv", &bars(1.0, last));
        self.write("market/equity/BBB.csv", &bars(1.01, last));
        self.write("market/equity/SPY.csv", &bars(1.0005, last));
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and the folders above it; a name that ends in `/` is a folder alone.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        if name.ends_with('/') {
            return fs::create_dir_all(path).expect("a new folder");
        }
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file that was written")
    }

    /// Runs `ts` with the arguments.
    pub fn ts(&self, arguments: &[&str]) -> Said {
        self.ts_with(&[], arguments)
    }

    /// Runs `ts` with environment variables and arguments.
    ///
    /// What no command may do is checked of each: panic, or colour what is not a terminal.
    pub fn ts_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
        let output = Command::new(program())
            .current_dir(self.path())
            .env_clear()
            .envs(variables.iter().copied())
            .args(["--now", NOW])
            .args(arguments)
            .timeout(TIMEOUT)
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        let said = Said {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        for output in [&said.stdout, &said.stderr] {
            for never in ["panicked", "RUST_BACKTRACE", "stack backtrace", "\u{1b}["] {
                assert!(!output.contains(never), "ts {arguments:?} wrote {never:?}:\n{output}");
            }
        }
        said
    }
}

/// A running program whose lines are read as they come; it ends with the test.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts `ts` with the arguments.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        Self::start_with(folder, &[], arguments)
    }

    /// Starts `ts` with environment variables and arguments.
    pub fn start_with(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_at(NOW, folder, variables, arguments)
    }

    /// Starts `ts` at an instant, with environment variables and arguments.
    pub fn start_at(now: &str, folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut child = process::Command::new(program())
            .current_dir(folder.path())
            .env_clear()
            .envs(variables.iter().copied())
            .args(["--now", now])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = mpsc::channel();
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().expect("stdout is piped"));
        let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().expect("stderr is piped"));
        for pipe in [stdout, stderr] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    // The test may have ended.
                    drop(sender.send(line));
                }
            });
        }
        Self { child, lines }
    }

    /// Waits until each part is said, in either output: the two come in no order.
    pub fn wait_for(&self, parts: &[&str]) {
        let mut heard = String::new();
        let is_said = |heard: &str| parts.iter().all(|part| heard.contains(part));
        while !is_said(&heard)
            && let Ok(line) = self.lines.recv_timeout(PATIENCE)
        {
            heard.push_str(&line);
            heard.push('\n');
        }
        assert!(is_said(&heard), "not all of {parts:?} is said; there was:\n{heard}");
    }
}

impl Running {
    /// Returns the id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it where it stands (SIGKILL), and tells whether it was still running.
    pub fn kill(&mut self) -> bool {
        let was_running = self.child.try_wait().expect("a child of this process").is_none();
        self.child.kill().expect("a child of this process");
        self.child.wait().expect("a child of this process");
        was_running
    }

    /// Waits until it has ended, and returns its exit code.
    pub fn wait(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of this process") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < until, "the program does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the path of the program under test.
pub fn program() -> &'static Path {
    assert_cmd::cargo::cargo_bin!("ts")
}

/// Writes 120 bars that end at `last`, each close `growth` times the one before.
pub fn bars(growth: f64, last: NaiveDate) -> String {
    let mut date = last;
    let mut rows = Vec::new();
    for sessions_ago in 0..120 {
        let close = 100.0 * growth.powi(119 - sessions_ago);
        let (open, high, low) = (close * 0.999, close * 1.003, close * 0.997);
        rows.push(format!("{date},{open:.4},{high:.4},{low:.4},{close:.4},2000000\n"));
        date = calendar::previous_session(AssetClass::Equity, date);
    }
    rows.push("date,open,high,low,close,volume\n".to_owned());
    rows.reverse();
    rows.concat()
}
