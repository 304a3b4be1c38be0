//! `ts validate-scripts`: every check of the scripts, for people, CI servers and editors.

use anstream::{AutoStream, ColorChoice};

use crate::app;
use crate::app::Refusal;
use crate::lint;
use crate::lint::render::{self, Colour, Warnings};

use super::args::{FindingFormat, Global, ValidateArgs};
use super::exit::Outcome;
use super::output;
use super::start;

/// Checks the scripts and prints what was found, or prints the page on a code.
pub(super) fn validate_scripts(global: &Global, args: &ValidateArgs) -> anyhow::Result<Outcome> {
    if let Some(code) = &args.explain {
        let page = lint::explain(code).map_err(|unknown| Refusal::Usage(format!("--explain: {unknown}")))?;
        output::write(&page, None)?;
        return Ok(Outcome::Done);
    }
    let app = start::app(global)?;
    let report = app::validate(&app, &std::env::current_dir()?, &args.paths)?;
    let warnings = if args.deny_warnings { Warnings::Denied } else { Warnings::Allowed };
    let text = match args.format {
        FindingFormat::Text => render::text(&report, colour()),
        FindingFormat::Json => render::json(&report),
        FindingFormat::Sarif => render::sarif(&report),
        FindingFormat::Github => render::github(&report),
        FindingFormat::Junit => render::junit(&report, warnings),
    };
    // No annotation at all is what GitHub expects of a clean set; a line of its own would show.
    if !text.is_empty() {
        output::write(&text, None)?;
    }
    Ok(if report.has_failed(warnings) { Outcome::Findings } else { Outcome::Done })
}

/// Colours only a terminal, and none where `NO_COLOR` asks for none.
fn colour() -> Colour {
    match AutoStream::choice(&std::io::stdout()) {
        ColorChoice::Never => Colour::Plain,
        _ => Colour::Ansi,
    }
}
