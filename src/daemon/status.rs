//! How things stand: last and next runs, what is overdue, the outbox, the age of the data, the last reload.
//!
//! Plain values and their two renderings. `ts status` makes one from the journal and `/health` from what the
//! loop knows; nothing here reads either.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::work::Outbox;
use super::work::Standing;
use crate::cache::Cache;
use crate::cache::CacheError;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::format;
use crate::journal::lying_aside;
use crate::schedule::Entry;
use crate::schedule::Job;
use crate::schedule::Overdue;
use crate::schedule::Run;
use crate::schedule::overdue;
use crate::settings::Settings;

/// How long a mail may be on its way before that is trouble.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// How everything stands at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub now: DateTime<Utc>,
    pub jobs: Vec<JobStatus>,
    pub outbox: Outbox,
    /// The mails that told of failures, which no outbox holds.
    pub alerts: Outbox,
    pub data: Vec<DataAge>,
    /// `None` where no daemon told of one.
    pub reload: Option<ReloadStatus>,
    /// `None` where that was not looked up.
    pub sender: Option<Sender>,
    /// What keeps the daemon from working, like a journal that cannot be read.
    pub problems: Vec<String>,
}

/// Who decides and mails from the journal at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Nobody,
    /// The daemon, or a run that goes on.
    Process(Option<u32>),
}

/// How one job stands.
#[derive(Clone, Debug, PartialEq)]
pub struct JobStatus {
    pub job: String,
    pub asset_class: AssetClass,
    /// The newest session that was run, and how far it has come.
    pub last: Option<(NaiveDate, Entry)>,
    pub next: Option<Run>,
    pub overdue: Option<Overdue>,
    /// What the readers of the newest session's mail did not get.
    pub lacking: Option<&'static str>,
    /// The mail that waits longest after a try, of whichever session.
    pub unsent: Option<Unsent>,
}

/// A mail that was tried and waits for the next try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    pub session: NaiveDate,
    pub recipient: String,
    pub since: DateTime<Utc>,
    pub next_try: DateTime<Utc>,
    /// The server's words, or why there were none.
    pub why: String,
}

/// The newest cached bar of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataAge {
    pub asset_class: AssetClass,
    /// `None` where none is cached.
    pub newest: Option<NaiveDate>,
}

/// The scripts in force, and how the newest edit of them turned out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadStatus {
    pub generation: u64,
    pub at: DateTime<Utc>,
    /// Why the newest edit is not in force; empty where it is.
    pub failures: Vec<String>,
    /// The process in which they are, or were, in force.
    pub process: Option<u32>,
}

/// Looks up the newest cached bar of each of these classes. Blocks while it lists the cache.
///
/// # Errors
/// [`CacheError`] where the folder cannot be read.
pub fn data_ages(
    cache: &Cache,
    classes: &[AssetClass],
    now: DateTime<Utc>,
) -> Result<Vec<DataAge>, CacheError> {
    let listed = cache.list(now)?;
    let newest = |class| {
        listed.iter().map(|one| &one.key).filter(|key| key.asset_class == class).map(|key| key.end).max()
    };
    Ok(classes.iter().map(|class| DataAge { asset_class: *class, newest: newest(*class) }).collect())
}

impl DataAge {
    /// Counts the finished sessions that are newer than the data; `None` without any.
    pub fn sessions_behind(&self, now: DateTime<Utc>) -> Option<usize> {
        let after = self.newest?.succ_opt()?;
        Some(
            calendar::sessions(self.asset_class, after, calendar::last_finished(self.asset_class, now)).len(),
        )
    }
}

/// Says what is wrong whatever the jobs do: that nobody receives the mail, and that a journal was lost.
pub fn standing_problems(settings: &Settings, jobs: &[Job]) -> Vec<String> {
    let nobody = (settings.email.recipients.is_empty() && !jobs.is_empty()).then(|| {
        "nobody receives the mail: set EMAIL_RECIPIENTS; what is decided meanwhile is not mailed later, but \
         `ts run --again` mails the last session"
            .to_owned()
    });
    nobody.into_iter().chain(lost_journals(&settings.journal.path)).collect()
}

/// Says of each corrupt journal that lies set aside that it wants a look: what was held and mailed stands in it.
fn lost_journals(journal: &Path) -> Vec<String> {
    let told = |own: &PathBuf| {
        format!(
            "{}: a corrupt journal was set aside, and what it held is not known any more; restore a backup, or \
             delete it",
            own.display()
        )
    };
    lying_aside(journal).iter().map(told).collect()
}

