//! The loop: what wakes the daemon, and what it does then.
//!
//! One run goes on at a time, since all jobs share one book; it is held by the loop and not by a task of
//! its own, so that stopping is dropping it. After every wake what is due is asked anew, from what was
//! noted and from the clock: a wake too many, too late or too few changes nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::DateTime;
use chrono::Timelike;
use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use super::listen::Trouble;
use super::listener_note;
use super::notify;
use super::ping::Ping;
use super::ping::Pinger;
use super::reload_note;
use super::running::Running;
use super::running::ended;
use super::status::DataAge;
use super::status::ReloadStatus;
use super::status::Status;
use super::status::data_ages;
use super::status::standing_problems;
use super::take_over::SettingsReader;
use super::unnoted::Unnoted;
use super::vitals::Outcome;
use super::vitals::Published;
use super::vitals::Runs;
use super::vitals::Vitals;
use super::wake::Wake;
use super::work::JobResult;
use super::work::Order;
use super::work::Role;
use super::work::Standing;
use super::work::Work;
use crate::app::App;
use crate::app::LiveScripts;
use crate::app::cached_classes;
use crate::schedule::Due;
use crate::schedule::Job;
use crate::schedule::due;
use crate::schedule::wake;

/// The tick: what is due is found within a minute, however long the machine slept.
const TICK: Duration = Duration::from_secs(60);

/// How long a stop waits for the run that goes on. What it is writing then is given three more seconds.
const GRACE: Duration = Duration::from_secs(6);

/// How long the loop itself waits for a ping.
const SHORT_PING: Duration = Duration::from_secs(2);

/// A daemon, before and while it runs.
pub struct Daemon<W> {
    pub(super) app: App,
    pub(super) live: Arc<LiveScripts>,
    work: Arc<W>,
    pub(super) settings: Arc<SettingsReader>,
    pub(super) jobs: Vec<Job>,
    pub(super) pinger: Pinger,
    running: Option<Running>,
    unnoted: Unnoted,
    runs: BTreeMap<String, Runs>,
    data: Vec<DataAge>,
    /// Why the journal could not be read at the last wake.
    unreadable: Option<String>,
    started_at: DateTime<Utc>,
    /// The last reload that was written down for `ts status`.
    noted_reload: Option<ReloadStatus>,
    /// Why monitors are not answered.
    listener: Trouble,
    /// What of it was written down for `ts status`; `None` before anything was.
    noted_listener: Option<Option<Arc<String>>>,
    published: Published,
}

impl<W: Work> Daemon<W> {
    /// Makes a daemon that has done nothing yet. `settings` reads the settings again, keeping the clock
    /// and the vendors of `app`.
    ///
    /// # Errors
    /// A schedule that cannot be read.
    pub fn new(app: App, live: Arc<LiveScripts>, work: W, settings: SettingsReader) -> anyhow::Result<Self> {
        let jobs = Job::all(&app.loaded.settings)?;
        let pinger = Pinger::new(app.loaded.settings.health.ping_url.as_deref());
        let started_at = app.clock.now();
        Ok(Self {
            app,
            live,
            work: Arc::new(work),
            settings: Arc::new(settings),
            jobs,
            pinger,
            running: None,
            unnoted: Unnoted::new(TICK),
            runs: BTreeMap::new(),
            data: Vec::new(),
            unreadable: None,
            started_at,
            noted_reload: None,
            listener: Trouble::default(),
            noted_listener: None,
            published: Arc::new(ArcSwapOption::empty()),
        })
    }

    /// Returns where `/health` and `/metrics` are to be answered.
    pub(super) fn listen_address(&self) -> Option<SocketAddr> {
        self.app.loaded.settings.health.listen
    }

    /// Returns where the listener tells why it cannot answer.
    pub(super) fn listener(&self) -> Trouble {
        Arc::clone(&self.listener)
    }

    /// Returns what it has things done by.
    #[cfg(test)]
    pub(super) fn work(&self) -> Arc<W> {
        Arc::clone(&self.work)
    }

