//! Runs over real folders, kept in a real journal, and decided again from it.

use std::fs;
use std::path::Path;

use chrono::{Duration, NaiveDate};

use super::*;
use crate::app::{App, Asked, LiveScripts, Reloaded, RunRequest, recompute, run_recorded};
use crate::cache::Patience;
use crate::calendar;
use crate::clock::Clock;
use crate::decide::PositionStatus;
use crate::domain::{AssetClass, Problem, ProblemKind, Symbol};
use crate::journal::{JobSession, Lateness, Mail, MailFrom, NewLot, Queued};
use crate::settings::{Settings, Sources};

const SETTINGS: &str = "[universe]\nequity = [\"AAA\", \"BBB\", \"CCC\"]\ncrypto = []\n\
                        [sources]\nequity = [\"files\"]\n";
const MINE: &str = include_str!("../../../strategies/equity_momentum.rhai");
const SCORER: &str = include_str!("../../../scorers/technical.rhai");

/// A folder in which CCC has no bars, BBB breaks out, and the user's template fails on some days.
struct Trial {
    root: tempfile::TempDir,
    app: App,
    live: LiveScripts,
    journal: Journal,
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
    fs::write(path, text).expect("a file in it");
}

/// Bars that grow by a factor a session, up to Friday, the 20th of November 2026.
fn csv(growth: f64) -> String {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let mut text = "date,open,high,low,close,volume\n".to_owned();
    let mut close = 100.0;
    for date in calendar::sessions(AssetClass::Equity, day("2025-01-02"), day("2026-11-20")) {
        close *= growth;
        text.push_str(&format!("{date},{close},{},{},{close},10000000\n", close * 1.01, close * 0.99));
    }
    text
}

/// A strategy that raises its stops as well.
fn with_stop(strategy: &str) -> String {
    format!("{strategy}\nfn stop(row, position) {{ row.close * 0.9 }}\n")
}

fn open_of(csv: &str, session: NaiveDate) -> Option<f64> {
    let line = csv.lines().find(|line| line.starts_with(&session.to_string()))?;
    line.split(',').nth(1)?.parse().ok()
}

