//! All that a run is decided from: gathered before anything is decided, and kept by the journal so that it can be
//! decided again.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::outcomes::Known;
use super::script_set::SetTexts;
use super::{LastReload, LoadedBars, Refusal, ScriptSet};
use crate::domain::{AssetClass, Order, Position, Problem};
use crate::journal::{ClassInputs, RunInputs, ScriptInputs};
use crate::reload::{ScriptFolder, TEMPLATES};
use crate::report;
use crate::report::Past;
use crate::settings::DecidingSettings;
use crate::settings::Settings;

/// What a run is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nothing is sent or kept; the report says so.
    Preview,
    Record,
}

/// What is known of past recommendations.
pub(super) enum PastInputs {
    /// They are followed up to the run's sessions.
    ToFollow(Known),
    /// What a stored run says of them.
    Told(Past),
}

/// What decides, and what the report says besides.
pub(super) struct Inputs {
    /// `equity`, `crypto` or `all`.
    pub(super) asked: String,
    pub(super) generated_at: DateTime<Utc>,
    pub(super) purpose: Purpose,
    pub(super) settings: Settings,
    pub(super) positions: Vec<Position>,
    /// Of classes that the run does not decide, waiting for their open.
    pub(super) pending: Vec<Order>,
    /// Known before anything is decided; those of the bars are with them, those of the scripts in the version.
    pub(super) problems: Vec<Problem>,
    pub(super) past: PastInputs,
    /// The bars of each class and the session to decide.
    pub(super) classes: Vec<(NaiveDate, LoadedBars)>,
    /// The scripts and templates in force.
    pub(super) version: Version,
    /// The version that the readers of each class know where it is another; `None` in a command that runs once.
    pub(super) before: Option<BTreeMap<AssetClass, Version>>,
}

/// One version of the scripts and templates, as a run decides with it and its report tells of it.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) generation: u64,
    pub(super) hash: String,
    pub(super) loaded_at: DateTime<Utc>,
    pub(super) set: Arc<ScriptSet>,
    /// How the newest edit turned out, in force or not.
    pub(super) last: LastReload,
}

impl Inputs {
    /// Copies them for the journal, secrets left out.
    pub(super) fn stored(&self) -> RunInputs {
        let class = |(session, bars): &(NaiveDate, LoadedBars)| ClassInputs {
            session: *session,
            source: bars.source.clone(),
            market: bars.market.clone(),
            problems: bars.problems.clone(),
        };
        let before = self
            .before
            .as_ref()
            .map(|before| before.iter().map(|(class, version)| (*class, version.stored())).collect());
        RunInputs {
            asked: self.asked.clone(),
            generated_at: self.generated_at,
            settings: DecidingSettings::of(&self.settings),
            positions: self.positions.clone(),
            pending: self.pending.clone(),
            problems: self.problems.clone(),
            // Told when the run is: `record` puts it here.
            past: Past::default(),
            classes: self.classes.iter().map(class).collect(),
            scripts: self.version.stored(),
            before,
        }
    }

    /// Makes them again from what the journal keeps, the scripts compiled anew.
    ///
    /// # Errors
    /// Built-in templates that do not parse: a defect of the program.
    pub(super) fn restored(stored: RunInputs) -> Result<Self, Refusal> {
        let settings = stored.settings.restored();
        let class = |own: ClassInputs| {
            let bars = LoadedBars {
                market: own.market,
                source: own.source,
                begins_later: false,
                problems: own.problems,
            };
            (own.session, bars)
        };
        let before = stored.before.map(|before| {
            let compile = |(class, own)| Ok((class, Version::restored(own)?));
            before.into_iter().map(compile).collect::<Result<_, Refusal>>()
        });
        Ok(Self {
            asked: stored.asked,
            generated_at: stored.generated_at,
            purpose: Purpose::Record,
            positions: stored.positions,
            pending: stored.pending,
            problems: stored.problems,
            past: PastInputs::Told(stored.past),
            classes: stored.classes.into_iter().map(class).collect(),
            version: Version::restored(stored.scripts)?,
            before: before.transpose()?,
            settings,
        })
    }
}

impl Version {
    /// Returns what went wrong with it: what did not load, and the edit that is not in force.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.set.problems.iter().chain(&self.last.failures)
    }

    /// Returns what a report says of it, and of what the edits before it change.
    pub(super) fn told(&self, changes: Vec<report::Changes>) -> report::Reload {
        let last_reload = report::LastReload { at: self.last.at, succeeded: self.last.failures.is_empty() };
        report::Reload {
            generation: self.generation,
            hash: self.hash.clone(),
            loaded_at: self.loaded_at,
            last_reload,
            changes,
        }
    }

    fn stored(&self) -> ScriptInputs {
        let texts = &self.set.texts;
        ScriptInputs {
            generation: self.generation,
            loaded_at: self.loaded_at,
            last_edit: self.last.at,
            failures: self.last.failures.clone(),
            options: self.set.options.clone(),
            sources: texts.sources.clone(),
            templates: texts.templates.clone(),
            folders: texts.folders.iter().map(|folder| (*folder).to_owned()).collect(),
            problems: texts.problems.clone(),
        }
    }

    fn restored(stored: ScriptInputs) -> Result<Self, Refusal> {
        let known = ScriptFolder::ALL.map(ScriptFolder::as_str).into_iter().chain([TEMPLATES]);
        let texts = SetTexts {
            sources: stored.sources,
            templates: stored.templates,
            folders: known.filter(|name| stored.folders.contains(*name)).collect(),
            problems: stored.problems,
        };
        Ok(Self {
            generation: stored.generation,
            hash: texts.hash(&stored.options),
            loaded_at: stored.loaded_at,
            set: Arc::new(texts.compile(&stored.options)?),
            last: LastReload { at: stored.last_edit, failures: stored.failures },
        })
    }
}
