//! `ts validate-scripts`: every check of the scripts, for people, CI servers and editors.

use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use clap::{Args, ValueEnum};

use crate::app;
use crate::app::Refusal;
use crate::lint;
use crate::lint::render::{self, Colour, Warnings};

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// Scripts and folders of scripts; `strategies/` and `scorers/` beside the settings by default
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub format: FindingFormat,
    /// Exits with 1 on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Shows the page on a code, and checks nothing
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "format", "deny_warnings"])]
    pub explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FindingFormat {
    /// Each finding with its line and a mark under the place
    Text,
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
    /// Annotations of GitHub's pull requests
    Github,
    /// For CI servers that list tests
    Junit,
}

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
