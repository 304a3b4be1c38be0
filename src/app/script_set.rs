//! The scripts of a run: the user's folders first, then the embedded set.
//!
//! A `strategies/` folder beside the settings replaces the embedded strategies as a whole, so
//! that deleting a file there deletes the strategy. Scorers and templates are looked up one by
//! one: a strategy keeps its scorer when only `strategies/` was written out.

use std::collections::{BTreeMap, BTreeSet};

use super::{App, Refusal};
use crate::domain::Problem;
use crate::reload;
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

/// Reads and compiles the scripts. One that does not load is absent and named in `problems`.
///
/// # Errors
/// A `strategies/` folder without a single script in it, or in which none loads.
pub fn load_scripts(app: &App) -> Result<ScriptSet, Refusal> {
    let root = &app.loaded.root;
    let (files, mut problems) = reload::read_scripts(root);
    let (templates, template_problems) = reload::read_templates(root);
    problems.extend(template_problems);
    let templates = templates.into_iter().map(|file| (file.name, file.text)).collect();

    let own_strategies = root.join("strategies").exists();
    let own: BTreeSet<(&str, &str)> =
        files.iter().map(|file| (file.kind.as_str(), file.name.as_str())).collect();
    let mut sources: Vec<ScriptSource> = scripts::embedded()
        .into_iter()
        .filter(|source| match folder_of(source) {
            "strategies" => !own_strategies,
            folder => !own.contains(&(folder, source.name.as_str())),
        })
        .collect();
    sources.extend(files.iter().map(|file| ScriptSource {
        name: file.name.clone(),
        path: format!("{}/{}.rhai", file.kind.as_str(), file.name),
        text: file.text.clone(),
    }));
    let (compiled, load_problems) = Scripts::compile(&sources, &Options::of(&app.loaded.settings));
    problems.extend(load_problems);
    if compiled.strategies().is_empty() {
        let folder = root.join("strategies");
        let mut message = format!("no strategy could be loaded from {}", folder.display());
        for problem in &problems {
            message.push_str(&format!("\n{problem}"));
        }
        message.push_str("\nwrite one there, or remove the folder to use the built-in strategies");
        return Err(Refusal::Configuration(message));
    }
    Ok(ScriptSet { scripts: compiled, templates, problems })
}
