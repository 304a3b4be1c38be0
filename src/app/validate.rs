//! `ts validate-scripts`: which scripts to check, and what to say of files that are none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::script_set::{built_in, source_of};
use super::{App, Refusal};
use crate::domain::Problem;
use crate::lint;
use crate::lint::{Finding, Report};
use crate::reload;
use crate::reload::{PassedOver, ScriptFile, ScriptFolder};
use crate::scripts::{Options, ScriptSource};

/// Where the host puts what is wrong with the default scorer.
const SIGNALS: &str = "[signals]";

/// Checks the scripts that are named, or those of the settings' folders, and names files as
/// seen from `working_folder`.
///
/// The other scripts in force are loaded beside them, so that a strategy finds its scorer. No
/// script at all is a finding.
///
/// # Errors
/// A path that does not exist.
pub fn validate(app: &App, working_folder: &Path, paths: &[PathBuf]) -> Result<Report, Refusal> {
    if paths.is_empty() { Ok(own_folders(app, working_folder)) } else { named(app, working_folder, paths) }
}

/// Checks `strategies/` and `scorers/` beside the settings, and what the settings say of them.
fn own_folders(app: &App, working_folder: &Path) -> Report {
    let root = &app.loaded.root;
    let (files, problems) = reload::read_scripts(root);
    let shown = |name: &str| seen_from(working_folder, &root.join(name));
    let source = |file: &ScriptFile| {
        let source = source_of(file);
        ScriptSource { path: shown(&source.path), ..source }
    };
    let targets: Vec<ScriptSource> = files.iter().map(source).collect();
    let mut report = lint::check(&targets, &built_in(root, &files), &Options::of(&app.loaded.settings));
    place_in_settings(&mut report, app, working_folder);
    let is_sound = problems.is_empty();
    refuse(&mut report, working_folder, problems);
    for kind in ScriptFolder::ALL {
        not_read(&mut report, working_folder, &root.join(kind.as_str()));
    }
    same_scripts(&mut report, &targets, app);
    let has_strategies = files.iter().any(|file| file.kind == ScriptFolder::Strategies);
    let strategies = root.join(ScriptFolder::Strategies.as_str());
    if is_sound && !has_strategies && strategies.exists() {
        no_script(&mut report, &shown(ScriptFolder::Strategies.as_str()), "holds no strategy");
    } else if is_sound && files.is_empty() {
        let folder = seen_from(working_folder, root);
        no_script(&mut report, &folder, "holds neither `strategies/` nor `scorers/` with a script in it");
    }
    report
}

/// Puts what is wrong with the settings' own tables into the file that they stand in, so that a reader and a CI
/// server find it; what the environment says stays under the table's name.
fn place_in_settings(report: &mut Report, app: &App, working_folder: &Path) {
    let Some(file) = app.loaded.files.iter().find(|file| file.extension().is_some_and(|own| own == "toml"))
    else {
        return;
    };
    let is_table =
        |finding: &&mut Finding| finding.file.starts_with("[strategies.") || finding.file == SIGNALS;
    for finding in report.findings.iter_mut().filter(is_table) {
        finding.message = format!("{}: {}", finding.file, finding.message);
        finding.file = seen_from(working_folder, file);
    }
    report.findings.sort();
}

