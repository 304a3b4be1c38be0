//! Runs a settings folder with a strategy of one's own, as the program would, and prints the
//! report: `cargo run --example own_strategy`.
//!
//! The folder is `examples/own_strategy/`: a `ts.toml`, a strategy and the scorer that grades
//! its signals. The bars are simulated and the clock stands still, so that every run says the
//! same.

use std::path::Path;

use anyhow::Context as _;
use chrono::DateTime;

use ts::app;
use ts::app::{App, Asked, RunRequest};
use ts::cache::Patience;
use ts::clock::Clock;
use ts::report;
use ts::settings::{Settings, Sources};

/// The evening of a session on which the strategy found something.
const NOW: &str = "2026-10-12T22:00:00Z";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/own_strategy");
    let sources = Sources { file: Some("ts.toml".into()), working_folder: folder, ..Sources::default() };
    let now = DateTime::parse_from_rfc3339(NOW).context("the instant of the example")?;
    let app = App::new(Settings::load(&sources)?, Clock::Fixed(now.to_utc()));

    let request =
        RunRequest { asked: Asked::All, date: None, source: None, positions: None, patience: Patience::Kept };
    let outcome = app::run(&app, &request, &|_, _| ()).await?;
    let (text, _) = report::text(&outcome.report, &outcome.templates)?;
    print!("{text}");
    Ok(())
}
