//! The scripts of a run: the user's folders first, then the embedded set.
//!
//! A `strategies/` folder beside the settings replaces the embedded strategies as a whole, so
//! that deleting a file there deletes the strategy. Scorers and templates are looked up one by
//! one: a strategy keeps its scorer when only `strategies/` was written out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use sha2::Digest;
use sha2::Sha256;

use super::{App, Refusal};
use crate::domain::Problem;
use crate::reload::Texts;
use crate::reload::{ScriptFile, ScriptFolder};
use crate::report::Templates;
use crate::scripts;
use crate::scripts::Options;
use crate::scripts::{LoadError, ScriptSource, Scripts};

/// One snapshot of the scripts and templates, kept to the end of a run.
#[derive(Clone, Debug)]
pub struct ScriptSet {
    pub scripts: Scripts,
    /// The user's templates over the embedded ones.
    pub templates: Templates,
    pub problems: Vec<Problem>,
    /// The scripts, templates and folders among `problems` that could not be loaded.
    pub failed: BTreeSet<String>,
    /// What it was compiled from.
    pub(super) texts: SetTexts,
    pub(super) options: Options,
}

/// Returns the built-in scripts that the user's own folders leave in force.
pub(super) fn built_in(root: &Path, own: &[ScriptFile]) -> Vec<ScriptSource> {
    let own_strategies = root.join("strategies").exists();
    let own: BTreeSet<(&str, &str)> =
        own.iter().map(|file| (file.kind.as_str(), file.name.as_str())).collect();
    scripts::embedded()
        .into_iter()
        .filter(|source| match folder_of(source) {
            "strategies" => !own_strategies,
            folder => !own.contains(&(folder, source.name.as_str())),
        })
        .collect()
}

/// Names a file of the user's folders as messages do.
pub(super) fn source_of(file: &ScriptFile) -> ScriptSource {
    ScriptSource {
        name: file.name.clone(),
        path: format!("{}/{}.rhai", file.kind.as_str(), file.name),
        text: file.text.clone(),
    }
}

/// Reads and compiles the scripts. One that does not load is absent and named in `problems`.
///
/// # Errors
/// A `strategies/` folder without a single script in it. One in which none loads is no error:
/// what is held is looked at all the same.
pub fn load_scripts(app: &App) -> Result<ScriptSet, Refusal> {
    SetTexts::read(&app.loaded.root)?.compile(&Options::of(&app.loaded.settings))
}

/// Returns the folder of a script, its own or a built-in one.
pub(super) fn folder_of(source: &ScriptSource) -> &str {
    source.path.split_once('/').map_or("", |(folder, _)| folder)
}

/// The texts that a set is compiled from.
#[derive(Clone, Debug)]
pub(super) struct SetTexts {
    pub(super) sources: Vec<ScriptSource>,
    pub(super) templates: BTreeMap<String, String>,
    /// The user's folders that are there.
    pub(super) folders: BTreeSet<&'static str>,
    pub(super) problems: Vec<Problem>,
}

impl SetTexts {
    /// Reads the folders below `root`, and takes the embedded set where one is absent.
    ///
    /// # Errors
    /// A `strategies/` folder without a single script in it.
    pub(super) fn read(root: &Path) -> Result<Self, Refusal> {
        let Texts { scripts: files, templates, folders, problems } = Texts::read(root);
        let has_strategies = folders.contains(ScriptFolder::Strategies.as_str());
        if has_strategies && !files.iter().any(|file| file.kind == ScriptFolder::Strategies) {
            let mut message = format!("no strategy could be read from {}", root.join("strategies").display());
            for problem in &problems {
                message.push_str(&format!("\n{problem}"));
            }
            message.push_str("\nwrite one there, or remove the folder to use the built-in strategies");
            return Err(Refusal::Configuration(message));
        }
        let mut sources = built_in(root, &files);
        sources.extend(files.iter().map(source_of));
        let templates = templates.into_iter().map(|file| (file.name, file.text)).collect();
        Ok(Self { sources, templates, folders, problems })
    }

    /// Returns the SHA-256, in hex, of all that decides what is compiled, and of what could not
    /// be read.
    pub(super) fn hash(&self, options: &Options) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for source in &self.sources {
            add(&source.path);
            add(&source.text);
        }
        for (name, text) in &self.templates {
            add(name);
            add(text);
        }
        for problem in &self.problems {
            add(&problem.to_string());
        }
        // Sorted maps of plain values, so their form for debugging is their only form.
        add(&format!("{options:?}"));
        hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Compiles the set.
    ///
    /// # Errors
    /// Built-in templates that do not parse: a defect of the program.
    pub(super) fn compile(self, options: &Options) -> Result<ScriptSet, Refusal> {
        let texts = self.clone();
        let Self { sources, templates, mut problems, .. } = self;
        let mut failed: BTreeSet<String> = problems.iter().map(|problem| problem.symbol.clone()).collect();
        let (scripts, errors) = Scripts::check(&sources, options);
        // Settings for a script that is not there cost no script.
        let is_there = |error: &&LoadError| sources.iter().any(|source| source.name == error.script);
        failed.extend(errors.iter().filter(is_there).map(|error| error.script.clone()));
        problems.extend(errors.iter().map(LoadError::to_problem));
        let (templates, broken) =
            Templates::load(&templates).map_err(|error| Refusal::Configuration(error.to_string()))?;
        failed.extend(broken.iter().map(|problem| problem.symbol.clone()));
        problems.extend(broken);
        Ok(ScriptSet { scripts, templates, problems, failed, texts, options: options.clone() })
    }
}
