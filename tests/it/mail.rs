//! The mail over a real SMTP server: what arrives, and what every misbehaving server gets.

use std::time::Duration;

use secrecy::SecretString;
use ts::app::{App, Asked, RunOutcome, RunRequest, run};
use ts::cache::Patience;
use ts::clock::Clock;
use ts::mail::smtp::{Kind, SendError, Server, ServerError, Step};
use ts::mail::{Letter, Mail, Occasion, Recipient, Sender, daily};
use ts::settings::{Email, Environment, Secrets, Settings, SourceName, Sources, Tls};

use crate::program::{FRIDAY, Folder, NOW};
use crate::smtp_server::{Behaviour, FROM, PASSWORD, SmtpServer, USER, WELL};

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// For servers that never answer: long enough to reach the step, short enough to wait for.
const SHORT: Duration = Duration::from_secs(4);

const RECIPIENTS: [&str; 3] = ["ann@example.org", "bob@example.org", "cee@example.org"];

fn email(server: &SmtpServer, tls: Tls) -> (Email, Secrets) {
    let mut email = Settings::defaults().email;
    email.smtp_host = "localhost".to_owned();
    email.smtp_port = server.port;
    email.smtp_user = USER.to_owned();
    email.tls = tls;
    email.ca_file = (tls != Tls::None).then(|| server.certificate());
    email.from_email = FROM.to_owned();
    (email, Secrets { smtp_password: Some(SecretString::from(PASSWORD)), ..Secrets::default() })
}

fn client(server: &SmtpServer, tls: Tls) -> Server {
    let (email, secrets) = email(server, tls);
    Server::of(&email, &secrets).expect("settings to send with").with_limit(PATIENCE)
}

fn letter(to: &str) -> Letter {
    Letter {
        from: FROM.to_owned(),
        to: to.to_owned(),
        message_id: "<1@example.com>".to_owned(),
        bytes: b"Message-ID: <1@example.com>\r\nSubject: x\r\n\r\nhello\r\n".to_vec(),
    }
}

/// A session of the simulated market, decided as a run does.
async fn decided(folder: &Folder) -> RunOutcome {
    let sources = Sources {
        working_folder: folder.path().to_owned(),
        environment: Environment::default(),
        ..Sources::default()
    };
    let app = App::new(
        Settings::load(&sources).expect("the defaults load"),
        Clock::Fixed(NOW.parse().expect("an instant")),
    );
    let source = Some(SourceName::Simulated);
    let request =
        RunRequest { asked: Asked::All, date: None, source, positions: None, patience: Patience::Kept };
    run(&app, &request, &|_, _| {}).await.expect("the simulated market is decided")
}

fn mail_of(outcome: &RunOutcome, sender: &Sender) -> Mail {
    let occasion = Occasion {
        job: "daily_equity_signals".to_owned(),
        session: FRIDAY,
        correction: 0,
        missed_open: None,
    };
    let (mail, problems) =
        daily(&outcome.report, &outcome.charts, &outcome.templates, sender, &occasion).expect("renders");
    assert_eq!(problems, []);
    mail
}

