//! The scripts, templates and settings in force while a long-running command runs.
//!
//! An edit is compiled aside and swapped in whole; where anything in it fails that did not fail
//! before, all that was in force stays so. A run takes the snapshot that is current when it
//! begins and keeps it to its end, however many edits come meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use chrono::{DateTime, SecondsFormat, Utc};
use tracing::{info, warn};

use super::inputs::Version;
use super::script_set::SetTexts;
use super::{App, Refusal, ScriptSet};
use crate::domain::AssetClass;
use crate::domain::format;
use crate::domain::{Problem, ProblemKind};
use crate::lint;
use crate::lint::{Finding, Severity};
use crate::scripts::{Options, ScriptSource, Scripts};
use crate::settings::{FILE_NAME, Loaded, Settings};

/// So many failures of an edit are told one by one.
const FAILURES_TOLD: usize = 10;

/// One version of everything that the user's folders and settings say; never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// 1 at the start, one more with each edit of scripts or templates that came into force.
    pub generation: u64,
    /// SHA-256 of all texts and of the settings that are about scripts, in hex.
    pub hash: String,
    pub loaded_at: DateTime<Utc>,
    pub set: Arc<ScriptSet>,
    /// The settings that belong to the scripts: a run with one works with the other.
    pub settings: Arc<Loaded>,
    /// How the newest edit turned out, in force or not.
    pub last: LastReload,
    /// The user's folders that it was read from.
    folders: BTreeSet<&'static str>,
    /// The hash and the settings of the newest edit where it failed: to meet it again is no news.
    rejected: Option<Arc<(String, Settings)>>,
}

/// How a reload turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct LastReload {
    pub at: DateTime<Utc>,
    /// Why the edit is not in force; empty where it is.
    pub failures: Vec<Problem>,
}

impl Snapshot {
    /// Loads the first one. A script that does not load is absent and named in its set's
    /// problems.
    ///
    /// # Errors
    /// As [`super::load_scripts`].
    pub fn load(app: &App) -> Result<Self, Refusal> {
        let options = Options::of(&app.loaded.settings);
        let texts = SetTexts::read(&app.loaded.root)?;
        let loaded_at = app.clock.now();
        let last = LastReload { at: loaded_at, failures: Vec::new() };
        let (hash, folders) = (texts.hash(&options), texts.folders.clone());
        let set = Arc::new(texts.compile(&options)?);
        let settings = Arc::new(app.loaded.clone());
        Ok(Self { generation: 1, hash, loaded_at, set, settings, last, folders, rejected: None })
    }

