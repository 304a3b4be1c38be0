//! What the journal costs: writing a run whole, with the bars that it was decided from, and how much a run adds to
//! the file. The first run of a journal stores two years of bars; the next day's adds the month that changed.
//!
//! Writing waits for the disk once a run, so the disk is part of what is measured.

#[expect(dead_code, reason = "the market is shared with a bench that needs more of it")]
mod market;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use market::market;
use market::newest;
use ts::domain::AssetClass;
use ts::journal::ClassInputs;
use ts::journal::Delivery;
use ts::journal::JobSession;
use ts::journal::Journal;
use ts::journal::Lateness;
use ts::journal::Mail;
use ts::journal::MailFrom;
use ts::journal::Rendered;
use ts::journal::RunEntry;
use ts::journal::RunInputs;
use ts::journal::RunState;
use ts::journal::ScriptInputs;
use ts::report::Part;
use ts::report::RunRecord;
use ts::scripts::Options;
use ts::scripts::embedded;
use ts::settings::DecidingSettings;
use ts::settings::Settings;
use uuid::Uuid;

const BARS: usize = 520;

fn now() -> DateTime<Utc> {
    "2026-11-20T22:00:00Z".parse().expect("an instant")
}

fn inputs(symbols: usize, bars: usize) -> RunInputs {
    let market = market(symbols, bars);
    let scripts = ScriptInputs {
        generation: 1,
        loaded_at: now(),
        last_edit: now(),
        failures: Vec::new(),
        options: Options::of(&Settings::defaults()),
        sources: embedded(),
        templates: BTreeMap::new(),
        folders: Default::default(),
        problems: Vec::new(),
    };
    RunInputs {
        asked: "equity".to_owned(),
        generated_at: now(),
        settings: DecidingSettings::of(&Settings::defaults()),
        positions: Vec::new(),
        pending: Vec::new(),
        problems: Vec::new(),
        past: ts::report::Past::default(),
        classes: vec![ClassInputs {
            session: newest(&market),
            source: "files".to_owned(),
            market,
            problems: Vec::new(),
        }],
        scripts,
        before: None,
    }
}

/// A run whose report is as long as one with five cards, and differs from every other.
fn entry(inputs: RunInputs, number: u64) -> RunEntry {
    let noise = |length: u64| -> String {
        (0..length)
            .map(|n| format!("{:x}", (n + (number << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
            .collect()
    };
    let part = Part {
        asset_class: AssetClass::Equity,
        session: inputs.classes[0].session,
        source: "files".to_owned(),
        data_hash: noise(4),
    };
    RunEntry {
        run: RunRecord {
            id: Uuid::from_u128(number.into()),
            session: Some(part.session),
            asset_class: "equity".to_owned(),
            parts: vec![part],
            dry_run: false,
            demo: false,
            scripts: BTreeMap::new(),
            settings_hash: noise(4),
            positions_hash: noise(4),
            duration_ms: 100,
            generated_at: now() + TimeDelta::days(number as i64),
        },
        version: "0".to_owned(),
        state: RunState::Decided,
        undecided: BTreeMap::new(),
        scripts: Vec::new(),
        problems: Vec::new(),
        recommendations: Vec::new(),
        stops: Vec::new(),
        rendered: Rendered {
            subject: "Trading Signals".to_owned(),
            text: noise(500),
            html: noise(4_000),
            json: noise(1_500),
        },
        inputs,
    }
}

fn delivery(entry: &RunEntry, number: u64) -> Delivery {
    let job = JobSession { job: format!("job_{number}"), session: entry.inputs.classes[0].session };
    let mail = Mail {
        recipient: "me@example.com".to_owned(),
        message_id: format!("<{number}@ts>"),
        subject: entry.rendered.subject.clone(),
        text: entry.rendered.text.clone(),
        html: entry.rendered.html.clone(),
        message: entry.rendered.html.repeat(2).into_bytes(),
    };
    let from = MailFrom { name: String::new(), address: "s@x.y".to_owned() };
    Delivery { job, correction: 0, lateness: Lateness::OnTime, from, mails: vec![mail] }
}

fn record(journal: &Journal, entry: &RunEntry, number: u64) {
    journal.record(entry, Some(&delivery(entry, number)), now()).expect("the folder is writable");
}

/// The bytes of the journal once its log is played into it.
fn size(path: &Path) -> u64 {
    let copy = path.with_extension("copy");
    let (journal, _) = Journal::open(path, now()).expect("it was made");
    journal.backup(&copy).expect("the folder is writable");
    let size = std::fs::metadata(&copy).expect("a file").len();
    std::fs::remove_file(&copy).expect("a file");
    size
}

fn writing_a_run(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal_run");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for symbols in [30, 500] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ts.db");
        let (journal, _) = Journal::open(&path, now()).expect("the folder is writable");
        let first = entry(inputs(symbols, BARS), 1);
        let started = Instant::now();
        record(&journal, &first, 1);
        let (took, made) = (started.elapsed(), size(&path));
        let days = 21;
        for day in 1..=days {
            record(&journal, &entry(inputs(symbols, BARS + day), 1 + day as u64), 1 + day as u64);
        }
        let each = (size(&path) - made) / days as u64;
        println!(
            "{symbols} x {BARS}: the first run {made} bytes in {took:?}, each day of a month {each} more"
        );

        // The same bars again: what a run costs besides new ones.
        let again = inputs(symbols, BARS + days);
        let mut number = 1_000;
        group.bench_function(BenchmarkId::from_parameter(symbols), |bencher| {
            let make = || {
                number += 1;
                (entry(again.clone(), number), number)
            };
            bencher.iter_batched(
                make,
                |(entry, number)| record(&journal, &entry, number),
                BatchSize::PerIteration,
            );
        });
        let started = Instant::now();
        let stored = journal.stored(first.run.id).expect("it was recorded");
        println!("{symbols} x {BARS}: read back in {:?}", started.elapsed());
        assert_eq!(stored.inputs.classes[0].market.bars, first.inputs.classes[0].market.bars);
    }
    group.finish();
}

criterion_group!(journal, writing_a_run);
criterion_main!(journal);
