//! The layers, merged: each key's last value wins, and remembers its layer.
//!
//! Nothing is loaded where anything is wrong; a value that a later layer replaces must be right all
//! the same.

mod doubts;
mod faults;

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::path::PathBuf;

use toml::Value;

use super::environment::Environment;
use super::error::BadSetting;
use super::error::Origin;
use super::error::SettingsError;
use super::file;
use super::file::Entry;
use super::file::Layer;
use super::keys;
use super::keys::Path;
use super::model::Settings;
use super::universe;
use crate::domain::Problem;

/// The name of a settings file that is found without being named.
pub const FILE_NAME: &str = "ts.toml";

/// The commented defaults, which are also the documentation of the settings.
pub const DEFAULTS: &str = include_str!("../../ts.toml");

/// Every environment variable that is read, commented, for `ts init`.
pub const ENV_EXAMPLE: &str = include_str!("../../.env.example");

/// Where the settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file named by `--config`; must be there. Without one, `ts.toml` in the working
    /// folder, if it is there.
    pub file: Option<PathBuf>,
    /// The working folder, absolute.
    pub working_folder: PathBuf,
    pub environment: Environment,
}

impl Sources {
    /// Returns the folder that relative paths, `.env` and the scripts' folders are looked up in:
    /// the settings file's own, else the working folder.
    pub fn root(&self) -> PathBuf {
        let file = self.file.as_ref().map(|file| self.working_folder.join(file));
        file.as_deref().and_then(FilePath::parent).unwrap_or(&self.working_folder).to_owned()
    }
}

/// Settings, and where they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    pub origins: Origins,
    /// What is allowed but doubtful.
    pub warnings: Vec<Problem>,
    /// The folder that relative paths were resolved against; see [`Sources::root`].
    pub root: PathBuf,
    /// The files that were read: the user's `ts.toml` and universes.
    pub files: Vec<PathBuf>,
}

/// The value and layer of each key.
#[derive(Clone, Debug)]
pub struct Origins {
    pub(super) entries: BTreeMap<Path, Entry>,
    /// The variable that each secret came from, by the secret's first name.
    pub(super) secrets: BTreeMap<&'static str, &'static str>,
}

impl Origins {
    /// Returns the layer of a key, written as `risk.max_position`; `None` for a key that no
    /// layer sets.
    pub fn of(&self, key: &str) -> Option<&Origin> {
        let found = self.entries.iter().find(|(path, _)| keys::dotted(path) == key);
        found.map(|(_, entry)| &entry.origin)
    }
}

impl Settings {
    /// Reads and merges all layers.
    ///
    /// # Errors
    /// Everything that is wrong in any of them, at once, each with its layer, line and key.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
        let root = sources.root();
        let mut files = Vec::new();
        let mut layers = vec![file::read(DEFAULTS, &Origin::Default { line: 1 })];
        if let Some(path) = settings_file(sources) {
            layers.push(file_layer(&path));
            files.push(path);
        }
        layers.push(sources.environment.layer());

        let mut bad = Vec::new();
        let mut entries = BTreeMap::new();
        for layer in layers {
            if layer.replaces_schedule {
                entries.retain(|path: &Path, _| path[0] != "schedule");
            }
            bad.extend(layer.bad);
            entries.extend(layer.entries);
        }
        // A key that is wrong in itself would be told again as wrong beside others.
        if bad.is_empty() {
            bad.extend(faults::faults_between(&entries));
        }
        let mut tree = entries.clone();
        for (path, entry) in &mut tree {
            if let Some(universe) = universe_file(path, entry, &root, &mut bad) {
                files.push(universe);
            }
        }
        if !bad.is_empty() {
            return Err(SettingsError(bad));
        }
        let mut settings: Settings = Value::Table(nested(tree)).try_into().map_err(misfit)?;
        resolve_paths(&mut settings, &root);
        let (secrets, secret_origins, mut warnings) = sources.environment.secrets();
        settings.secrets = secrets;
        warnings.extend(doubts::doubts(&settings, &entries));
        Ok(Loaded { settings, origins: Origins { entries, secrets: secret_origins }, warnings, root, files })
    }

    /// Returns the settings of an empty folder and an empty environment.
    ///
    /// # Panics
    /// Never: a test loads the embedded file, which cannot change afterwards.
    pub fn defaults() -> Settings {
        let sources = Sources { file: None, working_folder: PathBuf::new(), ..Sources::default() };
        let layer = file::read(DEFAULTS, &Origin::Default { line: 1 });
        let entries: BTreeMap<Path, Entry> = layer.entries.into_iter().collect();
        let mut settings: Settings =
            Value::Table(nested(entries)).try_into().expect("a test loads the embedded settings");
        resolve_paths(&mut settings, &sources.root());
        settings
    }
}

