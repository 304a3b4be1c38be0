//! Rounds against a port that nobody listens at. What servers answer is tested with real ones, in `tests/it`.

use std::net::TcpListener;

use super::*;
use crate::clock::Clock;
use crate::journal::{Delivery, Lateness, Mail, MailFrom};
use crate::settings::{Settings, Sources};

/// A journal of two sessions with two mails each, and the right to send them.
struct Trial {
    _folder: tempfile::TempDir,
    app: App,
    courier: Courier,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn job(session: &str) -> JobSession {
    JobSession { job: "daily_equity_signals".to_owned(), session: session.parse().expect("a date") }
}

impl Trial {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let text = format!(
            "[email]\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {port}\nsmtp_user = \"\"\ntls = \"none\"\n"
        );
        let file = folder.path().join("ts.toml");
        std::fs::write(&file, text).expect("a file");
        let sources =
            Sources { file: Some(file), working_folder: folder.path().to_owned(), ..Sources::default() };
        let app = App::new(
            Settings::load(&sources).expect("good settings"),
            Clock::Fixed(at("2026-11-20T22:00:00Z")),
        );
        let path = &app.loaded.settings.journal.path;
        let (courier, _) = Courier::open(path, app.clock.now()).expect("made");
        for session in ["2026-11-19", "2026-11-20"] {
            let mail = |to: &str| Mail {
                recipient: to.to_owned(),
                message_id: format!("<{session}@ts>"),
                subject: String::new(),
                text: String::new(),
                html: String::new(),
                message: format!("To: {to}\r\n\r\n{session}").into_bytes(),
            };
            let delivery = Delivery {
                job: job(session),
                correction: 0,
                lateness: Lateness::OnTime,
                from: MailFrom { name: String::new(), address: "s@x.y".to_owned() },
                mails: vec![mail("a@x.y"), mail("b@x.y")],
            };
            courier.journal.enqueue(&delivery, None, app.clock.now()).expect("writable");
        }
        Self { _folder: folder, app, courier }
    }

    async fn send(&self, session: &str) -> Delivered {
        self.courier.send(&self.app, &job(session)).await.expect("a journal that can be written")
    }

    /// State and number of tries of each mail of a session.
    fn mails(&self, session: &str) -> Vec<(MailState, u32)> {
        let rows = self.courier.journal.mails_of(&job(session)).expect("readable");
        rows.iter().map(|own| (own.state, own.attempts)).collect()
    }
}

#[tokio::test]
async fn a_server_that_is_not_reached_ends_the_round() {
    use MailState::Pending;
    let trial = Trial::start();
    let Delivered::Waiting(why) = trial.send("2026-11-20").await else { panic!("nobody listens") };
    assert!(why.contains("connect"), "{why}");
    assert_eq!(trial.mails("2026-11-20"), [(Pending, 1), (Pending, 0)]);
    assert_eq!(trial.mails("2026-11-19"), [(Pending, 0), (Pending, 0)]);
}

#[tokio::test]
async fn what_could_not_be_marked_is_tried_again_by_the_same_process() {
    let trial = Trial::start();
    let id = trial.courier.journal.mails_of(&job("2026-11-20")).expect("readable")[0].id;
    // As a full disk leaves it: sent or not, nothing could be noted after.
    trial.courier.journal.take(&trial.courier.lock, id, trial.app.clock.now()).expect("writable");
    trial.send("2026-11-20").await;
    assert_eq!(trial.mails("2026-11-20")[0], (MailState::Pending, 2));
}

#[tokio::test]
async fn a_mail_is_given_up_after_five_days_and_the_reason_is_kept() {
    let mut trial = Trial::start();
    trial.app.clock = Clock::Fixed(at("2026-11-25T21:59:59Z"));
    trial.send("2026-11-20").await;
    assert_eq!(trial.mails("2026-11-20")[0].0, MailState::Pending);
    trial.app.clock = Clock::Fixed(at("2026-11-25T22:00:00Z"));
    for _ in 0..2 {
        trial.send("2026-11-20").await;
    }
    let rows = trial.courier.journal.mails_of(&job("2026-11-20")).expect("readable");
    for row in rows {
        assert_eq!(row.state, MailState::Failed);
        assert!(row.last_error.is_some_and(|why| why.starts_with("given up after days of trying: connect")));
    }
    assert!(matches!(trial.send("2026-11-20").await, Delivered::Refused(_)));
}