    /// Returns what a run with this snapshot must tell: what did not load, and the edit that is
    /// not in force.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.set.problems.iter().chain(&self.last.failures)
    }

    /// Returns what a run needs of it.
    pub(super) fn version(&self) -> Version {
        Version {
            generation: self.generation,
            hash: self.hash.clone(),
            loaded_at: self.loaded_at,
            set: Arc::clone(&self.set),
            last: self.last.clone(),
        }
    }

    /// Compiles what the folders hold now, with the settings that were read with them.
    fn next(&self, app: &App) -> Reloaded {
        let now = app.clock.now();
        let last = LastReload { at: now, failures: Vec::new() };
        let options = Options::of(&app.loaded.settings);
        let texts = match SetTexts::read(&app.loaded.root) {
            Ok(texts) => texts,
            Err(refusal) => {
                let folder = app.loaded.root.join("strategies");
                let message = refusal.to_string().replace('\n', "; ");
                let problem = Problem::new(folder.display(), ProblemKind::ScriptLoad, message);
                return Reloaded::Failed(self.keeping(now, vec![problem], None));
            }
        };
        let hash = texts.hash(&options);
        let edit = || Some(Arc::new((hash.clone(), app.loaded.settings.clone())));
        let is_same = |(old, settings): &(String, Settings)| *old == hash && *settings == app.loaded.settings;
        if self.rejected.as_deref().is_some_and(is_same) {
            return Reloaded::Unchanged;
        }
        let gone: Vec<Problem> = self
            .folders
            .difference(&texts.folders)
            .map(|folder| {
                let message = "went away; put it back, or restart to go on without it";
                Problem::new(app.loaded.root.join(folder).display(), ProblemKind::ScriptLoad, message)
            })
            .collect();
        if !gone.is_empty() {
            return Reloaded::Failed(self.keeping(now, gone, edit()));
        }
        let settings = Arc::new(app.loaded.clone());
        if hash == self.hash {
            let has_new_settings = settings.settings != self.settings.settings;
            let same = || Arc::new(Self { settings, last, rejected: None, ..self.clone() });
            return match self.last.failures.is_empty() {
                _ if has_new_settings => Reloaded::Settings(same()),
                true => Reloaded::Unchanged,
                false => Reloaded::Restored(same()),
            };
        }
        let folders = texts.folders.clone();
        let set = match texts.compile(&options) {
            Ok(set) => set,
            Err(refusal) => {
                let problem = Problem::new("templates", ProblemKind::Settings, refusal.to_string());
                return Reloaded::Failed(self.keeping(now, vec![problem], edit()));
            }
        };
        // What is broken already must not keep every other edit out.
        let is_new = |name: &str| set.failed.contains(name) && !self.set.failed.contains(name);
        let failures: Vec<Problem> =
            set.problems.iter().filter(|problem| is_new(&problem.symbol)).cloned().collect();
        if !failures.is_empty() {
            return Reloaded::Failed(self.keeping(now, failures, edit()));
        }
        let generation = self.generation + 1;
        Reloaded::Loaded(Arc::new(Self {
            generation,
            hash,
            loaded_at: now,
            set: Arc::new(set),
            settings,
            last,
            folders,
            rejected: None,
        }))
    }

    /// Returns the same scripts and settings, saying that an edit of them failed.
    fn keeping(
        &self,
        at: DateTime<Utc>,
        mut failures: Vec<Problem>,
        rejected: Option<Arc<(String, Settings)>>,
    ) -> Arc<Self> {
        let of = self.loaded_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let rest = failures.len().saturating_sub(FAILURES_TOLD);
        if rest > 0 {
            failures.truncate(FAILURES_TOLD);
            let message = format!("and {rest} more that do not load");
            failures.push(Problem::new("", ProblemKind::ScriptLoad, message));
        }
        for failure in &mut failures {
            failure.message = format!(
                "{}; the edit is not in force, generation {} of {of} is",
                failure.message, self.generation
            );
        }
        Arc::new(Self { last: LastReload { at, failures }, rejected, ..self.clone() })
    }
}

/// What a reload came to.
#[derive(Clone, Debug)]
pub enum Reloaded {
    /// The folders hold what is in force, or the same failure as before.
    Unchanged,
    /// The scripts and templates are the same, the settings of the edit are in force.
    Settings(Arc<Snapshot>),
    /// They hold it again, after an edit that failed.
    Restored(Arc<Snapshot>),
    /// The edit is in force.
    Loaded(Arc<Snapshot>),
    /// The edit is not in force; what was, stays.
    Failed(Arc<Snapshot>),
}

impl Reloaded {
    /// Adds that the settings of the edit cannot be read, or takes away that those of an earlier edit could not.
    fn telling(self, before: &Arc<Snapshot>, app: &App, bad_settings: Option<&str>) -> Self {
        let now = match &self {
            Self::Unchanged => before,
            Self::Settings(now) | Self::Restored(now) | Self::Loaded(now) | Self::Failed(now) => now,
        };
        let (bad, mut failures): (Vec<Problem>, Vec<Problem>) =
            now.last.failures.iter().cloned().partition(|failure| failure.symbol == FILE_NAME);
        let told = bad_settings.map(|why| {
            let message = format!("{why}; the last good settings stay in force");
            Problem::new(FILE_NAME, ProblemKind::Settings, message)
        });
        if bad.first() == told.as_ref() {
            return self;
        }
        failures.extend(told);
        if failures == before.last.failures && matches!(self, Self::Unchanged | Self::Restored(_)) {
            return Self::Unchanged;
        }
        let last = LastReload { at: app.clock.now(), failures };
        let now = Arc::new(Snapshot { last, ..(**now).clone() });
        match self {
            Self::Settings(_) => Self::Settings(now),
            Self::Restored(_) if now.last.failures.is_empty() => Self::Restored(now),
            Self::Loaded(_) => Self::Loaded(now),
            Self::Unchanged | Self::Restored(_) | Self::Failed(_) => Self::Failed(now),
        }
    }
}

