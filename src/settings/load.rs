//! The layers, merged: each key's last value wins, and remembers its layer.
//!
//! Checks that need more than one value are here too. Nothing is loaded where anything is wrong;
//! a value that a later layer replaces must be right all the same.

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
use super::value;
use crate::domain::Problem;
use crate::domain::ProblemKind;

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
    /// Dotted keys that flags set, the last one winning.
    pub flags: Vec<(String, Value)>,
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
        layers.push(flag_layer(&sources.flags));

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
            bad.extend(faults_between(&entries));
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
        warnings.extend(doubts(&settings, &entries));
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

fn flag_layer(flags: &[(String, Value)]) -> Layer {
    let mut layer = Layer::default();
    for (key, value) in flags {
        let refused = |message: String| BadSetting { origin: Origin::Flag, key: key.clone(), message };
        let Ok(parts) = toml_edit::Key::parse(key) else {
            layer.bad.push(refused("is not a dotted key; write one like risk.max_position".to_owned()));
            continue;
        };
        let path: Path = parts.iter().map(|part| part.get().to_owned()).collect();
        let Some(position) = keys::position(&path) else {
            layer.bad.push(refused(file::unknown(&path, keys::dotted)));
            continue;
        };
        let faults = value::faults(keys::KEYS[position].kind, value);
        layer.bad.extend(faults.into_iter().map(|fault| refused(fault.message)));
        layer.entries.push((path, Entry { value: value.clone(), origin: Origin::Flag }));
    }
    layer
}

/// Returns what is wrong between values that are each right.
fn faults_between(entries: &BTreeMap<Path, Entry>) -> Vec<BadSetting> {
    let mut bad = Vec::new();
    let get = |key: &str| entries.get(&key.split('.').map(str::to_owned).collect::<Path>());
    let refused = |entry: &Entry, key: &str, message: String| BadSetting {
        origin: entry.origin.clone(),
        key: key.to_owned(),
        message,
    };
    let is_empty = |entry: &Entry| entry.value.as_array().is_some_and(Vec::is_empty);
    if let (Some(equity), Some(crypto)) = (get("universe.equity"), get("universe.crypto")) {
        if is_empty(equity) && is_empty(crypto) {
            let message = "is empty, and so is universe.crypto; name at least one symbol".to_owned();
            bad.push(refused(equity, "universe.equity", message));
        }
        for (class, universe) in [("equity", equity), ("crypto", crypto)] {
            let key = format!("sources.{class}");
            if let Some(listed) = get(&key).filter(|listed| is_empty(listed) && !is_empty(universe)) {
                let message =
                    format!("is empty; name a source, or set universe.{class} = [] to not trade it");
                bad.push(refused(listed, &key, message));
            }
        }
    }
    if let (Some(tls), Some(host)) = (get("email.tls"), get("email.smtp_host")) {
        let open = tls.value.as_str() == Some("none");
        if open && !host.value.as_str().is_some_and(value::is_loopback) {
            let message = "\"none\" would send the password in the clear: email.smtp_host is another machine; \
                           use starttls or implicit";
            bad.push(refused(tls, "email.tls", message.to_owned()));
        }
    }
    bad.extend(faults_of_jobs(entries));
    bad
}

fn faults_of_jobs(entries: &BTreeMap<Path, Entry>) -> Vec<BadSetting> {
    let mut bad = Vec::new();
    let mut jobs: BTreeMap<usize, BTreeMap<&str, &Entry>> = BTreeMap::new();
    for (path, entry) in entries.iter().filter(|(path, _)| path[0] == "schedule") {
        let index = path[1].parse().unwrap_or(usize::MAX);
        jobs.entry(index).or_default().insert(&path[2], entry);
    }
    let mut names = BTreeMap::new();
    for (place, (index, job)) in jobs.iter().enumerate() {
        let Some(any) = job.values().next() else { continue };
        let mut refuse = |entry: &Entry, name: &str, message: String| {
            let key = format!("schedule.{index}{name}");
            bad.push(BadSetting { origin: entry.origin.clone(), key, message });
        };
        if *index != place {
            refuse(any, "", format!("leaves a gap; the next job is schedule.{place}"));
        }
        for name in keys::JOB_KEYS.into_iter().filter(|name| !job.contains_key(name)) {
            refuse(any, "", format!("lacks `{name}`; a job needs {}", keys::JOB_KEYS.join(", ")));
        }
        let Some(name) = job.get("job") else { continue };
        if let Some(before) = names.insert(name.value.to_string(), index) {
            refuse(
                name,
                ".job",
                format!("{} is the name of schedule.{before} too; choose another", name.value),
            );
        }
    }
    bad
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

/// A fraction of equity: systems that risk more at one stop are rare, and 0.75 for 0.75 % is not.
const LARGEST_USUAL_RISK: f64 = 0.05;

/// Says what is allowed but looks like a slip.
fn doubts(settings: &Settings, entries: &BTreeMap<Path, Entry>) -> Vec<Problem> {
    let mut doubts = Vec::new();
    let mut doubt = |message: String| doubts.push(Problem::new("", ProblemKind::Settings, message));
    if settings.signals.news_weight > 0.0 {
        doubt("signals.news_weight has no effect: there is no news score yet".to_owned());
    }
    if settings.risk.max_position > settings.risk.max_exposure {
        doubt("risk.max_position is over risk.max_exposure: a position of full size never fits".to_owned());
    }
    if settings.risk.risk_per_trade > LARGEST_USUAL_RISK {
        let percent = settings.risk.risk_per_trade * 100.0;
        doubt(format!(
            "risk.risk_per_trade risks {percent} % of equity at each stop: a fraction is meant, like 0.0075"
        ));
    }
    for (index, job) in settings.schedule.iter().enumerate() {
        let path = ["schedule".to_owned(), index.to_string(), "job".to_owned()];
        // Whoever empties a universe need not write a schedule only to be rid of a built-in job.
        let is_own =
            entries.get(&path[..]).is_some_and(|entry| !matches!(entry.origin, Origin::Default { .. }));
        if is_own && settings.universe.of(job.asset_class).is_empty() {
            doubt(format!("the job {} has nothing to do: universe.{} is empty", job.job, job.asset_class));
        }
    }
    let keyed = [
        ("polygon", &settings.sources.polygon.base_url),
        ("alpha_vantage", &settings.sources.alpha_vantage.base_url),
    ];
    for (source, url) in keyed {
        let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        if host.is_some_and(|host| !value::is_loopback(host)) {
            doubt(format!("sources.{source}.base_url sends its key in the clear; use https"));
        }
    }
    doubts
}

#[cfg(test)]
mod tests;
