//! Finds the scripts' own test cases and runs them.
//!
//! Scripts are tested with the constants that they write: a case states what the text does, and
//! must not break because `ts.toml` overrides a number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::script_set::SetTexts;
use super::{App, Refusal};
use crate::cases;
use crate::cases::{CaseFile, Coverage, ScriptResult};
use crate::domain::closest;
use crate::reload::ScriptFolder;
use crate::scripts;
use crate::scripts::{LoadError, Options, ScriptSource, Scripts};

/// What the name of a file of cases ends with, after the script's name.
const ENDING: &str = ".test.toml";
/// The longest file of cases or bars, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What became of the cases of all scripts asked for.
#[derive(Clone, Debug)]
pub struct ScriptTests {
    pub scripts: Vec<TestedScript>,
    pub coverage: Coverage,
    /// Files beside the scripts that hold the cases of none of them, and why.
    pub stray: Vec<String>,
}

/// One script with its cases.
#[derive(Clone, Debug)]
pub struct TestedScript {
    pub name: String,
    /// The script's file, and that of its cases, as messages name them.
    pub path: String,
    pub cases_path: String,
    pub text: String,
    /// What became of its sound cases; `None` where it has no file of them, or none that is text.
    pub result: Option<ScriptResult>,
    /// What is wrong with the script or its file of cases, so that not all was asked.
    pub broken: Vec<String>,
}

/// Where the cases of a script lie.
#[derive(Clone)]
enum Cases {
    BuiltIn,
    File(PathBuf),
}

/// Runs the cases of the scripts at `paths` whose names hold `filter`; without paths those of the
/// settings' folder, or the built-in ones.
///
/// # Errors
/// A usage [`Refusal`] for a path that is no script, no file of cases and no folder with one.
pub fn test_scripts(app: &App, paths: &[PathBuf], filter: Option<&str>) -> Result<ScriptTests, Refusal> {
    let mut sources = SetTexts::read(&app.loaded.root)?.sources;
    let folders: Vec<(PathBuf, PathBuf)> = match paths {
        [] => ScriptFolder::ALL.map(|own| (app.loaded.root.join(own.as_str()), own.as_str().into())).into(),
        paths => paths.iter().filter(|path| path.is_dir()).map(|path| (path.clone(), path.clone())).collect(),
    };
    let stray = folders.iter().flat_map(|(folder, shown)| stray(folder, shown)).collect();
    let mut chosen: BTreeMap<String, Cases> = BTreeMap::new();
    if paths.is_empty() {
        for source in &sources {
            let cases = match source.path.strip_suffix(" (built in)") {
                Some(_) => Cases::BuiltIn,
                None => Cases::File(beside(&app.loaded.root.join(&source.path))),
            };
            chosen.insert(source.name.clone(), cases);
        }
    }
    for path in named(paths)? {
        let source = source(&path)?;
        chosen.insert(source.name.clone(), Cases::File(beside(&path)));
        sources.retain(|known| known.name != source.name);
        sources.push(source);
    }
    let options = Options {
        default_scorer: app.loaded.settings.signals.scorer.clone(),
        overrides: BTreeMap::new(),
        disabled: BTreeSet::new(),
    };
    let (compiled, errors) = Scripts::check(&sources, &options);
    let mut coverage = Coverage::new(&compiled);
    let mut tested = Vec::new();
    for source in sources.iter().filter(|source| chosen.contains_key(&source.name)) {
        let cases = &chosen[&source.name];
        let own = test(&compiled, &errors, source, cases, filter, &mut coverage);
        // A filter that leaves nothing of a script was not about it.
        let is_empty =
            own.result.as_ref().is_none_or(|result| result.cases.is_empty()) && own.broken.is_empty();
        if filter.is_none() || !is_empty {
            tested.push(own);
        }
    }
    Ok(ScriptTests { scripts: tested, coverage, stray })
}

fn test(
    compiled: &Scripts,
    errors: &[LoadError],
    source: &ScriptSource,
    cases: &Cases,
    filter: Option<&str>,
    coverage: &mut Coverage,
) -> TestedScript {
    let path = source.path.trim_end_matches(" (built in)");
    let mut tested = TestedScript {
        name: source.name.clone(),
        path: source.path.clone(),
        cases_path: beside(Path::new(path)).display().to_string(),
        text: source.text.clone(),
        result: None,
        broken: errors.iter().filter(|error| error.script == source.name).map(ToString::to_string).collect(),
    };
    if !tested.broken.is_empty() {
        return tested;
    }
    let text = match cases {
        Cases::BuiltIn => Ok(scripts::embedded::cases_of(path).map(str::to_owned)),
        Cases::File(file) => read(file),
    };
    let text = match text {
        Ok(None) => return tested,
        Ok(Some(text)) => text,
        Err(why) => {
            tested.broken.push(format!("{}: {why}", tested.cases_path));
            return tested;
        }
    };
    let (file, problems) = CaseFile::parse(&text);
    tested.broken.extend(problems.iter().map(|problem| format!("{}:{problem}", tested.cases_path)));
    if file.is_empty() && !problems.is_empty() {
        return tested;
    }
    let is_chosen =
        |name: &str| filter.is_none_or(|filter| name.contains(filter) || source.name.contains(filter));
    let beside = |name: &str| match cases {
        Cases::BuiltIn => Err(format!("{name}: the built-in cases have no files beside them")),
        Cases::File(file) => bars_file(file, name),
    };
    tested.result = Some(cases::run(compiled, &source.name, &file, &is_chosen, &beside, coverage));
    tested
}

