//! What the mail costs: a report of 5 and of 50 cards made into a message for one recipient, charts
//! drawn, style inlined, base64 and all.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use ts::app::App;
use ts::app::Asked;
use ts::app::RunOutcome;
use ts::app::RunRequest;
use ts::app::run;
use ts::clock::Clock;
use ts::mail::Occasion;
use ts::mail::Recipient;
use ts::mail::Sender;
use ts::mail::daily;
use ts::settings::Settings;
use ts::settings::SourceName;
use ts::settings::Sources;
use uuid::Uuid;

fn mail(criterion: &mut Criterion) {
    let decided = simulated();
    let sender = Sender::of(&Settings::defaults().email).expect("the default sender is an address");
    let recipient = Recipient::new("me@example.com", "--to").expect("an address");
    let session = decided.report.newest_session();
    let occasion = Occasion { job: "daily".to_owned(), session, correction: 0, missed_open: None };
    let mut group = criterion.benchmark_group("mail");
    for cards in [5, 50] {
        let own = with_cards(&decided, cards);
        let compose = || {
            let (mail, problems) = daily(&own.report, &own.charts, &own.templates, &sender, &occasion)
                .expect("the built-in templates render");
            assert!(problems.is_empty() && mail.images.len() == cards, "{problems:?}");
            (mail.html.len(), mail.to(&recipient).expect("a message").bytes.len())
        };
        let (html, message) = compose();
        println!("mail of {cards} cards: {html} bytes of HTML, {message} in all");
        group.bench_function(BenchmarkId::from_parameter(cards), |bencher| {
            bencher.iter(|| black_box(compose()));
        });
    }
    group.finish();
}

/// A session of the simulated market, decided as a run does.
fn simulated() -> RunOutcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = Sources { working_folder: PathBuf::from(folder.path()), ..Sources::default() };
    let loaded = Settings::load(&sources).expect("the defaults load");
    let app = App::new(loaded, Clock::Fixed("2026-11-22T12:00:00Z".parse().expect("an instant")));
    let source = Some(SourceName::Simulated);
    let request = RunRequest {
        asked: Asked::All,
        date: None,
        source,
        positions: None,
        patience: ts::cache::Patience::Kept,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run(&app, &request, &|_, _| {})).expect("the simulated market is decided")
}

/// The same report with so many BUYs, each with its chart: its own ones again and again.
fn with_cards(decided: &RunOutcome, cards: usize) -> RunOutcome {
    let mut own = decided.clone();
    let (mut buys, mut charts) = (Vec::new(), BTreeMap::new());
    for (place, buy) in decided.report.recommendations.iter().cycle().take(cards).enumerate() {
        let mut buy = buy.clone();
        let chart = decided.charts[&buy.id].clone();
        buy.id = Uuid::from_u128(place as u128 + 1);
        charts.insert(buy.id, chart);
        buys.push(buy);
    }
    (own.report.recommendations, own.report.exits, own.charts) = (buys, Vec::new(), charts);
    own
}

criterion_group!(benches, mail);
criterion_main!(benches);