fn named(app: &App, working_folder: &Path, paths: &[PathBuf]) -> Result<Report, Refusal> {
    if let Some(absent) = paths.iter().find(|path| path.symlink_metadata().is_err()) {
        let message = format!("{} does not exist; name a script or a folder of scripts", absent.display());
        return Err(Refusal::Usage(message));
    }
    let (scripts, problems) = reload::read_named(paths);
    let target = |script: reload::NamedScript| ScriptSource {
        name: script.name,
        path: seen_from(working_folder, &script.path),
        text: script.text,
    };
    let targets: Vec<ScriptSource> = scripts.into_iter().map(target).collect();
    let root = &app.loaded.root;
    // What is wrong with scripts that were not named is not asked for.
    let (own, _) = reload::read_scripts(root);
    let mut context = built_in(root, &own);
    context.extend(own.iter().map(source_of));
    let mut report = lint::check(&targets, &context, &Options::of(&app.loaded.settings));
    let files: Vec<&str> = targets.iter().map(|source| source.path.as_str()).collect();
    report.findings.retain(|finding| files.contains(&finding.file.as_str()) || finding.file == SIGNALS);
    let is_sound = problems.is_empty();
    refuse(&mut report, working_folder, problems);
    for folder in paths.iter().filter(|path| path.is_dir()) {
        let kinds = ScriptFolder::ALL.map(|kind| folder.join(kind.as_str()));
        // Beside `strategies/` and `scorers/` lie folders of all kinds.
        if !kinds.iter().any(|kind| kind.is_dir()) {
            not_read(&mut report, working_folder, folder);
        }
        kinds.iter().for_each(|kind| not_read(&mut report, working_folder, kind));
    }
    same_scripts(&mut report, &targets, app);
    if is_sound {
        for folder in paths.iter().filter(|path| path.is_dir()) {
            let shown = seen_from(working_folder, folder);
            let below =
                if shown == "." { String::new() } else { format!("{}/", shown.trim_end_matches('/')) };
            if !files.iter().any(|file| file.starts_with(&below)) {
                no_script(&mut report, &shown, "holds no script");
            }
        }
    }
    Ok(report)
}

fn no_script(report: &mut Report, folder: &str, message: &str) {
    let help = "name files or folders of `.rhai` scripts, or write the built-in ones out with `ts init`";
    let shown = if folder == "." { "this folder" } else { folder };
    report.add(folder, "no_script", format!("{shown} {message}"), help);
}

/// Adds what looks like a script in a folder and is not read.
fn not_read(report: &mut Report, working_folder: &Path, folder: &Path) {
    for (path, why) in reload::passed_over(folder) {
        let shown = seen_from(working_folder, &path);
        let (message, help) = match why {
            PassedOver::Folder => (
                format!("{shown} is a folder below the scripts, and the scripts in it are not read"),
                "move them up into the folder of scripts, or elsewhere",
            ),
            PassedOver::Ending => (
                format!("{shown} does not end in `.rhai` and is not read"),
                "rename it to end in `.rhai`, or move it elsewhere",
            ),
        };
        report.add(&shown, "not_read", message, help);
    }
}

/// Adds the strategies that say what one before them says, word for word.
fn same_scripts(report: &mut Report, targets: &[ScriptSource], app: &App) {
    let disabled = Options::of(&app.loaded.settings).disabled;
    let mut first: BTreeMap<&str, &ScriptSource> = BTreeMap::new();
    // A scorer twice grades twice and buys nothing.
    let is_strategy = |own: &&ScriptSource| own.text.contains("fn entry");
    for own in targets.iter().filter(is_strategy).filter(|own| !disabled.contains(&own.name)) {
        let known = *first.entry(&own.text).or_insert(own);
        // Two of one name are told already.
        if known.name != own.name {
            let message = format!("{} says the same as {}: every signal comes twice", own.path, known.path);
            report.add(&own.path, "same_script", message, "remove one, or switch it off in the settings");
        }
    }
}

/// Adds files and folders that could not be read. Their messages end in what to do.
fn refuse(report: &mut Report, working_folder: &Path, problems: Vec<Problem>) {
    for problem in problems {
        let file = seen_from(working_folder, Path::new(&problem.symbol));
        let (message, help) =
            problem.message.split_once("; ").unwrap_or((&problem.message, "look at the file"));
        let code = if message.contains("script's name") { "bad_name" } else { "unreadable" };
        report.add(&file, code, format!("{file} {message}"), help);
    }
}

/// Names a path as one would type it: relative where it lies below the working folder.
fn seen_from(working_folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(working_folder).unwrap_or(path);
    let below = below.strip_prefix(".").unwrap_or(below);
    let text = below.display().to_string();
    if text.is_empty() { ".".to_owned() } else { text }
}
