//! `ts features --list`: every feature that a script may read, whatever the window.

use crate::features;
use crate::features::Family;

use super::choices::TableFormat;
use super::exit::Outcome;
use super::features::FeaturesArgs;
use super::output;
use super::table::{Cell, Table};

/// The columns; `bars` is what the example's first value needs.
const HEADER: [&str; 6] = ["name", "example", "value", "unit", "bars", "source"];

/// Prints the catalogue: no settings, script or bar is read.
pub(super) fn catalogue(args: &FeaturesArgs) -> anyhow::Result<Outcome> {
    let rows = features::catalogue().iter().map(row).collect();
    let table = Table { header: HEADER.map(str::to_owned).to_vec(), rows };
    let text = match args.format {
        TableFormat::Csv => table.csv()?,
        TableFormat::Json => table.json()?,
        TableFormat::Text => format!("{}\n{}", table.text(), notes()),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(Outcome::Done)
}

/// What a name may be besides a family with its number.
fn notes() -> String {
    let defaults: Vec<String> = features::catalogue()
        .iter()
        .filter_map(|family| {
            let default = family.window?.default?;
            Some(format!("{} is {}", family.pattern.replace("{N}", ""), family.name(default)))
        })
        .collect();
    format!(
        "Without a number: {}.\nBefore any name: prev_ (one bar earlier), benchmark_ (the benchmark's, same date), \
         rank_ (0 to 1 among the universe).\n",
        defaults.join(", ")
    )
}

fn row(family: &Family) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let bars = (family.first)(family.window.map_or(0, |window| window.example)) + 1;
    vec![
        text(family.pattern),
        Cell::Text(family.example()),
        text(family.formula),
        text(family.unit.as_str()),
        Cell::Number(bars as f64),
        text(family.source),
    ]
}
