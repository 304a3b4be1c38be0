//! The vitals in Prometheus' text format.
//!
//! A value that is not known is left out, as the format wants it; nothing stands for it.

use std::fmt::Display;
use std::fmt::Write as _;

use chrono::DateTime;
use chrono::Utc;

use super::vitals::Runs;
use super::vitals::Vitals;
use crate::calendar;

/// Renders every metric.
pub(super) fn render(vitals: &Vitals) -> String {
    let mut page = Page::default();
    let status = &vitals.status;
    page.family("ts_info", "gauge", "The version that runs.");
    page.value("ts_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("ts_start_timestamp_seconds", "gauge", "When the daemon started.");
    page.value("ts_start_timestamp_seconds", &[], vitals.started_at.timestamp());
    page.family("ts_overdue", "gauge", "1 where the job owes a session.");
    for job in &status.jobs {
        page.value("ts_overdue", &[("job", &job.job)], u8::from(job.overdue.is_some()));
    }
    page.family("ts_next_run_timestamp_seconds", "gauge", "When the job runs next.");
    for job in &status.jobs {
        page.some("ts_next_run_timestamp_seconds", &job.job, job.next.as_ref().map(|run| run.at.timestamp()));
    }
    page.family("ts_running", "gauge", "1 where the job is being run.");
    for job in &status.jobs {
        let is_running = vitals.running.as_ref().is_some_and(|(name, _)| *name == job.job);
        page.value("ts_running", &[("job", &job.job)], u8::from(is_running));
    }
    page.runs("ts_last_run_timestamp_seconds", "When the last run ended.", vitals, |runs| {
        Some(timestamp(runs.last.as_ref()?.ended_at))
    });
    page.runs("ts_last_done_timestamp_seconds", "When a run last decided and delivered.", vitals, |runs| {
        runs.last_done.map(timestamp)
    });
    page.runs("ts_last_run_duration_seconds", "How long the last run took.", vitals, |runs| {
        Some(runs.last.as_ref()?.duration.as_secs_f64())
    });
    page.runs("ts_last_run_problems", "The problems that the last run told.", vitals, |runs| {
        Some(runs.last.as_ref()?.problems? as f64)
    });
    page.family("ts_runs_total", "counter", "The runs since the start, by how they ended.");
    for (job, runs) in &vitals.runs {
        for (state, count) in &runs.ended {
            page.value("ts_runs_total", &[("job", job), ("state", state)], count);
        }
    }
    page.family("ts_outbox_mails", "gauge", "The stored mails, by what became of them.");
    let outbox = status.outbox;
    for (state, count) in [("waiting", outbox.waiting), ("sent", outbox.sent), ("refused", outbox.refused)] {
        page.value("ts_outbox_mails", &[("state", state)], count);
    }
    page.family("ts_alert_mails", "gauge", "The mails that told of failures, by what became of them.");
    let alerts = status.alerts;
    for (state, count) in [("waiting", alerts.waiting), ("sent", alerts.sent), ("refused", alerts.refused)] {
        page.value("ts_alert_mails", &[("state", state)], count);
    }
    page.family("ts_data_age_seconds", "gauge", "The time since the close of the newest cached bar.");
    for age in &status.data {
        let Some(newest) = age.newest else { continue };
        let close = calendar::close_instant(age.asset_class, newest);
        let seconds = (status.now - close).num_seconds();
        page.value("ts_data_age_seconds", &[("asset_class", age.asset_class.as_str())], seconds);
    }
    if let Some(reload) = &status.reload {
        page.family("ts_reload_generation", "gauge", "The version of the scripts in force, 1 at the start.");
        page.value("ts_reload_generation", &[], reload.generation);
        page.family("ts_last_reload_timestamp_seconds", "gauge", "When scripts were last read anew.");
        page.value("ts_last_reload_timestamp_seconds", &[], reload.at.timestamp());
        page.family("ts_last_reload_succeeded", "gauge", "1 where the newest edit is in force.");
        page.value("ts_last_reload_succeeded", &[], u8::from(reload.failures.is_empty()));
    }
    page.family("ts_problems", "gauge", "What keeps the daemon from working, like an unreadable journal.");
    page.value("ts_problems", &[], status.problems.len());
    page.0
}

fn timestamp(instant: DateTime<Utc>) -> f64 {
    instant.timestamp() as f64
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let told: Vec<String> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels = if told.is_empty() { String::new() } else { format!("{{{}}}", told.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn some(&mut self, name: &str, job: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(name, &[("job", job)], value);
        }
    }

    fn runs(&mut self, name: &str, help: &str, vitals: &Vitals, value: fn(&Runs) -> Option<f64>) {
        self.family(name, "gauge", help);
        for (job, runs) in &vitals.runs {
            self.some(name, job, value(runs));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
