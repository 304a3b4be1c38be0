use super::*;
use crate::mail::Recipient;
use crate::mail::address::example_sender;
use crate::mail::{Alert, Trial, alert, trial};
use crate::report::example;
use crate::settings::Redactor;

fn occasion() -> Occasion {
    let session = "2026-11-20".parse().expect("a date");
    Occasion { job: "daily_equity_signals".to_owned(), session, correction: 0, missed_open: None }
}

fn templates(overrides: &[(&str, &str)]) -> Templates {
    let overrides = overrides.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Templates::load(&overrides).expect("the built-in templates parse").0
}

fn mail_of(report: &Report) -> Mail {
    let (mail, problems) =
        daily(report, &example::charts(report), &templates(&[]), &example_sender(), &occasion())
            .expect("renders");
    assert_eq!(problems, []);
    mail
}

#[test]
fn five_cards_stay_under_90_kilobytes() {
    let report = example::crowded();
    assert_eq!(report.recommendations.len(), 5);
    let mail = mail_of(&report);
    assert!(mail.html.len() < 90_000, "{} bytes", mail.html.len());
    assert_eq!(mail.images.len(), 5 + report.exits.len());
}

#[test]
fn each_element_has_its_style_and_the_sheet_keeps_what_cannot_be_inlined() {
    let html = mail_of(&example::full()).html;
    let (sheet, page) = html.split_once("</style>").expect("a small sheet is left");
    for kept in ["@media (max-width: 480px)", "@media (prefers-color-scheme: dark)"] {
        assert!(sheet.contains(kept), "{kept}");
    }
    let sheet = sheet.split_once("<style>").expect("a sheet").1;
    assert!(sheet.len() < 16_000, "Gmail drops a sheet from 16 KB on: {}", sheet.len());
    assert!(!sheet.contains("font-variant-numeric"), "the rules outside @media are inlined");
    assert!(page.contains("<h1 style="), "an element carries its style");
    for outside in ["http://", "https://", "<link", "<script", "@import", "<svg"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn every_picture_is_shown_and_every_picture_shown_is_there() {
    let mail = mail_of(&example::full());
    assert_eq!(mail.html.matches("src=\"cid:").count(), mail.images.len());
    for image in &mail.images {
        assert!(mail.html.contains(&format!("src=\"cid:{}\"", image.content_id)), "{}", image.content_id);
        assert!(image.png.starts_with(b"\x89PNG\r\n") && image.png.len() > 4_000, "{}", image.png.len());
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let to = Recipient::new("me@example.org", "--to").expect("an address");
    let bytes = || mail_of(&example::full()).to(&to).expect("a message").bytes;
    assert!(bytes() == bytes());
}

#[test]
fn a_correction_and_a_late_mail_say_so_everywhere() {
    let report = example::full();
    let monday = "2026-11-23".parse().expect("a date");
    let occasion = Occasion { correction: 2, missed_open: Some(monday), ..occasion() };
    let (mail, _) =
        daily(&report, &BTreeMap::new(), &templates(&[]), &example_sender(), &occasion).expect("renders");
    assert_eq!(
        mail.subject,
        "Correction: Trading Signals for Nov 20 - 3 Recommendations (late: the open of Nov 23 has passed)"
    );
    assert_eq!(mail.message_id, "<ts.daily_equity_signals.2026-11-20.correction-2@example.com>");
    assert_eq!(mail.in_reply_to.as_deref(), Some("<ts.daily_equity_signals.2026-11-20@example.com>"));
    for body in [&mail.html, &mail.text] {
        assert!(body.contains("replaces the earlier one"), "{body}");
        let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = |text: &str| body.matches(text).count();
        assert!(told("Late, the open of Mon 23 Nov 2026 has passed: 2 to buy, 1 to sell") > 0, "{body}");
        assert!(told("Late: the open of Mon 23 Nov 2026 has passed.") == 1, "{body}");
        let card = "The open of Mon 23 Nov 2026 has passed: look at today";
        assert_eq!(told(card), report.recommendations.len() + report.exits.len(), "{body}");
        assert!(!body.contains("sell at next open"), "no card names an open that has passed: {body}");
        assert_eq!(told("that open has passed"), report.recommendations.len() + report.exits.len(), "{body}");
    }
    let usual = mail_of(&report).text;
    assert!(!usual.contains("replaces the earlier one") && usual.contains("sell at next open"), "{usual}");
}

#[test]
fn text_from_outside_cannot_inject() {
    let attack = "<script>alert(1)</script>\"'>\r\nBcc: thief@example.net\r\n";
    let mut report = example::full();
    for card in report.recommendations.iter_mut().chain(&mut report.exits) {
        card.reasoning = attack.to_owned();
        card.signal_type = attack.to_owned();
        card.strategy_name = attack.to_owned();
    }
    report.problems.push(Problem::new(attack, ProblemKind::ScriptRun, attack));
    let occasion = Occasion { job: attack.to_owned(), ..occasion() };
    let (mail, _) = daily(&report, &example::charts(&report), &templates(&[]), &example_sender(), &occasion)
        .expect("renders");
    assert!(!mail.html.contains("<script"), "unescaped");
    assert!(mail.html.matches("&lt;script").count() >= 7);
    assert!(!mail.text.contains('\r'));
    let to = Recipient::new("me@example.org", "--to").expect("an address");
    let message = String::from_utf8(mail.to(&to).expect("a message").bytes).expect("ASCII");
    let (headers, _) = message.split_once("\r\n\r\n").expect("a body");
    assert!(headers.contains("MIME-Version"), "{headers}");
    assert!(headers.split("\r\n").all(|line| !line.to_lowercase().starts_with("bcc")), "{headers}");
}

#[test]
fn a_template_that_fails_is_named_in_both_bodies_and_the_built_in_one_used() {
    let report = example::full();
    for (name, text, told) in [
        ("daily_signals.html", "{% for card in buys %}{{ card.hedline }}{% endfor %}", "hedline"),
        ("daily_signals.txt", "{% for card in buys %}{{ card.hedline }}{% endfor %}", "hedline"),
        (
            "daily_signals.html",
            "{% for card in buys %}{% include \"absent.html\" %}{% endfor %}",
            "absent.html",
        ),
    ] {
        let overrides = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        let (templates, at_load) = Templates::load(&overrides).expect("loads");
        // What is told when templates are loaded is in the report already.
        let report = report.with_problems(&at_load);
        let (mail, problems) =
            daily(&report, &example::charts(&report), &templates, &example_sender(), &occasion())
                .expect("renders");
        assert_eq!(at_load.len() + problems.len(), 1, "{name}: {at_load:?} {problems:?}");
        for body in [&mail.html, &mail.text] {
            let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(body.contains("NVDA") && body.contains("the edited template fails"), "{name}");
            assert!(body.contains(told), "{name}: {told}");
            assert_eq!(body.matches("the edited template fails").count(), 1, "{name}");
        }
    }
}

#[test]
fn an_endless_include_leaves_the_built_in_template() {
    let report = example::full();
    for endless in [
        BTreeMap::from([("daily_signals.txt", "{% include \"daily_signals.txt\" %}")]),
        BTreeMap::from([("card.txt", "{% include \"daily_signals.txt\" %}")]),
        BTreeMap::from([("base.html", "{% extends \"daily_signals.html\" %}")]),
    ] {
        let overrides = endless.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let (templates, problems) = Templates::load(&overrides).expect("the built-in templates parse");
        assert_eq!(problems.len(), 1, "{overrides:?}");
        assert!(problems[0].message.contains("ircular"), "{problems:?}");
        let (mail, _) =
            daily(&report, &BTreeMap::new(), &templates, &example_sender(), &occasion()).expect("renders");
        assert!(mail.text.contains("NVDA") && mail.html.contains("NVDA"));
    }
}

#[test]
fn a_chart_that_cannot_be_drawn_costs_only_itself() {
    let report = example::full();
    let mut charts = example::charts(&report);
    let first = report.recommendations[0].id;
    charts.entry(first).and_modify(|data| data.close.truncate(1));
    let (mail, problems) =
        daily(&report, &charts, &templates(&[]), &example_sender(), &occasion()).expect("renders");
    assert_eq!(problems, []);
    assert_eq!(mail.images.len(), charts.len() - 1);
    assert!(!mail.html.contains(&chart_content_id(first)));
}

#[test]
#[ignore = "writes mails for a person to look at, and says where: run it with --ignored --nocapture"]
fn mails_can_be_looked_at() {
    let folder = tempfile::tempdir().expect("the temporary folder can be written").keep();
    let instant = "2026-11-20T21:35:04Z".parse().expect("an instant");
    let failed = Alert {
        job: occasion().job,
        session: occasion().session,
        causes: vec!["failed to open the journal".to_owned(), "data/ts.db: disk I/O error".to_owned()],
        log: vec![
            "21:35:01 INFO Fetching 30 equity symbols".to_owned(),
            "21:35:03 WARN slow disk".to_owned(),
        ],
        at: instant,
    };
    let tried = Trial { server: "smtp.example.com:587, STARTTLS".to_owned(), at: instant, version: "0.1.0" };
    let missed_open = Some("2026-11-23".parse().expect("a date"));
    let report = example::full();
    let occasion = Occasion { missed_open, ..occasion() };
    let late = daily(&report, &example::charts(&report), &templates(&[]), &example_sender(), &occasion)
        .expect("renders");
    let mails = [
        ("full", mail_of(&example::full())),
        ("crowded", mail_of(&example::crowded())),
        ("empty", mail_of(&example::empty())),
        ("late", late.0),
        (
            "alert",
            alert(&failed, &Redactor::default(), &templates(&[]), &example_sender()).expect("renders").0,
        ),
        ("trial", trial(&tried, &templates(&[]), &example_sender()).expect("renders").0),
    ];
    for (name, mail) in mails {
        let mut html = mail.html.clone();
        for image in &mail.images {
            let file = format!("{name}-{}", image.file_name);
            html = html.replace(&format!("cid:{}", image.content_id), &file);
            std::fs::write(folder.join(file), &image.png).expect("a picture can be written");
        }
        let path = folder.join(format!("{name}.html"));
        std::fs::write(&path, html).expect("a page can be written");
        std::fs::write(folder.join(format!("{name}.txt")), &mail.text).expect("a text can be written");
        println!("{} {} bytes", path.display(), mail.html.len());
    }
}
