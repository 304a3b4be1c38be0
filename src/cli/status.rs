//! `ts status`: how things stand; exits with 1 where something is overdue or was not decided whole.

use clap::Args;

use crate::app::cached_classes;
use crate::daemon;
use crate::daemon::{Sender, Standing, Status, data_ages};
use crate::journal::{Journal, JournalError};
use crate::schedule::Job;

use super::args::Global;
use super::choices::TextFormat;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

/// Prints last and next runs, what is overdue, the outbox and the age of the data.
pub(super) fn status(global: &Global, args: &StatusArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let now = app.clock.now();
    let jobs = Job::all(&app.loaded.settings)?;
    let data = data_ages(&app.cache(), &cached_classes(&app.loaded.settings), now)?;
    let (standing, sender) = match Journal::open_to_read(&app.loaded.settings.journal.path) {
        Ok(journal) => (daemon::standing(&journal, now)?, sender(&journal)),
        // Nothing was done yet.
        Err(JournalError::Missing { .. }) => (Standing::default(), Some(Sender::Nobody)),
        Err(error) => return Err(error.into()),
    };
    let mut status =
        Status::new(now, &jobs, &standing, data, daemon::reload_note(&app.loaded.settings.journal.path));
    status.sender = sender;
    status.problems.extend(daemon::standing_problems(&app.loaded.settings, &jobs));
    status.problems.extend(daemon::listener_note(&app.loaded.settings.journal.path, sender));
    let text = match args.format {
        TextFormat::Text => status.text(),
        TextFormat::Json => format!("{:#}", status.json()),
    };
    output::write(&text, None)?;
    Ok(if status.is_well() { Outcome::Done } else { Outcome::Findings })
}

/// Looks who has the right to send, by asking for it for a moment; `None` where that is not allowed here.
fn sender(journal: &Journal) -> Option<Sender> {
    match journal.lock_daemon() {
        Ok(_let_go_at_once) => Some(Sender::Nobody),
        Err(JournalError::Held { process, .. }) => Some(Sender::Process(process)),
        Err(_) => None,
    }
}
