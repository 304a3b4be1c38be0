//! Runs and daemons that are killed anywhere: no mail is lost, and none comes again but one that was on its way.

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use ts::calendar;
use ts::domain::AssetClass;

use crate::mail_trial::{RECIPIENTS, RUN, Trial};
use crate::program::FRIDAY;

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
