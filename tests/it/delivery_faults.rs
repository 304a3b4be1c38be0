//! What stands in a delivery's way on this side of the mail server: settings, templates, the disk, another
//! process, the clock. Each costs a clear line; once it is put right the mail comes, and once.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mail_trial::{RUN, Trial};
use crate::program::{FILES, FRIDAY, NOW, program};

/// The one recipient.
const TO: &str = "ann@example.org";

/// What was mailed must be this many mails, whatever was in the way before.
#[track_caller]
fn check_mailed(trial: &Trial, count: usize, what: &str) {
    assert_eq!(trial.texts().len(), count, "{what}");
}

#[test]
fn settings_that_nothing_can_be_mailed_with_are_told_before_anything_is_decided() {
    let trial = Trial::to(&[TO]);
    for (variable, value, code, expected) in [
        ("EMAIL_RECIPIENTS", "ann", 78, "EMAIL_RECIPIENTS"),
        ("EMAIL_RECIPIENTS", "ann@example.org\r\nBcc: x@example.org", 78, "EMAIL_RECIPIENTS"),
        ("EMAIL_FROM", "signals", 78, "EMAIL_FROM"),
        ("SMTP_PORT", "0", 78, "SMTP_PORT"),
        ("SMTP_PORT", "70000", 78, "SMTP_PORT"),
        ("TS_SCHEDULE__0__CRON", "every day", 78, "TS_SCHEDULE__0__CRON"),
        ("TS_SCHEDULE__0__TIMEZONE", "Mars/Olympus", 78, "TS_SCHEDULE__0__TIMEZONE"),
    ] {
        let said = trial.ts_with(&[(variable, value)], &RUN);
        assert_eq!(said.code, code, "{variable}={value:?}: {}{}", said.stdout, said.stderr);
        assert!(said.words().contains(expected), "{variable}={value:?}: {}", said.stderr);
        check_mailed(&trial, 0, variable);
    }
    // Nobody to tell is no error of a run: it is kept, and said.
    let said = trial.ts_with(&[("EMAIL_RECIPIENTS", "")], &RUN);
    assert!(said.code == 0 && said.words().contains("nobody is mailed"), "{}{}", said.stdout, said.stderr);
    assert_eq!(trial.ts_with(&[("EMAIL_RECIPIENTS", "")], &["config", "check"]).code, 78);
    check_mailed(&trial, 0, "nobody");
}

#[test]
fn a_template_that_fails_costs_its_own_look_only() {
    for (name, text) in [
        ("daily_signals.html", "{{ report.no_such_value }}"),
        ("daily_signals.html", "{% include \"daily_signals.html\" %}"),
        ("daily_signals.html", "{% extends \"gone.html\" %}"),
        ("daily_signals.html", "{% if %}"),
        ("daily_signals.txt", "{{ no_such_value }}"),
        ("daily_signals.txt", "{% for x in %}"),
        ("base.html", "{% block content %}"),
    ] {
        let trial = Trial::to(&[TO]);
        trial.folder.write(&format!("templates/{name}"), text);
        let said = trial.ts_with(&[], &RUN);
        check_mailed(&trial, 1, name);
        let mail = &trial.texts()[0];
        assert!(mail.contains("BBB") && mail.contains(name), "{name} {text}: {mail}{}", said.stderr);
        let html = trial.server.accepted()[0].html.clone().unwrap_or_default();
        assert!(html.contains("BBB") && html.contains("</html>"), "{name} {text}");
    }
    // Without any file the built-in ones serve, and nothing is to be said.
    let trial = Trial::to(&[TO]);
    trial.folder.write("templates/", "");
    assert_eq!(trial.ts_with(&[], &RUN).code, 0);
    check_mailed(&trial, 1, "no templates");
}

