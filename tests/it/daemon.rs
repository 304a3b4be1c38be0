//! The daemon as a service manager and a person meet it: started, signalled, edited under, asked how it is.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Folder, Running};
use crate::smtp_server::{SmtpServer, WELL};

/// How long something that the daemon does is waited for; it takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service manager's socket.
struct Manager(UnixDatagram);

impl Manager {
    fn listen(folder: &Folder) -> (Self, String) {
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket in the folder");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        (Self(socket), path.display().to_string())
    }

    /// Waits until it is told something.
    fn wait_for(&self, what: &str) -> String {
        let mut heard = Vec::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let mut bytes = [0; 256];
            let length = self.0.recv(&mut bytes).expect("the daemon tells the manager");
            let told = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if told.contains(what) {
                return told;
            }
            heard.push(told);
            assert!(Instant::now() < until, "the manager is never told {what}: {heard:?}");
        }
    }
}

fn signal(running: &Running, name: &str) {
    let pid = running.pid().to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill is there");
    assert!(sent.success(), "kill -s {name} {pid}");
}

fn get(port: u16, place: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(stream, "GET {place} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn a_missed_session_is_made_up_for_and_the_daemon_ends_when_it_is_told() {
    let folder = Folder::with_files();
    let (manager, socket) = Manager::listen(&folder);
    let port = free_port().to_string();
    let server = SmtpServer::start(WELL);
    let mail = server.variables("ann@example.org");
    let variables: Vec<(&str, &str)> = mail
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([
            ("NOTIFY_SOCKET", socket.as_str()),
            ("WATCHDOG_USEC", "3000000"),
            ("TS_HEALTH__LISTEN", port.as_str()),
        ])
        .collect();
    let mut running = Running::start_with(&folder, &variables, &["run-scheduler"]);
    manager.wait_for("READY=1");
    running.wait_for(&[
        "session=2026-11-20",
        "catch-up",
        "recommendations=1",
        "Delivered",
        "Done",
        "Done",
        "Next due at 2026-11-23 21:30:00 UTC",
    ]);
    manager.wait_for("WATCHDOG=1");

    let port = port.parse().expect("a port");
    // It is published a moment after it is logged.
    let started = Instant::now();
    loop {
        let health = get(port, "/health");
        let body: Value =
            serde_json::from_str(health.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
        if health.starts_with("HTTP/1.1 200") && body["jobs"][0]["last"]["state"] == "done" {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{body:#}");
    }
    let metrics = get(port, "/metrics");
    let done = "ts_runs_total{job=\"daily_equity_signals\",state=\"done\"} 1\n";
    assert!(metrics.contains(done), "{metrics}");
    let runs: Value =
        serde_json::from_str(&folder.ts(&["journal", "runs", "--format", "json"]).stdout).expect("JSON");
    let told = format!("ts_last_run_problems{{job=\"daily_equity_signals\"}} {}\n", runs[0]["problems"]);
    assert!(metrics.contains(&told), "no {told}: {metrics}");

    signal(&running, "TERM");
    manager.wait_for("STOPPING=1");
    running.wait_for(&["Stopped"]);
    assert_eq!(running.wait(), 0);
}

#[test]
fn a_port_in_use_keeps_no_mail_and_is_told_until_it_is_free() {
    let folder = Folder::with_files();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().expect("an address").port().to_string();
    let server = SmtpServer::start(WELL);
    let mail = server.variables("ann@example.org");
    let mail: Vec<(&str, &str)> = mail.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let variables = [&mail[..], &[("TS_HEALTH__LISTEN", port.as_str())]].concat();
    let mut running = Running::start_with(&folder, &variables, &["run-scheduler"]);
    let told = format!("health listener: port {port} in use");
    running.wait_for(&[&told, "Delivered", "Next due at"]);
    let said = folder.ts_with(&mail, &["status"]);
    assert!(said.code == 1 && said.stdout.contains(&format!("PROBLEM      {told}")), "{}", said.stdout);
    signal(&running, "TERM");
    assert_eq!(running.wait(), 0);
    // Nobody listens now, and nobody would: that is told otherwise.
    let said = folder.ts_with(&mail, &["status"]);
    assert!(said.code == 0 && !said.stdout.contains("PROBLEM"), "{} {}", said.code, said.stdout);
}

#[test]
fn edits_and_reloads_come_into_force_while_it_runs() {
    let folder = Folder::with_files();
    let (manager, socket) = Manager::listen(&folder);
    let said = folder.ts(&["init"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let mut running = Running::start_with(&folder, &[("NOTIFY_SOCKET", &socket)], &["daemon"]);
    // Nobody receives the mail: it starts and says so.
    running.wait_for(&["nobody receives the mail", "Done"]);

    let script = fs::read_to_string(folder.path().join("strategies/equity_momentum.rhai")).expect("a script");
    folder.write("strategies/equity_momentum.rhai", &format!("{script}\n// edited\n"));
    running.wait_for(&["Scripts reloaded"]);
    folder.write("strategies/equity_momentum.rhai", "fn entry(row) {");
    running.wait_for(&["Reload failed"]);

    let settings = folder.read("ts.toml");
    folder.write("ts.toml", "[schedul]\n");
    running.wait_for(&["the last good settings stay in force"]);
    let started = Instant::now();
    while !folder.read("data/ts.db.reload").contains("schedul") {
        assert!(started.elapsed() < PATIENCE, "{}", folder.read("data/ts.db.reload"));
    }
    signal(&running, "HUP");
    let told = manager.wait_for("RELOADING=1");
    assert!(told.contains("MONOTONIC_USEC="), "{told}");
    manager.wait_for("READY=1");
    running.wait_for(&["the last good settings stay in force"]);
    folder.write("ts.toml", &settings);
    signal(&running, "HUP");
    running.wait_for(&["Read again; what was in force stays so"]);
    folder.write("strategies/equity_momentum.rhai", &script);
    running.wait_for(&["Scripts reloaded"]);
    signal(&running, "HUP");
    running.wait_for(&["Read again; the settings and scripts of the files are in force"]);
    // The last reload is told beside it.
    let status = folder.ts(&["status"]);
    let told = format!("of process {} is in force", running.pid());
    assert!(status.stdout.contains(&told), "{}", status.stdout);
    // The journal is the process's own for as long as it lives.
    let elsewhere = format!("{settings}\n[journal]\npath = \"elsewhere.db\"\n");
    folder.write("ts.toml", &elsewhere.replace("[journal]\npath = \"data/ts.db\"\n", ""));
    signal(&running, "HUP");
    running.wait_for(&["journal.path is another file: it comes into force with a restart"]);
    signal(&running, "INT");
    // A manager reads what it is told: its socket holds a few messages only.
    manager.wait_for("STOPPING=1");
    running.wait_for(&["Stopped"]);
    assert_eq!(running.wait(), 0);
}

#[test]
fn a_schedule_of_real_days_is_printed() {
    let folder = Folder::empty();
    let text = folder.ts(&["schedule", "--from", "2026-11-25T12:00:00Z", "--count", "2"]).stdout;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected = [
        ["job", "asset_class", "local", "utc", "session"],
        ["daily_equity_signals", "equity", "2026-11-25T16:30:00-05:00", "2026-11-25T21:30:00Z", "2026-11-25"],
        ["daily_crypto_signals", "crypto", "2026-11-26T00:00:00+00:00", "2026-11-26T00:00:00Z", "2026-11-25"],
        ["daily_crypto_signals", "crypto", "2026-11-27T00:00:00+00:00", "2026-11-27T00:00:00Z", "2026-11-26"],
        // Thanksgiving Day has no run.
        ["daily_equity_signals", "equity", "2026-11-27T16:30:00-05:00", "2026-11-27T21:30:00Z", "2026-11-27"],
    ];
    assert_eq!(rows, expected);

    // The instant itself counts.
    let said = folder.ts(&["schedule", "--from", "2026-11-25T21:30:00Z", "--count", "1", "--format", "json"]);
    let rows: Value = serde_json::from_str(&said.stdout).expect("JSON alone on stdout");
    assert_eq!(rows[0]["job"], "daily_equity_signals");
    assert_eq!(rows[0]["local"], "2026-11-25T16:30:00-05:00");
    assert_eq!(rows[0]["session"], "2026-11-25");
    assert_eq!(rows.as_array().map(Vec::len), Some(2));
}

#[test]
fn a_bad_schedule_is_a_configuration_error() {
    let job = |cron: &str, timezone: &str| {
        format!(
            "[[schedule]]\njob = \"j\"\nasset_class = \"crypto\"\ncron = \"{cron}\"\ntimezone = \"{timezone}\"\n"
        )
    };
    for (settings, expected) in [
        (job("61 * * * *", "UTC"), "is no schedule"),
        (job("0 0 30 2 *", "UTC"), "a day that never comes"),
        (job("0 0 * * *", "Mars/Olympus"), "is not a timezone"),
        ("[health]\nlisten = \"localhost\"\n".to_owned(), "is not an address to listen on"),
    ] {
        let folder = Folder::empty();
        folder.write("ts.toml", &settings);
        for command in ["schedule", "run-scheduler", "status"] {
            let said = folder.ts(&[command]);
            assert_eq!(said.code, 78, "ts {command}: {}", said.stderr);
            assert!(said.words().contains(expected), "ts {command}: {}", said.stderr);
        }
    }
}

#[test]
fn status_tells_what_is_overdue() {
    let folder = Folder::with_files();
    let said = folder.ts(&["status"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    for part in
        ["daily_equity_signals (equity)", "never run", "Mon 2026-11-23 16:30 EST", "OVERDUE", "outbox"]
    {
        assert!(said.stdout.contains(part), "no {part:?}:\n{}", said.stdout);
    }
    assert!(!said.stdout.contains("equity data"), "files are no cache:\n{}", said.stdout);
    assert!(!said.stdout.contains("crypto data"), "none is traded:\n{}", said.stdout);
    // Half an hour after the close it may still come; with no job there is nothing to owe.
    folder.write("ts.toml", "schedule = []\n");
    let said = folder.ts(&["status", "--format", "json"]);
    assert_eq!(said.code, 0, "{}", said.stdout);
    let status: Value = serde_json::from_str(&said.stdout).expect("JSON alone on stdout");
    assert_eq!((&status["overdue"], &status["jobs"]), (&Value::Bool(false), &Value::Array(Vec::new())));
}
