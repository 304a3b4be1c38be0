//! What the loop has done for it: the seam to deciding, the journal and the mail.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::status::Unsent;
use crate::app::App;
use crate::app::LiveScripts;
use crate::schedule::Due;
use crate::schedule::History;
use crate::schedule::State;

/// How a daemon does what is due, and remembers it.
pub trait Work: 'static {
    /// Looks up what was done so far, by this process or another.
    ///
    /// # Errors
    /// A journal that cannot be read. Nothing is run then: it might have been done before.
    fn standing(&self, app: &App) -> impl Future<Output = anyhow::Result<Standing>>;

    /// Does what is due, and notes it: [`State::Begun`] before, the result's state after. Must bear to be
    /// dropped at any await, as when the process is killed there.
    fn run(&self, order: Order) -> impl Future<Output = JobResult>;
}

/// What was done so far.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub history: History,
    pub outbox: Outbox,
    /// The mails that told of failures, likewise by what became of them.
    pub alerts: Outbox,
    /// Why a session is not done, by job and session, where that was noted.
    pub reasons: BTreeMap<(String, NaiveDate), String>,
    /// What the readers of a session's mail did not get, likewise.
    pub lacking: BTreeMap<(String, NaiveDate), &'static str>,
    /// The mail of each job that waits longest after a try.
    pub unsent: BTreeMap<String, Unsent>,
    pub role: Role,
}

/// Whether this process delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    #[default]
    Delivers,
    /// Another process does, and this one takes over where it ends.
    StandsBy,
}

/// The mails that are stored, by what became of them; one a recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    pub waiting: usize,
    pub sent: usize,
    /// Refused for good, or given up.
    pub refused: usize,
}

impl Outbox {
    /// Renders it for people.
    pub(super) fn told(self) -> String {
        let Self { waiting, sent, refused } = self;
        format!("{waiting} waiting, {sent} sent, {refused} refused")
    }

    /// Renders it for programs.
    pub(super) fn json(self) -> Value {
        json!({ "waiting": self.waiting, "sent": self.sent, "refused": self.refused })
    }
}

/// Something to do, and what to do it with: the settings and scripts in force when it begins.
#[derive(Debug)]
pub struct Order {
    pub due: Due,
    pub app: App,
    pub live: Arc<LiveScripts>,
    pub begun: Begun,
}

/// Tells who waits for it that a run has begun here, and was not left to another process.
#[derive(Debug)]
pub struct Begun(Option<oneshot::Sender<()>>);

impl Begun {
    pub(super) fn new() -> (Self, oneshot::Receiver<()>) {
        let (tell, told) = oneshot::channel();
        (Self(Some(tell)), told)
    }

    /// Tells it, once.
    pub fn tell(&mut self) {
        if let Some(tell) = self.0.take() {
            // Nobody may wait for it.
            let _ = tell.send(());
        }
    }
}

/// What a run came to. The texts say why, for logs and the ping, without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobResult {
    /// Delivered.
    Done {
        /// How many the reader was told of, where it was decided in the same run.
        problems: Option<usize>,
        /// What the reader did not get, where the answer is not whole.
        lacking: Option<&'static str>,
    },
    BarsMissing(String),
    Undelivered(String),
    Refused(String),
    Failed(String),
    /// Another process is at it. Nothing was done and nothing is noted; it is asked again in a minute.
    Elsewhere(String),
}

impl JobResult {
    /// Returns the state in which the session is left.
    pub fn state(&self) -> State {
        match self {
            JobResult::Done { .. } => State::Done,
            JobResult::BarsMissing(_) => State::BarsMissing,
            JobResult::Undelivered(_) => State::Undelivered,
            JobResult::Refused(_) => State::Refused,
            JobResult::Failed(_) => State::Failed,
            JobResult::Elsewhere(_) => State::Begun,
        }
    }

    /// Returns why it is not done, or what it lacks; empty where it is whole.
    pub fn reason(&self) -> &str {
        match self {
            JobResult::Done { lacking, .. } => lacking.unwrap_or_default(),
            JobResult::BarsMissing(why)
            | JobResult::Undelivered(why)
            | JobResult::Refused(why)
            | JobResult::Failed(why)
            | JobResult::Elsewhere(why) => why,
        }
    }
}