    /// Returns where the loop publishes how it is.
    pub(super) fn vitals(&self) -> Published {
        Arc::clone(&self.published)
    }

    /// Does what is due, again and again, until it is told to terminate.
    pub async fn serve(mut self, mut wakes: mpsc::Receiver<Wake>) {
        self.look_at_data().await;
        for job in &self.jobs {
            match job.runs_after(self.app.clock.now()).next() {
                Some(run) => info!(job = job.name, "Next run at {}, of session {}", run.at, run.session),
                None => warn!(job = job.name, "This job never runs: its cron line names no day that comes"),
            }
        }
        if self.jobs.is_empty() {
            warn!("No job to run: the settings have no [[schedule]] with symbols to trade");
        }
        notify::ready();
        loop {
            let standing = self.look().await;
            if self.running.is_none()
                && let Some(standing) = &standing
            {
                self.begin(standing);
            }
            self.publish(&standing.unwrap_or_default());
            notify::alive();
            let until_tick = self.until_tick();
            let wake = tokio::select! {
                biased;
                Some(wake) = wakes.recv() => wake,
                result = ended(&mut self.running) => Wake::RunEnded(result),
                () = tokio::time::sleep(until_tick) => Wake::Tick,
            };
            debug!("woken by {}", wake.as_str());
            match wake {
                Wake::Tick => {}
                Wake::RunEnded(result) => self.note(result).await,
                Wake::ScriptsChanged(edit) => self.take(*edit),
                Wake::Reload => self.reload().await,
                Wake::Terminate => break,
            }
        }
        self.stop().await;
    }

    /// Looks up what was done. `None` where that cannot be had: nothing may be run then.
    async fn look(&mut self) -> Option<Standing> {
        match self.work.standing(&self.app).await {
            Ok(standing) => {
                if self.unreadable.take().is_some() {
                    info!("The journal can be read again");
                }
                Some(standing)
            }
            Err(error) => {
                let why = format!("the journal cannot be read, so nothing is run: {error:#}");
                if self.unreadable.as_ref() != Some(&why) {
                    error!("{why}");
                    // A slow check must not keep the loop from hearing that it is to stop.
                    let ping = self.pinger.send(Ping::Failure(why.clone()));
                    drop(tokio::time::timeout(SHORT_PING, ping).await);
                }
                self.unreadable = Some(why);
                None
            }
        }
    }

    /// Begins the first thing that is due.
    fn begin(&mut self, standing: &Standing) {
        let now = self.app.clock.now();
        let dues = due(now, &self.jobs, &standing.history);
        let Some(due) = dues.into_iter().find(|due| !self.unnoted.rests(due)) else { return };
        let (app, live) = (self.app.clone(), Arc::clone(&self.live));
        let begin = |begun| Order { due, app, live, begun };
        self.running = Some(Running::begin(Arc::clone(&self.work), begin, self.pinger.clone()));
    }

    /// Notes how the run that went on has ended.
    async fn note(&mut self, result: JobResult) {
        let Some(Running { due, began, .. }) = self.running.take() else { return };
        let state = result.state();
        let (session, duration) = (due.session, began.elapsed());
        tell(&due, duration, &result);
        let problems = match result {
            JobResult::Done { problems, .. } => problems,
            _ => None,
        };
        let ended_at = self.app.clock.now();
        let runs = self.runs.entry(due.job.clone()).or_default();
        runs.count(Outcome { session, state, ended_at, duration, problems });
        self.unnoted.note(due);
        self.look_at_data().await;
        if let Some(standing) = self.look().await
            && let Some(next) = wake(ended_at, &self.jobs, &standing.history)
        {
            info!("Next due at {next}");
        }
    }

