//! Whole runs against a real mail server: each session's mail arrives at every recipient, once, through
//! refusals, a second process and a full disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::mail_trial::{OF_FRIDAY, RECIPIENTS, RUN, Trial, all};
use crate::program::{FILES, NOW, Running, program};
use crate::smtp_server::{FROM, PASSWORD};

#[test]
fn a_session_is_mailed_once_and_again_only_as_a_correction() {
    let trial = Trial::start();
    let first = trial.ts(&RUN);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    assert!(first.words().contains("Mailed to 3 recipients"), "{}", first.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let second = trial.ts(&RUN);
    assert!(second.code == 0 && second.words().contains("delivered on"), "{}", second.stderr);
    assert!(!second.words().contains("Mailed"), "it mailed nothing: {}", second.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let again = trial.ts(&["run", "--asset-class", "equity", "--again"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.words().contains("Mailed to 3 recipients"), "{}", again.stderr);
    assert!(again.words().contains("recommends the same as the mail before it"), "{}", again.stderr);
    let correction = "<ts.daily_equity_signals.2026-11-20.correction-1@example.com>";
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY, correction]));
    let runs = trial.ts(&["journal", "runs", "--format", "json"]);
    let runs: serde_json::Value = serde_json::from_str(&runs.stdout).expect("JSON");
    // The clock stands still here, and the same run at the same instant is the same run.
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs:#}");
    assert_eq!(runs[0]["mails"], 6);
    for run in runs.as_array().into_iter().flatten() {
        let id = run["id"].as_str().expect("an id");
        let replayed = trial.ts(&["replay", id, "--recompute"]);
        assert_eq!(replayed.code, 0, "{}{}", replayed.stdout, replayed.stderr);
    }
}

#[test]
fn one_refused_recipient_costs_the_others_nothing() {
    let mut trial = Trial::start();
    trial.server.set(|own| {
        own.manner = "one_refused";
        own.refused = RECIPIENTS[1];
    });
    let said = trial.ts(&RUN);
    assert!(said.code == 1 && said.words().contains("bob@example.org"), "{}", said.stderr);
    let mailed = trial.mailed();
    assert_eq!(mailed.keys().collect::<Vec<_>>(), [RECIPIENTS[0], RECIPIENTS[2]]);
    // For good: a later run does not try again.
    trial.server.set(|own| own.manner = "well");
    let said = trial.ts(&RUN);
    assert!(said.code == 1 && said.words().contains("refused"), "{}", said.stderr);
    assert_eq!(trial.mailed(), mailed);
}

#[test]
fn an_address_that_is_put_right_ends_the_refusal() {
    let mut trial = Trial::start();
    trial.server.set(|own| {
        own.manner = "one_refused";
        own.refused = RECIPIENTS[1];
    });
    assert_eq!(trial.ts(&RUN).code, 1);
    assert!(trial.ts(&["status"]).words().contains("OVERDUE"), "a recipient is refused");
    let mended = [("EMAIL_RECIPIENTS", "ann@example.org,bobby@example.org")];
    let said = trial.ts_with(&mended, &["run", "--asset-class", "equity", "--again"]);
    assert!(said.code == 0 && said.words().contains("Mailed to 2 recipients"), "{}", said.stderr);
    let status = trial.ts(&["status"]);
    assert!(!status.words().contains("OVERDUE"), "{}", status.stdout);
}

