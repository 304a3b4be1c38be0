//! The files that a user edits while the program runs: read whole, watched for changes.
//!
//! [`Texts`] takes what lies in the folders as text, a bad file costing itself only.
//! [`Watcher`] says when to read again: when contents changed, never when a file was merely
//! touched. Nothing here compiles a script, and the sets that are built into the program are
//! the caller's to merge.

mod contents;
mod folder;
mod named;
mod passed_over;
mod texts;
mod watch;

pub use folder::ScriptFile;
pub use folder::ScriptFolder;
pub use folder::TEMPLATES;
pub use folder::TemplateFile;
pub use folder::read_file;
pub use folder::read_scripts;
pub use folder::read_scripts_of;
pub use folder::read_templates;
pub use named::NamedScript;
pub use named::read_named;
pub use passed_over::PassedOver;
pub use passed_over::passed_over;
pub use texts::Texts;
pub use watch::Change;
pub use watch::Stopper;
pub use watch::WatchMethod;
pub use watch::Watcher;