fn settings_file(sources: &Sources) -> Option<PathBuf> {
    if let Some(named) = &sources.file {
        return Some(sources.working_folder.join(named));
    }
    let found = sources.working_folder.join(FILE_NAME);
    // A dangling link is there too: to pass it over would drop the user's settings unseen.
    found.symlink_metadata().is_ok().then_some(found)
}

fn file_layer(path: &FilePath) -> Layer {
    let origin = Origin::File { path: path.to_owned(), line: None };
    let refused = |message: String| {
        let bad = vec![BadSetting { origin: origin.clone(), key: String::new(), message }];
        Layer { bad, ..Layer::default() }
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            return refused(format!(
                "cannot be read ({error}); name a settings file, or make one with `ts init`"
            ));
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => file::read(&text, &origin),
        Err(error) => {
            refused(format!("is not UTF-8 at byte {}; save it as UTF-8", error.utf8_error().valid_up_to()))
        }
    }
}

/// Puts the symbols of a universe file in place of its name; returns the file that was read.
fn universe_file(
    path: &Path,
    entry: &mut Entry,
    root: &FilePath,
    bad: &mut Vec<BadSetting>,
) -> Option<PathBuf> {
    let named = entry.value.as_table().filter(|_| path[0] == "universe")?.get("file")?.as_str()?;
    let file = root.join(named);
    match universe::read(&file) {
        Ok(symbols) => {
            let symbols = symbols.into_iter().map(|symbol| Value::String(symbol.into()));
            entry.value = Value::Array(symbols.collect());
        }
        Err(lines) => bad.extend(lines.into_iter().map(|line| {
            let place = line.line.map(|line| format!(":{line}")).unwrap_or_default();
            let message = format!("{}{place}: {}", file.display(), line.message);
            BadSetting { origin: entry.origin.clone(), key: keys::dotted(path), message }
        })),
    }
    Some(file)
}

/// Builds the tree that serde reads; the numbered tables of `schedule` become a list.
fn nested(entries: BTreeMap<Path, Entry>) -> toml::Table {
    let mut tree = toml::Table::new();
    let mut jobs: BTreeMap<usize, toml::Table> = BTreeMap::new();
    for (path, entry) in entries {
        if path[0] == "schedule" {
            let index = path[1].parse().unwrap_or(usize::MAX);
            jobs.entry(index).or_default().insert(path[2].clone(), entry.value);
            continue;
        }
        insert(&mut tree, &path, entry.value);
    }
    tree.insert("schedule".to_owned(), Value::Array(jobs.into_values().map(Value::Table).collect()));
    tree
}

fn insert(table: &mut toml::Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [section, rest @ ..] => {
            let inner = table.entry(section.clone()).or_insert_with(|| Value::Table(toml::Table::new()));
            // Never anything else: the table of keys lets no key be a section too.
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn misfit(error: toml::de::Error) -> SettingsError {
    let message = format!("{}; this is a mistake in ts, please report it", error.message());
    SettingsError(vec![BadSetting { origin: Origin::Default { line: 1 }, key: String::new(), message }])
}

fn resolve_paths(settings: &mut Settings, root: &FilePath) {
    let optional = [&mut settings.email.ca_file, &mut settings.portfolio.file].into_iter().flatten();
    let always = [&mut settings.sources.files.dir, &mut settings.cache.dir, &mut settings.journal.path];
    for path in optional.chain(always) {
        *path = root.join(&*path);
    }
}

#[cfg(test)]
mod tests;
