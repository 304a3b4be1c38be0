//! The last change that was told by hand, taken back.

use super::open;
use crate::app::{App, Refusal};
use crate::journal::{Journal, JournalError, Undone};

/// Takes back the last lot, import or sale that was told, and says which. Called again, it takes back the one before.
/// Blocks.
///
/// # Errors
/// A [`Refusal`] where nothing is left to take back; what the journal says.
pub fn undo(app: &App) -> anyhow::Result<Undone> {
    // None is made to say that nothing is in it.
    match Journal::open_to_read(&app.loaded.settings.journal.path) {
        Ok(_) => {}
        Err(JournalError::Missing { .. }) => return Err(nothing().into()),
        Err(error) => return Err(error.into()),
    }
    let (journal, _) = open(app)?;
    Ok(journal.undo_change()?.ok_or_else(nothing)?)
}

fn nothing() -> Refusal {
    let message = "there is nothing to take back: no lot was added, imported or closed by hand since this journal \
                   keeps note of that; `ts portfolio list` shows what is held";
    Refusal::Usage(message.to_owned())
}