/// Tells the TOML files of a folder that hold no script's cases: whoever wrote one believes that it
/// is asked.
fn stray(folder: &Path, shown: &Path) -> Vec<String> {
    // A folder that is not there has no such file; one that cannot be read is told with its scripts.
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    let scripts: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".rhai")).collect();
    let is_cases = |name: &&String| !name.starts_with('.') && name.to_lowercase().ends_with(".toml");
    let mut stray = Vec::new();
    for name in names.iter().filter(is_cases) {
        let script = name.split('.').next().unwrap_or_default();
        let meant = closest(script, scripts.iter().map(|own| (own, own)));
        let (why, help) = match (name.strip_suffix(ENDING), meant) {
            (Some(script), _) if scripts.contains(&script) => continue,
            (Some(script), Some(meant)) => (
                format!("there is no script `{script}.rhai` beside it"),
                format!("is it `{meant}{ENDING}`? rename or remove it"),
            ),
            (Some(script), None) => {
                (format!("there is no script `{script}.rhai` beside it"), "rename or remove it".to_owned())
            }
            (None, meant) => (
                "no file of cases is called so, and nothing in it is asked".to_owned(),
                format!("rename it to `{}{ENDING}`, or remove it", meant.unwrap_or(&"NAME")),
            ),
        };
        stray.push(format!("{}: {why}; {help}", shown.join(name).display()));
    }
    stray
}

/// The script files that paths name: each itself, or all of a folder.
fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Refusal> {
    let mut found = Vec::new();
    for path in paths {
        let refuse = |why: &str| Refusal::Usage(format!("{}: {why}", path.display()));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(|error| refuse(&error.to_string()))?;
            let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            let mut scripts: Vec<PathBuf> =
                files.filter(|file| file.extension().is_some_and(|own| own == "rhai")).collect();
            if scripts.is_empty() {
                return Err(refuse("there is no script in this folder"));
            }
            scripts.sort();
            found.extend(scripts);
        } else if let Some(stem) = name.strip_suffix(ENDING) {
            found.push(path.with_file_name(format!("{stem}.rhai")));
        } else if name.ends_with(".rhai") {
            found.push(path.clone());
        } else {
            return Err(refuse("name a script (.rhai), its cases (.test.toml) or a folder of them"));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn source(path: &Path) -> Result<ScriptSource, Refusal> {
    let refuse = |why: String| Refusal::Usage(format!("{}: {why}", path.display()));
    let absent = || {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let written = path.file_name().unwrap_or_default().to_string_lossy();
        let names = fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<String> =
            names.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.retain(|name| name.ends_with(".rhai"));
        names.sort();
        let meant = closest(&written, names.iter().map(|name| (name, name)));
        let help = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        refuse(format!("there is no such script{help}"))
    };
    let text = read(path).map_err(refuse)?.ok_or_else(absent)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ScriptSource { name, path: path.display().to_string(), text })
}

/// The file of cases beside a script.
fn beside(script: &Path) -> PathBuf {
    let stem = script.file_stem().unwrap_or_default().to_string_lossy();
    script.with_file_name(format!("{stem}{ENDING}"))
}

/// Reads a file of bars that cases name: one beside them, and nowhere else.
fn bars_file(cases: &Path, name: &str) -> Result<String, String> {
    if Path::new(name).file_name().is_none_or(|own| own != name) {
        return Err(format!("{name}: name a file beside the cases, without a folder"));
    }
    read(&cases.with_file_name(name))
        .map_err(|why| format!("{name}: {why}"))?
        .ok_or_else(|| format!("{name}: there is no such file beside the cases"))
}

/// Reads a text file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, String> {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read ({error})")),
    };
    if !about.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| format!("cannot be read ({error})"))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read ({error})"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is over 1 MiB; split it".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as UTF-8".to_owned())?;
    Ok(Some(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned)))
}

impl ScriptTests {
    /// Tells whether a case failed or could not be asked, or a file of cases belongs to no script.
    pub fn has_failed(&self) -> bool {
        !self.stray.is_empty()
            || self.scripts.iter().any(|own| {
                let failed =
                    own.result.iter().flat_map(|result| &result.cases).any(|case| !case.failures.is_empty());
                failed || !own.broken.is_empty()
            })
    }
}