#[tokio::test]
async fn each_recipient_gets_the_whole_mail_once_and_all_get_the_same_id() {
    let outcome = decided(&Folder::empty()).await;
    for (tls, spoken) in [(Tls::Starttls, "starttls"), (Tls::Implicit, "implicit"), (Tls::None, "none")] {
        let server = SmtpServer::start(Behaviour { tls: spoken, ..WELL });
        let sender = Sender::of(&email(&server, tls).0).expect("an address");
        let mail = mail_of(&outcome, &sender);
        let client = client(&server, tls);
        for address in RECIPIENTS {
            let letter = mail.to(&Recipient::new(address, "--to").expect("an address")).expect("a message");
            client.send(&letter).await.expect("a server that behaves takes it");
        }
        let accepted = server.accepted();
        assert_eq!(accepted.len(), 3, "{spoken}");
        for (message, address) in accepted.iter().zip(RECIPIENTS) {
            assert_eq!((message.sender.as_str(), &message.recipients[..]), (FROM, &[address.to_owned()][..]));
            assert_eq!(message.header("To"), [address], "nobody reads who else gets it");
            assert_eq!(message.message_id, "<ts.daily_equity_signals.2026-11-20@example.com>");
            assert_eq!(message.header("Message-ID").len(), 1);
            assert_eq!(message.header("From"), ["Trading Assistant <signals@example.com>"]);
            assert_eq!(message.header("Date"), ["Sun, 22 Nov 2026 12:00:00 +0000"]);
            assert_eq!(message.header("Subject"), [outcome.report.subject()]);
            assert_eq!(
                message.header("List-Unsubscribe"),
                ["<mailto:signals@example.com?subject=unsubscribe>"]
            );
            assert_eq!(message.defects, [""; 0]);
            let pictures = vec!["image/png"; mail.images.len()].join(", ");
            let related = format!("multipart/related[text/html, {pictures}]");
            assert_eq!(message.structure, format!("multipart/alternative[text/plain, {related}]"));
            assert!(!mail.images.is_empty() && message.images.len() == mail.images.len());
            let html = message.html.as_deref().unwrap_or_default();
            for shown in html.split("src=\"cid:").skip(1) {
                let id = shown.split('"').next().unwrap_or_default();
                assert!(message.images.contains_key(id), "{id}: {:?}", message.images);
            }
            assert!(
                html.contains(&outcome.report.run.id.to_string()) && html.contains("prefers-color-scheme")
            );
            let text = message.text.as_deref().unwrap_or_default();
            assert_eq!(text.replace("\r\n", "\n"), mail.text);
        }
    }
}

