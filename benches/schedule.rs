//! `due` over ten years of the default schedule, asked every hour, with
//! every session of these years in the history.

use std::hint::black_box;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;

use ts::calendar;
use ts::schedule::History;
use ts::schedule::Job;
use ts::schedule::State;
use ts::schedule::due;
use ts::schedule::wake;
use ts::settings::Settings;

const FROM: NaiveDate = NaiveDate::from_ymd_opt(2016, 1, 1).expect("a date of the calendar");
const TO: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 31).expect("a date of the calendar");

fn schedule(c: &mut Criterion) {
    let jobs = Job::all(&Settings::defaults()).expect("sound jobs");
    let mut history = History::default();
    for job in &jobs {
        for session in calendar::sessions(job.asset_class, FROM, TO) {
            let closed = calendar::close_instant(job.asset_class, session);
            history.note(&job.name, session, State::Done, closed);
        }
    }
    let first: DateTime<Utc> = calendar::close_instant(jobs[0].asset_class, FROM);
    let hours = || (0..87_660).map(|hour| first + TimeDelta::hours(1) * hour);
    let mut group = c.benchmark_group("schedule");
    group.sample_size(10);
    group.bench_function("due, one tick", |b| b.iter(|| due(black_box(first), &jobs, &history)));
    group.bench_function("wake, one tick", |b| b.iter(|| wake(black_box(first), &jobs, &history)));
    group.bench_function("due, ten years hour by hour", |b| {
        b.iter(|| hours().map(|now| due(now, &jobs, &history).len()).sum::<usize>());
    });
    group.bench_function("runs of ten years", |b| {
        b.iter(|| jobs.iter().map(|job| job.runs_after(first).take(2_500).count()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, schedule);
criterion_main!(benches);
