//! The files that a user edits while the program runs: read whole, watched for changes.
//!
//! [`read_scripts`] and [`read_templates`] take what lies in the folders as text, a bad file
//! costing itself only. [`Watcher`] says when to read again: when contents changed, never when a
//! file was merely touched. Nothing here compiles a script, and the sets that are built into the
//! program are the caller's to merge.

mod folder;
mod named;
mod watch;

pub use folder::ScriptFile;
pub use folder::ScriptFolder;
pub use folder::TEMPLATES;
pub use folder::TemplateFile;
pub use folder::read_scripts;
pub use folder::read_templates;
pub use named::NamedScript;
pub use named::read_named;
pub use watch::Change;
pub use watch::Watcher;
