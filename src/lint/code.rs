//! Every code that a finding can have, with the page that `--explain` shows on it.

use super::errors;
use super::finding::Severity;
use super::rules;
use super::stops;
use crate::scripts::closest;

/// A kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Stable word for programs and for silencing.
    pub name: &'static str,
    pub severity: Severity,
    /// What is found, in one sentence.
    pub what: &'static str,
    /// What it costs, and what to do.
    pub why: &'static str,
    pub example: Example,
}

/// What is found, and what is not, in the smallest form.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// Parts of a script; what is left out is as every strategy has it.
    Script { bad: &'static str, good: &'static str },
    /// Lines of `ts.toml`, for a strategy of that name with the constant `LEVEL`.
    Settings { bad: &'static str, good: &'static str },
    /// Files beside each other.
    Files { bad: &'static [&'static str], good: &'static [&'static str] },
    /// Said in words, where no text of a script shows it.
    Words { bad: &'static str, good: &'static str },
}

/// The length of a page's lines.
const WIDTH: usize = 90;

/// A code that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no code `{name}`; {help}")]
pub struct UnknownCode {
    pub name: String,
    pub help: String,
}

/// Returns every code: errors first, each part sorted by name.
pub fn codes() -> Vec<&'static Code> {
    let mut all: Vec<&Code> =
        errors::codes().chain(rules::RULES.iter().map(|rule| &rule.code)).chain([&stops::CODE]).collect();
    all.sort_by_key(|code| (code.severity, code.name));
    all
}

/// Returns the code of that name.
pub(super) fn find(name: &str) -> Option<&'static Code> {
    codes().into_iter().find(|code| code.name == name)
}

/// Returns the page on a code, as plain text.
///
/// # Errors
/// [`UnknownCode`], with the code that was probably meant.
pub fn explain(name: &str) -> Result<String, UnknownCode> {
    let Some(code) = find(name) else {
        let help = match meant(name) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are\n{}", listed()),
        };
        return Err(UnknownCode { name: name.to_owned(), help });
    };
    let (what, why) = (filled(code.what), filled(code.why));
    let mut page = format!("{} ({})\n\n{what}\n\n{why}\n", code.name, code.severity.as_str());
    let (bad, good) = match code.example {
        Example::Script { bad, good } | Example::Settings { bad, good } | Example::Words { bad, good } => {
            (bad.to_owned(), good.to_owned())
        }
        Example::Files { bad, good } => (bad.join("\n"), good.join("\n")),
    };
    page.push_str(&format!("\nBad\n\n{}\n\nGood\n\n{}\n", indented(&bad), indented(&good)));
    if code.severity == Severity::Warning {
        page.push_str(&format!(
            "\nWhere it is right but unwanted, silence it before the statement:\n\n    // allow({}): why\n",
            code.name
        ));
    }
    Ok(page)
}

/// Returns the code that was probably meant by an unknown one.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let names: Vec<&'static str> = codes().iter().map(|code| code.name).collect();
    closest(name, names)
}

/// Lists all codes, the errors before the warnings.
fn listed() -> String {
    let of = |severity: Severity| {
        let names: Vec<&str> =
            codes().into_iter().filter(|code| code.severity == severity).map(|code| code.name).collect();
        format!("{}s:\n{}", severity.as_str(), indented(&filled(&names.join(", "))))
    };
    [Severity::Error, Severity::Warning].map(of).join("\n")
}

/// Breaks a paragraph into lines.
fn filled(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
