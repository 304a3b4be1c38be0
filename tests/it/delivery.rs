//! Whole runs against a real mail server: each session's mail arrives at every recipient, once, through
//! refusals, a second process and any crash.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use rusqlite::Connection;
use ts::calendar;
use ts::domain::AssetClass;

use crate::program::{FILES, FRIDAY, Folder, NOW, Running, Said, program};
use crate::smtp_server::{Accepted, FROM, PASSWORD, SmtpServer, WELL};

const RECIPIENTS: [&str; 3] = ["ann@example.org", "bob@example.org", "cee@example.org"];
const RUN: [&str; 3] = ["run", "--asset-class", "equity"];
/// The Message-ID of Friday's mail.
const OF_FRIDAY: &str = "<ts.daily_equity_signals.2026-11-20@example.com>";

/// A folder of files and a server that takes everything.
struct Trial {
    folder: Folder,
    server: SmtpServer,
}

impl Trial {
    fn start() -> Self {
        Self { folder: Folder::with_files(), server: SmtpServer::start(WELL) }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        self.server.variables(&RECIPIENTS.join(","))
    }

    fn ts(&self, arguments: &[&str]) -> Said {
        self.ts_with(&[], arguments)
    }

    /// Runs `ts` with these variables in the place of the server's.
    fn ts_with(&self, others: &[(&str, &str)], arguments: &[&str]) -> Said {
        let variables = self.variables();
        let kept = variables.iter().filter(|(name, _)| others.iter().all(|(other, _)| other != name));
        let kept = kept.map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<(&str, &str)> = kept.chain(others.iter().copied()).collect();
        self.folder.ts_with(&variables, arguments)
    }

    /// Runs `ts` where nobody listens: what it queues waits.
    fn ts_unreached(&self, arguments: &[&str]) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        drop(listener);
        let said = self.ts_with(&[("SMTP_PORT", &port)], arguments);
        assert!(said.code == 1 && said.words().contains("not mailed yet"), "{}", said.stderr);
    }

    fn journal(&self) -> Connection {
        Connection::open(self.folder.path().join("data/ts.db")).expect("the journal")
    }

    fn count(&self, sql: &str) -> usize {
        self.journal().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    /// How many mails a process that was killed was sending; none where it got no further than to make the journal.
    fn interrupted(&self) -> usize {
        let sql = "SELECT count(*) FROM outbox WHERE state = 'attempting'";
        if !self.folder.path().join("data/ts.db").exists() {
            return 0;
        }
        self.journal().query_row(sql, [], |row| row.get(0)).unwrap_or(0)
    }

    fn spawn(&self, arguments: &[&str]) -> Running {
        self.spawn_at(NOW, arguments)
    }

    fn spawn_at(&self, now: &str, arguments: &[&str]) -> Running {
        let variables = self.variables();
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Running::start_at(now, &self.folder, &variables, arguments)
    }

    /// The mails of each recipient, as their Message-IDs.
    fn mailed(&self) -> BTreeMap<String, Vec<String>> {
        let mut mailed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Accepted { recipients, message_id, .. } in self.server.accepted() {
            assert_eq!(recipients.len(), 1, "one transaction a recipient");
            mailed.entry(recipients[0].clone()).or_default().push(message_id);
        }
        mailed
    }
}

/// What each recipient has, where all have the same.
fn all(ids: &[&str]) -> BTreeMap<String, Vec<String>> {
    let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
    RECIPIENTS.iter().map(|&to| (to.to_owned(), ids.clone())).collect()
}

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
            assert!(sent.header("Subject")[0].ends_with("(late)"), "{:?}", sent.headers);
            assert!(sent.sender == FROM && sent.header("From")[0].contains(FROM), "{:?}", sent.headers);
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
        .envs(trial.variables())
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

