//! A new strategy to begin with: one that loads, trades on the demo market and has its test
//! cases, so that the first edit starts from something that works.
//!
//! Refuses a name that another script has, and overwrites nothing.

use std::fs::create_dir_all;
use std::path::PathBuf;

use anyhow::Context as _;

use super::init::{Written, write_new};
use super::script_set::folder_of;
use super::{App, Refusal};
use crate::domain::AssetClass;
use crate::domain::is_script_name;
use crate::reload;
use crate::reload::ScriptFolder;
use crate::scripts;

const STRATEGY: &str = include_str!("skeleton/strategy.rhai");
const CASES: &str = include_str!("skeleton/strategy.test.toml");

/// Stems that Windows takes for devices, whatever their ending: a folder that is shared or kept
/// in git must be readable there too.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// What to write.
#[derive(Clone, Debug)]
pub struct NewStrategy {
    pub name: String,
    pub asset_class: AssetClass,
    /// `None`: the settings' own.
    pub scorer: Option<String>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFiles {
    /// The strategy, then its test cases.
    pub files: Vec<PathBuf>,
    /// Whether the folder is new, and so replaces the built-in strategies from now on.
    pub folder: StrategiesFolder,
}

/// The folder that a strategy was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategiesFolder {
    Old,
    New,
}

/// Writes `strategies/NAME.rhai` and `strategies/NAME.test.toml`.
///
/// # Errors
/// A usage [`Refusal`] for a name that is none, is taken, or belongs to a file that is there, and
/// for a scorer that does not exist; else what the disk says.
pub fn new_strategy(app: &App, asked: &NewStrategy) -> anyhow::Result<NewFiles> {
    let root = &app.loaded.root;
    let name = &asked.name;
    let (own, _) = reload::read_scripts(root);
    check_name(name)?;
    if let Some(taken) = own.iter().find(|file| file.name == *name) {
        let folder = taken.kind.as_str();
        return Err(usage(format!("{folder}/{name}.rhai is there already; choose another name, or edit it")));
    }
    let built_in = scripts::embedded();
    if let Some(taken) = built_in.iter().find(|script| script.name == *name) {
        let path = &taken.path;
        return Err(usage(format!(
            "`{name}` is the name of {path}; choose another, or edit that after `ts init`"
        )));
    }
    if let Some(scorer) = &asked.scorer {
        let own = own.iter().filter(|file| file.kind == ScriptFolder::Scorers).map(|file| &file.name);
        let built_in =
            built_in.iter().filter(|script| folder_of(script) == "scorers").map(|script| &script.name);
        let mut known: Vec<&str> = own.chain(built_in).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&scorer.as_str()) {
            return Err(usage(format!("no scorer is called `{scorer}`; there are: {}", known.join(", "))));
        }
    }
    let dir = root.join("strategies");
    let folder = if dir.exists() { StrategiesFolder::Old } else { StrategiesFolder::New };
    create_dir_all(&dir).with_context(|| format!("failed to make {}", dir.display()))?;
    let files = [dir.join(format!("{name}.rhai")), dir.join(format!("{name}.test.toml"))];
    if let Some(there) = files.iter().find(|path| path.exists()) {
        return Err(usage(format!(
            "{} is there already; choose another name, or remove it",
            there.display()
        )));
    }
    for (path, text) in files.iter().zip([STRATEGY, CASES]) {
        if let Written::Kept(path) = write_new(path, &filled(text, asked))? {
            return Err(usage(format!("{} is there already; choose another name", path.display())));
        }
    }
    Ok(NewFiles { files: files.to_vec(), folder })
}

fn check_name(name: &str) -> anyhow::Result<()> {
    if !is_script_name(name) {
        let rule = "use lower-case letters, digits and `_`, at most 40 of them";
        return Err(usage(format!("`{name}` cannot be a strategy's name; {rule}")));
    }
    let port = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    let is_port = port.is_some_and(|number| number.len() == 1 && number.bytes().all(|c| c.is_ascii_digit()));
    if DEVICES.contains(&name) || is_port {
        return Err(usage(format!(
            "`{name}` is reserved: Windows takes it for a device; choose another name"
        )));
    }
    Ok(())
}

fn usage(message: String) -> anyhow::Error {
    Refusal::Usage(message).into()
}

/// Puts the answers into a skeleton. Crypto moves further in a day and trades thinner.
fn filled(skeleton: &str, asked: &NewStrategy) -> String {
    let (class, stop, adv) = match asked.asset_class {
        AssetClass::Equity => ("equity", "2.5;", "0.005; "),
        AssetClass::Crypto => ("crypto", "3.0;", "0.0025;"),
    };
    let scorer = asked.scorer.as_ref().map(|name| format!(", scorer: \"{name}\"")).unwrap_or_default();
    skeleton
        .replace("@NAME@", &asked.name)
        .replace("@CLASS@", class)
        .replace("@SCORER@", &scorer)
        .replace("@STOP@", stop)
        .replace("@ADV@", adv)
}
