//! A script as text, before it is compiled.

/// The text of a script.
///
/// Whether it is a strategy or a scorer is in the text: one that defines `WEIGHTS` is a scorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptSource {
    /// The stem of the file, by which settings and reports name the script.
    pub name: String,
    /// The file, for messages only.
    pub path: String,
    pub text: String,
}