/// A number that is drawn from the ones before it, the same in every run of the test.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// How often a test kills.
fn kills(few: u64) -> u64 {
    std::env::var("TS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// Kills a run at a random point, and runs it again until it ends by itself. `TS_KILLS` says how often: two hundred
/// times in some minutes by `TS_KILLS=100 cargo test --release --test it no_crash -- --nocapture`, which prints what
/// it counted. Each kill that came while a mail was on its way may make one second copy of it, and no other may.
#[test]
fn no_crash_loses_a_mail_or_makes_another_of_it() {
    let kills = kills(12);
    let trial = Trial::start();
    let started = Instant::now();
    let session =
        |ago: u64| (0..ago % 60).fold(FRIDAY, |date, _| calendar::previous_session(AssetClass::Equity, date));
    // How long a run takes here, so that the kills fall all over it.
    let first = session(59).to_string();
    assert_eq!(trial.ts(&[&RUN[..], &["--date", &first]].concat()).code, 0);
    let whole = started.elapsed().as_millis() as u64;
    let (mut state, mut killed, mut interrupted) = (7, 0, 0);
    let mut sessions: Vec<NaiveDate> = vec![session(59)];
    for kill in 0..kills {
        // Sessions come round again after 59; then nothing is left to deliver, and that must hold too.
        let date = session(kill % 59);
        let text = date.to_string();
        let arguments = [&RUN[..], &["--date", &text]].concat();
        for _ in 0..2 {
            let mut process = trial.spawn(&arguments);
            std::thread::sleep(Duration::from_millis(draw(&mut state) % (whole + whole / 4)));
            killed += usize::from(process.kill());
            interrupted += trial.interrupted();
        }
        let said = trial.ts(&arguments);
        assert_eq!(said.code, 0, "{date}: {}{}", said.stdout, said.stderr);
        // They come round again after 59.
        if !sessions.contains(&date) {
            sessions.push(date);
        }
    }
    let second = second_copies(&trial, &sessions);
    let counted =
        format!("{killed} killed, {interrupted} on their way, {second} second copies, {whole} ms a run");
    println!("{counted}");
    assert!(killed > 0 && second <= interrupted, "{counted}");
}

/// Counts the mails that came more than once, and fails where one of these sessions is missing.
fn second_copies(trial: &Trial, sessions: &[NaiveDate]) -> usize {
    let mailed = trial.mailed();
    let mut second = 0;
    for to in RECIPIENTS {
        let own = &mailed[to];
        for date in sessions {
            let id = format!("<ts.daily_equity_signals.{date}@example.com>");
            let copies = own.iter().filter(|sent| **sent == id).count();
            assert!(copies > 0, "{to} has nothing of {date}");
            second += copies - 1;
        }
        let known = |id: &String| sessions.iter().any(|date| id.contains(&date.to_string()));
        assert!(own.iter().all(known), "{to}: {own:#?}");
    }
    second
}

/// Kills the daemon at a random point of each session's job, twice, and lets a third one end it; counted as above.
#[test]
fn no_crash_of_the_daemon_loses_a_mail() {
    let sessions_killed = kills(4);
    let trial = Trial::start();
    let mut sessions: Vec<NaiveDate> = vec![FRIDAY];
    for _ in 0..=sessions_killed {
        let earlier = calendar::previous_session(AssetClass::Equity, *sessions.last().expect("there is one"));
        sessions.push(earlier);
    }
    sessions.reverse();
    let (mut state, mut killed, mut interrupted, mut whole) = (11, 0, 0, 0);
    for (place, session) in sessions.iter().enumerate() {
        trial.folder.write_bars(*session);
        // An hour and more after the close, summer and winter.
        let now = format!("{session}T22:30:00Z");
        if place > 0 {
            for _ in 0..2 {
                let mut daemon = trial.spawn_at(&now, &["run-scheduler"]);
                std::thread::sleep(Duration::from_millis(draw(&mut state) % (whole + whole / 4)));
                killed += usize::from(daemon.kill());
                interrupted += trial.interrupted();
            }
        }
        let started = Instant::now();
        let mut daemon = trial.spawn_at(&now, &["run-scheduler"]);
        while !is_done(&trial, &now, *session) {
            assert!(started.elapsed() < Duration::from_secs(60), "{session} is never done");
            std::thread::sleep(Duration::from_millis(20));
        }
        whole = whole.max(started.elapsed().as_millis() as u64);
        daemon.kill();
        interrupted += trial.interrupted();
    }
    let second = second_copies(&trial, &sessions);
    let counted =
        format!("{killed} killed, {interrupted} on their way, {second} second copies, {whole} ms a job");
    println!("{counted}");
    assert!(killed > 0 && second <= interrupted, "{counted}");
}

/// Tells whether the equity job is done with a session, as `ts status` says.
fn is_done(trial: &Trial, now: &str, session: NaiveDate) -> bool {
    let said = trial.ts(&["--now", now, "status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON alone on stdout");
    let last = &status["jobs"][0]["last"];
    last["state"] == "done" && last["session"] == session.to_string()
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
    let variables = trial.variables();
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