/// What a server that misbehaves must give: the step, whether trying again helps, part of the text, and
/// how many messages the server took.
struct Row {
    behaviour: Behaviour,
    limit: Duration,
    expected: (Step, Kind, &'static str, usize),
}

fn row(manner: &'static str, step: Step, kind: Kind, text: &'static str, taken: usize) -> Row {
    Row { behaviour: Behaviour { manner, ..WELL }, limit: PATIENCE, expected: (step, kind, text, taken) }
}

fn in_time(row: Row) -> Row {
    Row { limit: SHORT, ..row }
}

#[tokio::test]
async fn every_misbehaving_server_gets_its_due() {
    use Kind::{MaybeAccepted, Permanent, Transient};
    let rows = [
        row("login_refused", Step::Login, Permanent, "535", 0),
        row("echoes_login", Step::Login, Permanent, "bad login apikey ***; check SMTP_USER", 0),
        row("busy", Step::Sender, Transient, "421", 0),
        row("put_off", Step::Recipient, Transient, "450 4.2.0 greylisted", 0),
        Row {
            behaviour: Behaviour { manner: "one_refused", refused: RECIPIENTS[0], ..WELL },
            ..row("", Step::Recipient, Permanent, "550 5.1.1 no such user; check this address", 0)
        },
        row("refused_message", Step::Message, Permanent, "554 5.7.1 over quota", 0),
        row("put_off_message", Step::Message, Transient, "451", 0),
        in_time(row("stall_after_data", Step::Message, MaybeAccepted, "no answer within the 4 s", 0)),
        row("cut_after_dot", Step::Message, MaybeAccepted, "the server may have taken it", 1),
        in_time(row("never_answers", Step::Message, MaybeAccepted, "no answer within the 4 s", 1)),
        Row {
            behaviour: Behaviour { tls: "none", ..WELL },
            ..row("", Step::Tls, Permanent, "does not offer STARTTLS", 0)
        },
        Row {
            behaviour: Behaviour { certified: "elsewhere.example", ..WELL },
            ..row("", Step::Tls, Transient, "check that SMTP_HOST is the name in the server's certificate", 0)
        },
        Row {
            behaviour: Behaviour { tls: "implicit", ..WELL },
            limit: SHORT,
            ..row("", Step::Greeting, Transient, "587 goes with tls = \"starttls\", 465 with", 0)
        },
    ];
    for Row { behaviour, limit, expected: (step, kind, text, taken) } in rows {
        let what = format!("{behaviour:?}");
        let server = SmtpServer::start(behaviour);
        let error = client(&server, Tls::Starttls)
            .with_limit(limit)
            .send(&letter(RECIPIENTS[0]))
            .await
            .expect_err("no such server takes a mail");
        let told = error.to_string();
        assert_eq!((error.step, error.kind), (step, kind), "{what}: {told}");
        assert!(told.contains(text), "{what}: {told}");
        assert!(!told.contains("s3cr3t") && !told.contains('\n'), "{what}: {told}");
        assert_eq!(server.accepted().len(), taken, "{what}");
    }
}

#[tokio::test]
async fn one_refused_recipient_costs_the_others_nothing() {
    let server = SmtpServer::start(Behaviour { manner: "one_refused", refused: RECIPIENTS[1], ..WELL });
    let client = client(&server, Tls::Starttls);
    let mut outcomes = Vec::new();
    for address in RECIPIENTS {
        outcomes.push(client.send(&letter(address)).await.map_err(|error| error.kind));
    }
    assert_eq!(outcomes, [Ok(()), Err(Kind::Permanent), Ok(())]);
    let got: Vec<_> = server.accepted().into_iter().flat_map(|message| message.recipients).collect();
    assert_eq!(got, [RECIPIENTS[0], RECIPIENTS[2]]);
}

#[tokio::test]
async fn a_server_that_mends_itself_gets_the_same_bytes() {
    let mut server = SmtpServer::start(Behaviour { manner: "put_off_message", ..WELL });
    let client = client(&server, Tls::Starttls);
    let first = client.send(&letter(RECIPIENTS[0])).await;
    assert_eq!(first.map_err(|error| error.kind), Err(Kind::Transient));
    server.set(|behaviour| behaviour.manner = "well");
    client.send(&letter(RECIPIENTS[0])).await.expect("the server has mended itself");
    assert_eq!(server.accepted().len(), 1);
}

async fn refused(change: impl FnOnce(&mut Email)) -> SendError {
    let server = SmtpServer::start(WELL);
    let (mut email, secrets) = email(&server, Tls::Starttls);
    change(&mut email);
    let client = Server::of(&email, &secrets).expect("settings to try").with_limit(PATIENCE);
    client.send(&letter(RECIPIENTS[0])).await.expect_err("it cannot be reached so")
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port");
    let error = refused(|email| email.smtp_port = free.port()).await;
    assert_eq!((error.step, error.kind), (Step::Connect, Kind::Transient), "{error}");
    let error = refused(|email| email.smtp_host = "no-such-host.invalid".to_owned()).await;
    assert_eq!((error.step, error.kind), (Step::Resolve, Kind::Transient), "{error}");
    let error = refused(|email| email.ca_file = None).await;
    assert_eq!((error.step, error.kind), (Step::Tls, Kind::Transient), "{error}");
    assert!(
        error.cause.contains("certificate") && error.remedy.to_string().contains("email.ca_file"),
        "{error}"
    );
    let error = refused(|email| (email.tls, email.smtp_port) = (Tls::Implicit, free.port())).await;
    assert_eq!((error.step, error.kind), (Step::Connect, Kind::Transient), "{error}");
    let error = refused(|email| email.tls = Tls::Implicit).await;
    assert_eq!((error.step, error.kind), (Step::Tls, Kind::Transient), "{error}");
}

#[test]
fn settings_that_no_mail_can_be_sent_with_are_refused_without_the_network() {
    let mut email = Settings::defaults().email;
    let none = Secrets::default();
    let told = Server::of(&email, &none).expect_err("no password").to_string();
    assert!(told.contains("SENDGRID_API_KEY"), "{told}");
    email.tls = Tls::None;
    assert!(
        matches!(Server::of(&email, &none), Err(ServerError::Unprotected(host)) if host == "smtp.sendgrid.net")
    );
    email.tls = Tls::Starttls;
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n"] {
        let folder = Folder::empty();
        folder.write("ca.pem", text);
        email.ca_file = Some(folder.path().join("ca.pem"));
        let refused = Server::of(&email, &none);
        assert!(matches!(refused, Err(ServerError::Authority { .. })), "{text}: {refused:?}");
    }
}