impl Trial {
    fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let strategy = with_stop(MINE);
        let files = [
            ("ts.toml", SETTINGS),
            ("strategies/equity_momentum.rhai", &strategy),
            ("scorers/technical.rhai", SCORER),
            ("templates/daily_signals.txt", "{{ headline }} {% if problems %}{{ no_such }}{% endif %}"),
            ("market/equity/AAA.csv", &csv(1.0)),
            ("market/equity/BBB.csv", &csv(1.01)),
            ("market/equity/SPY.csv", &csv(1.0005)),
        ];
        for (name, text) in files {
            write(root.path(), name, text);
        }
        let sources = Sources {
            file: Some(root.path().join("ts.toml")),
            working_folder: root.path().to_owned(),
            ..Sources::default()
        };
        let loaded = Settings::load(&sources).expect("good settings");
        let app =
            App::new(loaded, Clock::Fixed("2026-11-22T12:00:00.123456789Z".parse().expect("an instant")));
        let live = LiveScripts::load(&app).expect("a folder with a strategy");
        let (journal, _) = Journal::open(&app.loaded.settings.journal.path, app.clock.now()).expect("made");
        Self { root, app, live, journal }
    }

    /// Decides Friday and returns the outcome with its inputs.
    async fn run(&self, live: Option<&LiveScripts>) -> (RunOutcome, RunInputs) {
        let request = RunRequest {
            asked: Asked::ByName(AssetClass::Equity),
            date: None,
            source: None,
            positions: None,
            patience: Patience::Kept,
        };
        let notes = vec![Problem::new("", ProblemKind::Journal, "told before the run")];
        run_recorded(&self.app, &request, live, notes, &|_, _| ()).await.expect("there are bars")
    }

    /// Does the same and keeps it, with one mail.
    async fn record(&self, live: Option<&LiveScripts>) -> RunOutcome {
        let (mut outcome, inputs) = self.run(live).await;
        let rendered = render(&mut outcome).expect("the built-in templates render");
        let job = JobSession { job: "job".to_owned(), session: outcome.report.newest_session() };
        let mail = Mail {
            recipient: "a@x.y".to_owned(),
            message_id: "<1@ts>".to_owned(),
            subject: rendered.subject.clone(),
            text: rendered.text.clone(),
            html: rendered.html.clone(),
            message: Vec::new(),
        };
        let correction = self.journal.next_correction(&job).expect("readable");
        let from = MailFrom { name: String::new(), address: "s@x.y".to_owned() };
        let delivery = Delivery { job, correction, lateness: Lateness::OnTime, from, mails: vec![mail] };
        let now = self.app.clock.now();
        let recorded = record(&self.journal, &outcome, inputs, rendered, Some(&delivery), now);
        assert_eq!(recorded.expect("writable"), Recorded::New { mails: 1 });
        let again = self.journal.enqueue(&delivery, None, now).expect("readable");
        assert_eq!(again, Queued::Already { waiting: 1, sent: 0, failed: 0 });
        outcome
    }

    fn later(&mut self) {
        self.app.clock = Clock::Fixed(self.app.clock.now() + Duration::minutes(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_run_says_the_same_again_to_the_byte() {
    let mut trial = Trial::start();
    let once = trial.record(None).await;
    assert!(!once.report.recommendations.is_empty() && !once.charts.is_empty(), "{:?}", once.report.filtered);
    assert!(!once.report.run.dry_run && once.report.reload.is_none());
    let told = |kind| once.report.problems.iter().filter(|own| own.kind == kind).count();
    assert_eq!((told(ProblemKind::Journal), told(ProblemKind::NoBars)), (1, 1));
    trial.later();
    let live = trial.record(Some(&trial.live)).await;
    trial.later();
    let edited = MINE.replace("STOP_ATR_MULT    = 2.5", "STOP_ATR_MULT    = 2.0");
    assert_ne!(edited, MINE);
    write(trial.root.path(), "strategies/equity_momentum.rhai", &with_stop(&edited));
    assert!(matches!(trial.live.reload(&trial.app, None), Reloaded::Loaded(_)));
    let after_edit = trial.record(Some(&trial.live)).await;
    let changes = &after_edit.report.reload.as_ref().expect("live").changes;
    assert!(!changes[0].diff.is_empty(), "the edit moves a stop");
    // What lies in the folders by then decides nothing any more.
    fs::remove_dir_all(trial.root.path().join("strategies")).expect("a folder");
    fs::remove_dir_all(trial.root.path().join("market")).expect("a folder");
    for outcome in [once, live, after_edit] {
        let id = outcome.report.run.id;
        assert_eq!(recompute(&trial.journal, id).expect("kept whole"), None);
        let stored = trial.journal.run(id).expect("kept");
        assert_eq!(stored.row.subject, outcome.report.subject());
        let constants =
            &stored.scripts.iter().find(|own| own.name == "equity_momentum").expect("it ran").constants;
        assert!(constants.contains_key("STOP_ATR_MULT"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_difference_is_named() {
    type Spoil = fn(&mut Rendered);
    let spoil: [(&str, Spoil); 3] = [
        ("json", |own| own.json = own.json.replacen("\"BUY\"", "\"buy\"", 1)),
        ("text", |own| own.text.push_str("more\n")),
        ("html", |own| own.html = own.html.replacen("BBB", "CCC", 1)),
    ];
    let mut trial = Trial::start();
    for (form, spoil) in spoil {
        trial.later();
        let (mut outcome, inputs) = trial.run(None).await;
        let mut rendered = render(&mut outcome).expect("renders");
        let id = outcome.report.run.id;
        spoil(&mut rendered);
        let now = trial.app.clock.now();
        record(&trial.journal, &outcome, inputs, rendered, None, now).expect("writable");
        let difference = recompute(&trial.journal, id).expect("kept whole").expect("it was spoilt");
        assert_eq!(difference.form, form);
        assert_ne!(difference.then, difference.now);
        assert!(difference.to_string().contains(&format!("line {} of its {form}", difference.line)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_come_from_the_journal_and_their_stops_go_back_to_it() {
    let mut trial = Trial::start();
    let session: NaiveDate = "2026-10-19".parse().expect("a date");
    let entry_price = open_of(&csv(1.01), session).expect("a session");
    let lot = NewLot {
        symbol: Symbol::new("BBB").expect("a symbol"),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".to_owned(),
        entry_date: session,
        entry_price,
        quantity: 10.0,
        stop_price: entry_price * 0.8,
    };
    let added = trial.journal.add_lot(&lot, trial.app.clock.now()).expect("added");
    let outcome = trial.record(None).await;
    let held = &outcome.report.decisions[0].held[0];
    assert_eq!(held.status, PositionStatus::Hold, "{held:?}");
    let kept = &trial.journal.open_lots().expect("readable")[0].position;
    assert_eq!((kept.stop_session, kept.stop_price), (outcome.report.newest_session(), held.stop_price));
    assert!(kept.stop_price > lot.stop_price, "its own `stop` raised it: {kept:?}");
    assert_eq!(trial.journal.stops(added.id).expect("readable").len(), 1);
    assert_eq!(recompute(&trial.journal, outcome.report.run.id).expect("kept whole"), None);
    trial.later();
    let again = trial.record(None).await;
    assert_eq!(again.report.decisions[0].held[0].stop_price, held.stop_price);
    assert_ne!(again.report.run.positions_hash, outcome.report.run.positions_hash);
    assert_eq!(recompute(&trial.journal, again.report.run.id).expect("kept whole"), None);
}

#[test]
fn a_stop_goes_back_to_the_scale_of_its_entry() {
    let traded = Position {
        symbol: Symbol::new("X").expect("a symbol"),
        asset_class: AssetClass::Equity,
        strategy: "s".into(),
        entry_date: NaiveDate::MIN,
        entry_price: 410.0,
        quantity: 10.0,
        stop_price: 380.0,
        stop_session: NaiveDate::MIN,
        last_close: 410.0,
        split_factor: 1.0,
    };
    // Four for one, and a stop that was raised from 95 to 100.
    let held = HeldPosition {
        symbol: traded.symbol.clone(),
        asset_class: AssetClass::Equity,
        strategy: "s".into(),
        entry_date: NaiveDate::MIN,
        entry_price: 102.5,
        quantity: 40.0,
        stop_price: 100.0,
        stop_session: NaiveDate::MAX,
        close: None,
        pnl: None,
        pnl_pct: None,
        bars_held: None,
        status: PositionStatus::Hold,
        note: String::new(),
    };
    let advanced = stop(&held, std::slice::from_ref(&traded)).expect("it is held");
    assert_eq!((advanced.stop_price, advanced.session), (400.0, NaiveDate::MAX));
    assert_eq!(stop(&held, &[Position { strategy: "other".into(), ..traded }]), None);
}