impl Sender {
    pub(super) fn may_be(self, process: Option<u32>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Process(own) => own.is_none() || process.is_none() || own == process,
        }
    }

    fn told(self) -> String {
        match self {
            Self::Nobody => {
                "none is running: nothing is decided or mailed until `ts run-scheduler` is".to_owned()
            }
            Self::Process(None) => "running".to_owned(),
            Self::Process(Some(id)) => format!("running, process {id}"),
        }
    }
}

impl Unsent {
    /// Tells whether it waits for so long that somebody must look: a server that is busy takes it sooner.
    fn is_stuck(&self, now: DateTime<Utc>) -> bool {
        now - self.since >= PATIENCE
    }

    fn told(&self) -> String {
        let Self { session, recipient, since, next_try, why } = self;
        format!(
            "session {session} to {recipient} since {}: {why}; next try at {}",
            seconds(*since),
            seconds(*next_try)
        )
    }
}

/// Adds what was noted of the session: whom it is about, and what was said.
fn with_reason(mut overdue: Overdue, job: &Job, standing: &Standing) -> Overdue {
    if let Some(reason) = standing.reasons.get(&(job.name.clone(), overdue.session)) {
        overdue.message = format!("{} ({reason})", overdue.message);
    }
    overdue
}

impl Status {
    /// Puts together how things stand.
    pub fn new(
        now: DateTime<Utc>,
        jobs: &[Job],
        standing: &Standing,
        data: Vec<DataAge>,
        reload: Option<ReloadStatus>,
    ) -> Self {
        let of_job = |job: &Job| {
            let last = standing.history.of(&job.name).next_back();
            JobStatus {
                job: job.name.clone(),
                asset_class: job.asset_class,
                last,
                next: job.runs_after(now).next(),
                overdue: overdue(now, job, &standing.history).map(|own| with_reason(own, job, standing)),
                lacking: last.and_then(|(last, _)| standing.lacking.get(&(job.name.clone(), last)).copied()),
                unsent: standing.unsent.get(&job.name).cloned(),
            }
        };
        let jobs = jobs.iter().map(of_job).collect();
        let Standing { outbox, alerts, .. } = *standing;
        Self { now, jobs, outbox, alerts, data, reload, sender: None, problems: Vec::new() }
    }

    /// Tells whether everything came, and said all that was asked.
    pub fn is_well(&self) -> bool {
        let is_whole = |job: &JobStatus| {
            job.lacking.is_none() && job.unsent.as_ref().is_none_or(|mail| !mail.is_stuck(self.now))
        };
        !self.is_overdue() && self.jobs.iter().all(is_whole)
    }

    /// Tells whether something should have come and did not.
    pub fn is_overdue(&self) -> bool {
        !self.problems.is_empty() || self.jobs.iter().any(|job| job.overdue.is_some())
    }

