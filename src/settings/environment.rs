//! The environment as a settings layer: plain names, `TS_` forms of every key, and secrets.
//!
//! [`Environment::from_process`] is the only place in the program that reads the process's
//! environment. A variable that is set but empty counts as unset, as a copied `.env.example`
//! leaves it, except the `TS_` form of a value that may itself be empty. No message holds the
//! value of a secret.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use secrecy::SecretString;
use toml::Value;

use super::error::BadSetting;
use super::error::Origin;
use super::error::SettingsError;
use super::file::Entry;
use super::file::Layer;
use super::file::unknown;
use super::keys;
use super::keys::Path;
use super::model::Secrets;
use super::value;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// The variables without the `TS_` form, each with the key it sets.
pub(super) const PLAIN: &[(&str, &str)] = &[
    ("SMTP_HOST", "email.smtp_host"),
    ("SMTP_PORT", "email.smtp_port"),
    ("SMTP_USER", "email.smtp_user"),
    ("EMAIL_FROM", "email.from_email"),
    ("EMAIL_RECIPIENTS", "email.recipients"),
    ("LOG_LEVEL", "log.level"),
];

/// The variables that hold secrets.
pub(super) const SECRETS: &[&str] = &[
    "POLYGON_API_KEY",
    "MASSIVE_API_KEY",
    "ALPHA_VANTAGE_API_KEY",
    "NEWSAPI_API_KEY",
    "SENDGRID_API_KEY",
    "SMTP_PASSWORD",
];

/// Environment variables by name.
///
/// Printing one prints the names alone.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Environment {
    /// Reads the process's environment and, beneath it, the `.env` in `folder` (the settings
    /// file's own, see [`super::Sources::root`]): a variable that is really set is never replaced.
    ///
    /// # Errors
    /// A `.env` that is there but cannot be read or understood, and a variable of `ts` that is
    /// not UTF-8.
    pub fn from_process(folder: &FilePath) -> Result<Self, SettingsError> {
        let mut variables = BTreeMap::new();
        let mut bad = Vec::new();
        dotenv(&folder.join(".env"), &mut variables, &mut bad);
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    variables.insert(name, value);
                }
                Err(_) if is_ours(&name) => bad.push(BadSetting {
                    origin: Origin::Variable(name),
                    key: String::new(),
                    message: "is not UTF-8; set it again as text".to_owned(),
                }),
                Err(_) => {}
            }
        }
        if bad.is_empty() { Ok(Self(variables)) } else { Err(SettingsError(bad)) }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns what the variables set; of a plain name and the `TS_` form of the same key, the
    /// latter wins.
    pub(super) fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        for (name, key) in PLAIN {
            if let Some(text) = self.get(name) {
                set(&mut layer, name, key.split('.').map(str::to_owned).collect(), text);
            }
        }
        for (name, text) in &self.0 {
            if let Some(path) = keys::from_variable(name) {
                set(&mut layer, name, path, text);
            }
        }
        layer
    }

    /// Returns the secrets, the variable that each came from, and what is doubtful about them.
    pub(super) fn secrets(&self) -> (Secrets, BTreeMap<&'static str, &'static str>, Vec<Problem>) {
        let mut origins = BTreeMap::new();
        let mut doubts = Vec::new();
        let mut first_of = |names: &[&'static str]| {
            let found: Vec<_> = names.iter().filter_map(|name| Some((*name, self.get(name)?))).collect();
            let (name, value) = *found.first()?;
            origins.insert(names[0], name);
            if let Some((other, _)) = found.iter().find(|(_, other)| *other != value) {
                let message = format!("{name} and {other} differ; {name} is used, unset the other");
                doubts.push(Problem::new("", ProblemKind::Settings, message));
            }
            Some(SecretString::from(value))
        };
        let secrets = Secrets {
            polygon_api_key: first_of(&["POLYGON_API_KEY", "MASSIVE_API_KEY"]),
            alpha_vantage_api_key: first_of(&["ALPHA_VANTAGE_API_KEY"]),
            newsapi_api_key: first_of(&["NEWSAPI_API_KEY"]),
            smtp_password: first_of(&["SMTP_PASSWORD", "SENDGRID_API_KEY"]),
        };
        (secrets, origins, doubts)
    }
}

fn is_ours(name: &str) -> bool {
    PLAIN.iter().any(|(plain, _)| *plain == name)
        || SECRETS.contains(&name)
        || keys::from_variable(name).is_some()
}

fn set(layer: &mut Layer, name: &str, mut path: Path, text: &str) {
    let origin = Origin::Variable(name.to_owned());
    // TS_UNIVERSE__EQUITY__FILE is the environment form of `equity = { file = … }`.
    let of_file = path.len() == 3 && path[0] == "universe" && path[2] == "file";
    if of_file {
        path.pop();
    }
    let Some(position) = keys::position(&path) else {
        let message = unknown(&path, keys::variable);
        return layer.bad.push(BadSetting { origin, key: keys::dotted(&path), message });
    };
    let kind = keys::KEYS[position].kind;
    if text.trim().is_empty() && (of_file || !kind.may_be_empty()) {
        return;
    }
    let value = if of_file {
        Value::Table([("file".to_owned(), Value::String(text.to_owned()))].into_iter().collect())
    } else {
        value::from_text(kind, text)
    };
    for fault in value::faults(kind, &value) {
        layer.bad.push(BadSetting {
            origin: origin.clone(),
            key: keys::dotted(&path),
            message: fault.message,
        });
    }
    layer.entries.push((path, Entry { value, origin }));
}

