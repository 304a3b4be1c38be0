//! That a failure is told at most once a job and session, and that a telling which nobody heard does not count.

use rusqlite::params;

use super::JobSession;
use super::Journal;
use super::JournalError;

impl Journal {
    /// Gives the right to tell of a session's failure back, where nobody could be told.
    ///
    /// # Errors
    /// A journal that cannot be written.
    pub fn release_alert(&self, job: &JobSession) -> Result<(), JournalError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE job_sessions SET alerted_at = NULL WHERE job = ?1 AND session = ?2",
                params![job.job, job.session.to_string()],
            )?;
            Ok(())
        })
    }
}