    /// Looks up how old the cached data is; where that cannot be had, what was known stays.
    async fn look_at_data(&mut self) {
        let (cache, now) = (self.app.cache(), self.app.clock.now());
        let classes = cached_classes(&self.app.loaded.settings);
        match tokio::task::spawn_blocking(move || data_ages(&cache, &classes, now)).await {
            Ok(Ok(data)) => self.data = data,
            Ok(Err(error)) => warn!("the age of the data is not known: {error}"),
            Err(error) => warn!("the age of the data is not known: {error}"),
        }
    }

    fn publish(&mut self, standing: &Standing) {
        let snapshot = self.live.current();
        let reload = ReloadStatus {
            generation: snapshot.generation,
            at: snapshot.last.at,
            failures: snapshot.last.failures.iter().map(ToString::to_string).collect(),
            process: Some(std::process::id()),
        };
        if standing.role == Role::Delivers && self.noted_reload.as_ref() != Some(&reload) {
            reload_note::write(&self.app.loaded.settings.journal.path, &reload);
            self.noted_reload = Some(reload.clone());
        }
        let listener = self.listener.load_full();
        if standing.role == Role::Delivers && self.noted_listener.as_ref() != Some(&listener) {
            listener_note::write(
                &self.app.loaded.settings.journal.path,
                listener.as_deref().map(String::as_str),
            );
            self.noted_listener = Some(listener.clone());
        }
        let now = self.app.clock.now();
        let mut status = Status::new(now, &self.jobs, standing, self.data.clone(), Some(reload));
        if let Some(why) = &self.unreadable {
            // What the jobs owe is not known either.
            status.jobs.iter_mut().for_each(|job| job.overdue = None);
            status.problems.push(why.clone());
        }
        status.problems.extend(standing_problems(&self.app.loaded.settings, &self.jobs));
        status.problems.extend(listener.as_deref().cloned());
        let running = self.running.as_ref().map(|running| (running.due.job.clone(), running.due.session));
        let vitals = Vitals {
            started_at: self.started_at,
            status,
            running,
            runs: self.runs.clone(),
            published: Instant::now(),
        };
        self.published.store(Some(Arc::new(vitals)));
    }

    /// Returns how long to sleep: to the next full minute, or less where the service manager wants to hear
    /// of the daemon more often.
    fn until_tick(&self) -> Duration {
        let now = self.app.clock.now();
        // A leap second counts on beyond the minute.
        let past = Duration::new(u64::from(now.second()), now.nanosecond()).min(TICK);
        let tick = (TICK - past).max(Duration::from_millis(1));
        notify::pace().map_or(tick, |pace| tick.min(pace))
    }

    /// Waits a little for the run that goes on, and leaves it where it is: what it noted is taken up at
    /// the next start.
    async fn stop(&mut self) {
        notify::stopping();
        let Some(Running { due, began, mut work }) = self.running.take() else { return info!("Stopped") };
        let (job, session) = (due.job.clone(), due.session);
        info!(job, %session, "Stopping: a run goes on, it is given {GRACE:?}");
        match tokio::time::timeout(GRACE, &mut work).await {
            Ok(result) => {
                tell(&due, began.elapsed(), &result);
                info!("Stopped");
            }
            Err(_) => warn!(job, %session, "Stopped in the middle of a run; the next start takes it up"),
        }
    }
}

/// Logs how a run has ended.
fn tell(due: &Due, duration: Duration, result: &JobResult) {
    let (job, session) = (&due.job, due.session);
    match result {
        JobResult::Done { lacking: None, .. } => info!(job, %session, ?duration, "Done"),
        JobResult::Done { lacking: Some(what), .. } => warn!(job, %session, ?duration, "Done, but {what}"),
        JobResult::BarsMissing(why) => warn!(job, %session, ?duration, "Bars are missing: {why}"),
        JobResult::Undelivered(why) => warn!(job, %session, ?duration, "Not delivered yet: {why}"),
        JobResult::Refused(why) => error!(job, %session, ?duration, "Refused for good: {why}"),
        JobResult::Failed(why) => error!(job, %session, ?duration, "Failed: {why}"),
        JobResult::Elsewhere(why) => info!(job, %session, "Left to another process: {why}"),
    }
}