fn dotenv(path: &FilePath, variables: &mut BTreeMap<String, String>, bad: &mut Vec<BadSetting>) {
    let mut refuse = |message: String| {
        let origin = Origin::File { path: path.to_owned(), line: None };
        bad.push(BadSetting { origin, key: String::new(), message });
    };
    let lines = match dotenvy::from_path_iter(path) {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return,
        Err(error) => return refuse(format!("cannot be read ({error}); mend or remove it")),
    };
    let mut before = "the start".to_owned();
    for line in lines {
        match line {
            Ok((name, value)) => {
                before.clone_from(&name);
                variables.insert(name, value);
            }
            // The error of dotenvy quotes the line, which may hold a key: it is not repeated.
            Err(_) => {
                return refuse(format!(
                    "the line after {before} cannot be read; write NAME=value, in single quotes where \
                     the value has a space, # or $"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(name: &str, value: &str, expected: &str) {
        let bad = environment(&[(name, value)]).layer().bad;
        let found: Vec<String> = bad.iter().map(BadSetting::to_string).collect();
        assert_eq!(found.join("\n"), expected);
    }

    #[test]
    fn an_unknown_form_is_met_with_the_right_one() {
        check(
            "TS_RISK__MAX_POSITON",
            "0.1",
            "environment TS_RISK__MAX_POSITON: risk.max_positon: is not a setting; \
             did you mean `TS_RISK__MAX_POSITION`?",
        );
        check("TS_HOME", "x", "");
        check("OTHER__NAME", "x", "");
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        check(
            "SMTP_PORT",
            "many",
            "environment SMTP_PORT: email.smtp_port: \"many\" is a string; write a whole number",
        );
    }

    #[test]
    fn a_secret_in_the_form_of_a_key_is_refused_unseen() {
        check(
            "TS_EMAIL__SMTP_PASSWORD",
            "hunter2",
            "environment TS_EMAIL__SMTP_PASSWORD: email.smtp_password: is not read from here; \
             set SMTP_PASSWORD in the environment or in `.env`",
        );
    }

    #[test]
    fn empty_is_unset() {
        let layer = environment(&[("SMTP_PORT", ""), ("EMAIL_RECIPIENTS", " ")]).layer();
        assert!(layer.entries.is_empty() && layer.bad.is_empty());
        assert!(environment(&[("POLYGON_API_KEY", "")]).secrets().0.polygon_api_key.is_none());
    }

    /// What an empty `TS_` form sets, as TOML.
    fn check_empty(name: &str, expected: Option<&str>) {
        let layer = environment(&[(name, " ")]).layer();
        assert_eq!(layer.bad, [], "{name}");
        let set: Vec<String> = layer.entries.iter().map(|(_, entry)| entry.value.to_string()).collect();
        assert_eq!(set.first().map(String::as_str), expected, "{name}");
    }

    #[test]
    fn an_empty_form_is_unset_unless_its_value_may_be_empty() {
        check_empty("TS_RISK__MAX_POSITION", None);
        check_empty("TS_EMAIL__SMTP_HOST", None);
        check_empty("TS_SIGNALS__SCORER", None);
        check_empty("TS_UNIVERSE__EQUITY__FILE", None);
        check_empty("TS_UNIVERSE__CRYPTO", Some("[]"));
        check_empty("TS_EMAIL__RECIPIENTS", Some("[]"));
        check_empty("TS_PORTFOLIO__FILE", Some("\"\""));
        check_empty("TS_EMAIL__SMTP_USER", Some("\"\""));
    }

    #[test]
    fn the_second_name_of_a_secret_fills_the_first() {
        let (secrets, origins, doubts) =
            environment(&[("SENDGRID_API_KEY", "s"), ("MASSIVE_API_KEY", "m")]).secrets();
        assert_eq!(secrets.smtp_password.as_ref().map(ExposeSecret::expose_secret), Some("s"));
        assert_eq!(origins["POLYGON_API_KEY"], "MASSIVE_API_KEY");
        assert_eq!(doubts, []);
        let (secrets, _, doubts) =
            environment(&[("SENDGRID_API_KEY", "s"), ("SMTP_PASSWORD", "p")]).secrets();
        assert_eq!(secrets.smtp_password.as_ref().map(ExposeSecret::expose_secret), Some("p"));
        assert_eq!(doubts.len(), 1);
    }

    #[test]
    fn nothing_prints_a_secret() {
        let all = environment(&[("SMTP_PASSWORD", "hunter2")]);
        assert!(!format!("{all:?} {:?}", all.secrets().0).contains("hunter2"));
    }

    #[test]
    fn a_dotenv_file_gives_what_the_process_lacks_and_a_bad_one_is_not_quoted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(".env");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("a file in it");
            let (mut variables, mut bad) = (BTreeMap::new(), Vec::new());
            dotenv(&path, &mut variables, &mut bad);
            (variables, bad)
        };
        let (variables, bad) = read("# keys\nSMTP_PASSWORD='a b$c'\n");
        assert_eq!((variables["SMTP_PASSWORD"].as_str(), bad.len()), ("a b$c", 0));
        let (_, bad) = read("SMTP_HOST=x\nSMTP_PASSWORD=hunter 2\n");
        assert!(bad.len() == 1 && bad[0].message.contains("after SMTP_HOST"), "{bad:?}");
        assert!(!bad[0].message.contains("hunter"));
    }
}