/// The snapshot in force, for any number of runs and one that reloads.
#[derive(Debug)]
pub struct LiveScripts {
    current: ArcSwap<Snapshot>,
    reloading: Mutex<()>,
    /// The snapshot of each class's newest report: what its reader knows.
    reported: Mutex<BTreeMap<AssetClass, Arc<Snapshot>>>,
}

impl LiveScripts {
    /// Loads the first snapshot.
    ///
    /// # Errors
    /// As [`super::load_scripts`].
    pub fn load(app: &App) -> Result<Self, Refusal> {
        let first = Arc::new(Snapshot::load(app)?);
        info!(generation = 1, hash = format::short_hash(&first.hash), "Scripts loaded");
        let known = |class: AssetClass| (class, Arc::clone(&first));
        let reported = Mutex::new(AssetClass::ALL.into_iter().map(known).collect());
        Ok(Self { current: ArcSwap::new(first), reloading: Mutex::new(()), reported })
    }

    /// Returns the snapshot in force.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Compiles what the folders hold now, and swaps it in where all of it is good. Blocks while
    /// it compiles; runs go on meanwhile.
    ///
    /// `bad_settings` says why the settings of the edit cannot be read; `app` has the last good ones then.
    pub fn reload(&self, app: &App, bad_settings: Option<&str>) -> Reloaded {
        let _one_at_a_time = held(&self.reloading);
        let before = self.current();
        let reload = before.next(app).telling(&before, app, bad_settings);
        match &reload {
            Reloaded::Unchanged => {}
            Reloaded::Settings(snapshot) => {
                self.current.store(Arc::clone(snapshot));
                info!(generation = snapshot.generation, "Settings reloaded");
            }
            Reloaded::Restored(snapshot) => {
                self.current.store(Arc::clone(snapshot));
                info!(generation = snapshot.generation, "The files hold again what is in force");
            }
            Reloaded::Loaded(snapshot) => {
                self.current.store(Arc::clone(snapshot));
                let hash = format::short_hash(&snapshot.hash);
                info!(generation = snapshot.generation, hash, result = "loaded", "Scripts reloaded");
                tell_strategies(&before.set.scripts, &snapshot.set.scripts);
                tell_errors(&before.set, &snapshot.set);
            }
            Reloaded::Failed(snapshot) => {
                self.current.store(Arc::clone(snapshot));
                // Whoever read the settings tells what is wrong with them.
                let of_files = snapshot.last.failures.iter().filter(|failure| failure.symbol != FILE_NAME);
                for failure in of_files {
                    warn!(generation = snapshot.generation, result = "failed", "Reload failed: {failure}");
                }
            }
        }
        reload
    }

    /// Returns the snapshot that the readers of a class's newest report know.
    pub(super) fn reported(&self, class: AssetClass) -> Option<Arc<Snapshot>> {
        held(&self.reported).get(&class).cloned()
    }

    /// Remembers that a report of the classes was made with the snapshot.
    pub(super) fn set_reported(&self, classes: impl Iterator<Item = AssetClass>, with: &Arc<Snapshot>) {
        held(&self.reported).extend(classes.map(|class| (class, Arc::clone(with))));
    }
}

/// Logs the strategies that an edit took away and those that it brought.
fn tell_strategies(before: &Scripts, after: &Scripts) {
    for own in before.strategies().iter().filter(|own| after.strategy(own.name()).is_none()) {
        warn!("Strategy {} is gone; positions of it lose their exit rule", own.name());
    }
    for own in after.strategies().iter().filter(|own| before.strategy(own.name()).is_none()) {
        info!("Strategy {} is new", own.name());
    }
}

/// Logs what the checks call an error in edited scripts although it keeps none out.
fn tell_errors(before: &ScriptSet, after: &ScriptSet) {
    let is_known = |own: &ScriptSource| before.texts.sources.contains(own);
    let (others, edited): (Vec<_>, Vec<_>) = after.texts.sources.iter().cloned().partition(is_known);
    if edited.is_empty() {
        return;
    }
    let report = lint::check(&edited, &others, &after.options);
    let is_of = |finding: &&Finding| edited.iter().any(|own| own.path == finding.file);
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    for Finding { file, span, code, message, .. } in report.findings.iter().filter(is_of).filter(is_error) {
        let place = span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
        warn!("{file}{place}: {message} ({code}); the script is in force all the same");
    }
}

/// Takes a lock. What it guards is whole between any two statements, so that a panic elsewhere
/// is no reason to stop.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
