//! `ts init`: the built-in files, written out for editing.

use crate::app;
use crate::app::Written;

use super::args::InitArgs;
use super::exit::Outcome;
use super::output;

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
