//! Where a value came from, and what is wrong with one.

use std::fmt;
use std::path::PathBuf;

/// The layer that a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The `ts.toml` built into the program; its line, 1-based.
    Default { line: usize },
    /// A settings file; the line is 1-based, `None` for the file as a whole.
    File { path: PathBuf, line: Option<usize> },
    /// An environment variable, from the process or from `.env`.
    Variable(String),
}

impl Origin {
    /// Returns the same layer at another line; a layer without lines stays as it is.
    pub(super) fn at_line(&self, line: usize) -> Origin {
        match self {
            Origin::Default { .. } => Origin::Default { line },
            Origin::File { path, .. } => Origin::File { path: path.clone(), line: Some(line) },
            Origin::Variable(_) => self.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default { .. } => f.write_str("default"),
            Origin::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Origin::File { path, line: None } => write!(f, "{}", path.display()),
            Origin::Variable(name) => write!(f, "environment {name}"),
        }
    }
}

/// One setting that cannot be used.
///
/// `key` is the dotted key, empty where a whole file cannot be read. `message` says what is
/// wrong and what to write instead; it never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting {
    pub origin: Origin,
    pub key: String,
    pub message: String,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return write!(f, "{}: {}", self.origin, self.message);
        }
        write!(f, "{}: {}: {}", self.origin, self.key, self.message)
    }
}

/// Every setting that cannot be used, in the order of the layers and their lines.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", one_a_line(.0))]
pub struct SettingsError(pub Vec<BadSetting>);

fn one_a_line(bad: &[BadSetting]) -> String {
    bad.iter().map(BadSetting::to_string).collect::<Vec<_>>().join("\n")
}
