//! Writes the built-in settings, scripts and templates out for editing.

use std::fs::{OpenOptions, create_dir_all};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::script_set::folder_of;
use crate::report;
use crate::scripts;
use crate::settings;

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    New(PathBuf),
    /// There was one already: nothing is ever overwritten.
    Kept(PathBuf),
}

/// Writes `ts.toml`, `.env.example`, the strategies and scorers with their test cases, the templates,
/// and definitions of what scripts may name, for editors, below `dir`.
///
/// # Errors
/// The first file that cannot be written; those before it stay.
pub fn init(dir: &Path) -> anyhow::Result<Vec<Written>> {
    let mut files: Vec<(PathBuf, String)> = vec![
        (PathBuf::from("ts.toml"), settings::DEFAULTS.to_owned()),
        (PathBuf::from(".env.example"), settings::ENV_EXAMPLE.to_owned()),
    ];
    for script in scripts::embedded() {
        files.push((PathBuf::from(format!("{}/{}.rhai", folder_of(&script), script.name)), script.text));
    }
    files.push((PathBuf::from("definitions/ts.d.rhai"), scripts::definitions()));
    for (name, text) in scripts::embedded::cases() {
        files.push((PathBuf::from(name), text.to_owned()));
    }
    for (name, text) in report::built_in_templates() {
        files.push((Path::new("templates").join(name), text.to_owned()));
    }
    files.into_iter().map(|(name, text)| write_new(&dir.join(&name), &text)).collect()
}

/// Writes a file where there is none yet.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<Written> {
    let failed = || format!("failed to write {}", path.display());
    if let Some(parent) = path.parent() {
        create_dir_all(parent).with_context(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(failed)?;
            Ok(Written::New(path.to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Written::Kept(path.to_owned())),
        Err(error) => Err(error).with_context(failed),
    }
}