#[test]
fn a_journal_that_cannot_be_written_sends_nothing_until_it_can() {
    let trial = Trial::to(&[TO]);
    // No process may make a folder there, whoever runs it.
    let said = trial.ts_with(&[("TS_JOURNAL__PATH", "/proc/ts/journal.db")], &RUN);
    assert!(
        said.code == 1 && said.words().contains("/proc/ts: ") && said.words().contains("journal.path"),
        "{}",
        said.stderr
    );
    check_mailed(&trial, 0, "a folder that cannot be written");

    trial.folder.write("data", "a file where the folder belongs");
    let said = trial.ts_with(&[], &RUN);
    assert!(said.code == 1 && said.words().contains("data"), "{}", said.stderr);
    check_mailed(&trial, 0, "a file in the folder's place");
    fs::remove_file(trial.folder.path().join("data")).expect("the file that was written");

    // The journal is made, and then another program keeps it to itself.
    let said = trial.ts_with(&[], &["run", "--asset-class", "equity", "--date", "2026-11-19"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    check_mailed(&trial, 1, "a day before");
    let journal = trial.journal();
    journal.execute_batch("BEGIN EXCLUSIVE").expect("nobody else has it");
    let said = trial.ts_with(&[], &RUN);
    assert!(said.code == 1 && said.words().contains("keeps it locked"), "{}", said.stderr);
    check_mailed(&trial, 1, "a locked journal");
    journal.execute_batch("ROLLBACK").expect("it was begun");
    drop(journal);

    let said = trial.ts_with(&[], &RUN);
    assert_eq!(said.code, 0, "{}", said.stderr);
    check_mailed(&trial, 2, "put right");
}

/// A limit on the size of files stands in for a full disk: what is over it is refused as it is there.
#[test]
fn a_full_disk_loses_no_mail_and_sends_none_twice() {
    let trial = Trial::to(&[TO]);
    let variables = trial.variables(&[]);
    let limited = |blocks: u32| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        Command::new("sh")
            .args(["-c", &script])
            .arg(program())
            .args(["--now", NOW])
            .args(RUN)
            .current_dir(trial.folder.path())
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .expect("sh is there")
    };
    let mut failed = 0;
    // In blocks of 512 bytes: from nothing at all to more than the journal takes.
    for blocks in [0, 8, 40, 80, 160, 320] {
        let output = limited(blocks);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{blocks}: {said}");
        let sent = trial.server.accepted().len();
        assert!(sent <= 1, "{blocks}: {said}");
        if output.status.code() != Some(0) {
            failed += 1;
            assert!(said.contains("ts.db"), "{blocks}: the journal is not named: {said}");
        }
    }
    assert!(failed > 0, "the limit was never reached");
    let said = trial.ts_with(&[], &RUN);
    assert_eq!(said.code, 0, "{}", said.stderr);
    check_mailed(&trial, 1, "with room again");
}

#[test]
fn a_clock_that_is_set_back_mails_nothing_again() {
    let trial = Trial::to(&[TO]);
    let thursday = FRIDAY.pred_opt().expect("a day before");
    for date in [thursday, FRIDAY, thursday] {
        let now = format!("{date}T22:30:00Z");
        let mut daemon = trial.spawn_at(&now, &["run-scheduler"]);
        daemon.wait_for(&["Next run at"]);
        let started = Instant::now();
        loop {
            let said = trial.ts_with(&[], &["--now", &now, "status", "--format", "json"]);
            let status: Value = serde_json::from_str(&said.stdout).expect("JSON alone on stdout");
            let last = &status["jobs"][0]["last"];
            let is_reached = last["session"].as_str().is_some_and(|session| *session >= *date.to_string());
            if is_reached && last["state"] == "done" {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{date}: {}", said.stdout);
        }
        // By hand too: what was delivered is not delivered again, whatever the clock says.
        let said = trial.ts_with(&[], &["--now", &now, "run", "--asset-class", "equity"]);
        assert!(said.code == 0 && said.words().contains("delivered on"), "{date}: {}", said.stderr);
        daemon.kill();
    }
    let ids: Vec<String> = trial.server.accepted().into_iter().map(|sent| sent.message_id).collect();
    let expected = [thursday, FRIDAY].map(|date| format!("<ts.daily_equity_signals.{date}@example.com>"));
    assert_eq!(ids, expected);
}

#[test]
fn what_rests_on_simulated_bars_is_never_mailed_or_kept() {
    let trial = Trial::to(&[TO]);
    let said = trial.ts_with(&[], &["run", "--asset-class", "equity", "--source", "simulated"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.words().contains("DEMO"), "{}{}", said.stdout, said.stderr);
    check_mailed(&trial, 0, "simulated");
    assert!(!trial.folder.path().join("data/ts.db").exists());
    assert_eq!(trial.ts_with(&[], &RUN).code, 0);
    check_mailed(&trial, 1, "the session's own mail");
}

#[test]
fn an_alert_that_nobody_could_be_sent_is_sent_at_the_next_failure() {
    let mut trial = Trial::to(&[TO]);
    trial.folder.write("ts.toml", "[universe]\ncrypto = []\n[sources]\nequity = [\"polygon\"]\n");
    trial.server.set(|own| own.manner = "put_off");
    let mut daemon = trial.spawn_at(NOW, &["run-scheduler"]);
    daemon.wait_for(&["the alert is not sent", "Next due at"]);
    daemon.kill();
    check_mailed(&trial, 0, "put off");
    let status = trial.ts(&["status"]).stdout;
    assert!(status.contains("\nalerts       1 waiting, 0 sent, 0 refused\n"), "{status}");
    trial.server.set(|own| own.manner = "well");
    // Half an hour later the job is tried again, and fails again.
    for _ in 0..2 {
        let mut daemon = trial.spawn_at("2026-11-22T12:40:00Z", &["run-scheduler"]);
        daemon.wait_for(&["Next due at"]);
        daemon.kill();
    }
    check_mailed(&trial, 1, "the alert");
    let status = trial.ts(&["status", "--format", "json"]).stdout;
    let status: Value = serde_json::from_str(&status).expect("JSON alone is on stdout");
    assert_eq!(status["alerts"], json!({ "waiting": 0, "sent": 1, "refused": 0 }));
    assert_eq!(status["outbox"], json!({ "waiting": 0, "sent": 0, "refused": 0 }), "no session was mailed");
    let outbox = trial.ts(&["journal", "outbox"]);
    let told = "daily_equity_signals 2026-11-20 alert ann@example.org sent 2";
    assert!(outbox.words().contains(told), "{}", outbox.stdout);
}

#[test]
fn a_corrupt_journal_is_told_at_once_and_in_the_next_mail() {
    let trial = Trial::to(&[TO]);
    trial.folder.write("data/ts.db", &"no database at all ".repeat(300));
    let mut daemon = trial.spawn_at(NOW, &["run-scheduler"]);
    daemon.wait_for(&["WARN", "it was corrupt", "Delivered"]);
    daemon.kill();
    check_mailed(&trial, 1, "it goes on with a new one");
    assert!(trial.texts()[0].contains("corrupt"), "{}", trial.texts()[0]);
    // As long as it lies there: what was held and mailed stands in it.
    let said = trial.ts(&["status"]);
    assert!(said.code == 1 && said.stdout.contains("PROBLEM"), "{}", said.stdout);
    assert!(said.stdout.contains("daemon       none is running"), "{}", said.stdout);
    let folder = fs::read_dir(trial.folder.path().join("data")).expect("the journal's folder");
    for own in folder.flatten().filter(|own| own.file_name().to_string_lossy().contains(".corrupt-")) {
        fs::remove_file(own.path()).expect("it lies there");
    }
    assert_eq!(trial.ts(&["status"]).code, 0);
}

#[test]
fn an_empty_template_is_a_broken_one_and_an_unchecked_position_is_no_perfect_day() {
    let trial = Trial::to(&[TO]);
    trial.folder.write("templates/daily_signals.txt", "\n");
    let held = [
        "portfolio",
        "add",
        "ZZZ",
        "--quantity",
        "1",
        "--price",
        "10",
        "--date",
        "2026-11-18",
        "--stop",
        "9",
    ];
    let held = [&held[..], &["--strategy", "equity_momentum", "--asset-class", "equity"]].concat();
    assert_eq!(trial.ts(&held).code, 0, "{}", trial.ts(&held).words());
    let said = trial.ts(&RUN);
    assert_eq!(said.code, 0, "{}", said.words());
    let mail = &trial.texts()[0];
    assert!(
        mail.contains("BBB") && mail.contains("it is empty") && mail.contains("1 position to check"),
        "{mail}"
    );
    let said = trial.ts(&["status"]);
    assert!(said.code == 1 && said.stdout.contains("a position was not checked"), "{}", said.stdout);
}

#[test]
fn the_bar_of_a_position_is_waited_for_but_not_till_the_morning() {
    let trial = Trial::to(&[TO]);
    let held = ["portfolio", "add", "ZZZ", "--quantity", "1", "--price", "10", "--date", "2026-11-18"];
    let more = ["--stop", "9", "--strategy", "equity_momentum", "--asset-class", "equity"];
    let said = trial.ts(&[&held[..], &more[..]].concat());
    assert_eq!(said.code, 0, "{}", said.words());
    let mut daemon = trial.spawn_at("2026-11-20T23:59:00Z", &["run-scheduler"]);
    daemon.wait_for(&["Bars are missing: held, and without a bar of 2026-11-20: ZZZ"]);
    let said = trial.ts(&["status"]);
    let told = format!("running, process {}", daemon.pid());
    assert!(said.stdout.contains(&told), "{}", said.stdout);
    daemon.kill();
    check_mailed(&trial, 0, "three hours after the close are not over");
    let mut daemon = trial.spawn_at("2026-11-21T00:15:00Z", &["run-scheduler"]);
    daemon.wait_for(&["Delivered"]);
    daemon.kill();
    check_mailed(&trial, 1, "the rest is not kept from its reader");
}

#[test]
fn a_server_that_is_down_is_told_with_its_words() {
    let trial = Trial::to(&[TO]);
    trial.ts_unreached(&RUN);
    let said = trial.ts(&["status"]);
    assert!(
        said.words().contains("NOT SENT session 2026-11-20 to ann@example.org since 2026-11-22T12:00:00Z"),
        "{}",
        said.stdout
    );
    assert_eq!(said.code, 0, "it may come any minute: {}", said.stdout);
    let said = trial.ts_at("2026-11-22T13:00:00Z", &["status"]);
    assert_eq!(said.code, 1, "an hour is too long: {}", said.stdout);
}

#[test]
fn a_class_that_is_skipped_and_a_mail_without_readers_leave_nothing_green() {
    let trial = Trial::to(&[TO]);
    let both = FILES.replace("crypto = []", "crypto = [\"BTC-USD\"]");
    trial.folder.write("ts.toml", &format!("{both}crypto = [\"files\"]\n"));
    let said = trial.ts(&["run"]);
    assert!(said.code == 1 && said.words().contains("crypto is skipped"), "{} {}", said.code, said.words());
    check_mailed(&trial, 1, "the other class");
    trial.folder.write("ts.toml", FILES);
    assert_eq!(trial.ts(&["status"]).code, 0);
    let said = trial.ts_with(&[("EMAIL_RECIPIENTS", "")], &["status"]);
    assert!(said.code == 1 && said.stdout.contains("nobody receives the mail"), "{}", said.stdout);
}

#[test]
fn a_journal_that_takes_no_more_is_told_by_mail_once() {
    let trial = Trial::to(&[TO]);
    assert_eq!(trial.ts_with(&[], &["run", "--asset-class", "equity", "--date", "2026-11-19"]).code, 0);
    let journal = trial.journal();
    let full = "CREATE TRIGGER full BEFORE INSERT ON job_sessions
                BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    journal.execute_batch(full).expect("it is a journal");
    let mut daemon = trial.spawn_at(NOW, &["run-scheduler"]);
    daemon.wait_for(&["the alert is not noted", "Failed: ", "disk is full"]);
    daemon.kill();
    check_mailed(&trial, 2, "Thursday's, and the alert");
    assert!(trial.texts()[1].contains("disk is full"), "{}", trial.texts()[1]);

    // With room again the session is decided as if nothing had been.
    journal.execute_batch("DROP TRIGGER full").expect("it was made");
    assert_eq!(trial.ts_with(&[], &RUN).code, 0);
    check_mailed(&trial, 3, "Friday's");
}

/// A check that notes which of its addresses is pinged, and with what.
fn check() -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/check", listener.local_addr().expect("an address"));
    let (pinged, pings) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut first, mut length) = (String::new(), 0);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = told.trim().parse().unwrap_or(0);
                }
                if first.is_empty() {
                    first = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let read = reader.read_exact(&mut body);
            let answered = reader
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let body = String::from_utf8_lossy(&body).into_owned();
            if read.is_err() || answered.is_err() || pinged.send((first, body)).is_err() {
                return;
            }
        }
    });
    (url, pings)
}

