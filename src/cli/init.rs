//! `ts init`: the built-in files, written out for editing.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::app::Written;

use super::exit::Outcome;
use super::output;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write to
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// Writes the files and lists them.
pub(super) fn init(args: &InitArgs) -> anyhow::Result<Outcome> {
    let mut lines = Vec::new();
    for written in app::init(&args.dir)? {
        lines.push(match written {
            Written::New(path) => format!("wrote  {}", path.display()),
            Written::Kept(path) => format!("kept   {} (it was there already)", path.display()),
        });
    }
    output::write(&lines.join("\n"), None)?;
    Ok(Outcome::Done)
}