    /// Renders it for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            line(&mut text, "PROBLEM", problem);
        }
        for job in &self.jobs {
            text.push_str(&format!("{} ({})\n", job.job, job.asset_class));
            line(&mut text, "  last", &job.last.map_or("never run".to_owned(), last));
            line(&mut text, "  next", &job.next.as_ref().map_or("never".to_owned(), next));
            if let Some(overdue) = &job.overdue {
                line(&mut text, "  OVERDUE", &format!("session {}: {}", overdue.session, overdue.message));
            }
            if let Some(lacking) = job.lacking {
                line(&mut text, "  NOT WHOLE", lacking);
            }
            if let Some(unsent) = &job.unsent {
                line(&mut text, "  NOT SENT", &unsent.told());
            }
        }
        if self.jobs.is_empty() {
            text.push_str("no job: the settings have no [[schedule]] with symbols to trade\n");
        }
        line(&mut text, "outbox", &self.outbox.told());
        if self.alerts != Outbox::default() {
            line(&mut text, "alerts", &self.alerts.told());
        }
        for age in &self.data {
            line(&mut text, &format!("{} data", age.asset_class), &self.told(age));
        }
        if let Some(sender) = self.sender {
            line(&mut text, "daemon", &sender.told());
        }
        match &self.reload {
            None => line(&mut text, "reload", "not known"),
            Some(reload) => {
                let (generation, at) = (reload.generation, seconds(reload.at));
                let result = if reload.failures.is_empty() { "loaded" } else { "FAILED" };
                let whose = reload.process.map_or_else(String::new, |id| format!(" of process {id}"));
                let is_over = self.sender.is_some_and(|sender| !sender.may_be(reload.process));
                let force = if is_over { "was in force; that process ended" } else { "is in force" };
                let said = format!("{result} at {at}, generation {generation}{whose} {force}");
                line(&mut text, "reload", &said);
                reload.failures.iter().for_each(|failure| line(&mut text, "", failure));
            }
        }
        text
    }

    /// Renders it for programs.
    pub fn json(&self) -> Value {
        let job = |job: &JobStatus| {
            json!({
                "job": job.job,
                "asset_class": job.asset_class,
                "last": job.last.map(|(session, entry)| json!({
                    "session": session,
                    "state": entry.state.as_str(),
                    "attempts": entry.attempts,
                    "at": seconds(entry.last_attempt),
                })),
                "next": job.next.as_ref().map(|run| json!({
                    "local": run.at.to_rfc3339(),
                    "utc": seconds(run.at.to_utc()),
                    "session": run.session,
                })),
                "overdue": job.overdue.as_ref().map(|overdue| json!({
                    "session": overdue.session,
                    "message": overdue.message,
                })),
                "lacking": job.lacking,
                "unsent": job.unsent.as_ref().map(|mail| json!({
                    "session": mail.session,
                    "recipient": mail.recipient,
                    "since": seconds(mail.since),
                    "next_try": seconds(mail.next_try),
                    "why": mail.why,
                })),
            })
        };
        let data = |age: &DataAge| {
            json!({
                "asset_class": age.asset_class,
                "newest": age.newest,
                "sessions_behind": age.sessions_behind(self.now),
            })
        };
        let reload = |reload: &ReloadStatus| {
            json!({
                "generation": reload.generation,
                "at": seconds(reload.at),
                "failures": reload.failures,
            })
        };
        let sender = |sender: Sender| match sender {
            Sender::Nobody => json!({ "is_running": false, "process": null }),
            Sender::Process(process) => json!({ "is_running": true, "process": process }),
        };
        json!({
            "now": seconds(self.now),
            "overdue": self.is_overdue(),
            "well": self.is_well(),
            "jobs": self.jobs.iter().map(job).collect::<Vec<_>>(),
            "outbox": self.outbox.json(),
            "alerts": self.alerts.json(),
            "data": self.data.iter().map(data).collect::<Vec<_>>(),
            "daemon": self.sender.map(sender),
            "reload": self.reload.as_ref().map(reload),
            "problems": self.problems,
        })
    }

    fn told(&self, age: &DataAge) -> String {
        match (age.newest, age.sessions_behind(self.now)) {
            (Some(newest), Some(0)) => format!("up to {newest}, the last finished session"),
            (Some(newest), Some(behind)) => {
                format!("up to {newest}, {} behind", format::count(behind, "session"))
            }
            _ => "nothing is cached".to_owned(),
        }
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{name:<12} {value}");
}

fn last((session, entry): (NaiveDate, Entry)) -> String {
    let tries = if entry.attempts > 1 { format!(", try {}", entry.attempts) } else { String::new() };
    format!("session {session}, {} at {}{tries}", entry.state.as_str(), seconds(entry.last_attempt))
}

fn next(run: &Run) -> String {
    format!("{}, decides {}", run.at.format("%a %Y-%m-%d %H:%M %Z"), run.session)
}

