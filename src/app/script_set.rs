//! The scripts of a run: the user's folders first, then the embedded set.
//!
//! A `strategies/` folder beside the settings replaces the embedded strategies as a whole, so
//! that deleting a file there deletes the strategy. Scorers and templates are looked up one by
//! one: a strategy keeps its scorer when only `strategies/` was written out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{App, Refusal};
use crate::domain::Problem;
use crate::reload;
use crate::reload::{ScriptFile, ScriptFolder};
use crate::scripts;
use crate::scripts::Options;
use crate::scripts::{ScriptSource, Scripts};

/// One snapshot of the scripts and templates, kept to the end of a run.
#[derive(Clone, Debug)]
pub struct ScriptSet {
    pub scripts: Scripts,
    /// The user's templates, by file name; the embedded ones serve where one is absent.
    pub templates: BTreeMap<String, String>,
    pub problems: Vec<Problem>,
}

/// Returns the folder of a built-in script.
pub(super) fn folder_of(source: &ScriptSource) -> &str {
    source.path.split_once('/').map_or("", |(folder, _)| folder)
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
    let root = &app.loaded.root;
    let (files, mut problems) = reload::read_scripts(root);
    let (templates, template_problems) = reload::read_templates(root);
    problems.extend(template_problems);
    let templates = templates.into_iter().map(|file| (file.name, file.text)).collect();

    let own_strategies = root.join("strategies").exists();
    let mut sources = built_in(root, &files);
    sources.extend(files.iter().map(source_of));
    if own_strategies && !files.iter().any(|file| file.kind == ScriptFolder::Strategies) {
        let mut message = format!("no strategy could be read from {}", root.join("strategies").display());
        for problem in &problems {
            message.push_str(&format!("\n{problem}"));
        }
        message.push_str("\nwrite one there, or remove the folder to use the built-in strategies");
        return Err(Refusal::Configuration(message));
    }
    let (compiled, load_problems) = Scripts::compile(&sources, &Options::of(&app.loaded.settings));
    problems.extend(load_problems);
    Ok(ScriptSet { scripts: compiled, templates, problems })
}
