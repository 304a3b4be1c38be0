//! The loop under a paused clock, with work that does as it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Daemon;
use super::JobResult;
use super::Order;
use super::Standing;
use super::Vitals;
use super::Wake;
use super::Work;
use crate::app::App;
use crate::app::LiveScripts;
use crate::clock::Clock;
use crate::schedule::State;
use crate::settings::Environment;
use crate::settings::Settings;
use crate::settings::Sources;

const JOB: &str = "daily_equity_signals";

/// Half a minute before the equity job's tick of Friday the 20th of November 2026.
const BEFORE: &str = "2026-11-20T21:29:30Z";

fn done() -> JobResult {
    JobResult::Done { problems: Some(0), lacking: None }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// Whether the work notes what it does, as it must.
#[derive(Clone, Copy, PartialEq)]
enum Notes {
    All,
    None,
}

/// Work whose results are laid out before, and that remembers when it was asked.
struct Scripted {
    takes: Duration,
    notes: Notes,
    standing: Mutex<Result<Standing, String>>,
    results: Mutex<VecDeque<JobResult>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Makes work of which Thursday's equities are done.
    fn new(takes: Duration, results: &[JobResult]) -> Self {
        let mut standing = Standing::default();
        let thursday = "2026-11-19T21:31:00Z".parse().expect("an instant");
        standing.history.note(JOB, day("2026-11-19"), State::Done, thursday);
        Self {
            takes,
            notes: Notes::All,
            standing: Mutex::new(Ok(standing)),
            results: Mutex::new(results.iter().cloned().collect()),
            asked: Arc::default(),
        }
    }

    fn note(&self, order: &Order, state: State) {
        if self.notes == Notes::All
            && let Ok(standing) = &mut *self.standing.lock().expect("no test panics with it")
        {
            let now = order.app.clock.now();
            standing.history.note(&order.due.job, order.due.session, state, now);
        }
    }
}

impl Work for Scripted {
    async fn standing(&self, _app: &App) -> anyhow::Result<Standing> {
        self.standing.lock().expect("no test panics with it").clone().map_err(|why| anyhow::anyhow!(why))
    }

    async fn run(&self, mut order: Order) -> JobResult {
        let told = |what: &str| {
            let at = order.app.clock.now().format("%H:%M:%S");
            let line = format!("{at} {what} {} {}", order.due.session, order.due.why.as_str());
            self.asked.lock().expect("no test panics with it").push(line);
        };
        told("begun");
        if self.notes == Notes::All {
            order.begun.tell();
        }
        self.note(&order, State::Begun);
        tokio::time::sleep(self.takes).await;
        let result = self.results.lock().expect("no test panics with it").pop_front().unwrap_or_else(done);
        if !matches!(result, JobResult::Elsewhere(_)) {
            self.note(&order, result.state());
        }
        told(result.state().as_str());
        result
    }
}

/// A daemon in a folder of its own.
struct Trial {
    _folder: TempDir,
    daemon: Daemon<Scripted>,
    asked: Arc<Mutex<Vec<String>>>,
    app: App,
}

fn app(folder: &TempDir, now: &str, variables: &[(&str, &str)]) -> App {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sources = Sources { working_folder: folder.path().to_owned(), environment, ..Sources::default() };
    let now: DateTime<Utc> = now.parse().expect("an instant");
    let clock = Clock::Set { to: now, at: Instant::now() };
    App::new(Settings::load(&sources).expect("sound settings"), clock)
}

impl Trial {
    /// Makes a daemon of the equity job alone.
    fn new(now: &str, variables: &[(&str, &str)], work: Scripted) -> Self {
        let again = |app: &App| {
            let app = app.clone();
            move || Ok(app.clone())
        };
        Self::reading(now, variables, work, |app| Box::new(again(app)))
    }

    fn reading(
        now: &str,
        variables: &[(&str, &str)],
        work: Scripted,
        settings: impl FnOnce(&App) -> super::SettingsReader,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let of_all = [("TS_UNIVERSE__CRYPTO", ""), ("EMAIL_RECIPIENTS", "ann@example.org")];
        let variables = [&of_all, variables].concat();
        let app = app(&folder, now, &variables);
        let live = Arc::new(LiveScripts::load(&app).expect("the built-in scripts"));
        let asked = Arc::clone(&work.asked);
        let daemon = Daemon::new(app.clone(), live, work, settings(&app)).expect("a sound schedule");
        Self { _folder: folder, daemon, asked, app }
    }

    /// Lets the daemon run, wakes it after each pause, and terminates it; returns what was asked of the
    /// work and what the loop published last.
    async fn run(self, wakes: Vec<(Duration, Wake)>) -> (Vec<String>, Arc<Vitals>) {
        let (tell, waking) = mpsc::channel(16);
        let published = self.daemon.vitals();
        let drive = async move {
            for (pause, wake) in wakes {
                tokio::time::sleep(pause).await;
                tell.send(wake).await.expect("the loop listens");
            }
        };
        tokio::join!(self.daemon.serve(waking), drive);
        let asked = self.asked.lock().expect("no test panics with it").clone();
        (asked, published.load_full().expect("the loop published"))
    }
}

fn terminate_after(secs: u64) -> Vec<(Duration, Wake)> {
    vec![(Duration::from_secs(secs), Wake::Terminate)]
}

#[tokio::test(start_paused = true)]
async fn a_session_is_run_at_its_tick_and_once() {
    let trial = Trial::new(BEFORE, &[], Scripted::new(Duration::from_secs(5), &[]));
    let (asked, vitals) = trial.run(terminate_after(3 * 86_400)).await;
    // Three days end half a minute before Monday's tick.
    assert_eq!(asked, ["21:30:00 begun 2026-11-20 scheduled", "21:30:05 done 2026-11-20 scheduled"]);
    assert!(!vitals.status.is_overdue());
    assert_eq!(vitals.runs[JOB].ended["done"], 1);
    assert_eq!(vitals.runs[JOB].last.as_ref().map(|run| run.duration), Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn bars_that_are_not_there_are_asked_for_again_within_the_minute_after_a_quarter_of_an_hour() {
    let results = [JobResult::BarsMissing("SPY".to_owned()), JobResult::Failed("the network".to_owned())];
    let trial = Trial::new(BEFORE, &[], Scripted::new(Duration::from_secs(5), &results));
    let (asked, vitals) = trial.run(terminate_after(3 * 3_600)).await;
    let expected = [
        "21:30:00 begun 2026-11-20 scheduled",
        "21:30:05 bars missing 2026-11-20 scheduled",
        "21:46:00 begun 2026-11-20 bars were missing",
        "21:46:05 failed 2026-11-20 bars were missing",
        "22:17:00 begun 2026-11-20 failed before",
        "22:17:05 done 2026-11-20 failed before",
    ];
    assert_eq!(asked, expected);
    assert_eq!(vitals.runs[JOB].ended.values().sum::<u64>(), 3);
}

#[tokio::test(start_paused = true)]
async fn wakes_without_need_do_nothing() {
    let trial = Trial::new(BEFORE, &[], Scripted::new(Duration::from_secs(5), &[]));
    let ticks = (0..100).map(|_| (Duration::from_secs(1), Wake::Tick));
    let (asked, _) = trial.run(ticks.chain(terminate_after(1)).collect()).await;
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_run_that_is_about_to_end() {
    let started = Instant::now();
    let trial = Trial::new(BEFORE, &[], Scripted::new(Duration::from_secs(34), &[]));
    let (asked, vitals) = trial.run(terminate_after(60)).await;
    assert_eq!(asked[1], "21:30:34 done 2026-11-20 scheduled");
    assert_eq!(vitals.runs.len(), 0, "it was published before the stop");
    assert!(started.elapsed() < Duration::from_secs(65), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_a_long_run_within_ten_seconds_and_the_next_start_takes_it_up() {
    let started = Instant::now();
    let work = Scripted::new(Duration::from_secs(3_600), &[]);
    let trial = Trial::new(BEFORE, &[], work);
    let work = trial.daemon.work();
    let (asked, _) = trial.run(terminate_after(60)).await;
    assert_eq!(asked, ["21:30:00 begun 2026-11-20 scheduled"]);
    assert!(started.elapsed() < Duration::from_secs(70), "{:?}", started.elapsed());
    let standing = work.standing.lock().expect("no test panics with it").clone().expect("a history");
    let left = standing.history.get(JOB, day("2026-11-20")).expect("it was noted");
    assert_eq!(left.state, State::Begun);

    let again = Scripted::new(Duration::from_secs(5), &[]);
    *again.standing.lock().expect("no test panics with it") = Ok(standing);
    let (asked, _) = Trial::new("2026-11-20T21:31:00Z", &[], again).run(terminate_after(60)).await;
    assert_eq!(asked[0], "21:31:00 begun 2026-11-20 interrupted");
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_new_settings_and_keeps_the_old_where_they_are_bad() {
    let reload = |after| (Duration::from_secs(after), Wake::Reload);
    let earlier = [("TS_SCHEDULE__0__CRON", "0 17 * * Mon-Fri")];
    let from_reload = |app: &App| -> super::SettingsReader {
        let mut changed = app.clone();
        changed.loaded.settings.schedule[0].cron = "0 17 * * Mon-Fri".to_owned();
        Box::new(move || Ok(changed.clone()))
    };
    let work = Scripted::new(Duration::from_secs(5), &[]);
    let trial = Trial::reading(BEFORE, &[], work, from_reload);
    let (asked, _) = trial.run([vec![reload(10)], terminate_after(3_600)].concat_wakes()).await;
    assert_eq!(asked[0], "22:00:00 begun 2026-11-20 scheduled");

    let broken = |_: &App| -> super::SettingsReader { Box::new(|| Err(anyhow::anyhow!("ts.toml:3: bad"))) };
    let work = Scripted::new(Duration::from_secs(5), &[]);
    let trial = Trial::reading(BEFORE, &earlier, work, broken);
    let (asked, _) = trial.run([vec![reload(10)], terminate_after(3_600)].concat_wakes()).await;
    assert_eq!(asked[0], "22:00:00 begun 2026-11-20 scheduled");
}

/// Wakes cannot be cloned, which `concat` would.
trait ConcatWakes {
    fn concat_wakes(self) -> Vec<(Duration, Wake)>;
}

impl ConcatWakes for [Vec<(Duration, Wake)>; 2] {
    fn concat_wakes(self) -> Vec<(Duration, Wake)> {
        self.into_iter().flatten().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_is_run_and_health_says_so() {
    let work = Scripted::new(Duration::from_secs(5), &[]);
    *work.standing.lock().expect("no test panics with it") = Err("data/ts.db is locked".to_owned());
    let (asked, vitals) = Trial::new(BEFORE, &[], work).run(terminate_after(3_600)).await;
    assert_eq!(asked, [""; 0]);
    assert!(vitals.status.is_overdue());
    assert!(vitals.status.problems[0].contains("data/ts.db is locked"), "{:?}", vitals.status.problems);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_another_process_is_at_is_asked_for_again_in_a_minute() {
    let results = [JobResult::Elsewhere("`ts run` decides it".to_owned())];
    let work = Scripted { notes: Notes::None, ..Scripted::new(Duration::from_secs(1), &results) };
    // Not at a full minute: which of two timers of one instant fires first is left open.
    let (asked, _) = Trial::new(BEFORE, &[], work).run(terminate_after(155)).await;
    assert_eq!(asked[0], "21:30:00 begun 2026-11-20 scheduled");
    assert_eq!(asked[2], "21:32:00 begun 2026-11-20 scheduled");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_noted_is_not_run_in_a_circle() {
    let work = Scripted { notes: Notes::None, ..Scripted::new(Duration::from_secs(1), &[]) };
    let (asked, _) = Trial::new(BEFORE, &[], work).run(terminate_after(300)).await;
    // Once a minute at the most.
    assert!(asked.len() <= 10, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn several_that_were_not_noted_rest_each_until_the_next_tick() {
    let left = || JobResult::Elsewhere("`ts run` decides it".to_owned());
    let results: Vec<JobResult> = (0..100).map(|_| left()).collect();
    let work = Scripted { notes: Notes::None, ..Scripted::new(Duration::from_secs(1), &results) };
    // A mail of an earlier session waits too.
    if let Ok(standing) = &mut *work.standing.lock().expect("no test panics with it") {
        let wednesday = "2026-11-18T21:31:00Z".parse().expect("an instant");
        standing.history.note(JOB, day("2026-11-18"), State::Undelivered, wednesday);
    }
    let (asked, _) = Trial::new(BEFORE, &[], work).run(terminate_after(275)).await;
    let begun: Vec<&String> = asked.iter().filter(|own| own.contains("begun")).collect();
    let sessions: std::collections::BTreeSet<&str> = begun.iter().map(|own| &own[15..25]).collect();
    assert_eq!(sessions.len(), 2, "{asked:?}");
    // Each once a minute at the most; what is left to another process ends as it began.
    assert!(begun.len() / 2 <= 10, "{asked:?}");
}

#[tokio::test]
async fn a_check_hears_of_the_start_the_end_and_a_failure() {
    use wiremock::Mock;
    use wiremock::MockServer;
    use wiremock::ResponseTemplate;
    use wiremock::matchers::body_string;
    use wiremock::matchers::path;

    let failed = format!("{JOB} 2026-11-20: the network");
    let check = async |results: &[JobResult], pings: &[(&str, &str)]| {
        let server = MockServer::start().await;
        for (place, body) in pings {
            let ping = Mock::given(path(*place)).and(body_string(*body));
            ping.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
        }
        let url = format!("{}/x", server.uri());
        let work = Scripted::new(Duration::ZERO, results);
        let trial = Trial::new("2026-11-20T21:30:00Z", &[("TS_HEALTH__PING_URL", &url)], work);
        let asked = Arc::clone(&trial.asked);
        trial.run(vec![(Duration::from_secs(2), Wake::Terminate)]).await;
        assert_eq!(asked.lock().expect("no test panics with it").len(), 2);
        let heard = server.received_requests().await.expect("requests are recorded").len();
        assert_eq!(heard, pings.len(), "{results:?}");
    };
    check(&[done()], &[("/x/start", ""), ("/x", "")]).await;
    check(&[JobResult::Failed("the network".to_owned())], &[("/x/start", ""), ("/x/fail", &failed)]).await;
    check(&[JobResult::BarsMissing("not yet".to_owned())], &[("/x/start", "")]).await;
}

#[tokio::test]
async fn a_check_hears_nothing_of_what_another_process_does() {
    let server = wiremock::MockServer::start().await;
    let left = JobResult::Elsewhere("`ts run` decides it".to_owned());
    let work = Scripted { notes: Notes::None, ..Scripted::new(Duration::ZERO, &[left]) };
    let trial = Trial::new("2026-11-20T21:30:00Z", &[("TS_HEALTH__PING_URL", &server.uri())], work);
    let asked = Arc::clone(&trial.asked);
    trial.run(vec![(Duration::from_secs(2), Wake::Terminate)]).await;
    assert_eq!(asked.lock().expect("no test panics with it").len(), 2);
    assert_eq!(server.received_requests().await.expect("requests are recorded").len(), 0);
}

#[tokio::test]
async fn health_and_metrics_are_answered_on_loopback() {
    let trial = Trial::new(BEFORE, &[], Scripted::new(Duration::ZERO, &[]));
    let published = trial.daemon.vitals();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = format!("http://{}", listener.local_addr().expect("an address"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = async |place: &str| {
        let answer = client.get(format!("{at}{place}")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    let asking = async {
        assert_eq!(get("/health").await.0, 503, "nothing is published yet");
        let now = trial.app.clock.now();
        let (_, vitals) = trial.run(vec![(Duration::ZERO, Wake::Terminate)]).await;
        let (code, body) = get("/health").await;
        assert_eq!(code, 200, "{body}");
        let health: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&health["overdue"], &health["stuck"]), (&false.into(), &false.into()));
        assert_eq!(health["jobs"][0]["job"], JOB);

        let (code, page) = get("/metrics").await;
        assert_eq!(code, 200);
        assert!(page.contains(&format!("ts_overdue{{job=\"{JOB}\"}} 0\n")), "{page}");
        assert!(page.contains(&format!("ts_start_timestamp_seconds {}\n", now.timestamp())), "{page}");
        assert!(page.contains("ts_reload_generation 1\n"), "{page}");
        assert!(page.lines().all(|line| line.starts_with('#') || line.split(' ').count() == 2), "{page}");

        let mut overdue = (*vitals).clone();
        overdue.status.problems.push("the journal".to_owned());
        published.store(Some(Arc::new(overdue)));
        assert_eq!(get("/health").await.0, 503);
        assert_eq!(get("/").await.0, 404);
        let refused = client.post(format!("{at}/health")).send().await.expect("an answer");
        assert_eq!(refused.status().as_u16(), 405);
    };
    tokio::select! {
        () = super::listen::serve(listener, published.clone()) => panic!("it listens for ever"),
        () = asking => {}
    }
}
