//! What was done for each session of each job: a plain value that the journal fills.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

/// How far a session of a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A run began. It goes on, or its process died.
    Begun,
    /// Nothing was decided, since the session's bars are not there yet.
    BarsMissing,
    /// The run failed; nothing was decided.
    Failed,
    /// Decided and stored; a mail is still to be accepted.
    Undelivered,
    /// Decided; a recipient is refused for good, and nothing is left to try.
    Refused,
    /// Decided, and every mail accepted.
    Done,
}

impl State {
    /// Returns the word for people and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Begun => "begun",
            State::BarsMissing => "bars missing",
            State::Failed => "failed",
            State::Undelivered => "undelivered",
            State::Refused => "refused",
            State::Done => "done",
        }
    }
}

/// What was done for one session of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub state: State,
    /// How often it was tried: runs, and once it is decided, deliveries.
    pub attempts: u32,
    /// When the last try began or ended.
    pub last_attempt: DateTime<Utc>,
}

/// What was done, by job and session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(BTreeMap<String, Sessions>);

/// The sessions of one job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sessions {
    entries: BTreeMap<NaiveDate, Entry>,
    /// Those whose mail is still to be accepted: asked for every minute, among thousands that are done.
    undelivered: BTreeSet<NaiveDate>,
}

impl History {
    /// Puts an entry in the place of an earlier one of the same job and session.
    pub fn insert(&mut self, job: &str, session: NaiveDate, entry: Entry) {
        let sessions = self.0.entry(job.to_owned()).or_default();
        sessions.entries.insert(session, entry);
        match entry.state {
            State::Undelivered => sessions.undelivered.insert(session),
            _ => sessions.undelivered.remove(&session),
        };
    }

    /// Notes how far a session has come at an instant; what begins is counted as a try, and so is what
    /// is left undelivered.
    pub fn note(&mut self, job: &str, session: NaiveDate, state: State, at: DateTime<Utc>) {
        let before = self.get(job, session);
        let tries = before.map_or(0, |entry| entry.attempts);
        // Deliveries are counted anew: they wait by a measure of their own.
        let attempts = match (before.map(|entry| entry.state), state) {
            (_, State::Begun) => tries + 1,
            (Some(State::Undelivered), State::Undelivered) => tries + 1,
            (_, State::Undelivered) => 1,
            _ => tries.max(1),
        };
        self.insert(job, session, Entry { state, attempts, last_attempt: at });
    }

    /// Returns the entry of a session.
    pub fn get(&self, job: &str, session: NaiveDate) -> Option<Entry> {
        self.0.get(job)?.entries.get(&session).copied()
    }

    /// Returns the sessions of a job up to one, itself included, oldest first.
    pub fn up_to(
        &self,
        job: &str,
        session: NaiveDate,
    ) -> impl DoubleEndedIterator<Item = (NaiveDate, Entry)> {
        let entries =
            self.0.get(job).into_iter().flat_map(move |sessions| sessions.entries.range(..=session));
        entries.map(|(session, entry)| (*session, *entry))
    }

    /// Returns the sessions of a job whose mail is still to be accepted, oldest first.
    pub fn undelivered(&self, job: &str) -> impl DoubleEndedIterator<Item = (NaiveDate, Entry)> {
        let entry = |sessions: &Sessions, session| Some((session, *sessions.entries.get(&session)?));
        let of_job = self.0.get(job).into_iter();
        of_job.flat_map(move |own| own.undelivered.iter().filter_map(move |session| entry(own, *session)))
    }

    /// Returns every session of a job, oldest first.
    pub fn of(&self, job: &str) -> impl DoubleEndedIterator<Item = (NaiveDate, Entry)> {
        self.up_to(job, NaiveDate::MAX)
    }
}