#[test]
fn a_mail_whose_scripts_failed_leaves_nothing_green() {
    let trial = Trial::to(&[TO]);
    trial.folder.write(
        "strategies/equity_momentum.rhai",
        "const META = #{ asset_class: \"equity\" };\nfn eligible(row) {",
    );
    let (url, pings) = check();
    trial.folder.write("ts.toml", &format!("{FILES}[health]\nping_url = \"{url}\"\n"));
    let mut daemon = trial.spawn(&["run-scheduler"]);
    daemon.wait_for(&["WARN", "Done, but a script failed or a position was not checked"]);
    let next = || pings.recv_timeout(Duration::from_secs(60)).expect("it is pinged");
    assert_eq!(next().0, "/check/start");
    let (place, why) = next();
    assert!(
        place == "/check/fail" && why.contains("a script failed or a position was not checked"),
        "{place} {why}"
    );
    daemon.kill();
    let mail = &trial.server.accepted()[0];
    let subject = mail.headers.iter().find(|(name, _)| name == "Subject").map(|(_, value)| value.as_str());
    assert_eq!(subject, Some("Trading Signals for Nov 20 - No Recommendations: a script failed"));
    let said = trial.ts(&["status"]);
    assert!(said.code == 1 && said.stdout.contains("NOT WHOLE"), "{}", said.stdout);
    assert!(!said.stdout.contains("OVERDUE"), "{}", said.stdout);

    // Mended, and told as a correction.
    trial
        .folder
        .write("strategies/equity_momentum.rhai", include_str!("../../strategies/equity_momentum.rhai"));
    assert_eq!(trial.ts(&[&RUN[..], &["--again"]].concat()).code, 0);
    let said = trial.ts(&["status"]);
    assert_eq!(said.code, 0, "{}", said.stdout);
}
