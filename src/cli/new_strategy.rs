//! `ts new-strategy NAME`: a strategy to begin with.

use clap::Args;

use crate::app;
use crate::app::{NewStrategy, StrategiesFolder};

use super::args::Global;
use super::choices::OneClass;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct NewStrategyArgs {
    /// What the strategy is called: lower-case letters, digits and `_`
    pub name: String,
    /// The market that it trades
    #[arg(long, value_enum)]
    pub asset_class: OneClass,
    /// The scorer that grades its signals; the settings' own by default
    #[arg(long, value_name = "NAME")]
    pub scorer: Option<String>,
}

/// Writes the files and says what to do with them.
pub(super) fn new_strategy(global: &Global, args: &NewStrategyArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let asked = NewStrategy {
        name: args.name.clone(),
        asset_class: args.asset_class.into(),
        scorer: args.scorer.clone(),
    };
    let written = app::new_strategy(&app, &asked)?;
    let mut lines: Vec<String> =
        written.files.iter().map(|path| format!("wrote  {}", path.display())).collect();
    if written.folder == StrategiesFolder::New {
        lines.push(
            "note: a strategies/ folder replaces the built-in strategies; `ts init` writes them beside yours"
                .to_owned(),
        );
    }
    lines.push(format!("next:  ts signals --demo --strategy {}", asked.name));
    output::write(&lines.join("\n"), None)?;
    Ok(Outcome::Done)
}
