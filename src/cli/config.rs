//! `ts config`: the settings with the layer that each came from, and what is wrong with them.

use clap::Subcommand;

use crate::app;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::{Problem, ProblemKind};
use crate::settings;

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigAction {
    /// Prints each value with the layer it came from, secrets redacted
    Show,
    /// Tells what is wrong or missing; exits with 78 where something is
    Check,
}

/// Shows or checks the settings.
pub(super) fn config(global: &Global, action: &ConfigAction) -> anyhow::Result<Outcome> {
    let loaded = start::settings(global)?;
    match action {
        ConfigAction::Show => {
            let header = ["key", "value", "from"].map(str::to_owned).to_vec();
            let rows = settings::show(&loaded)
                .into_iter()
                .map(|shown| vec![Cell::Text(shown.key), Cell::Text(shown.value), Cell::Text(shown.layer)])
                .collect();
            output::write(&Table { header, rows }.text(), None)?;
            Ok(Outcome::Done)
        }
        ConfigAction::Check => {
            let mut problems = settings::check(&loaded);
            // The settings name strategies, scorers and constants: only the scripts know them.
            match app::load_scripts(&App::new(loaded.clone(), Clock::System)) {
                Ok(set) => problems.extend(set.problems),
                Err(refusal) => problems.push(Problem::new("", ProblemKind::ScriptLoad, refusal.to_string())),
            }
            let is_complete = problems.is_empty();
            let doubts = loaded.warnings.iter().map(|doubt| format!("warning: {doubt}"));
            let mut lines: Vec<String> = doubts.chain(problems.iter().map(ToString::to_string)).collect();
            if is_complete {
                lines.push("The settings are complete.".to_owned());
            }
            output::write(&lines.join("\n"), None)?;
            Ok(if is_complete { Outcome::Done } else { Outcome::Incomplete })
        }
    }
}
