use chrono::{DateTime, TimeDelta, Utc};

use super::JobSession;

pub(super) fn at(minute: u32) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-20T21:30:00Z".parse().expect("an instant");
    start + TimeDelta::minutes(minute.into())
}

pub(super) fn key(day: u32) -> JobSession {
    JobSession {
        job: "daily_equity_signals".to_owned(),
        session: chrono::NaiveDate::from_ymd_opt(2026, 11, day).expect("a date"),
    }
}