fn seconds(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::State;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an RFC 3339 instant")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// The default jobs on a Sunday noon: Friday's equities as given, Saturday's crypto done.
    fn status(equity: Option<State>) -> Status {
        let jobs = Job::all(&Settings::defaults()).expect("sound jobs");
        let mut standing =
            Standing { outbox: Outbox { waiting: 1, sent: 7, refused: 0 }, ..Standing::default() };
        if let Some(state) = equity {
            standing.history.note(
                "daily_equity_signals",
                day("2026-11-20"),
                state,
                instant("2026-11-20T21:31:00Z"),
            );
        }
        standing.history.note(
            "daily_crypto_signals",
            day("2026-11-21"),
            State::Done,
            instant("2026-11-22T00:01:00Z"),
        );
        let data = vec![
            DataAge { asset_class: AssetClass::Equity, newest: Some(day("2026-11-18")) },
            DataAge { asset_class: AssetClass::Crypto, newest: None },
        ];
        let failures = vec!["strategies/a.rhai: broken".to_owned()];
        let reload =
            ReloadStatus { generation: 3, at: instant("2026-11-22T10:00:00Z"), failures, process: None };
        Status::new(instant("2026-11-22T12:00:00Z"), &jobs, &standing, data, Some(reload))
    }

    #[test]
    fn a_job_that_owes_nothing_is_not_overdue() {
        assert!(!status(Some(State::Done)).is_overdue());
        assert!(!status(Some(State::BarsMissing)).is_overdue());
        assert!(status(Some(State::Failed)).is_overdue());
        assert!(status(None).is_overdue());
        let unreadable = Status { problems: vec!["the journal".to_owned()], ..status(Some(State::Done)) };
        assert!(unreadable.is_overdue());
    }

    #[test]
    fn a_mail_that_said_less_than_was_asked_is_not_well() {
        let with = |session: &str| {
            let jobs = Job::all(&Settings::defaults()).expect("sound jobs");
            let mut standing = Standing::default();
            for (day_done, at) in
                [("2026-11-20", "2026-11-20T21:31:00Z"), ("2026-11-19", "2026-11-19T21:31:00Z")]
            {
                standing.history.note("daily_equity_signals", day(day_done), State::Done, instant(at));
            }
            let lacking = ("daily_equity_signals".to_owned(), day(session));
            standing.lacking.insert(lacking, "a script failed");
            Status::new(instant("2026-11-22T12:00:00Z"), &jobs[..1], &standing, Vec::new(), None)
        };
        let status = with("2026-11-20");
        assert!(!status.is_overdue() && !status.is_well());
        assert!(status.text().contains("\n  NOT WHOLE  a script failed\n"), "{}", status.text());
        assert_eq!(status.json()["jobs"][0]["lacking"], "a script failed");
        assert!(with("2026-11-19").is_well(), "a later session was whole");
    }

    #[test]
    fn a_mail_that_waits_is_told_at_once_and_is_trouble_after_an_hour() {
        let jobs = Job::all(&Settings::defaults()).expect("sound jobs");
        let mut standing = Standing::default();
        let (friday, at) = (day("2026-11-20"), instant("2026-11-20T21:31:00Z"));
        standing.history.note("daily_equity_signals", friday, State::Undelivered, at);
        let unsent = Unsent {
            session: friday,
            recipient: "a@x.y".to_owned(),
            since: at,
            next_try: instant("2026-11-20T22:03:00Z"),
            why: "connection refused".to_owned(),
        };
        standing.unsent.insert("daily_equity_signals".to_owned(), unsent);
        let with = |now: &str| Status::new(instant(now), &jobs[..1], &standing, Vec::new(), None);
        let early = with("2026-11-20T22:30:59Z");
        assert!(early.is_well() && !early.is_overdue());
        let told = "\n  NOT SENT   session 2026-11-20 to a@x.y since 2026-11-20T21:31:00Z: connection refused; \
                    next try at 2026-11-20T22:03:00Z\n";
        assert!(early.text().contains(told), "{}", early.text());
        let late = with("2026-11-20T22:31:00Z");
        assert!(!late.is_well() && !late.is_overdue(), "it may still come before the open");
        assert_eq!(late.json()["jobs"][0]["unsent"]["why"], "connection refused");
    }

    #[test]
    fn people_read_it_line_by_line() {
        let expected = "\
daily_equity_signals (equity)
  last       session 2026-11-20, done at 2026-11-20T21:31:00Z
  next       Mon 2026-11-23 16:30 EST, decides 2026-11-23
daily_crypto_signals (crypto)
  last       session 2026-11-21, done at 2026-11-22T00:01:00Z
  next       Mon 2026-11-23 00:00 UTC, decides 2026-11-22
outbox       1 waiting, 7 sent, 0 refused
equity data  up to 2026-11-18, 2 sessions behind
crypto data  nothing is cached
reload       FAILED at 2026-11-22T10:00:00Z, generation 3 is in force
             strategies/a.rhai: broken
";
        assert_eq!(status(Some(State::Done)).text(), expected);
        let text = status(None).text();
        assert!(text.contains("  last       never run\n"), "{text}");
        assert!(
            text.contains("  OVERDUE    session 2026-11-20: nothing ran at 2026-11-20 16:30 EST"),
            "{text}"
        );
    }

    #[test]
    fn programs_read_the_same() {
        let json = status(Some(State::Failed)).json();
        assert_eq!(json["overdue"], true);
        assert_eq!(json["jobs"][0]["last"]["state"], "failed");
        assert_eq!(json["jobs"][0]["next"]["local"], "2026-11-23T16:30:00-05:00");
        assert_eq!(json["jobs"][0]["next"]["utc"], "2026-11-23T21:30:00Z");
        assert_eq!(json["jobs"][0]["overdue"]["session"], "2026-11-20");
        assert_eq!(json["jobs"][1]["overdue"], Value::Null);
        assert_eq!(json["data"][0]["sessions_behind"], 2);
        assert_eq!(json["data"][1]["newest"], Value::Null);
        assert_eq!(json["outbox"]["sent"], 7);
    }
}