/// Runs `ts send-test-email` against a server.
fn tested(server: &SmtpServer, arguments: &[&str]) -> (i32, String) {
    let variables = server.variables("ann@example.org, bob@example.org");
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let said = Folder::empty().ts_with(&variables, &[&["send-test-email"], arguments].concat());
    assert!(!said.words().contains("s3cr3t"), "{}{}", said.stdout, said.stderr);
    (said.code, said.stdout + said.stderr.as_str())
}

#[test]
fn a_test_mail_tells_every_step() {
    let mut server = SmtpServer::start(WELL);
    let (code, told) = tested(&server, &[]);
    assert_eq!(code, 0, "{told}");
    // Where a machine speaks IPv6, its own name has that address, too.
    let told = told.replace(&server.port.to_string(), "PORT").replace("is ::1, ", "is ");
    insta::assert_snapshot!("send_test_email", told);
    let accepted = server.accepted();
    let got: Vec<_> = accepted.iter().flat_map(|message| message.recipients.clone()).collect();
    assert_eq!(got, ["ann@example.org", "bob@example.org"]);
    assert_eq!(accepted[0].structure, "multipart/alternative[text/plain, multipart/related[text/html]]");

    server.set(|behaviour| (behaviour.manner, behaviour.refused) = ("one_refused", "bob@example.org"));
    let (code, told) = tested(&server, &[]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("FAILED  recipient") && told.contains("1 of 2 mails sent"), "{told}");
    assert!(told.contains("What to do: check this address"), "{told}");

    server.set(|behaviour| behaviour.manner = "echoes_login");
    let (code, told) = tested(&server, &["--to", "cee@example.org"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("FAILED  login") && told.contains("No mail was sent."), "{told}");
    assert_eq!(server.accepted().len(), 3);

    // Nobody knows whether the server has it: this one does.
    server.set(|behaviour| behaviour.manner = "cut_after_dot");
    let (code, told) = tested(&server, &["--to", "cee@example.org"]);
    assert_eq!(code, 1, "{told}");
    let may_be = "0 of 1 mail sent, and one may have been taken all the same: look into the inbox";
    assert!(told.contains(may_be) && !told.contains("No mail was sent"), "{told}");
    assert_eq!(server.accepted().len(), 4);
}

#[test]
fn a_test_mail_needs_settings_first() {
    let folder = Folder::empty();
    for (variables, arguments, code, part) in [
        (&[][..], "send-test-email", 78, "set EMAIL_RECIPIENTS"),
        (&[][..], "send-test-email --to me@example.org", 78, "SMTP_PASSWORD: is not set"),
        (&[][..], "send-test-email --to me", 2, "`me` is not a mail address"),
        (&[("EMAIL_RECIPIENTS", "a@@b")][..], "send-test-email", 78, "is not a mail address"),
        (&[("SMTP_PORT", "0")][..], "send-test-email", 78, "at least 1"),
        (&[("TS_EMAIL__TLS", "none")][..], "send-test-email", 78, "in the clear"),
        (&[("TS_EMAIL__CA_FILE", "no.pem")][..], "config check", 78, "there is no file"),
    ] {
        let said = folder.ts_with(variables, &arguments.split_whitespace().collect::<Vec<_>>());
        assert_eq!(said.code, code, "{arguments}: {}{}", said.stdout, said.stderr);
        assert!(said.words().contains(part), "{arguments}: {}{}", said.stdout, said.stderr);
    }
}
