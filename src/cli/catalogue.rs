//! `ts features --list`: every feature that a script may read, whatever the window.

use crate::features;
use crate::features::Family;

use super::args::{FeaturesArgs, TableFormat};
use super::exit::Outcome;
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
        TableFormat::Text => table.text(),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(Outcome::Done)
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