/// The daemon looks for what waits at each full minute: twenty seconds after it starts here.
#[test]
fn what_is_queued_again_beside_a_daemon_is_mailed_by_it_at_its_next_look() {
    let mut trial = Trial::start();
    trial.server.set(|own| own.manner = "login_refused");
    let mut daemon = trial.spawn_at("2026-11-22T12:00:40Z", &["run-scheduler"]);
    daemon.wait_for(&["Refused for good"]);
    trial.server.set(|own| own.manner = "well");
    let said = trial.ts(&[&RUN[..], &["--retry-refused"]].concat());
    assert!(said.code == 0 && said.words().contains("waiting for that"), "{} {}", said.code, said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    daemon.kill();
}

#[test]
fn what_was_refused_for_good_is_sent_again_on_request() {
    let mut trial = Trial::start();
    trial.server.set(|own| own.manner = "login_refused");
    let said = trial.ts(&RUN);
    assert!(said.code == 1 && said.words().contains("`ts run --retry-refused"), "{}", said.stderr);
    trial.server.set(|own| own.manner = "well");
    let retry = [&RUN[..], &["--retry-refused"]].concat();
    let said = trial.ts(&retry);
    assert!(said.code == 0 && said.words().contains("Mailed to 3 recipients"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let said = trial.ts(&retry);
    assert!(said.code == 0 && said.words().contains("nothing was refused"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

/// Monday's open has passed, and the settings are others than when the mail was made.
const MONDAY: &str = "2026-11-23T16:00:00Z";

#[test]
fn a_mail_is_made_late_from_what_it_was_when_it_was_queued() {
    // With the job in the schedule, and without.
    for settings in [FILES.to_owned(), format!("schedule = []\n{FILES}")] {
        let trial = Trial::start();
        trial.folder.write("ts.toml", &settings);
        trial.ts_unreached(&RUN);
        let said = trial.ts_with(
            &[("EMAIL_FROM", "me@elsewhere.example")],
            &["--now", MONDAY, "run", "--asset-class", "equity", "--date", "2026-11-20"],
        );
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
        for sent in trial.server.accepted() {
            let subject = sent.header("Subject")[0].split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(subject.ends_with("(late: the open of Nov 23 has passed)"), "{subject}");
            let text = sent.text.as_deref().unwrap_or_default();
            assert!(text.contains("The open of Mon 23 Nov 2026 has passed: look at"), "{text}");
            assert!(sent.sender == FROM && sent.header("From")[0].contains(FROM), "{:?}", sent.headers);
        }
    }
}

#[test]
fn a_session_of_days_ago_is_mailed_and_told_as_late_wherever_one_looks_first() {
    let trial = Trial::start();
    let said = trial.ts(&[&RUN[..], &["--date", "2026-11-12"]].concat());
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.words().contains("Late: the open of Fri 13 Nov 2026 has passed"), "{}", said.stderr);
    let dry = trial.ts(&[&RUN[..], &["--date", "2026-11-12", "--dry-run"]].concat());
    assert!(dry.words().contains("Late: the open of Fri 13 Nov 2026 has passed"), "{}", dry.stderr);
    let sent = trial.server.accepted();
    assert_eq!(sent.len(), 3);
    for own in sent {
        let subject = own.header("Subject")[0].split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(subject.starts_with("Trading Signals for Nov 12 - "), "{subject}");
        assert!(subject.ends_with(" (late: the open of Nov 13 has passed)"), "{subject}");
        for body in [&own.text, &own.html] {
            let body = body.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(body.contains("Late, the open of Fri 13 Nov 2026 has passed: "), "{body}");
        }
    }
}

#[test]
fn a_mail_that_cannot_be_made_late_goes_as_it_is_stored() {
    let trial = Trial::start();
    trial.ts_unreached(&RUN);
    let spoilt = "UPDATE blobs SET bytes = x'00' WHERE id = (SELECT inputs_blob FROM runs)";
    trial.journal().execute_batch(spoilt).expect(spoilt);
    let said = trial.ts(&["--now", MONDAY, "run", "--asset-class", "equity", "--date", "2026-11-20"]);
    assert!(said.code == 0 && said.words().contains("Sent as it is stored"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

#[test]
fn a_damaged_mail_keeps_no_other_from_being_sent() {
    let trial = Trial::start();
    let thursday = [&RUN[..], &["--date", "2026-11-19"]].concat();
    trial.ts_unreached(&thursday);
    let spoilt = "UPDATE blobs SET bytes = x'00' WHERE id IN (SELECT message_blob FROM outbox)";
    trial.journal().execute_batch(spoilt).expect(spoilt);
    let said = trial.ts(&RUN);
    assert!(said.code == 0 && said.words().contains("stored message is damaged"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let said = trial.ts(&thursday);
    assert!(said.code == 1 && said.words().contains("ts run --again"), "{}", said.stderr);
}

#[test]
fn a_server_that_is_not_reached_is_asked_once_a_run() {
    let trial = Trial::start();
    for (date, attempts) in [("2026-11-19", 1), ("2026-11-20", 2)] {
        trial.ts_unreached(&[&RUN[..], &["--date", date]].concat());
        assert_eq!(trial.count("SELECT sum(attempts) FROM outbox"), attempts, "{date}");
    }
}

#[test]
fn a_run_beside_another_sends_its_mail_itself_once_the_other_has_ended() {
    let trial = Trial::start();
    trial.folder.write("data/", "");
    // As another `ts run` holds it while it sends; here it is this process.
    let lock = File::create(trial.folder.path().join("data/ts.db.lock")).expect("a new file");
    lock.try_lock().expect("nobody holds it");
    let mut run = trial.spawn(&RUN);
    run.wait_for(&["HTML preview"]);
    assert_eq!(trial.mailed(), BTreeMap::new());
    drop(lock);
    assert_eq!(run.wait(), 0);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

#[test]
fn a_report_that_nobody_can_read_is_mailed_all_the_same() {
    let trial = Trial::start();
    let mut run = Command::new(program())
        .args(["--now", NOW])
        .args(RUN)
        .current_dir(trial.folder.path())
        .env_clear()
        .envs(trial.variables(&[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // As `ts run | true` does.
    drop(run.stdout.take());
    assert_eq!(run.wait().expect("a child of this process").code(), Some(0));
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));

    let trial = Trial::start();
    // No process may make a folder there, whoever runs it.
    let said = trial.ts(&[&RUN[..], &["--output", "/proc/ts/report.txt"]].concat());
    assert!(said.code == 1 && said.words().contains("/proc/ts"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

#[test]
fn a_daemon_sends_what_waits_of_a_session_of_long_ago() {
    let trial = Trial::start();
    trial.ts_unreached(&[&RUN[..], &["--date", "2026-10-01"]].concat());
    let _daemon = trial.spawn_at("2026-11-22T12:05:00Z", &["run-scheduler"]);
    let started = Instant::now();
    let of_then = "<ts.daily_equity_signals.2026-10-01@example.com>".to_owned();
    while !trial.mailed().values().any(|ids| ids.contains(&of_then)) {
        assert!(started.elapsed() < Duration::from_secs(60), "{:#?}", trial.mailed());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_server_puts_off_is_sent_later_with_the_stored_bytes() {
    let mut trial = Trial::start();
    trial.server.set(|own| own.manner = "put_off");
    let said = trial.ts(&RUN);
    assert!(said.code == 1 && said.words().contains("not mailed yet"), "{}", said.stderr);
    assert_eq!(trial.mailed(), BTreeMap::new());
    trial.server.set(|own| own.manner = "well");
    // The files say something else by now, and the stored mail does not.
    trial.folder.write("market/equity/BBB.csv", "date,open,high,low,close,volume\n");
    let said = trial.ts(&RUN);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let sent = trial.server.accepted();
    assert!(sent.iter().all(|own| own.text.as_deref().is_some_and(|text| text.contains("BBB"))), "{sent:#?}");
}

#[test]
fn a_second_copy_after_an_answer_that_was_cut_off_has_the_same_id() {
    let mut trial = Trial::start();
    trial.server.set(|own| own.manner = "cut_after_dot");
    let said = trial.ts(&RUN);
    assert!(said.code == 1 && said.words().contains("not mailed yet"), "{}", said.stderr);
    trial.server.set(|own| own.manner = "well");
    assert_eq!(trial.ts(&RUN).code, 0);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY, OF_FRIDAY]));
    let sent = trial.server.accepted();
    assert!(sent.iter().all(|own| own.bytes == sent[0].bytes), "the stored bytes are sent again");
}

#[test]
fn a_daemon_mails_what_it_missed_and_leaves_nothing_to_do_by_hand() {
    let trial = Trial::start();
    let daemon = trial.spawn(&["run-scheduler"]);
    daemon.wait_for(&["Delivered"]);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    let said = trial.ts(&RUN);
    assert!(said.code == 0 && said.words().contains("delivered on"), "{}", said.stderr);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
    // Another one does nothing, and says why.
    let second = trial.spawn(&["run-scheduler"]);
    second.wait_for(&["delivers nothing as long as another does"]);
    drop(second);
    drop(daemon);
    // Nor does one that comes after.
    let third = trial.spawn(&["run-scheduler"]);
    third.wait_for(&["2026-11-23"]);
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

#[test]
fn three_processes_deliver_once_between_them() {
    let trial = Trial::start();
    let mut running: Vec<Running> = (0..3).map(|_| trial.spawn(&RUN)).collect();
    for process in &mut running {
        assert_eq!(process.wait(), 0);
    }
    assert_eq!(trial.mailed(), all(&[OF_FRIDAY]));
}

#[test]
fn a_failed_job_is_told_by_mail_once_with_the_last_lines_of_the_log_and_no_secret() {
    let trial = Trial::start();
    // Without a key no equity bars can be had at all.
    trial.folder.write("ts.toml", "[universe]\ncrypto = []\n[sources]\nequity = [\"polygon\"]\n");
    for _ in 0..2 {
        let daemon = trial.spawn(&["run-scheduler"]);
        daemon.wait_for(&["Failed: no source of equity bars has its key", "Next due at"]);
    }
    let alert = "<ts.daily_equity_signals.2026-11-20.alert@example.com>";
    assert_eq!(trial.mailed(), all(&[alert]));
    let sent = trial.server.accepted();
    let text = sent[0].text.as_deref().expect("a plain text");
    for part in ["no source of equity bars has its key", "LAST LINES OF THE LOG", "Scripts loaded", "Begun"] {
        assert!(text.contains(part), "no {part:?}: {text}");
    }
    assert!(!text.contains(PASSWORD), "{text}");
}

/// A limit on the size of files stands in for a disk that fills up at each point of a run.
#[test]
fn a_disk_that_fills_up_never_makes_a_second_copy() {
    let trial = Trial::start();
    assert_eq!(trial.ts(&[&RUN[..], &["--date", "2026-11-19"]].concat()).code, 0);
    let variables = trial.variables(&[]);
    let log = trial.folder.path().join("data/ts.db-wal");
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len() / 512);
    let base = size(&trial.folder.path().join("data/ts.db")).max(size(&log));
    for blocks in (base..base + 900).step_by(60) {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script])
            .arg(program())
            .args(["--now", NOW])
            .args(RUN)
            .current_dir(trial.folder.path())
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .expect("sh is there");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let copies = trial.mailed().values().flatten().filter(|id| *id == OF_FRIDAY).count();
        assert!(copies <= RECIPIENTS.len(), "{blocks}: {said}");
    }
    assert_eq!(trial.ts(&RUN).code, 0);
    let thursday = "<ts.daily_equity_signals.2026-11-19@example.com>";
    assert_eq!(trial.mailed(), all(&[thursday, OF_FRIDAY]));
}
